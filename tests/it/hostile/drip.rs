//! Servers that send next to nothing, and never nothing: each is given up, whatever it drips in.

use super::case::{Case, LOGIN, Way, stored};
use super::trial::try_all;
use crate::support::options::Act;

/// A case in which this is sent at once and that drop by drop, and so many letters come.
fn dripping(command: &'static str, at_once: &[u8], drops: &[u8], here: usize) -> Case {
    let act = Act::Drip(at_once.to_vec(), drops.to_vec());
    let case = Case::new(format!("{command} {}", at_once.escape_ascii())).at(command, act);
    let sent: &[&str] = match command {
        "GREETING" => &[],
        "CAPA" => &["CAPA"],
        "STLS" => &["CAPA", "STLS"],
        "RETR 1" | "RETR 2" => &["CAPA", LOGIN, "3 RETR"],
        _ => &["CAPA", LOGIN],
    };
    let case = case.stalls().arrives(stored(0..here)).sent(&[sent]);
    case.fails(75, &["next to nothing"])
}

#[test]
fn a_server_that_drips_is_given_up_whatever_it_drips_in() {
    let cases = vec![
        dripping("GREETING", b"+", b"O", 0),
        dripping("CAPA", b"+OK\r\n", b"X\r\n", 0),
        dripping("PASS", b"", b"+OK ", 0),
        dripping("LIST", b"+OK\r\n", b"1 61\r\n", 0),
        dripping("UIDL", b"+OK\r\n1 ", b"u", 0),
        dripping("RETR 1", b"", b"+OK ", 0),
        dripping("RETR 2", b"+OK\r\nSubject: x\r\n\r\n", b"x\r\n", 1),
        dripping("RETR 2", b"+OK\r\nSubject: x\r\n\r\n", b"..\r\n", 1),
        // The beginning of a record of the handshake, as large as they get.
        dripping("STLS", b"+OK\r\n", b"\x16\x03\x03\x40\x00\x02", 0)
            .drips_under_tls(Way::Stls)
            .either(&[75, 76]),
        // There an octet comes with some twenty others around it.
        dripping("GREETING", b"+", b"O", 0).drips_under_tls(Way::Implicit),
        dripping("UIDL", b"+OK\r\n1 ", b"u", 0).drips_under_tls(Way::Implicit),
        dripping("RETR 2", b"+OK\r\nSubject: x\r\n\r\n", b"x\r\n", 1)
            .drips_under_tls(Way::Implicit),
    ];
    try_all("drips", cases);
}
