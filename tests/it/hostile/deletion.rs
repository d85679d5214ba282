//! What counts as deleted: only what a server was told to delete in a session that it ended by `+OK` (RFC 1939 §6), and what
//! its next listing lacks.
//!
//! Whatever it says or does, nothing that is here is fetched again, and nothing is deleted that is not here.

use super::case::{Case, LOGIN, Way, stored};
use super::trial::try_all;
use crate::support::options::Act;

/// A case in which nothing is left on the server, by these flights.
fn deleting(name: impl Into<String>, flights: &[&str]) -> Case {
    let all = [&["CAPA", LOGIN][..], flights].concat();
    let case = Case::new(name).lines("leave-on-server = false");
    case.sent(&[&all]).empties()
}

const DELETED: &[&str] = &["3 RETR", "STAT 3 DELE", "QUIT"];

#[test]
fn deletions_count_when_quit_is_answered_and_not_before() {
    let all = || stored(0..3);
    let cases = [Way::Clear, Way::Implicit].into_iter().flat_map(|way| {
        let heard = if way == Way::Clear {
            DELETED
        } else {
            &DELETED[..2]
        };
        let ends: [(&str, Act, &[&str], usize); 8] = [
            ("DELE 1", Act::Cut, &DELETED[..2], 3),
            ("DELE 2", Act::Short(0), &DELETED[..2], 3),
            ("DELE 3", Act::Short(0), heard, 3),
            ("DELE 3", Act::Short(1), &DELETED[..2], 3),
            ("QUIT", Act::Cut, DELETED, 3),
            ("QUIT", Act::DoneThenCut, DELETED, 0),
            ("QUIT", Act::Short(1), DELETED, 0),
            ("QUIT", Act::Short(5), DELETED, 0),
        ];
        ends.map(|(command, act, flights, left)| {
            let name = format!("{command} {act:?} {way:?}");
            let case = deleting(name, flights).by(way).at(command, act);
            case.fails(75, &[]).arrives(all()).leaves(stored(0..left))
        })
    });
    let whole = deleting("all is well", DELETED).leaves(vec![]);
    let gone = deleting("gone behind QUIT", DELETED)
        .at("QUIT", Act::Short(0))
        .leaves(vec![]);
    try_all("deletions cut off", cases.chain([whole, gone]).collect());
}

#[test]
fn a_deletion_that_is_refused_is_told_and_tried_again() {
    let refusals = [
        ("-ERR no", 69),
        ("-ERR [SYS/TEMP] no", 75),
        ("-ERR [SYS/PERM] no", 69),
    ];
    let cases = refusals.into_iter().flat_map(|(line, code)| {
        [("DELE 1", 0), ("DELE 2", 1), ("DELE 3", 2)].map(|(command, n)| {
            let case = deleting(format!("{command}: {line}"), DELETED);
            let case = case
                .says_to(command, format!("{line}\r\n"))
                .leaves(stored([n]));
            case.fails(code, &[&format!("uid-{n}")])
        })
    });
    let quit = refusals.map(|(line, code)| {
        // Nobody knows what it deleted: nothing, here.
        let case =
            deleting(format!("QUIT: {line}"), DELETED).says_to("QUIT", format!("{line}\r\n"));
        case.fails(code, &["no"])
    });
    try_all("deletions refused", cases.chain(quit).collect());
}

#[test]
fn a_reply_to_dele_that_is_none_ends_the_session_before_quit() {
    let lines = [
        "",
        ".",
        "+",
        "+ok",
        "OK deleted",
        "2 61",
        "Subject: x",
        "\u{1b}[2J",
    ];
    let cases = lines.into_iter().flat_map(|line| {
        ["DELE 1", "DELE 3"].map(|command| {
            let case = deleting(format!("{line:?} to {command}"), &DELETED[..2]);
            case.says_to(command, format!("{line}\r\n"))
                .fails(76, &["DELE", "is no status line"])
        })
    });
    try_all("replies to DELE that are none", cases.collect());
}

#[test]
fn one_reply_too_many_behind_dele_is_never_the_reply_to_quit() {
    let extras = ["+OK\r\n", "+OK bye\r\n", "-ERR\r\n", "\r\n", "+"];
    let cases = extras.map(|extra| {
        let case = deleting(format!("{extra:?} behind the last"), &DELETED[..2]);
        let case = case.at("DELE 3", Act::After(extra.into()));
        case.fails(76, &["not asked for"])
    });
    // Before them, each is taken for the next, and the last for the reply to QUIT.
    let first = deleting("+OK behind the first", &DELETED[..2])
        .at("DELE 1", Act::After(b"+OK\r\n".to_vec()));
    let first = first.fails(76, &["not asked for"]);
    try_all(
        "replies too many behind DELE",
        cases.into_iter().chain([first]).collect(),
    );
}

#[test]
fn a_message_that_was_not_had_is_not_deleted() {
    let refused = deleting("RETR refused", &["3 RETR", "STAT", "STAT 2 DELE", "QUIT"])
        .says_to("RETR 2", "-ERR no\r\n");
    let refused = refused
        .fails(69, &["uid-1"])
        .arrives(stored([0, 2]))
        .leaves(stored([1]));
    let broken = deleting("RETR broken", &["3 RETR"]).says_to("RETR 2", "nonsense\r\n");
    let broken = broken.fails(76, &["RETR"]).arrives(stored([0]));
    let cut = deleting("RETR cut", &["3 RETR"]).at("RETR 3", Act::Short(1));
    let cut = cut.fails(75, &["RETR"]).arrives(stored([0, 1]));
    let unlisted = deleting("UIDL without it", &["2 RETR", "STAT 2 DELE", "QUIT"])
        .says_to("UIDL", "+OK\r\n1 uid-0\r\n3 uid-2\r\n.\r\n");
    let unlisted = unlisted
        .fails(76, &["message 2"])
        .arrives(stored([0, 2]))
        .leaves(stored([1]));
    let again = deleting("a number twice", &["2 RETR", "STAT 2 DELE", "QUIT"]);
    let again = again.says_to(
        "UIDL",
        "+OK\r\n1 uid-0\r\n2 uid-1\r\n2 uid-9\r\n3 uid-2\r\n.\r\n",
    );
    let again = again
        .fails(76, &["message 2"])
        .arrives(stored([0, 2]))
        .leaves(stored([1]));
    try_all(
        "what is not here",
        vec![refused, broken, cut, unlisted, again],
    );
}
