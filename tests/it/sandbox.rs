//! `sync --sandbox`: fetching works in it, and what it does not take is out of reach.
//!
//! Invariant: a test that something is out of reach shows first that it is within reach outside. Where the kernel has no
//! Landlock, the tests hold that nothing is fetched at all; `strace` plays such a kernel on those that have it.

mod refused;

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::LazyLock;

use rusqlite::Connection;

use super::support::certificates::{Authority, Leaf};
use super::support::keyring::Keyring;
use super::support::lmtp::Lmtp;
use super::support::mailbox::{Mailbox, PASSWORD, USER, account};
use super::support::maildrop::Maildrop;
use super::support::mbox;
use super::support::options::{Options, Tls};
use super::support::sandbox::{Finished, Running, Sandbox};
use super::support::server::Server;
use super::support::service::Service;

/// What popfetch says when it is confined, and all that it should be.
const WHOLE: &str = "popfetch: confined: files, programs, TCP and signals\n";

/// Whether this kernel can do all of it.
pub(crate) static IS_WHOLE: LazyLock<bool> =
    LazyLock::new(|| confined(&Mailbox::new(0), &["-v"]).stderr.contains(WHOLE));

/// `popfetch sync --sandbox`, with more arguments.
fn confined(mailbox: &Mailbox, arguments: &[&str]) -> Finished {
    let mut command = mailbox.sandbox.command();
    command.args(["sync", "--sandbox"]).args(arguments);
    Running::new(command).finish()
}

/// Asserts that a confined run does all that it should, silently; or nothing, where there is no sandbox.
#[track_caller]
fn works(mailbox: &Mailbox) {
    let out = confined(mailbox, &[]);
    if *IS_WHOLE {
        assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    } else {
        is_refused(mailbox, &out, 69, "popfetch cannot be confined here");
    }
}

/// Asserts that nothing was fetched, and that it is said why.
#[track_caller]
fn is_refused(mailbox: &Mailbox, out: &Finished, code: i32, why: &str) {
    assert_eq!(out.code, code, "{out:?}");
    assert!(out.stderr.contains(why), "{}", out.stderr);
    assert_eq!(mailbox.server.records().len(), 0, "a server was asked");
}

#[test]
fn mail_arrives_in_a_maildir_and_it_is_said_how_far_popfetch_is_confined() {
    let mailbox = Mailbox::new(20);
    mailbox.configure("leave-on-server = false");
    let sent = mailbox.there();
    works(&mailbox);
    if *IS_WHOLE {
        assert_eq!(mailbox.here(), sent);
        assert!(mailbox.there().is_empty());
        let out = confined(&mailbox, &["-v"]);
        assert!(out.stderr.contains(WHOLE), "{}", out.stderr);
    }
}

#[test]
fn the_variable_is_as_good_as_the_option() {
    let mailbox = Mailbox::new(0);
    for (value, wanted) in [("1", *IS_WHOLE), ("0", false), ("", false)] {
        let mut command = mailbox.sandbox.command();
        command.args(["sync", "-v"]).env("POPFETCH_SANDBOX", value);
        let out = Running::new(command).finish();
        assert_eq!(out.stderr.contains(WHOLE), wanted, "{value}: {out:?}");
    }
}

