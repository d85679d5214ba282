//! What belongs to others, or can be changed by them, is not believed; what is made here is ours alone, whatever the umask
//! says. Only root can give something away: what needs that is tried where root runs the tests, as in CI.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::Path;

use crate::support::mailbox::{Mailbox, PASSWORD, account};
use crate::support::sandbox::Sandbox;

/// Nobody that a test runs as.
const STRANGER: u32 = 12345;

/// Gives a file or folder away, which only root can; false for others.
fn give_away(path: &Path) -> bool {
    chown(path, Some(STRANGER), None).is_ok()
}

/// Asserts that a run ends with this code and one line of these words, and did not get as far as the server.
#[track_caller]
fn assert_refused(mailbox: &Mailbox, code: i32, words: &[&str]) {
    let connections = mailbox.server.records().len();
    let out = mailbox.sync();
    assert_eq!(out.code, code, "{}", out.stderr);
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    for word in words {
        assert!(out.stderr.contains(word), "{word}: {}", out.stderr);
    }
    assert_eq!(mailbox.server.records().len(), connections);
}

/// Asserts that a run fetches all there is.
#[track_caller]
fn assert_fetched(mailbox: &Mailbox) {
    let out = mailbox.sync();
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn a_configuration_that_all_can_write_is_refused() {
    let mailbox = Mailbox::new(1);
    mailbox.configure_password("password-command = \"echo secret\"", "");
    for mode in [0o602, 0o646, 0o666] {
        mailbox.sandbox.chmod("config/popfetch/config.toml", mode);
        assert_refused(&mailbox, 78, &["config.toml", "chmod go-w"]);
    }
    mailbox.configure("");
    assert_fetched(&mailbox);
}

#[test]
fn the_configuration_of_another_user_is_refused() {
    let mailbox = Mailbox::new(1);
    let path = mailbox.sandbox.path("config/popfetch/config.toml");
    if give_away(&path) {
        assert_refused(&mailbox, 78, &["config.toml", "uid 12345", "commands"]);
    }
    mailbox.configure("");
    chown(&path, Some(rustix::process::geteuid().as_raw()), None).unwrap();
    assert_fetched(&mailbox);
}

#[test]
fn a_state_that_others_can_write_is_refused() {
    let mailbox = Mailbox::new(1);
    assert_fetched(&mailbox);
    mailbox.deposit("next");
    for mode in [0o702, 0o777] {
        mailbox.sandbox.chmod("state/popfetch", mode);
        assert_refused(&mailbox, 74, &["state/popfetch", "chmod go-w"]);
    }
    // A group of one's own is usual, and gets no more than all others.
    mailbox.sandbox.chmod("state/popfetch", 0o2770);
    assert_fetched(&mailbox);
    let mode = fs::metadata(mailbox.sandbox.path("state/popfetch"))
        .unwrap()
        .mode();
    assert_eq!(mode & 0o7777, 0o700);
}

#[test]
fn check_says_what_sync_would_refuse() {
    let mailbox = Mailbox::new(1);
    assert_fetched(&mailbox);
    mailbox.sandbox.chmod("state/popfetch", 0o772);
    let out = mailbox.sandbox.run(["check"]);
    assert_eq!(out.code, 74, "{}{}", out.stdout, out.stderr);
    let said = out.stdout + &out.stderr;
    assert!(said.contains("all users can write to"), "{said}");
    mailbox.sandbox.chmod("state/popfetch", 0o700);
    assert_eq!(mailbox.sandbox.run(["check"]).code, 0);

    let mailbox = Mailbox::within(Sandbox::unprivileged(), 1);
    assert_fetched(&mailbox);
    if give_away(&mailbox.sandbox.home("Mail/work")) {
        let mode = fs::Permissions::from_mode(0o777);
        fs::set_permissions(mailbox.sandbox.home("Mail/work"), mode).unwrap();
        let out = mailbox.sandbox.run(["check"]);
        assert_eq!(out.code, 74, "{}{}", out.stdout, out.stderr);
        let said = out.stdout + &out.stderr;
        assert!(said.contains("belongs to another user"), "{said}");
    }
}

#[test]
fn the_state_of_another_user_is_refused() {
    let mailbox = Mailbox::new(1);
    assert_fetched(&mailbox);
    mailbox.deposit("next");
    for folder in ["state/popfetch", "state/popfetch/locks"] {
        let path = mailbox.sandbox.path(folder);
        let own = fs::metadata(&path).unwrap().uid();
        if give_away(&path) {
            assert_refused(&mailbox, 74, &[folder, "uid 12345", "XDG_STATE_HOME"]);
        }
        chown(&path, Some(own), None).unwrap();
    }
    assert_fetched(&mailbox);
}

#[test]
fn links_in_the_place_of_the_state_are_not_followed() {
    for file in ["state.db", "locks"] {
        let mailbox = Mailbox::new(1);
        let elsewhere = mailbox.sandbox.path("elsewhere");
        fs::write(&elsewhere, "mine").unwrap();
        let state = mailbox.sandbox.path("state/popfetch");
        fs::create_dir_all(&state).unwrap();
        symlink(&elsewhere, state.join(file)).unwrap();
        assert_refused(&mailbox, 74, &[file]);
        assert_eq!(fs::read(&elsewhere).unwrap(), b"mine");
    }
}

#[test]
fn mail_is_not_led_away_by_a_link_in_a_folder_of_another_user() {
    let mailbox = Mailbox::new(2);
    let maildir = mailbox.sandbox.home("Mail/work");
    let elsewhere = mailbox.sandbox.path("elsewhere");
    for folder in [&maildir.join("new"), &maildir.join("cur"), &elsewhere] {
        fs::create_dir_all(folder).unwrap();
    }
    symlink(&elsewhere, maildir.join("tmp")).unwrap();
    if give_away(&maildir) {
        assert_refused(&mailbox, 74, &["tmp", "symbolic link"]);
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
        fs::remove_file(maildir.join("tmp")).unwrap();
        fs::create_dir(maildir.join("tmp")).unwrap();
    }
    assert_fetched(&mailbox);
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    for umask in ["0000", "0022", "0277", "0777"] {
        let mailbox = Mailbox::new(3);
        let several = "[{ maildir = \"~/Mail/work\" }, { mbox = \"~/box/inbox\" }, { pipe = \"sh -c 'umask > ~/umask'\" }]";
        mailbox.configure_delivery(several, "");
        let script = format!("umask {umask}; exec \"$@\"");
        let program = ["-c", script.as_str(), "sh"];
        let out = mailbox.sandbox.sync_through("sh", &program);
        assert_eq!((out.code, out.stderr.as_str()), (0, ""), "umask {umask}");
        assert_eq!(mailbox.here(), mailbox.there());
        for root in ["home/Mail", "home/box", "state"] {
            assert_private(&mailbox.sandbox.path(root));
        }
        // Programs get it as it was, but for what would keep us from our own files.
        let found = fs::read_to_string(mailbox.sandbox.home("umask")).unwrap();
        let expected = u32::from_str_radix(umask, 8).unwrap() & 0o077;
        assert_eq!(u32::from_str_radix(found.trim(), 8), Ok(expected));
    }
}

/// Asserts that all that is there is its owner's alone, and all of it the owner's.
fn assert_private(path: &Path) {
    let metadata = fs::metadata(path).unwrap();
    let expected = if metadata.is_dir() { 0o700 } else { 0o600 };
    let mode = metadata.permissions().mode() & 0o777;
    assert_eq!(mode, expected, "{}", path.display());
    if metadata.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            assert_private(&entry.unwrap().path());
        }
    }
}

