//! What a program is given, and nothing else: its arguments, the message, a few variables. And what becomes of what it
//! prints, and of a program that does not end.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::support::daemon::output_of;
use super::super::support::mailbox::{Mailbox, PASSWORD, USER};
use super::super::support::maildrop::{Maildrop, Message};
use super::super::support::options::{Options, Tls};
use super::super::support::sandbox::{Running, Sandbox};
use super::{
    assert_quiet, assert_said, assert_same, configure, ids, is_alive, keeper, kept, letters,
    script, spooled, wait_for,
};

/// A mailbox of this one message.
fn with_message(raw: impl AsRef<[u8]>) -> Mailbox {
    let mail: Maildrop = [Message::new("only", raw)].into_iter().collect();
    let options = Options::new(Tls::None).user(USER, PASSWORD, mail);
    Mailbox::of(Sandbox::new(), options)
}

/// A run, as verbose as can be.
fn verbose(mailbox: &Mailbox) -> super::Finished {
    mailbox.sandbox.run(["-vv", "sync"])
}

#[test]
fn a_program_has_few_variables_and_none_of_the_parents_own() {
    let mailbox = letters(1);
    let seen = mailbox.sandbox.path("seen");
    let seen = seen.display();
    let text = format!("tr '\\0' '\\n' < /proc/$$/environ > '{seen}'\npwd >> '{seen}.folder'\n");
    configure(&mailbox, &script(&mailbox.sandbox, &text), "");
    let mut command = mailbox.sandbox.command();
    command.arg("sync").env("USER", "somebody").env("LANG", "C");
    command
        .env("MARKER", "of the parent")
        .env("POPFETCH_MARKER", "of the parent");
    assert_quiet(&Running::new(command).finish());

    let text = fs::read_to_string(mailbox.sandbox.path("seen")).unwrap();
    let value = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once('='));
        let found = lines.find(|(found, _)| *found == name);
        found.map_or("", |(_, value)| value)
    };
    assert_eq!(
        value("HOME"),
        mailbox.sandbox.path("home").to_str().unwrap()
    );
    assert_eq!(value("PATH"), "/usr/bin:/bin");
    assert_eq!(value("POPFETCH_ACCOUNT"), "work");
    assert_eq!(value("POPFETCH_UID"), "letter-0");
    assert!(!value("USER").is_empty(), "{text}");
    assert!(!text.contains("of the parent"), "{text}");
    let names = text
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0));
    let known = ["HOME", "PATH", "USER", "LOGNAME", "LANG", "TZ"];
    let strange = names.filter(|name| !known.contains(name) && !name.starts_with("POPFETCH_"));
    assert_eq!(strange.count(), 0, "{text}");
}

#[test]
fn a_program_inherits_no_file_of_popfetchs() {
    let mailbox = letters(1);
    let seen = mailbox.sandbox.path("seen");
    let text = format!("exec ls -l /proc/self/fd > '{}'\n", seen.display());
    configure(&mailbox, &script(&mailbox.sandbox, &text), "");
    assert_quiet(&mailbox.sync());
    // What this process was started with, everybody has.
    let inherited = fs::read_dir("/proc/self/fd").unwrap();
    let inherited: Vec<_> = inherited
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .collect();
    let text = fs::read_to_string(seen).unwrap();
    let open = text.lines().filter_map(|line| line.split_once(" -> "));
    let open = open.map(|(name, target)| (name.rsplit(' ').next().unwrap(), Path::new(target)));
    let strange: Vec<_> = open
        .filter(|(number, _)| !["0", "1", "2"].contains(number))
        .filter(|(_, target)| !inherited.iter().any(|known| known == target))
        .collect();
    // The folder that ls(1) reads.
    assert_eq!(strange.len(), 1, "{strange:?}");
    assert!(strange[0].1.starts_with("/proc"), "{strange:?}");
}

