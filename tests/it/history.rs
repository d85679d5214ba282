//! `popfetch history`: what came when, where each message is now, and what became of it on the server.
//!
//! The tests move and remove files as a mail reader does. They refuse to look into the state.

mod filters; // which messages are shown

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::support::mailbox::{Mailbox, PASSWORD, USER};
use super::support::maildrop::{Maildrop, Message};
use super::support::options::{Options, Tls};
use super::support::sandbox::{Finished, Sandbox};
use super::support::screen;

/// A message with these fields.
fn message(uid: &str, fields: &str) -> Message {
    Message::new(uid, format!("{fields}\r\n\r\nThis is {uid}.\r\n"))
}

fn with(mail: impl IntoIterator<Item = Message>) -> Mailbox {
    let mail: Maildrop = mail.into_iter().collect();
    let options = Options::new(Tls::None).user(USER, PASSWORD, mail);
    Mailbox::of(Sandbox::new(), options)
}

/// Messages whose uids are their subjects, which were fetched.
fn fetched(uids: &[&str]) -> Mailbox {
    let mailbox = with(
        uids.iter()
            .map(|uid| message(uid, &format!("Subject: {uid}"))),
    );
    well(&mailbox.sync());
    mailbox
}

#[track_caller]
fn well(out: &Finished) {
    let said = (out.code, out.stdout.as_str(), out.stderr.as_str());
    assert_eq!(said, (0, "", ""));
}

/// What `history --json` says with these arguments more.
#[track_caller]
fn history(mailbox: &Mailbox, arguments: &[&str]) -> Vec<Value> {
    let mut command = mailbox.sandbox.command();
    command.args(["history", "--json"]).args(arguments);
    objects(&mut command)
}

#[track_caller]
fn objects(command: &mut Command) -> Vec<Value> {
    let out = command.output().unwrap();
    let stderr = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.success(), "{stderr}");
    let stdout = String::from_utf8(out.stdout).unwrap();
    let lines = stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The uids of these messages, in their order.
fn uids(objects: &[Value]) -> Vec<&str> {
    let uids = objects.iter().map(|object| object["uid"].as_str().unwrap());
    uids.collect()
}

/// Where the only place of the message is that has this uid: its state, and its file, if it is said to have one.
#[track_caller]
fn place(mailbox: &Mailbox, uid: &str) -> (String, Option<PathBuf>) {
    let found = history(mailbox, &["--uid", uid]);
    let [object] = &found[..] else {
        panic!("{found:#?}")
    };
    let places = object["places"].as_array().unwrap();
    assert_eq!(places.len(), 1, "{object:#}");
    let file = places[0]["file"].as_str().map(PathBuf::from);
    (places[0]["state"].as_str().unwrap().to_owned(), file)
}

/// The file in which the message with this uid is, which must be there.
#[track_caller]
fn file(mailbox: &Mailbox, uid: &str) -> PathBuf {
    let (state, file) = place(mailbox, uid);
    assert_eq!(state, "here");
    let file = file.unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(&format!("Subject: {uid}\n")), "{text}");
    file
}

#[test]
fn each_message_is_shown_with_all_that_is_known_of_it() {
    let mailbox = with([message(
        "a",
        "From: =?utf-8?q?Ann_M=C3=BCller?= <ann@example.org>\r\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\r\nMessage-ID: <1@example.org>",
    )]);
    well(&mailbox.sync());
    let found = history(&mailbox, &[]);
    assert_eq!(found.len(), 1);
    let object = &found[0];
    let path = fs::read_dir(mailbox.sandbox.home("Mail/work/new")).unwrap();
    let path = path.last().unwrap().unwrap().path();
    let octets = fs::read(&path).unwrap();
    let told = Command::new("sha256sum").arg(&path).output().unwrap();
    let digest = String::from_utf8(told.stdout).unwrap()[..64].to_owned();
    for (key, value) in [
        ("version", 1.into()),
        ("account", "work".into()),
        ("uid", "a".into()),
        ("message_id", "1@example.org".into()),
        ("from", "Ann Müller <ann@example.org>".into()),
        ("subject", "Grüße".into()),
        ("octets", octets.len().into()),
        ("sha256", digest.into()),
        ("on_server", true.into()),
        ("absent_since", Value::Null),
        ("delete_sent", Value::Null),
    ] {
        assert_eq!(object[key], value, "{key}: {object:#}");
    }
    let place = &object["places"][0];
    assert_eq!(place["state"], "here");
    assert_eq!(place["file"], path.to_str().unwrap());
    let maildir = mailbox.sandbox.home("Mail/work");
    assert_eq!(
        place["destination"],
        format!("maildir:{}", maildir.display())
    );

    let out = mailbox.sandbox.run(["history"]);
    let lines: Vec<&str> = out.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", out.stdout);
    assert!(
        lines[0].ends_with(" work: Ann Müller: Grüße"),
        "{}",
        lines[0]
    );
    assert!(lines[1].starts_with("  uid a, ") && lines[1].ends_with(", on the server"));
    assert_eq!(lines[2], format!("  in {}", path.display()));
}