#[test]
fn a_run_as_root_leaves_what_is_another_users() {
    // As by `sudo popfetch`, with the home folder of the user.
    let sandbox = Sandbox::unprivileged();
    let mailbox = Mailbox::within(sandbox, 1);
    assert_fetched(&mailbox);
    let own = fs::metadata(mailbox.sandbox.path("state/popfetch"))
        .unwrap()
        .uid();
    if own != rustix::process::geteuid().as_raw() {
        let other = Sandbox::new();
        let table = account("work", mailbox.server.port(), "me");
        other.config(&format!("{table}password = \"x\"\n"));
        let mut command = other.command();
        command.env("XDG_STATE_HOME", mailbox.sandbox.path("state"));
        command.arg("sync");
        let out = command.output().unwrap();
        assert_eq!(out.status.code(), Some(74));
        let said = String::from_utf8(out.stderr).unwrap();
        assert!(said.contains(&format!("uid {own}")), "{said}");
    }
}

/// Asserts that nothing is delivered to what a stranger owns, and nothing deleted for it.
#[track_caller]
fn assert_kept(mailbox: &Mailbox, words: &[&str]) {
    let there = mailbox.there();
    let out = mailbox.sync();
    assert_eq!(out.code, 74, "{}", out.stderr);
    for word in words {
        assert!(out.stderr.contains(word), "{word}: {}", out.stderr);
    }
    assert_eq!(mailbox.there(), there);
    assert_eq!(mailbox.server.count("DELE"), 0);
}

