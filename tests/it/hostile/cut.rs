//! Connections that end where they should not: at each stage, in the clear and under TLS without a farewell (RFC 8446
//! §6.1).
//!
//! What came whole before the end is here, of the rest nothing, and the next run brings it.

use super::case::{Case, LOGIN, Store, Way, letters, stored};
use super::trial::try_all;
use crate::support::options::{Act, Fault};

const WAYS: [Way; 3] = [Way::Clear, Way::Implicit, Way::Stls];

/// What is sent up to this command, where the letters are three and one of them is deleted, or none.
fn sent_until(way: Way, command: &str) -> Vec<&'static str> {
    let opening: &[&str] = match way {
        Way::Clear | Way::Implicit => &["CAPA"],
        Way::Stls => &["CAPA", "STLS", "CAPA"],
    };
    let all = [opening, &[LOGIN, "3 RETR", "STAT 3 DELE", "QUIT"]].concat();
    let end = match command {
        "GREETING" => 0,
        command => {
            all.iter()
                .position(|flight| flight.contains(command))
                .unwrap()
                + 1
        }
    };
    all[..end].to_vec()
}

/// A connection that ends in this reply, so many bytes before its end.
fn cut_in(way: Way, command: &'static str, act: &Act) -> Case {
    let case = Case::new(format!("{command} {act:?} {way:?}")).by(way);
    let flights = sent_until(way, command.split(' ').next().unwrap());
    case.at(command, act.clone()).sent(&[&flights])
}

#[test]
fn a_connection_that_ends_before_the_mail_brings_none() {
    let ways = WAYS.into_iter();
    let cases = ways.flat_map(|way| {
        ["GREETING", "CAPA", "USER", "PASS", "LIST", "UIDL"]
            .into_iter()
            .flat_map(move |command| {
                let acts = [
                    Act::Cut,
                    Act::DoneThenCut,
                    Act::Short(1),
                    Act::Short(2),
                    Act::Short(4),
                ];
                acts.into_iter().map(move |act| {
                    let case = cut_in(way, command, &act).arrives(vec![]);
                    case.fails(75, &[])
                })
            })
    });
    try_all("ends before the mail", cases.collect());
}

#[test]
fn a_connection_that_ends_in_a_message_brings_those_before_it() {
    let cases = WAYS.into_iter().flat_map(|way| {
        [Store::Maildir, Store::Mbox]
            .into_iter()
            .flat_map(move |into| {
                let acts = [
                    Act::Cut,
                    Act::Short(1),
                    Act::Short(2),
                    Act::Short(3),
                    Act::Short(4),
                    Act::Short(5),
                    Act::Short(30),
                    Act::Short(80),
                ];
                acts.into_iter().map(move |act| {
                    let case = cut_in(way, "RETR 2", &act).into(into);
                    case.fails(75, &["RETR"]).arrives(stored([0]))
                })
            })
    });
    try_all("ends in a message", cases.collect());
}

#[test]
fn a_connection_that_ends_right_behind_a_terminator_brings_that_message() {
    let cases = WAYS.into_iter().flat_map(|way| {
        [("RETR 1", 1), ("RETR 2", 2), ("RETR 3", 3)].map(|(command, count)| {
            let case = cut_in(way, command, &Act::Short(0)).arrives(stored(0..count));
            match (count, way) {
                // Nothing hangs on the reply to QUIT where nothing is deleted. What is sent to a server that has gone is
                // seen in the clear only.
                (3, Way::Clear) => case.sent_usual(),
                (3, _) => case,
                _ => case.fails(75, &["RETR"]),
            }
        })
    });
    try_all("ends behind a terminator", cases.collect());
}

#[test]
fn a_connection_that_ends_behind_the_reply_to_quit_is_no_fault() {
    let cases = WAYS.map(|way| {
        let case = Case::new(format!("behind QUIT {way:?}")).by(way);
        case.at("QUIT", Act::Short(0))
    });
    try_all("ends behind QUIT", cases.into());
}

/// What the server sends where all is well, with the flight that asks for it and the number of messages that are here
/// then.
fn replies() -> Vec<(usize, usize, usize)> {
    let messages = letters(3);
    let sizes = messages.messages().iter().map(|message| message.raw.len());
    let listed = |value: usize| "+OK\r\n.\r\n".len() + 3 * ("1 \r\n".len() + value);
    let capabilities = "TOP UIDL USER RESP-CODES AUTH-RESP-CODE PIPELINING ";
    let capabilities = capabilities.len() + capabilities.matches(' ').count();
    let mut all = vec![
        (0, "+OK popfetch test server\r\n".len(), 0),
        (1, "+OK\r\n.\r\n".len() + capabilities, 0),
        (2, "+OK\r\n+OK logged in\r\n".len(), 0),
        (2, listed("61".len()) + listed("uid-0".len()), 0),
    ];
    for (number, size) in sizes.enumerate() {
        let reply = "+OK 61 octets\r\n.\r\n".len() + size;
        all.push((3, reply, number + 1));
    }
    all.push((4, "+OK bye\r\n".len(), 3));
    all
}

#[test]
fn a_connection_that_ends_after_any_byte_loses_nothing() {
    let replies = replies();
    let total: usize = replies.iter().map(|(_, length, _)| length).sum();
    let flights = ["CAPA", LOGIN, "3 RETR", "QUIT"];
    // How many messages are here, and how many flights were sent: each is sent when the one before it is answered.
    let cut = |bytes: usize| {
        let (mut passed, mut here) = (0, 0);
        for (flight, length, messages) in &replies {
            passed += length;
            if passed > bytes {
                return (here, *flight);
            }
            here = *messages;
        }
        (here, flights.len())
    };
    let cases = (0..total).step_by(7).map(|bytes| {
        let (here, flight) = cut(bytes);
        let fault = Fault::CutAfterBytes(bytes.try_into().unwrap());
        let case = Case::new(format!("after {bytes} of {total} bytes")).fault(fault);
        // Nothing hangs on the reply to QUIT.
        let case = if flight == flights.len() {
            case
        } else {
            case.fails(75, &[])
        };
        case.arrives(stored(0..here)).sent(&[&flights[..flight]])
    });
    try_all("ends after so many bytes", cases.collect());
}
