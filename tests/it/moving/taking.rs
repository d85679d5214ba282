//! `popfetch import` as a user has it: what is shown, asked, written and kept, by the way of mpop's files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use popfetch::state::Lock;

use crate::support::keyring::Keyring;
use crate::support::mailbox::{Mailbox, PASSWORD, USER};
use crate::support::maildrop::Message;
use crate::support::sandbox::Finished;
use crate::terminal::Terminal;

/// An empty maildrop of which popfetch knows nothing.
fn unknown() -> Mailbox {
    let mailbox = Mailbox::new(0);
    fs::remove_file(mailbox.sandbox.path("config/popfetch/config.toml")).unwrap();
    mailbox
}

/// A maildrop with these messages, of which mpop has fetched some; popfetch knows nothing.
fn moving(uids: &[&str], fetched: &[&str], lines: &str) -> Mailbox {
    let mailbox = unknown();
    for uid in uids {
        let letter = format!("Subject: {uid}\r\n\r\n{uid}\r\n");
        mailbox.server.deposit(USER, Message::new(uid, letter));
    }
    let port = mailbox.server.port();
    mailbox.sandbox.write(
        "home/.mpoprc",
        format!(
            "account work\nhost 127.0.0.1\nport {port}\ntls off\nuser {USER}\npassword {PASSWORD}\n\
             delivery maildir ~/Mail/work\n{lines}\n"
        ),
    );
    let mut fetched = fetched.to_vec();
    fetched.sort_unstable();
    let list: String = fetched.iter().flat_map(|uid| [uid, "\n"]).collect();
    mailbox.sandbox.write(
        &format!("home/.mpop_uidls/{USER}_at_127.0.0.1"),
        format!(" {} 127.0.0.1 {USER}\n{list}", fetched.len()),
    );
    mailbox
}

#[track_caller]
fn well(out: &Finished) {
    assert_eq!(out.code, 0, "{}{}", out.stdout, out.stderr);
    assert!(!format!("{}{}", out.stdout, out.stderr).contains(PASSWORD));
}

fn config(mailbox: &Mailbox) -> String {
    fs::read_to_string(mailbox.sandbox.path("config/popfetch/config.toml")).unwrap()
}

#[test]
fn only_what_is_new_arrives_after_an_import() {
    let mailbox = moving(&["a", "b", "c"], &["a", "b"], "keep on");
    let before = mailbox.sandbox.snapshot();
    let out = mailbox.sandbox.run(["import", "mpop", "--dry-run"]);
    well(&out);
    for part in [
        "Account work, new:",
        "leave-on-server = true",
        "2 messages fetched by mpop",
    ] {
        assert!(out.stdout.contains(part), "no {part}: {}", out.stdout);
    }
    assert_eq!(mailbox.sandbox.snapshot(), before);

    let out = mailbox.sandbox.run(["import", "mpop", "--yes"]);
    well(&out);
    assert!(out.stderr.contains("popfetch sync work"), "{}", out.stderr);
    assert!(!config(&mailbox).contains(PASSWORD));
    let password = mailbox.sandbox.path("config/popfetch/work.password");
    assert_eq!(
        password.metadata().unwrap().permissions().mode() & 0o777,
        0o600
    );
    for file in fs::read_dir(mailbox.sandbox.path("state/popfetch")).unwrap() {
        let path = file.unwrap().path();
        let holds = path.is_file()
            && memchr::memmem::find(&fs::read(&path).unwrap(), PASSWORD.as_bytes()).is_some();
        assert!(!holds, "{}", path.display());
    }

    let out = mailbox.sandbox.run(["sync", "--dry-run"]);
    assert!(
        out.stdout.contains("another program fetched it"),
        "{}",
        out.stdout
    );
    well(&mailbox.sync());
    assert_eq!(mailbox.here(), [b"Subject: c\n\nc\n"]);
    // What another program fetched is none of popfetch's own.
    let status = mailbox.sandbox.run(["status", "--json"]).stdout;
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["stored"], 1, "{status}");
    assert_eq!(status["new_in_7_days"], 1, "{status}");
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 1);
    let history = mailbox.sandbox.run(["history"]).stdout;
    assert_eq!(history.matches("fetched by mpop").count(), 2, "{history}");

    let again = mailbox.sandbox.run(["import", "mpop", "--yes"]);
    well(&again);
    let said = "0 messages put on record; 2 were on record already";
    assert!(again.stderr.contains(said), "{}", again.stderr);
    assert_eq!(config(&mailbox).matches("[accounts.").count(), 1);
}

#[test]
fn what_the_program_deletes_is_said_and_deleted_when_popfetch_runs() {
    let mailbox = moving(&["a", "b"], &["a"], "");
    let out = mailbox.sandbox.run(["import", "mpop", "--yes"]);
    well(&out);
    let said = "mpop deletes mail from the server once it is fetched, because nothing else is said";
    assert!(out.stderr.contains(said), "{}", out.stderr);
    assert!(config(&mailbox).contains("leave-on-server = false"));
    well(&mailbox.sandbox.run(["sync", "--keep"]));
    assert_eq!(mailbox.there().len(), 2);
    well(&mailbox.sync());
    assert_eq!((mailbox.here().len(), mailbox.there().len()), (1, 0));
}