#[test]
fn no_shell_sees_the_arguments() {
    let mailbox = letters(1);
    let seen = mailbox.sandbox.path("seen");
    let text = format!("printf '%s\\n' \"$@\" > '{}'\n", seen.display());
    let path = mailbox.sandbox.write("program.sh", text);
    let arguments = "\"$(touch x); *\", \"\", \"a b\", \"$HOME\", \"~\"";
    let deliver = format!("{{ pipe = [\"sh\", \"{}\", {arguments}] }}", path.display());
    configure(&mailbox, &deliver, "");
    assert_quiet(&mailbox.sync());
    let text = fs::read_to_string(&seen).unwrap();
    assert_eq!(text, "$(touch x); *\n\na b\n$HOME\n~\n");

    // In one string, words are told apart as a shell would, and nothing more.
    let deliver = format!(
        "{{ pipe = \"sh '{}' '$(touch x); *' a\\\\ b\" }}",
        path.display()
    );
    configure(&mailbox, &deliver, "");
    mailbox.deposit("second");
    assert_quiet(&mailbox.sync());
    assert_eq!(fs::read_to_string(&seen).unwrap(), "$(touch x); *\na b\n");
}

#[test]
fn standard_input_is_exactly_the_message() {
    let mailbox = Mailbox::new(20);
    let sent = mailbox.there();
    configure(&mailbox, &keeper(&mailbox.sandbox, ""), "");
    assert_quiet(&mailbox.sync());
    assert_same(&kept(&mailbox.sandbox), &sent);
    assert_eq!(spooled(&mailbox), 0);
}

#[test]
fn with_unix_from_the_from_line_comes_first() {
    let wanted = [
        ("Return-Path: <ann@example.org>\r\n", "ann@example.org"),
        ("Return-Path: <>\r\n", "MAILER-DAEMON"),
        ("", "MAILER-DAEMON"),
        ("Return-Path: <a b\x1b@example.org>\r\n", "MAILER-DAEMON"),
    ];
    for (field, sender) in wanted {
        let mailbox = with_message(format!("{field}Subject: x\r\n\r\nFrom here on\r\n"));
        let sent = mailbox.there();
        let deliver = keeper(&mailbox.sandbox, "").replace(" }", ", unix-from = true }");
        configure(&mailbox, &deliver, "");
        assert_quiet(&mailbox.sync());
        let kept = kept(&mailbox.sandbox);
        let end = kept[0].iter().position(|byte| *byte == b'\n').unwrap() + 1;
        let (line, message) = kept[0].split_at(end);
        // The message behind it is neither quoted nor followed by anything.
        assert_same(&[message.to_vec()], &sent);
        let line = String::from_utf8(line.to_vec()).unwrap();
        let date = line.strip_prefix(&format!("From {sender} "));
        let date = date.unwrap_or_else(|| panic!("{line:?} names not {sender}"));
        // asctime(3): "Thu Nov  5 08:03:01 2026", and the end of the line.
        assert_eq!(date.len(), 25, "{line:?}");
    }
}

#[test]
fn a_program_need_not_read_what_it_takes() {
    let mailbox = Mailbox::new(20);
    configure(&mailbox, "{ pipe = \"true\" }", "");
    assert_quiet(&mailbox.sync());
    assert_eq!(spooled(&mailbox), 0);
}

#[test]
fn what_a_program_prints_is_logged_if_asked_for_and_never_too_much() {
    let mailbox = letters(1);
    let text = "echo taken by me\nhead -c 200000000 /dev/zero | tr '\\0' x\n\
                printf 'and a \\033[31mred\\007 word\\n' >&2\nhead -c 200000000 /dev/zero >&2\n";
    configure(&mailbox, &script(&mailbox.sandbox, text), "");
    let out = mailbox.sync();
    assert_quiet(&out);
    assert!(out.peak < 100 << 20, "{} bytes of memory", out.peak);

    mailbox.deposit("second");
    let out = verbose(&mailbox);
    assert_eq!((out.code, out.stdout.as_str()), (0, ""));
    assert!(out.stderr.contains("taken by me"), "{}", out.stderr);
    assert!(out.stderr.contains("red"), "{}", out.stderr);
    let steers = |byte: &u8| matches!(byte, 0 | 7 | 0x1b);
    assert!(
        !out.stderr.as_bytes().iter().any(steers),
        "raw words of a program"
    );
    assert!(
        out.stderr.len() < 1 << 20,
        "{} bytes of log",
        out.stderr.len()
    );
}