#[test]
fn a_file_is_found_wherever_a_reader_put_it() {
    let mailbox = fetched(&["read", "filed", "renamed", "rewritten"]);
    let maildir = mailbox.sandbox.home("Mail/work");

    let new = file(&mailbox, "read");
    let name = new.file_name().unwrap().to_str().unwrap();
    let read = maildir.join(format!("cur/{name}:2,RS"));
    fs::rename(&new, &read).unwrap();
    assert_eq!(file(&mailbox, "read"), read);

    let folder = maildir.join(".Archive");
    for part in ["cur", "new", "tmp"] {
        fs::create_dir_all(folder.join(part)).unwrap();
    }
    let new = file(&mailbox, "filed");
    let name = new.file_name().unwrap().to_str().unwrap();
    let filed = folder.join(format!("cur/{name}:2,S"));
    fs::rename(new, &filed).unwrap();
    assert_eq!(file(&mailbox, "filed"), filed);

    let renamed = folder.join("cur/1234.other.name:2,S");
    fs::rename(file(&mailbox, "renamed"), &renamed).unwrap();
    assert_eq!(file(&mailbox, "renamed"), renamed);

    let rewritten = maildir.join("cur/5678.other.name:2,S");
    let before = file(&mailbox, "rewritten");
    fs::write(&rewritten, fs::read_to_string(&before).unwrap() + "more\n").unwrap();
    fs::remove_file(before).unwrap();
    assert_eq!(place(&mailbox, "rewritten"), ("gone".to_owned(), None));
}

#[test]
fn what_is_deleted_here_is_gone_and_a_maildir_that_is_away_tells_nothing() {
    let mailbox = fetched(&["a", "b"]);
    fs::remove_file(file(&mailbox, "a")).unwrap();
    assert_eq!(place(&mailbox, "a"), ("gone".to_owned(), None));
    file(&mailbox, "b");
    let out = mailbox.sandbox.run(["history", "--uid", "a"]);
    assert!(
        out.stdout.contains("  no longer in maildir:"),
        "{}",
        out.stdout
    );
    let (here, away) = ["Mail", "Away"]
        .map(|name| mailbox.sandbox.home(name))
        .into();
    fs::rename(here, away).unwrap();
    assert_eq!(place(&mailbox, "b"), ("out of reach".to_owned(), None));
    assert!(!mailbox.sandbox.home("Mail").exists(), "nothing is made");
}

#[test]
fn what_became_of_the_servers_copy_is_told() {
    let mailbox = fetched(&["deleted", "gone", "kept"]);
    // Somebody else deletes there.
    let mail = mailbox.server.maildrop(USER).messages().to_vec();
    let is_left = |message: &&std::sync::Arc<Message>| message.uid != b"gone";
    mailbox.replace(mail.iter().filter(is_left).map(|it| Message::clone(it)));
    well(&mailbox.sync());
    let found = history(&mailbox, &["--uid", "gone"]);
    assert_eq!(
        (&found[0]["on_server"], &found[0]["delete_sent"]),
        (&false.into(), &Value::Null)
    );
    assert!(found[0]["absent_since"].is_string());
    let out = mailbox.sandbox.run(["history", "--uid", "gone"]);
    assert!(
        out.stdout.contains(", not on the server since 2"),
        "{}",
        out.stdout
    );

    mailbox.configure("leave-on-server = false");
    well(&mailbox.sync());
    well(&mailbox.sync());
    let found = history(&mailbox, &["--uid", "deleted"]);
    assert_eq!(found[0]["on_server"], false);
    assert!(found[0]["delete_sent"].is_string());
    let out = mailbox.sandbox.run(["history", "--uid", "deleted"]);
    assert!(
        out.stdout.contains(", deleted from the server 2"),
        "{}",
        out.stdout
    );
    assert_eq!(uids(&history(&mailbox, &[])), ["deleted", "gone", "kept"]);
}