#[test]
fn nobody_there_to_ask_means_that_nothing_is_written() {
    let mailbox = moving(&["a"], &["a"], "");
    let before = mailbox.sandbox.snapshot();
    let out = mailbox.sandbox.run(["import", "mpop"]);
    assert_eq!(out.code, 64);
    assert!(out.stderr.contains("give --yes"), "{}", out.stderr);
    assert_eq!(mailbox.sandbox.snapshot(), before);
}

#[test]
fn a_no_at_the_terminal_writes_nothing() {
    let mailbox = moving(&["a"], &["a"], "");
    let before = mailbox.sandbox.snapshot();
    let mut terminal = Terminal::new(&mailbox.sandbox, "$popfetch import mpop --color never", &[]);
    let shown = terminal.reads("and put 1 message on record? [Y/n] ");
    assert!(
        shown.contains("Accounts go to ~/") || shown.contains("Accounts go to /"),
        "{shown}"
    );
    terminal.types("n");
    let (status, shown) = terminal.ends();
    assert_eq!(status, 75, "{shown}");
    assert!(shown.contains("nothing was written"), "{shown}");
    assert_eq!(mailbox.sandbox.snapshot(), before);
}

#[test]
fn an_account_that_is_there_keeps_its_settings() {
    let mailbox = moving(&["a", "b"], &["a"], "");
    mailbox.configure("leave-on-server = true # mine");
    let before = config(&mailbox);
    let out = mailbox.sandbox.run(["import", "mpop", "--yes"]);
    well(&out);
    assert!(
        out.stderr.contains("Account work, which is there"),
        "{}",
        out.stderr
    );
    assert_eq!(config(&mailbox), before);
    well(&mailbox.sync());
    assert_eq!((mailbox.here().len(), mailbox.there().len()), (1, 2));
}

#[test]
fn a_file_of_uids_goes_to_the_account_that_is_named() {
    let mailbox = moving(&["a", "b"], &["a"], "");
    mailbox.configure("");
    let uids = mailbox
        .sandbox
        .home(format!(".mpop_uidls/{USER}_at_127.0.0.1"));
    let elsewhere = fs::read_to_string(&uids).unwrap();
    fs::write(&uids, elsewhere.replace("127.0.0.1", "pop.former.example")).unwrap();
    let uids = uids.to_str().unwrap();
    let out = mailbox.sandbox.run(["import", "mpop", uids, "--yes"]);
    well(&out);
    assert!(out.stderr.contains("--account NAME"), "{}", out.stderr);
    let out = mailbox
        .sandbox
        .run(["import", "mpop", uids, "--account", "wrok", "--yes"]);
    assert_eq!(out.code, 64);
    assert!(
        out.stderr.contains("did you mean \"work\""),
        "{}",
        out.stderr
    );
    well(
        &mailbox
            .sandbox
            .run(["import", "mpop", uids, "--account", "work", "--yes"]),
    );
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 1);
}

#[test]
fn names_that_are_taken_are_numbered() {
    let mailbox = moving(&[], &["a"], "");
    let other = "[accounts.work]\nhost = \"pop.example.net\"\nuser = \"x\"\ndeliver = { maildir = \"~/x\" }\n";
    mailbox.sandbox.config(other);
    well(&mailbox.sandbox.run(["import", "mpop", "--yes"]));
    assert!(
        config(&mailbox).contains("[accounts.work-2]"),
        "{}",
        config(&mailbox)
    );
    assert!(config(&mailbox).starts_with(other));
    well(&mailbox.sandbox.run(["sync", "work-2"]));
}

#[test]
fn a_configuration_with_an_error_is_told_first() {
    let mailbox = moving(&["a"], &["a"], "");
    mailbox.sandbox.config("[accounts.x]\nhots = \"y\"\n");
    let out = mailbox.sandbox.run(["import", "mpop", "--yes"]);
    assert_eq!(out.code, 78);
    assert!(out.stderr.contains("did you mean"), "{}", out.stderr);
    assert!(!mailbox.sandbox.path("state/popfetch/state.db").exists());
}

#[test]
fn a_password_is_left_out_if_that_is_wanted() {
    let mailbox = moving(&["a"], &[], "");
    let out = mailbox
        .sandbox
        .run(["import", "mpop", "--yes", "--no-passwords"]);
    well(&out);
    assert!(out.stderr.contains("popfetch login work"), "{}", out.stderr);
    assert!(
        !mailbox
            .sandbox
            .path("config/popfetch/work.password")
            .exists()
    );
    assert!(!config(&mailbox).contains("password"));
}

#[test]
fn a_password_goes_to_the_keyring_where_there_is_one() {
    let (mailbox, keyring) = (moving(&["a", "b"], &["a"], ""), Keyring::unlocked());
    let run = |arguments: &[&str]| {
        let mut command = mailbox.sandbox.command();
        let bus = keyring.environment().into_iter();
        command.envs(bus.filter(|(name, _)| *name == "DBUS_SESSION_BUS_ADDRESS"));
        let output = command.args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(!said.contains(PASSWORD));
        said
    };
    let said = run(&["import", "mpop", "--yes"]);
    assert!(said.contains("its password goes to the keyring"), "{said}");
    assert!(!config(&mailbox).contains("password"));
    run(&["sync"]);
    assert_eq!(mailbox.here().len(), 1);
}

