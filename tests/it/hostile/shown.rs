//! What a server, or a message, says, wherever it may be seen: on standard output, on standard error, in JSON, in a log.
//!
//! Invariant: nothing of it steers a terminal, nothing hides, the log has one line for each event, and no file is named
//! for it.

use std::fs;
use std::thread;

use super::case::{letter, letters};
use super::trial::{assert_plain, count_cases, files};
use crate::support::mailbox::{Mailbox, PASSWORD, USER};
use crate::support::maildrop::{Maildrop, Message};
use crate::support::options::{Act, Fault, Options, Tls};
use crate::support::sandbox::{Running, Sandbox};

/// Texts that do something to whoever looks at them: sequences and controls, lines, what has no width or turns the
/// direction, and the controls of ISO 8859-1.
fn texts() -> Vec<Vec<u8>> {
    let mut texts: Vec<Vec<u8>> = [
        "\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}]8;;http://a.example\u{1b}\\link\u{1b}]8;;\u{1b}\\\u{8}\u{c}\u{b}\u{7f}",
        "over\rwritten\ntwo\n\u{2028}2099-01-01 00:00:00+00:00 work: forged\u{2029}\u{85}\r",
        "\u{9b}31m\u{90}x\u{9c}\u{202e}gpj.exe\u{2066}x\u{2069}\u{200f}\u{61c}",
        "pay\u{200b}pal\u{feff}\u{ad}\u{2060}\u{e0001}\u{e0041}Z\u{336}\u{336}\u{336}\u{336}\u{336}\u{336}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    texts.push(b"\x80\x84\x85\x8d\x9b2J\x9d0;x\x9c\xff\xfe\0".to_vec());
    texts
}

/// Runs popfetch in several ways and asserts that nothing that it shows or keeps steers or hides.
fn look(mailbox: &Mailbox, name: &str) {
    let log = mailbox.sandbox.path("tmp/log").display().to_string();
    let log = log.as_str();
    let ways: [&[&str]; 11] = [
        &["sync", "-v", "-v", "--log-file", log],
        &["sync", "--json"],
        &["sync", "--dry-run"],
        &["sync", "--dry-run", "--json"],
        &["list", "work"],
        &["list", "work", "--json"],
        &["history"],
        &["history", "--json"],
        &["status"],
        &["status", "--json"],
        &["check", "work"],
    ];
    for arguments in ways {
        let mut command = mailbox.sandbox.command();
        command.args(arguments);
        let out = Running::new(command).finish();
        assert!(
            ![70, 101].contains(&out.code),
            "{name}: {arguments:?}: {}",
            out.stderr
        );
        assert_plain(&out.stdout);
        assert_plain(&out.stderr);
    }
    let kept = fs::read_to_string(log).expect("a log is text");
    assert_plain(&kept);
    for line in kept.lines() {
        let is_dated = line.len() > 26 && line.starts_with("20") && line.as_bytes()[10] == b' ';
        assert!(
            is_dated && !line.starts_with("2099"),
            "{name}: a line of the log: {line:?}"
        );
    }
    for file in files(&mailbox.sandbox.home("Mail")) {
        let file = file.file_name().unwrap().to_str().expect("a name is text");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_,=:+".contains(c);
        assert!(file.chars().all(is_plain), "{name}: {file:?}");
        assert!(!file.contains("uid"), "{name}: {file:?}");
    }
}

fn mailbox(mail: Maildrop) -> Mailbox {
    let options = Options::new(Tls::None).user(USER, PASSWORD, mail);
    let mailbox = Mailbox::of(Sandbox::new(), options);
    mailbox.configure("timeout = \"20s\"");
    mailbox
}

/// Looks at each text in each of these places, between these bytes, several at once.
fn look_everywhere(theme: &str, places: &[&'static str], before: &str, after: &str) {
    let texts = texts();
    thread::scope(|scope| {
        for place in places {
            let texts = &texts;
            scope.spawn(move || {
                for text in texts {
                    let mailbox = mailbox((0..2).map(letter).collect());
                    let reply = [before.as_bytes(), text, after.as_bytes()].concat();
                    let fault = Fault::Each(place, Act::Reply(reply));
                    mailbox.server.set_faults(vec![fault]);
                    look(&mailbox, &format!("{place} {}", text.escape_ascii()));
                }
            });
        }
    });
    count_cases(theme, places.len() * texts.len());
}

#[test]
fn a_refusal_is_shown_harmless_wherever_it_comes() {
    let places = ["GREETING", "USER", "PASS", "LIST", "UIDL", "RETR", "TOP"];
    look_everywhere("refusals shown", &places, "-ERR ", "\r\n");
}

#[test]
fn what_is_no_reply_is_shown_harmless_wherever_it_comes() {
    look_everywhere(
        "no replies shown",
        &["GREETING", "CAPA", "PASS", "UIDL", "RETR"],
        "",
        "\r\n",
    );
}

#[test]
fn a_listing_and_a_capability_are_shown_harmless() {
    look_everywhere(
        "listings shown",
        &["LIST", "UIDL", "CAPA"],
        "+OK\r\n1 ",
        "\r\n.\r\n",
    );
}

#[test]
fn uids_and_headers_are_shown_harmless() {
    let mut count = 0;
    for text in texts() {
        let line: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'\n').collect();
        let encoded = base64_of(&text);
        let header = [
            b"From: ".as_slice(),
            &line,
            b" <a@example.org>\r\nSubject: ",
            &line,
            format!(" =?utf-8?b?{encoded}?= =?iso-8859-1?b?{encoded}?=\r\nDate: ").as_bytes(),
            &line,
            b"\r\nMessage-ID: <",
            &line,
            b"@example.org>\r\n\r\nx\r\n",
        ]
        .concat();
        let uid = [b"uid".as_slice(), &text].concat();
        let odd = Message::new(&uid, header);
        let mail: Maildrop = [odd, letter(1)].into_iter().collect();
        let mailbox = mailbox(mail);
        // Also where it is refused, and so in a message.
        let refused = Fault::Each("RETR 1", Act::reply("-ERR no"));
        let refused = Fault::On(0, Box::new(refused));
        mailbox.server.set_faults(vec![refused]);
        count += 1;
        look(&mailbox, &format!("{}", text.escape_ascii()));
        assert_eq!(mailbox.here(), mailbox.there());
    }
    count_cases("uids and headers shown", count);
}

#[test]
fn a_server_that_repeats_the_password_has_it_shown_by_no_command() {
    let encoded = base64_of(PASSWORD.as_bytes());
    let said = format!("{PASSWORD} {encoded}");
    let capa = format!(
        "+OK {said}\r\nIMPLEMENTATION {said}\r\nX-{PASSWORD}\r\nUSER\r\nTOP\r\nUIDL\r\n.\r\n"
    );
    let mailbox = mailbox(letters(2));
    mailbox.server.set_faults(vec![
        Fault::Each("GREETING", Act::reply(&format!("+OK {said}"))),
        Fault::Each("CAPA", Act::Reply(capa.into_bytes())),
        Fault::Each("RETR 2", Act::reply(&format!("-ERR {said}"))),
    ]);
    let commands: [&[&str]; 8] = [
        &["check", "-vv"],
        &["check", "--json"],
        &["sync", "--dry-run", "-vv"],
        &["sync", "-vv"],
        &["list", "work", "-vv"],
        &["list", "work", "--json"],
        &["status", "--json"],
        &["history", "--json"],
    ];
    for command in commands {
        let mut popfetch = mailbox.sandbox.command();
        popfetch.args(command);
        let out = Running::new(popfetch).finish();
        let shown = format!("{}{}", out.stdout, out.stderr);
        assert!(!shown.is_empty(), "{command:?}");
        for secret in [PASSWORD, encoded.trim_end_matches('=')] {
            assert!(!shown.contains(secret), "{command:?}: {shown}");
        }
    }
}

/// The text as an encoded word has it.
fn base64_of(text: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
