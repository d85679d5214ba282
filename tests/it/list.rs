//! `popfetch list`: what is on the server, shown without changing it, and never as a sender writes it.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::support::mailbox::{Mailbox, PASSWORD, USER};
use super::support::maildrop::{Maildrop, Message};
use super::support::options::{Act, Fault, Options, Tls};
use super::support::sandbox::{Finished, Running, Sandbox};

/// A message with this header and a body.
fn message(uid: &str, header: &str) -> Message {
    Message::new(uid, format!("{header}\r\nbody\r\n"))
}

fn ordinary(uid: &str) -> Message {
    message(
        uid,
        &format!(
            "From: Ann <ann@example.org>\r\nSubject: {uid}\r\nDate: Sun, 22 Nov 2026 10:03:00 +0200\r\n"
        ),
    )
}

fn mailbox(messages: impl IntoIterator<Item = Message>) -> Mailbox {
    let mailbox = Mailbox::new(0);
    mailbox.replace(messages);
    mailbox
}

/// `popfetch list work` with these arguments; asserts that it changed nothing here or there.
#[track_caller]
fn list(mailbox: &Mailbox, arguments: &[&str]) -> Finished {
    let sent = || ["RETR", "DELE", "RSET"].map(|command| mailbox.server.count(command));
    let (before, there, commands) = (mailbox.sandbox.snapshot(), mailbox.there(), sent());
    let mut command = mailbox.sandbox.command();
    command.args(["list", "work"]).args(arguments);
    let out = Running::new(command).finish();
    assert!(
        mailbox.sandbox.snapshot() == before,
        "something was changed"
    );
    assert_eq!(mailbox.there(), there);
    assert_eq!(sent(), commands);
    let last = mailbox.server.records().pop().unwrap();
    if out.code == 0 {
        assert_eq!(last.lines.last().unwrap(), "QUIT");
    }
    out
}