#[test]
fn a_server_that_was_spoken_to_without_tls_is_asked_for_stls() {
    let mailbox = unknown();
    let rc = "account work\nhost pop.example.org\ntls off\nuser ann\npassword x-y-z\ndelivery maildir ~/Mail\n";
    mailbox.sandbox.write("home/.mpoprc", rc);
    let out = mailbox.sandbox.run(["import", "mpop", "--yes"]);
    well(&out);
    assert!(
        config(&mailbox).contains("tls = \"starttls\""),
        "{}",
        config(&mailbox)
    );
    assert!(out.stderr.contains("allow-cleartext"), "{}", out.stderr);
    assert!(!out.stderr.contains("x-y-z"), "{}", out.stderr);
}

#[test]
fn nothing_to_read_is_told_with_where_it_was_looked_for() {
    let mailbox = unknown();
    for source in [
        "fetchmail",
        "mpop",
        "getmail",
        "fdm",
        "thunderbird",
        "claws",
    ] {
        let out = mailbox.sandbox.run(["import", source]);
        assert_eq!(out.code, 64, "{source}: {}", out.stderr);
        assert!(
            out.stderr.contains("nothing of"),
            "{source}: {}",
            out.stderr
        );
        let missing = mailbox.sandbox.home("missing");
        let out = mailbox
            .sandbox
            .run(["import", source, missing.to_str().unwrap()]);
        assert!([64, 74].contains(&out.code), "{source}: {}", out.stderr);
        assert!(out.stderr.contains("missing"), "{source}: {}", out.stderr);
    }
    let others = "account \"a\" pop3s server \"h\" user \"u\" pass \"p\"\naction \"in\" maildir \"~/m\"\n\
        match \"^Subject:x\" in headers action \"in\"\nmatch all action \"in\"\n";
    let file = mailbox.sandbox.write("home/.fdm.conf", others);
    let out = mailbox
        .sandbox
        .run(["import", "fetchmail", file.to_str().unwrap()]);
    assert_eq!(out.code, 64, "{}", out.stderr);
    assert!(!mailbox.sandbox.path("state/popfetch").exists());
}

#[test]
fn a_busy_account_is_left_alone() {
    let mailbox = moving(&["a", "b"], &["a"], "");
    let state = mailbox.sandbox.path("state/popfetch");
    let server = format!("127.0.0.1:{}", mailbox.server.port());
    let lock = Lock::acquire(&state, &server, USER).unwrap();
    for arguments in [
        &["import", "mpop", "--yes"][..],
        &["import", "mpop", "--yes", "--no-passwords"],
    ] {
        let out = mailbox.sandbox.command().args(arguments).output().unwrap();
        assert_eq!(out.status.code(), Some(75));
    }
    // Nothing is half done: the account is not there without its uids.
    assert!(!mailbox.sandbox.path("config/popfetch/config.toml").exists());
    assert!(
        !mailbox
            .sandbox
            .path("config/popfetch/work.password")
            .exists()
    );
    drop(lock);
    well(&mailbox.sandbox.run(["import", "mpop", "--yes"]));
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 1);
}

#[test]
fn an_import_that_cannot_write_leaves_no_password_behind() {
    let mailbox = moving(&["a", "b"], &["a"], "");
    let config = mailbox.sandbox.path("config/popfetch/config.toml");
    // Nothing can be made where the link leads to.
    std::os::unix::fs::symlink("/proc/self/nothing/config.toml", &config).unwrap();
    let out = mailbox.sandbox.run(["import", "mpop", "--yes"]);
    assert_eq!(out.code, 74, "{}", out.stderr);
    let folder = fs::read_dir(mailbox.sandbox.path("config/popfetch")).unwrap();
    assert_eq!(folder.count(), 1, "the link alone");
    fs::remove_file(&config).unwrap();
    well(&mailbox.sandbox.run(["import", "mpop", "--yes"]));
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 1);
}

#[test]
fn defaults_that_are_there_do_not_change_what_is_taken_over() {
    let mailbox = moving(&["a", "b"], &["a"], "");
    mailbox.sandbox.config(
        "[defaults]\ntls = \"starttls\"\nproxy = \"socks5://127.0.0.1:9\"\nauth = \"apop\"\nenabled = false\n\
         max-messages = 5\n\n[accounts.x]\nhost = \"x.example\"\nuser = \"x\"\npassword = \"x\"\n\
         deliver = { maildir = \"~/x\" }\n",
    );
    let out = mailbox.sandbox.run(["import", "mpop", "--yes"]);
    well(&out);
    let said = "[defaults] in your configuration has max-messages";
    assert!(out.stderr.contains(said), "{}", out.stderr);
    well(&mailbox.sync());
    assert_eq!(mailbox.here().len(), 1);
}