#[test]
fn what_waits_says_for_what_and_why() {
    let mailbox = with([message("a", "Subject: a")]);
    let path = mailbox
        .sandbox
        .write("program.sh", "echo 'not today' >&2; exit 75\n");
    let deliver = format!("{{ pipe = [\"sh\", \"{}\"] }}", path.display());
    mailbox.configure_delivery(&deliver, "");
    assert_eq!(mailbox.sync().code, 75);
    let found = history(&mailbox, &[]);
    let place = &found[0]["places"][0];
    assert_eq!(
        (&place["state"], &place["delivered"]),
        (&"waiting".into(), &Value::Null)
    );
    assert!(
        place["reason"].as_str().unwrap().contains("not today"),
        "{place}"
    );
    let out = mailbox.sandbox.run(["history"]);
    assert!(out.stdout.contains("  waits for "), "{}", out.stdout);
    assert!(out.stdout.contains("not today"), "{}", out.stdout);

    mailbox.sandbox.write("program.sh", "cat >/dev/null\n");
    well(&mailbox.sandbox.run(["retry"]));
    let found = history(&mailbox, &[]);
    let place = &found[0]["places"][0];
    assert_eq!(
        (&place["state"], &place["file"]),
        (&"delivered".into(), &Value::Null)
    );
    let out = mailbox.sandbox.run(["history"]);
    assert!(out.stdout.contains("  handed to pipe:"), "{}", out.stdout);
}

#[test]
fn each_of_two_destinations_is_told_of_by_itself() {
    let mailbox = with([message("a", "Subject: a")]);
    mailbox.configure_delivery(
        "[{ maildir = \"~/one\" }, { maildir = \"~/two\" }, { mbox = \"~/mbox\" }]",
        "",
    );
    well(&mailbox.sync());
    let states = || {
        let found = history(&mailbox, &[]);
        let mut states: Vec<String> = found[0]["places"]
            .as_array()
            .unwrap()
            .iter()
            .map(|place| {
                let address = place["destination"].as_str().unwrap();
                let name = address.rsplit('/').next().unwrap();
                format!("{name} {}", place["state"].as_str().unwrap())
            })
            .collect();
        states.sort();
        states
    };
    assert_eq!(states(), ["mbox delivered", "one here", "two here"]);
    let new = fs::read_dir(mailbox.sandbox.home("one/new")).unwrap();
    fs::remove_file(new.last().unwrap().unwrap().path()).unwrap();
    assert_eq!(states(), ["mbox delivered", "one gone", "two here"]);
    fs::remove_file(mailbox.sandbox.home("mbox")).unwrap();
    assert_eq!(states(), ["mbox gone", "one gone", "two here"]);
}

#[test]
fn a_message_that_moved_to_another_maildir_of_the_account_is_found_there() {
    let mailbox = fetched(&["a"]);
    let before = file(&mailbox, "a");
    mailbox.configure_delivery(
        "[{ maildir = \"~/Mail/work\" }, { maildir = \"~/other\" }]",
        "",
    );
    mailbox.deposit("b");
    well(&mailbox.sync());
    let moved = mailbox
        .sandbox
        .home("other/cur")
        .join(before.file_name().unwrap());
    fs::rename(before, &moved).unwrap();
    assert_eq!(file(&mailbox, "a"), moved);
}

#[test]
fn hostile_headers_steer_no_terminal() {
    let hostile = "=?utf-8?b?G1syShtdMDt0aXRsZQfCm+KAriA=?= \x1b[31mred\x07 x";
    let fields = format!("From: {hostile} <a@b>\r\nSubject: {hostile}\r\nMessage-ID: <\x1b[5m@b>");
    let mailbox = with([message("a\x1b[2J", &fields)]);
    well(&mailbox.sync());
    for arguments in [["history", "--all"], ["history", "--json"]] {
        let out = mailbox.sandbox.run(arguments);
        assert_eq!(out.code, 0);
        let steers = |c: char| (c != '\n' && c.is_control()) || c == '\u{202e}';
        assert!(!out.stdout.contains(steers), "{:?}", out.stdout);
        assert!(out.stdout.contains("red"), "{:?}", out.stdout);
    }
    for columns in [40, 80] {
        let lines = screen::lines(&mailbox.sandbox, columns, "history");
        screen::fit(&lines, columns);
        assert!(!lines.concat().contains('\u{1b}'), "{lines:?}");
    }
}

#[test]
fn without_a_record_nothing_is_shown_and_nothing_made() {
    let mailbox = Mailbox::new(1);
    let before = mailbox.sandbox.snapshot();
    for arguments in [["history", "--all"], ["history", "--json"]] {
        let out = mailbox.sandbox.run(arguments);
        assert_eq!((out.code, out.stdout.as_str()), (0, ""), "{}", out.stderr);
    }
    assert_eq!(mailbox.sandbox.snapshot(), before);
}
