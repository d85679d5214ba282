//! What never ends: greetings, lines, listings, challenges, messages. Each is given up, in little memory.

use super::case::{Case, LOGIN, Way, stored};
use super::trial::try_all;
use crate::support::options::{Act, Fault};

/// A case in which this is sent once and that for ever.
fn endless(name: &str, command: &'static str, once: &str, for_ever: impl AsRef<[u8]>) -> Case {
    let act = Act::Endless(once.as_bytes().to_vec(), for_ever.as_ref().to_vec());
    Case::new(format!("{command}: {name}"))
        .at(command, act)
        .arrives(vec![])
}

/// A line of so many octets and its end.
fn line(start: &str, length: usize) -> Vec<u8> {
    [start.as_bytes(), &vec![b'x'; length], b"\r\n"].concat()
}

#[test]
fn a_line_that_never_ends_is_given_up() {
    let commands: [(&str, &str, &[&str]); 7] = [
        ("GREETING", "", &[]),
        ("CAPA", "", &["CAPA"]),
        ("USER", "", &["CAPA", LOGIN]),
        ("PASS", "", &["CAPA", LOGIN]),
        ("LIST", "", &["CAPA", LOGIN]),
        ("UIDL", "", &["CAPA", LOGIN]),
        ("CAPA", "+OK\r\n", &["CAPA"]),
    ];
    let cases = commands.into_iter().flat_map(|(command, once, sent)| {
        let fillers: [(&str, &[u8]); 5] = [
            ("+OK and more", b"+OK and more "),
            ("LF", b"+OK\n"),
            ("NUL", b"\0"),
            ("CR", b"\r"),
            ("ESC", b"\x1b[2J"),
        ];
        fillers.map(|(name, filler)| {
            let case = endless(name, command, once, filler).sent(&[sent]);
            case.fails(76, &["a line is longer than"])
        })
    });
    let under_tls = endless("under TLS", "GREETING", "+OK ", "x")
        .by(Way::Implicit)
        .sent(&[&[]]);
    let under_tls = under_tls.fails(76, &["the greeting", "a line is longer than"]);
    try_all("lines without end", cases.chain([under_tls]).collect());
}

#[test]
fn a_status_line_of_20_megabytes_is_no_reply() {
    let all: [(&str, &[&str], &[usize]); 7] = [
        ("GREETING", &[], &[]),
        ("CAPA", &["CAPA"], &[]),
        ("PASS", &["CAPA", LOGIN], &[]),
        ("LIST", &["CAPA", LOGIN], &[]),
        ("UIDL", &["CAPA", LOGIN], &[]),
        ("RETR 2", &["CAPA", LOGIN, "3 RETR"], &[0]),
        ("RETR 3", &["CAPA", LOGIN, "3 RETR"], &[0, 1]),
    ];
    let cases = all.map(|(command, sent, here)| {
        let case = Case::new(format!("{command}: 20 MB")).says_to(command, line("+OK ", 20 << 20));
        let here = stored(here.iter().copied());
        case.fails(76, &["a line is longer than"])
            .arrives(here)
            .sent(&[sent])
    });
    try_all("status lines of 20 MB", cases.into());
}

#[test]
fn a_greeting_of_many_lines_is_more_than_was_asked_for() {
    let cases = [2, 3, 100, 10_000].map(|lines| {
        let case =
            Case::new(format!("{lines} lines")).says_to("GREETING", line("+OK ", 60).repeat(lines));
        case.fails(76, &["not asked for"])
            .arrives(vec![])
            .sent(&[&[]])
    });
    let banner = endless("a banner", "GREETING", "", line("+OK ", 60)).sent(&[&[]]);
    let banner = banner.fails(76, &["not asked for"]);
    try_all("greetings", cases.into_iter().chain([banner]).collect());
}

#[test]
fn a_listing_that_never_ends_is_given_up() {
    let short = |command: &str| {
        if command == "CAPA" {
            "X\r\n"
        } else {
            "1 1\r\n"
        }
    };
    let all: [(&str, &[&str]); 3] = [
        ("CAPA", &["CAPA"]),
        ("LIST", &["CAPA", LOGIN]),
        ("UIDL", &["CAPA", LOGIN]),
    ];
    let cases = all.into_iter().flat_map(|(command, sent)| {
        let many = endless("many lines", command, "+OK\r\n", short(command));
        let long = endless("long lines", command, "+OK\r\n", line("1 1 ", 8000));
        [many, long].map(|case| case.fails(76, &["a listing is l"]).sent(&[sent]))
    });
    try_all("listings without end", cases.collect());
}

#[test]
fn what_never_ends_behind_quit_is_not_read() {
    let endless = |once: &str| Act::Endless(once.as_bytes().to_vec(), b"+OK and more\r\n".to_vec());
    let behind = Case::new("behind +OK").at("QUIT", endless("+OK bye\r\n"));
    let without = Case::new("a line").at("QUIT", endless("+OK and "));
    try_all("QUIT without end", vec![behind, without]);
}

#[test]
fn a_message_that_never_ends_is_cut_off() {
    let act = |start: &str| Act::Endless(format!("+OK\r\n{start}").into_bytes(), line(".x", 900));
    let cases = ["Subject: endless\r\n\r\n", "Subject: "].map(|start| {
        let case = Case::new(format!("from {start:?} on")).at("RETR 2", act(start));
        let case = case
            .fails(76, &["uid-1", "had no end after"])
            .arrives(stored([0]));
        case.sent(&[&["CAPA", LOGIN, "3 RETR"]])
    });
    try_all("messages without end", cases.into());
}

#[test]
fn challenges_that_never_end_are_given_up() {
    let ways = ["login", "plain", "cram-md5", "scram-sha-256"];
    let verbs = [
        "AUTH LOGIN",
        "AUTH PLAIN",
        "AUTH CRAM-MD5",
        "AUTH SCRAM-SHA-256",
    ];
    let cases = ways.into_iter().zip(verbs).flat_map(|(auth, command)| {
        [
            ("+ x\r\n", "no base64"),
            ("+ eA==\r\n", "base64"),
            ("+ ", "a line"),
        ]
        .map(|(challenge, name)| {
            let case = endless(&format!("{auth}, {name}"), command, "", challenge);
            let case = case.lines_before(&format!("auth = \"{auth}\"\npipelining = false"));
            case.fails(76, &[]).sent(&[&["AUTH"]])
        })
    });
    try_all("challenges without end", cases.collect());
}

#[test]
fn a_header_that_never_ends_is_given_up() {
    let lines = line("X-Padding: ", 900);
    let case = endless("a header", "TOP 1", "+OK\r\n", lines)
        .fault(Fault::Each("UIDL", Act::reply("-ERR unknown command")))
        .fails(76, &["what should be a header is larger than"])
        .told_in(1)
        .sent(&[&["CAPA", LOGIN, "3 TOP"]]);
    try_all("headers without end", vec![case]);
}