/// What `--json` tells, with the same promises.
#[track_caller]
fn objects(mailbox: &Mailbox, arguments: &[&str]) -> Vec<Value> {
    let out = list(mailbox, &[&["--json"], arguments].concat());
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    let lines = out.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn column(objects: &[Value], key: &str) -> Vec<Value> {
    objects.iter().map(|object| object[key].clone()).collect()
}

#[test]
fn a_person_sees_a_line_a_message_and_the_reasons_below() {
    let mailbox = mailbox([
        message(
            "a",
            "From: =?utf-8?q?J=C3=B6rg?= <j@example.org>\r\nSubject: =?utf-8?b?6KuL5rGC5pu4?=\r\n =?utf-8?q?_=E2=82=AC?=\r\n\
             Date: Sun, 22 Nov 2026 10:03:00 +0200\r\n",
        ),
        message("b", "Subject: no sender\r\n"),
    ]);
    let out = list(&mailbox, &[]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    let expected = "work: 2 on the server, 2 of them new\n\
        no   size  date (UTC)        here  plan         from  subject\n \
        1  152 B  2026-11-22 08:03  new   fetch, keep  Jörg  請求書 €\n \
        2   28 B                    new   fetch, keep        no sender\n\
        \n\
        2 fetch, keep  fetch: it is new; keep on the server: nothing is to be deleted\n";
    assert_eq!(out.stdout, expected);
    assert!(!mailbox.sandbox.path("state/popfetch").exists());

    let out = list(&mailbox, &["-v"]);
    let line = "\n    b: fetch: it is new; keep on the server: nothing is to be deleted\n";
    assert!(out.stdout.contains(line), "{}", out.stdout);
}

#[test]
fn a_program_is_told_all_of_it() {
    let mailbox = mailbox([message(
        "a",
        "From: Ann <ann@example.org>\r\nDate: Sun, 22 Nov 2026 10:03:00 +0200\r\n",
    )]);
    mailbox.configure("leave-on-server = false");
    let expected = json!({
        "version": 1, "account": "work", "number": 1, "uid": "a", "octets": 76,
        "date": "2026-11-22T08:03:00Z", "from": "Ann <ann@example.org>", "subject": null,
        "state": "new", "fetch": true, "delete": true, "decision": "fetch: it is new",
        "retention": "delete from the server: leave-on-server is false",
    });
    assert_eq!(objects(&mailbox, &[]), [expected]);
}

#[test]
fn each_message_has_its_state_and_new_shows_only_what_is_not_here() {
    let mailbox = mailbox(["a", "b"].map(ordinary));
    let waiting = "deliver = { pipe = [\"sh\", \"-c\", \"grep -q 'Subject: a'\"] }";
    let config = mailbox.sandbox.config("");
    mailbox.configure("leave-on-server = \"14d\"");
    let maildir = fs::read_to_string(&config).unwrap();
    let pipe: String = maildir
        .lines()
        .map(|line| {
            if line.starts_with("deliver") {
                waiting
            } else {
                line
            }
        })
        .flat_map(|line| [line, "\n"])
        .collect();
    mailbox.sandbox.config(&pipe);
    assert_eq!(mailbox.sync().code, 74);
    let larger = "x".repeat(4000);
    let mut mail: Vec<_> = ["a", "b", "c", "d"].map(ordinary).into();
    mail[0] = message("a", "Subject: another\r\n");
    mail[3] = message("d", &format!("Subject: d\r\nX: {larger}\r\n"));
    mailbox.replace(mail);
    mailbox
        .sandbox
        .config(&format!("{pipe}max-size = \"2k\"\n"));
    let all = objects(&mailbox, &[]);
    assert_eq!(column(&all, "state"), ["doubtful", "waiting", "new", "new"]);
    assert_eq!(column(&all, "fetch"), [true, false, true, false]);
    assert_eq!(column(&all, "delete"), [false; 4]);
    assert_eq!(
        all[1]["retention"],
        "keep on the server: it is not here yet"
    );
    let new = objects(&mailbox, &["--new"]);
    assert_eq!(column(&new, "uid"), ["a", "c", "d"]);
    assert_eq!(column(&new, "subject"), ["another", "c", "d"]);
    let last = mailbox.server.records().pop().unwrap();
    assert!(!last.lines.iter().any(|line| line == "TOP 2 0"));

    let out = list(&mailbox, &[]);
    let plans: Vec<_> = ["fetch, keep 14d", "keep ", "fetch, keep 14d", "too large"].into();
    for (line, plan) in out.stdout.lines().skip(2).zip(plans) {
        assert!(line.contains(plan), "{}", out.stdout);
    }
    for reason in [
        "2 fetch, keep Nd  fetch: it is new; keep on the server for N days more",
        "larger than max-size",
        "it is here already; keep on the server: it is not here yet",
    ] {
        assert!(out.stdout.contains(reason), "{}", out.stdout);
    }
}

#[test]
fn what_is_here_is_said_to_be_and_stays_so() {
    let mailbox = Mailbox::new(4);
    assert_eq!(mailbox.sync().code, 0);
    mailbox.deposit("later");
    let all = objects(&mailbox, &[]);
    assert_eq!(
        column(&all, "state"),
        ["here", "here", "here", "here", "new"]
    );
    assert_eq!(column(&all, "uid")[4], "later");
    assert_eq!(column(&objects(&mailbox, &["--new"]), "uid"), ["later"]);
    assert_eq!(mailbox.sync().code, 0);
    assert!(objects(&mailbox, &["--new"]).is_empty());
    let out = list(&mailbox, &["--new"]);
    assert_eq!(out.stdout, "work: 5 on the server, 0 of them new\n");
}

#[test]
fn what_senders_write_is_never_shown_raw() {
    let hostile = mailbox([
        message(
            "a",
            "Subject: \x1b[2J\x1b]0;title\x07red\r\nFrom: \x1b[31m <a@b>\r\n",
        ),
        message(
            "b",
            "Subject: =?utf-8?q?=1B[2J=0D=0Anext=C2=9B31m=E2=80=AEgpj.exe?=\r\n",
        ),
        message(
            "c",
            "From: =?utf-8?q?Boss=0A=E2=80=8B?= <a@b>\r\nDate: 1 Jan 2024 \x1b[2J\r\n",
        ),
        message("d", "Subject: \u{9b}31m\u{202e}x\u{2028}y\r\n"),
        Message::new("e", b"Subject: \xff\x9b2J\r\n\r\n"),
        message("f\x1b[2J", "Subject: f\r\n"),
    ]);
    let is_harmless =
        |c: char| c == '\n' || !(c.is_control() || ('\u{200b}'..='\u{202e}').contains(&c));
    for arguments in [&[][..], &["-v"], &["--json"], &["-vv"]] {
        let out = list(&hostile, arguments);
        assert_eq!(out.code, 0);
        for said in [&out.stdout, &out.stderr] {
            assert_eq!(said.chars().find(|c| !is_harmless(*c)), None, "{said:?}");
        }
        assert!(out.stdout.contains("gpj.exe"), "{}", out.stdout);
    }
    let lines = list(&hostile, &[]).stdout.lines().count();
    assert_eq!(lines, 2 + 6 + 2);
    // Nothing of it is lost to a program.
    let subject = &objects(&hostile, &[])[1]["subject"];
    assert_eq!(subject, "\x1b[2J\r\nnext\u{9b}31m\u{202e}gpj.exe");
}

#[test]
fn a_header_may_be_endless_missing_or_nonsense() {
    let endless = "x".repeat(1 << 20);
    let words = " =?".repeat(20_000) + &"?=x".repeat(20_000);
    let late = format!("{}Subject: too late\r\n", "X: padding\r\n".repeat(6000));
    let mailbox = mailbox([
        message("a", &format!("Subject: {endless}\r\n")),
        message("b", &format!("Subject: {words}\r\nFrom: {words}\r\n")),
        message("c", &late),
        Message::new("d", "\r\nno header\r\n"),
        Message::new("e", ""),
        message(
            "f",
            "no field\r\n\r folded\r\nSubject:\r\nDate: 99 Foo -1\r\nFrom: <\r\n",
        ),
        message(
            "g",
            "Date: 1 Jan 4294967295 00:00:00 +0000\r\nSubject: g\r\n",
        ),
    ]);
    let all = objects(&mailbox, &[]);
    assert_eq!(all.len(), 7);
    let subject = all[0]["subject"].as_str().unwrap();
    assert!(subject.starts_with("xxx") && subject.len() < 2000);
    assert_eq!(
        column(&all[2..5], "subject"),
        [Value::Null, Value::Null, Value::Null]
    );
    assert_eq!(all[5]["subject"], "");
    assert_eq!(all[6]["subject"], "g");
    assert_eq!(column(&all, "date"), vec![Value::Null; 7]);
    assert_eq!(list(&mailbox, &[]).code, 0);
}

#[test]
fn many_headers_that_are_full_are_shown_in_little_memory() {
    const COUNT: usize = 8000;
    let words = "ein Wörtchen ".repeat(70);
    let header = format!("From: {words}\r\n {words}\r\nSubject: {words}\r\n {words}\r\n");
    let mail = |at: usize| message(&format!("uid-{at}"), &header);
    let mailbox = mailbox((1..=COUNT).map(mail));
    for (arguments, most) in [(&[][..], COUNT + 4), (&["--json"], COUNT)] {
        let out = list(&mailbox, arguments);
        assert_eq!((out.code, out.stderr.as_str()), (0, ""));
        assert_eq!(out.stdout.lines().count(), most);
        let mebibytes = out.peak >> 20;
        assert!(mebibytes < 64, "{arguments:?}: it held {mebibytes} MiB");
        // All is shown, to the last word.
        let last = out
            .stdout
            .lines()
            .filter(|line| line.matches("Wörtchen").count() >= 2 * 70);
        assert_eq!(last.count(), COUNT);
    }
    let out = list(&mailbox, &[]);
    let titles = out.stdout.lines().filter(|line| line.contains("subject"));
    assert_eq!(titles.count(), 1);
}

#[test]
fn a_server_without_top_is_told_once_and_all_else_is_shown() {
    for without_pipelining in [false, true] {
        let mut options = Options::new(Tls::None).without("TOP");
        if without_pipelining {
            options = options.without_pipelining();
        }
        let mail = Maildrop::sample("mail", 0, 40);
        let mailbox = Mailbox::of(Sandbox::new(), options.user(USER, PASSWORD, mail));
        let out = list(&mailbox, &[]);
        assert_eq!(out.code, 0);
        assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
        assert!(
            out.stderr.contains("the server refused TOP: -ERR"),
            "{}",
            out.stderr
        );
        assert_eq!(
            out.stdout.matches("fetch, keep\n").count(),
            40,
            "{}",
            out.stdout
        );
        if without_pipelining {
            assert!(mailbox.server.count("TOP") < 40);
        }
        let out = list(&mailbox, &["--json", "--quiet"]);
        assert_eq!((out.stdout.lines().count(), out.stderr.as_str()), (40, ""));
    }
}

#[test]
fn a_header_that_is_refused_is_no_error() {
    let mailbox = mailbox(["a", "b", "c"].map(ordinary));
    let refusal = Act::reply("-ERR not this one");
    mailbox
        .server
        .set_faults(vec![Fault::Each("TOP 2", refusal)]);
    let all = objects(&mailbox, &[]);
    assert_eq!(
        column(&all, "subject"),
        [json!("a"), Value::Null, json!("c")]
    );
    let out = list(&mailbox, &[]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
}

#[test]
fn trouble_is_told_as_in_a_real_run() {
    let mailbox = mailbox(["a", "b"].map(ordinary));
    mailbox
        .server
        .set_faults(vec![Fault::At("TOP 2", 1, Act::Cut)]);
    let out = list(&mailbox, &[]);
    assert_eq!((out.code, out.stdout.as_str()), (75, ""));
    mailbox.server.set_faults(Vec::new());
    mailbox.configure_password("password = \"wrong\"", "");
    let out = list(&mailbox, &["--json"]);
    assert_eq!(out.code, 77);
    let object: Value = serde_json::from_str(out.stdout.trim_end()).unwrap();
    assert_eq!(object["status"], 77);
    for (arguments, code) in [
        (&["list"][..], 64),
        (&["list", "nobody"], 64),
        (&["list", "work", "home"], 64),
    ] {
        let mut command = mailbox.sandbox.command();
        command.args(arguments);
        assert_eq!(Running::new(command).finish().code, code);
    }
}

#[test]
fn nobody_is_asked_about_mail_that_left_the_maildir_at_once() {
    let mailbox = Mailbox::new(10);
    mailbox.configure("leave-on-server = \"until-deleted\"");
    assert_eq!(mailbox.sync().code, 0);
    let new = mailbox.sandbox.home("Mail/work/new");
    for entry in fs::read_dir(&new).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let out = list(&mailbox, &["--json"]);
    assert_eq!(out.code, 74);
    assert!(out.stderr.contains("10 of 10 messages have left"));
    assert_eq!(out.stdout.matches("\"delete\":false").count(), 10);
    assert_eq!(out.stdout.matches("\"state\":\"here\"").count(), 10);
}

#[test]
fn on_a_terminal_no_line_is_wider_than_it() {
    let long = "=?utf-8?b?6KuL5rGC5pu4?= and more of it ".repeat(20);
    let mailbox = mailbox([message(
        "a",
        &format!("From: {long} <a@b>\r\nSubject: {long}\r\n"),
    )]);
    for columns in [60, 80, 120] {
        let popfetch = mailbox.sandbox.command();
        let mut command = Command::new("/bin/sh");
        let script =
            format!("stty rows 30 cols {columns}; \"$popfetch\" list work --progress never");
        command.args(["-c", &script]).env_clear();
        let variables = popfetch.get_envs();
        command.envs(variables.filter_map(|(name, value)| Some((name, value?))));
        command
            .env("TERM", "xterm")
            .env("popfetch", popfetch.get_program());
        let mut terminal = rexpect::session::spawn_command(command, Some(60_000)).unwrap();
        let shown = terminal.exp_eof().unwrap();
        // It gives a character for each byte.
        let bytes = shown.chars().map(|c| u8::try_from(c).unwrap());
        let shown = String::from_utf8(bytes.collect()).unwrap();
        let row = shown.lines().find(|line| line.contains("請求書"));
        let row = row.unwrap_or_else(|| panic!("{shown:?}"));
        let width = console::measure_text_width(row.trim_end());
        assert!(
            width <= columns && width + 2 > columns,
            "{columns}: {row:?}"
        );
        assert!(row.contains('…'), "{row:?}");
    }
}
