//! Replies that belong to no command, or to another: one too many, one too few, in the wrong order, or a message where none
//! is due.

use super::case::{Case, LOGIN, Way, letter, stored};
use super::trial::try_all;
use crate::support::maildrop::Message;
use crate::support::options::{Act, Fault, Loss};

const ASKED: &[&str] = &["CAPA", LOGIN];
const FETCHED: &[&str] = &["CAPA", LOGIN, "3 RETR"];

/// A whole reply to RETR.
fn message(n: usize) -> Vec<u8> {
    [b"+OK\r\n", &letter(n).raw[..], b".\r\n"].concat()
}

#[test]
fn one_reply_too_many_ends_the_session_before_the_next_command() {
    let extras: [(&str, &[u8]); 6] = [
        ("+OK", b"+OK\r\n"),
        ("-ERR", b"-ERR\r\n"),
        ("an empty line", b"\r\n"),
        ("half a line", b"+"),
        ("a dot", b".\r\n"),
        (
            "a message",
            b"+OK\r\nSubject: forged\r\n\r\nforged\r\n.\r\n",
        ),
    ];
    let places: [(&str, &[&str], usize); 4] = [
        ("GREETING", &[], 0),
        ("CAPA", &["CAPA"], 0),
        ("UIDL", ASKED, 0),
        ("RETR 3", FETCHED, 3),
    ];
    let cases = extras.into_iter().flat_map(|(name, extra)| {
        places.into_iter().flat_map(move |(command, sent, here)| {
            [Way::Clear, Way::Implicit].map(|way| {
                let case = Case::new(format!("{name} behind {command}, {way:?}")).by(way);
                let case = case.at(command, Act::After(extra.to_vec())).sent(&[sent]);
                let case = case.arrives(stored(0..here));
                case.fails(76, &["not asked for"])
            })
        })
    });
    try_all("a reply too many", cases.collect());
}

#[test]
fn one_reply_too_many_among_those_that_are_due_is_never_taken_for_the_next() {
    // The extra one is taken for the reply to the next command; from there on nothing fits.
    let login = |name: &str, command, extra: &str| {
        let case =
            Case::new(format!("{name} behind {command}")).at(command, Act::After(extra.into()));
        case.arrives(vec![]).sent(&[ASKED])
    };
    let cases = vec![
        login("+OK", "USER", "+OK\r\n").fails(76, &[]),
        login("+OK", "PASS", "+OK\r\n").fails(76, &["LIST"]),
        login("+OK", "LIST", "+OK\r\n").fails(76, &["UIDL"]),
        login("-ERR", "USER", "-ERR\r\n").fails(77, &[]),
    ];
    try_all("a reply too many in between", cases);
}

#[test]
fn a_message_without_its_status_line_is_none() {
    let status = [
        "",
        "+",
        "Subject: x",
        "* OK",
        "1 76",
        ".",
        "+ok",
        "+OKAY",
        "-ERROR",
        "\u{1b}[2J",
        "\0",
    ];
    let cases = status.into_iter().flat_map(|line| {
        [("RETR 1", 0), ("RETR 2", 1), ("RETR 3", 2)].map(|(command, here)| {
            let reply = [line.as_bytes(), b"\r\n", &message(9)].concat();
            let case = Case::new(format!("{line:?} in place of {command}")).says_to(command, reply);
            case.fails(76, &["is no status line"])
                .arrives(stored(0..here))
                .sent(&[FETCHED])
        })
    });
    try_all("no status line before a message", cases.collect());
}

#[test]
fn a_refusal_in_the_middle_never_aborts_its_neighbours() {
    let refused = |command: &'static str, left_out: usize| {
        let case =
            Case::new(format!("{command} refused")).says_to(command, "-ERR no such message\r\n");
        let here = (0..3).filter(|n| *n != left_out);
        case.fails(69, &[&format!("uid-{left_out}")[..], "no such message"])
            .arrives(stored(here))
            .sent(&[&["CAPA", LOGIN, "3 RETR", "STAT", "QUIT"]])
    };
    let cases = vec![
        refused("RETR 1", 0),
        refused("RETR 2", 1),
        refused("RETR 3", 2),
    ];
    try_all("refusals among messages", cases);
}

#[test]
fn a_refusal_with_a_message_behind_it_is_a_reply_too_many() {
    let cases = [("RETR 1", 0), ("RETR 2", 1), ("RETR 3", 2)].map(|(command, here)| {
        let reply = [b"-ERR no\r\n", &letter(9).raw[..], b".\r\n"].concat();
        let case = Case::new(format!("{command} refused, and sent")).says_to(command, reply);
        (case, here)
    });
    let cases = cases.map(|(case, here)| {
        if here == 2 {
            // It is the last; nothing was asked for behind it.
            case.fails(76, &["uid-2", "not asked for"])
                .told_in(2)
                .arrives(stored(0..2))
                .sent(&[FETCHED])
        } else {
            case.fails(76, &["is no status line"])
                .told_in(2)
                .arrives(stored(0..here))
                .sent(&[FETCHED])
        }
    });
    try_all("refusals with messages", cases.into());
}