#[test]
fn mail_is_not_left_with_another_user() {
    // In a folder where all may make files, who is first owns the place.
    let strangers = |mailbox: &Mailbox, names: &[&str]| {
        names.iter().all(|name| {
            let path = mailbox.sandbox.home(name);
            let mode = if path.is_dir() { 0o777 } else { 0o666 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            give_away(&path)
        })
    };
    let mailbox = Mailbox::within(Sandbox::unprivileged(), 2);
    mailbox.configure_delivery("{ mbox = \"~/inbox\" }", "leave-on-server = false");
    mailbox.sandbox.write("home/inbox", "");
    if strangers(&mailbox, &["inbox"]) {
        assert_kept(&mailbox, &["inbox", "another user's file"]);
        assert_eq!(fs::read(mailbox.sandbox.home("inbox")).unwrap(), b"");
    }

    let mailbox = Mailbox::within(Sandbox::unprivileged(), 2);
    mailbox.configure("leave-on-server = false");
    for folder in ["new", "cur", "tmp"] {
        mailbox
            .sandbox
            .write(&format!("home/Mail/work/{folder}/.keep"), "");
    }
    if strangers(&mailbox, &["Mail/work"]) {
        assert_kept(
            &mailbox,
            &["Mail/work", "belongs to another user", "a folder of yours"],
        );
    }
}

#[test]
fn a_log_of_another_user_is_not_written() {
    let mailbox = Mailbox::within(Sandbox::unprivileged(), 1);
    let log = mailbox.sandbox.write("home/log", "");
    fs::set_permissions(&log, fs::Permissions::from_mode(0o666)).unwrap();
    if give_away(&log) {
        let out = mailbox.sandbox.run(["sync", "--log-file", "home/log"]);
        assert_eq!(out.code, 74, "{}", out.stderr);
        assert!(
            out.stderr.contains("belongs to another user"),
            "{}",
            out.stderr
        );
        assert_eq!(fs::read(log).unwrap(), b"");
    }
}

#[test]
fn no_link_of_another_user_leads_to_mail_a_password_or_the_log() {
    let mailbox = Mailbox::new(1);
    let at = |name: &str| mailbox.sandbox.home(name);
    for folder in ["theirs", "precious"] {
        fs::create_dir(at(folder)).unwrap();
    }
    let precious = at("precious/file");
    fs::write(&precious, format!("{PASSWORD}\n")).unwrap();
    fs::set_permissions(&precious, Permissions::from_mode(0o600)).unwrap();
    symlink(at("precious"), at("theirs/way")).unwrap();
    symlink(&precious, at("theirs/file")).unwrap();
    let deliveries = [
        "{ maildir = \"~/theirs/way\" }",
        "{ maildir = \"~/theirs/way/deep/inbox\" }",
        "{ mbox = \"~/theirs/way/inbox\" }",
    ];
    if [at("theirs"), at("theirs/way"), at("theirs/file")]
        .iter()
        .any(|path| lchown(path, Some(STRANGER), None).is_err())
    {
        return;
    }
    for deliver in deliveries {
        mailbox.configure_delivery(deliver, "");
        assert_refused(
            &mailbox,
            74,
            &["theirs/way is a symbolic link", "another user"],
        );
    }
    mailbox.configure_password("password-file = \"~/theirs/file\"", "");
    assert_refused(
        &mailbox,
        78,
        &["theirs/file is a symbolic link", "another user"],
    );
    mailbox.configure("");
    for log in ["theirs/file", "theirs/way/log"] {
        let log = at(log);
        let out = mailbox
            .sandbox
            .run(["sync", "--log-file", log.to_str().unwrap()]);
        assert_eq!(out.code, 74, "{}", out.stderr);
        assert!(out.stderr.contains("another user"), "{}", out.stderr);
    }
    let names: Vec<_> = fs::read_dir(at("precious"))
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    assert_eq!(names, ["file"]);
    assert_eq!(
        fs::read_to_string(&precious).unwrap(),
        format!("{PASSWORD}\n")
    );
}

#[test]
fn a_log_that_is_another_users_pipe_is_not_waited_for() {
    let mailbox = Mailbox::new(1);
    let pipe = mailbox.sandbox.home("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let log = pipe.to_str().unwrap();
    // Nobody reads it.
    let out = mailbox.sandbox.run(["sync", "--log-file", log]);
    assert_eq!(out.code, 74, "{}", out.stderr);
    let _reader = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&pipe)
        .unwrap();
    let out = mailbox.sandbox.run(["sync", "--log-file", log]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    if give_away(&pipe) {
        let out = mailbox.sandbox.run(["sync", "--log-file", log]);
        assert_eq!(out.code, 74, "{}", out.stderr);
        assert!(out.stderr.contains("another user"), "{}", out.stderr);
    }
}