#[test]
fn what_a_failing_program_says_is_told_in_one_line() {
    let mailbox = letters(1);
    let text = "printf 'no such \\033[31muser\\nhere\\n' >&2\nexit 67\n";
    configure(&mailbox, &script(&mailbox.sandbox, text), "");
    let out = mailbox.sync();
    assert_said(
        &out,
        74,
        &["popfetch: work: ", "letter-0", "67", "no such ", "here"],
    );
    assert!(!out.stderr.contains('\u{1b}'), "{:?}", out.stderr);
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
}

#[test]
fn a_program_that_takes_too_long_is_ended_with_its_children() {
    let mailbox = letters(1);
    let seen = mailbox.sandbox.path("ids");
    let text = format!(
        "trap '' TERM\nsleep 600 &\necho $! > '{0}'\necho $$ >> '{0}'\nwait\n",
        seen.display()
    );
    let deliver = script(&mailbox.sandbox, &text).replace(" }", ", timeout = \"1s\" }");
    configure(&mailbox, &deliver, "leave-on-server = false");
    let out = mailbox.sync();
    assert_said(&out, 75, &["popfetch: work: ", "longer than 1s"]);
    for id in ids(&seen) {
        wait_for("its end", || (!is_alive(id)).then_some(()));
    }
    assert_eq!(mailbox.there().len(), 1, "what waits is not deleted");

    let sent = mailbox.there();
    configure(
        &mailbox,
        &keeper(&mailbox.sandbox, ""),
        "leave-on-server = false",
    );
    assert_eq!(retried_well(&mailbox), sent);
    assert_eq!(mailbox.server.count("RETR"), 1);
}

/// What the keeper has after the next run, which must be well.
fn retried_well(mailbox: &Mailbox) -> Vec<Vec<u8>> {
    assert_quiet(&mailbox.sync());
    kept(&mailbox.sandbox)
}

#[test]
fn a_stop_ends_a_program_that_does_not() {
    let mailbox = letters(3);
    let seen = mailbox.sandbox.path("ids");
    let text = format!(
        "echo $$ > '{0}.new'; mv '{0}.new' '{0}'\nexec sleep 600\n",
        seen.display()
    );
    configure(&mailbox, &script(&mailbox.sandbox, &text), "");
    let running = mailbox.sandbox.start(["sync"]);
    wait_for("the program", || seen.exists().then_some(()));
    running.signal("TERM");
    assert_eq!(running.finish().code, 75);
    let id = ids(&seen)[0];
    wait_for("its end", || (!is_alive(id)).then_some(()));

    let sent = mailbox.there();
    configure(&mailbox, &keeper(&mailbox.sandbox, ""), "");
    assert_same(&retried_well(&mailbox), &sent);
    assert_eq!(mailbox.server.count("RETR"), 3);
}

#[test]
fn what_a_program_leaves_in_the_background_holds_nobody_up() {
    let mailbox = letters(2);
    let seen = mailbox.sandbox.path("ids");
    let text = format!("sleep 600 &\necho $! >> '{}'\n", seen.display());
    configure(&mailbox, &script(&mailbox.sandbox, &text), "");
    let out = mailbox.sync();
    let left = ids(&seen);
    for id in left.iter().map(ToString::to_string) {
        // It may have been ended with the program; a group is the program's, not the message's.
        let _ = Command::new("kill").arg(id).output();
    }
    assert_quiet(&out);
    assert_eq!(left.len(), 2);
}

#[test]
fn a_program_runs_as_the_user_popfetch_runs_as() {
    let sandbox = Sandbox::unprivileged();
    let mailbox = super::letters_in(sandbox, 1);
    let deliver = keeper(&mailbox.sandbox, "id -u > \"${message%/*}/user\"");
    configure(&mailbox, &deliver, "");
    assert_quiet(&mailbox.sync());
    let user = fs::read_to_string(mailbox.sandbox.path("kept/user")).unwrap();
    let here = output_of(Command::new("id").arg("-u"));
    let wanted = if here == "0" { "65534" } else { &here };
    assert_eq!(user.trim_end(), wanted);
}