#[test]
fn a_folder_elsewhere_is_out_of_reach_and_keeps_no_other_account_from_its_mail() {
    let messages = |user| Maildrop::sample(user, 0, 3);
    let options = Options::new(Tls::None)
        .user("one", "pw", messages("one"))
        .user("two", "pw", messages("two"));
    let server = Server::start(options);
    let sandbox = Sandbox::new();
    let tables = ["one", "two"].map(|user| account(user, server.port(), user));
    let [one, two] = &tables;
    sandbox.config(&format!("{one}password = \"pw\"\n{two}password = \"pw\"\n"));
    // A Maildir whose new mail belongs to another place of the home folder.
    fs::create_dir_all(sandbox.home("Mail/one")).unwrap();
    fs::create_dir_all(sandbox.home("private")).unwrap();
    symlink(sandbox.home("private"), sandbox.home("Mail/one/new")).unwrap();
    if *IS_WHOLE {
        let out = sandbox.run(["sync", "--sandbox"]);
        assert_eq!(out.code, 74, "{out:?}");
        assert!(out.stderr.contains("one: "), "{}", out.stderr);
        assert!(out.stderr.contains("Permission denied"), "{}", out.stderr);
        assert_eq!(fs::read_dir(sandbox.home("private")).unwrap().count(), 0);
        assert_eq!(sandbox.mail("Mail/two"), server.maildrop("two").stored());
    }
    assert_eq!(sandbox.run(["sync"]).code, 0);
    assert_eq!(fs::read_dir(sandbox.home("private")).unwrap().count(), 3);
}

#[test]
fn the_state_needs_no_file_elsewhere_however_much_of_it_changes() {
    if !*IS_WHOLE {
        return;
    }
    let mailbox = Mailbox::new(2000);
    works(&mailbox);
    // All of it left the server long ago, and is forgotten at once: SQLite keeps what it may have to take back.
    let state = Connection::open(mailbox.sandbox.path("state/popfetch/state.db")).unwrap();
    let changed = state.execute("UPDATE message SET absent_since = 1", []);
    assert_eq!(changed.unwrap(), 2000);
    mailbox
        .server
        .replace(USER, Maildrop::sample("another", 0, 1));
    works(&mailbox);
    let forgotten = "SELECT count(*) FROM message WHERE replaced IS NOT NULL";
    let forgotten: u32 = state.query_row(forgotten, [], |row| row.get(0)).unwrap();
    assert_eq!(forgotten, 2000);
}

#[test]
fn an_mbox_and_its_lock_are_within_reach() {
    let mailbox = Mailbox::new(5);
    mailbox.configure_delivery("{ mbox = \"~/box/inbox\" }", "leave-on-server = false");
    let sent = mailbox.there();
    works(&mailbox);
    if *IS_WHOLE {
        let mut found = mbox::messages(&mailbox.sandbox.home("box/inbox"));
        found.sort();
        assert_eq!(found, sent);
        // Somebody else's lock is seen, which takes the folder.
        let lock = mailbox.sandbox.write("home/box/inbox.lock", "1\n");
        mailbox.configure_delivery(
            "{ mbox = \"~/box/inbox\", lock-timeout = \"1s\" }",
            "leave-on-server = false",
        );
        mailbox.deposit("later");
        assert_eq!(confined(&mailbox, &[]).code, 75);
        fs::remove_file(lock).unwrap();
        works(&mailbox);
        assert!(mailbox.there().is_empty());
    }
}

#[test]
fn an_lmtp_server_on_a_socket_or_a_port_is_within_reach() {
    for on_socket in [true, false] {
        let mailbox = Mailbox::new(3);
        let server = if on_socket {
            Lmtp::on_socket(&mailbox.sandbox.path("lmtp"))
        } else {
            Lmtp::on_port()
        };
        let deliver = format!("{{ lmtp = \"{}\" }}", server.address());
        mailbox.configure_delivery(&deliver, "");
        works(&mailbox);
        let expected = if *IS_WHOLE { 3 } else { 0 };
        assert_eq!(server.received(USER).len(), expected, "{on_socket}");
    }
}