#[test]
fn a_refusal_too_many_gives_no_uid_the_message_of_another() {
    // Behind it each message comes in answer to what was asked next: nothing of that may be kept.
    let cases = [("RETR 1", 0), ("RETR 2", 1)].map(|(command, here)| {
        Case::new(format!("-ERR before the reply to {command}"))
            .lines("leave-on-server = false")
            .at(command, Act::Before(b"-ERR late\r\n".to_vec()))
            .fails(76, &["the server broke the protocol during STAT"])
            .told_in(2)
            .arrives(stored(0..here))
            .sent(&[FETCHED])
            .or_sent(&[&["CAPA", LOGIN, "3 RETR", "STAT"]])
            .empties()
    });
    // Counted with line ends of one octet, the second is as large as the first truly is.
    let counted = |n: usize, more: &str| {
        let letter = letter(n);
        let raw = [&letter.raw[..], more.as_bytes()].concat();
        let ends = raw.split(|octet| *octet == b'\n').count() - 1;
        let claimed = Some((raw.len() - ends) as u64);
        Message {
            raw,
            claimed,
            ..letter
        }
    };
    let mail = [counted(0, ""), counted(1, "xxx\r\n"), counted(2, "")];
    assert_eq!(mail[1].claimed, Some(mail[0].raw.len() as u64));
    let guessed = Case::new("-ERR before the reply to RETR 1 of a server that guesses sizes")
        .mail(mail)
        .lines("leave-on-server = false")
        .at("RETR 1", Act::Before(b"-ERR late\r\n".to_vec()))
        .fails(76, &["the server broke the protocol during STAT"])
        .told_in(2)
        .arrives(vec![])
        .sent(&[FETCHED])
        .or_sent(&[&["CAPA", LOGIN, "3 RETR", "STAT"]])
        .empties();
    try_all(
        "refusals too many",
        cases.into_iter().chain([guessed]).collect(),
    );
}

#[test]
fn a_refusal_too_many_gives_no_header_to_another_message() {
    let case = Case::new("-ERR before the reply to TOP 1")
        .lines("leave-on-server = false")
        .says_to("UIDL", "-ERR unknown command\r\n")
        .at("TOP 1", Act::Before(b"-ERR late\r\n".to_vec()))
        .fails(76, &["the server broke the protocol during STAT"])
        .arrives(vec![])
        .sent(&[&["CAPA", LOGIN, "3 TOP"]])
        .or_sent(&[&["CAPA", LOGIN, "3 TOP", "STAT"]])
        .empties();
    try_all("headers out of step", vec![case]);
}

#[test]
fn a_message_too_many_leaves_no_uid_with_the_message_of_another() {
    // As from a server that doubles no dots, where a mail holds the end of its own reply and a whole one.
    let forged = Message::new("", "Subject: forged\r\n\r\nforged\r\n");
    let reply = [b"+OK\r\n", &forged.raw[..], b".\r\n"].concat();
    let here = [stored([0, 1]), vec![forged.stored()]].concat();
    let case = Case::new("a message behind RETR 2")
        .lines("leave-on-server = false")
        .at("RETR 2", Act::After(reply))
        .fails(76, &["the server broke the protocol during STAT"])
        .arrives(here.clone())
        .sent(&[FETCHED])
        .or_sent(&[&["CAPA", LOGIN, "3 RETR", "STAT"]])
        .asks(3)
        .has_in_the_end([here, stored([2])].concat())
        .empties();
    try_all("a message too many", vec![case]);
}

#[test]
fn a_server_that_announces_pipelining_and_loses_what_is_sent_ahead_is_asked_in_turn() {
    let spared: &[&str] = &["USER"];
    let cases = [Loss::Dropped, Loss::HungUp].into_iter().flat_map(|loss| {
        let all = Case::new(format!("{loss:?} from the login on")).stalls();
        let all = all
            .fault(Fault::SentAhead(&[], loss))
            .arrives(vec![])
            .sent(&[ASKED]);
        let mail = Case::new(format!("{loss:?} from the messages on")).stalls();
        let here = usize::from(loss == Loss::Dropped);
        let mail = mail
            .fault(Fault::SentAhead(spared, loss))
            .arrives(stored(0..here))
            .sent(&[FETCHED]);
        [all, mail].map(|case| case.fails(75, &[]))
    });
    let refused = Case::new("refused from the messages on");
    let refused = refused.fault(Fault::SentAhead(spared, Loss::Refused));
    let refused = refused
        .fails(69, &["one at a time"])
        .told_in(2)
        .arrives(stored([0]))
        .sent(&[&["CAPA", LOGIN, "3 RETR", "STAT", "QUIT"]]);
    let login = Case::new("refused from the login on").fault(Fault::SentAhead(&[], Loss::Refused));
    let login = login
        .fails(77, &["one at a time"])
        .arrives(vec![])
        .sent(&[ASKED]);
    try_all(
        "PIPELINING that is none",
        cases.chain([refused, login]).collect(),
    );
}