#[test]
fn what_was_moved_to_a_maildir_beside_it_is_found_there_and_stays_on_the_server() {
    let mailbox = Mailbox::new(6);
    mailbox.configure("leave-on-server = \"until-deleted\"");
    assert_eq!(mailbox.sync().code, 0);
    let home = |path: &str| mailbox.sandbox.home(path);
    for folder in ["cur", "new", "tmp"] {
        fs::create_dir_all(home("Mail/kept").join(folder)).unwrap();
    }
    let mut mail: Vec<_> = fs::read_dir(home("Mail/work/new"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let (deleted, moved) = (mail.pop().unwrap(), mail.pop().unwrap());
    fs::remove_file(deleted).unwrap();
    // Under another name: it is known by its content, which is read.
    fs::rename(moved, home("Mail/kept/cur/another:2,S")).unwrap();
    if *IS_WHOLE {
        let out = confined(&mailbox, &[]);
        assert_eq!((out.code, out.stderr.as_str()), (0, ""));
        assert_eq!(mailbox.there().len(), 5);
    }
}

#[test]
fn certificates_are_within_reach_wherever_the_configuration_has_them() {
    let authority = Authority::new();
    let options = Options::new(Tls::Implicit(authority.issue(Leaf::Good))).user(
        USER,
        PASSWORD,
        Maildrop::sample("mail", 0, 2),
    );
    let server = Server::start(options);
    let sandbox = Sandbox::new();
    let ca = sandbox.write("elsewhere/ca.pem", authority.pem());
    let password = sandbox.write("apart/password", PASSWORD);
    sandbox.config(&format!(
        "[accounts.work]\nhost = \"localhost\"\nport = {}\nuser = \"{USER}\"\ntls-ca-file = \"{}\"\n\
         password-file = \"{}\"\ndeliver = {{ maildir = \"~/Mail/work\" }}\n",
        server.port(),
        ca.display(),
        password.display(),
    ));
    if *IS_WHOLE {
        let out = sandbox.run(["sync", "--sandbox"]);
        assert_eq!((out.code, out.stderr.as_str()), (0, ""));
        assert_eq!(sandbox.mail("Mail/work").len(), 2);
    }
}

#[test]
fn a_password_in_the_keyring_is_found_by_a_confined_run() {
    let (mailbox, keyring) = (Mailbox::new(2), Keyring::unlocked());
    mailbox.configure_password("", "");
    let bus = keyring.environment().into_iter();
    let bus: Vec<_> = bus
        .filter(|(name, _)| *name == "DBUS_SESSION_BUS_ADDRESS")
        .collect();
    let stored = mailbox.sandbox.write("stored", PASSWORD);
    let mut login = mailbox.sandbox.command();
    login.args(["login", "work", "--quiet"]).envs(bus.clone());
    login.stdin(fs::File::open(stored).unwrap());
    assert_eq!(Running::new(login).finish().code, 0);
    if *IS_WHOLE {
        let mut sync = mailbox.sandbox.command();
        sync.args(["sync", "--sandbox"]).envs(bus);
        let out = Running::new(sync).finish();
        assert_eq!((out.code, out.stderr.as_str()), (0, ""));
        assert_eq!(mailbox.here(), mailbox.there());
    }
}

#[test]
fn a_log_that_is_put_away_is_made_anew() {
    let mailbox = Mailbox::new(1);
    let (log, old) = ("logs/popfetch.log", "logs/popfetch.log.1");
    let [log, old] = [log, old].map(|name| mailbox.sandbox.path(name));
    fs::create_dir(mailbox.sandbox.path("logs")).unwrap();
    let options = ["--log-file", log.to_str().unwrap(), "--every", "1h"];
    if *IS_WHOLE {
        let service = Service::start(&mailbox.sandbox, &[&["--sandbox"], &options[..]].concat());
        service.begins();
        fs::rename(&log, &old).unwrap();
        service.fetches();
        service.ends();
        let [log, old] = [log, old].map(|path| fs::read_to_string(path).unwrap());
        assert!(old.contains("confined: "), "{old}");
        assert!(log.contains("the next run is in "), "{log}");
    }
}

#[test]
fn a_dry_run_makes_nothing_for_the_sandbox_either() {
    let mailbox = Mailbox::new(3);
    let before = mailbox.sandbox.snapshot();
    let out = confined(&mailbox, &["--dry-run"]);
    assert_eq!(out.code, if *IS_WHOLE { 0 } else { 69 }, "{out:?}");
    assert!(mailbox.sandbox.snapshot() == before);
}
