//! Single replies of a server, each read as the first thing that matters: status lines, CAPA, LIST and UIDL.

use popfetch::pop3::{Connection, Error};

use super::session::{ENTERED, enter, is_harmless, is_over};
use super::wire::{BREAK, Wire, joined};

/// Any octets as the greeting; one that is accepted begins with `+OK`.
pub fn status(input: &[u8]) {
    let Some((how, sent)) = input.split_first() else {
        return;
    };
    let (wire, _) = Wire::new(*how, sent);
    let sent = &joined(sent);
    match Connection::greet(wire) {
        Ok(connection) => {
            let line = line(sent);
            assert!(matches!(
                line,
                b"+OK" | [b'+', b'O', b'K', b' ' | b'\t', ..]
            ));
            let greeting = connection.greeting().expect("there was one").to_string();
            assert!(greeting.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            if let Some(stamp) = connection.timestamp() {
                assert!(stamp.is_ascii() && stamp.starts_with(b"<") && stamp.ends_with(b">"));
            }
        }
        Err(Error::Refused { reply, .. }) => {
            assert!(matches!(
                line(sent),
                b"-ERR" | [b'-', b'E', b'R', b'R', b' ' | b'\t', ..]
            ));
            assert!(!reply.positive);
            let _ = (reply.is_unknown(), reply.numbers(), reply.timestamp());
            is_harmless(&reply.to_string());
        }
        Err(error) => is_harmless(&error.to_string()),
    }
}

fn line(sent: &[u8]) -> &[u8] {
    let end = sent.windows(2).position(|pair| pair == b"\r\n");
    &sent[..end.expect("a line that was read has an end")]
}

/// Any octets as the reply to CAPA.
pub fn capa(input: &[u8]) {
    let Some((how, sent)) = input.split_first() else {
        return;
    };
    let connection = || {
        let (wire, _) = Wire::new(*how, &[b"+OK\r\n", BREAK, sent].concat());
        Connection::greet(wire).expect("the greeting is one")
    };
    match connection().capabilities() {
        Ok(capabilities) => {
            let lines = capabilities.lines();
            let again = popfetch::pop3::Capabilities::from_lines(&lines);
            assert_eq!(again, capabilities, "{lines}");
        }
        Err(error) => is_harmless(&error.to_string()),
    }
    match connection().announcement() {
        Ok(lines) => lines
            .into_iter()
            .flatten()
            .for_each(|line| is_harmless(&line)),
        Err(error) => is_harmless(&error.to_string()),
    }
}

/// Any octets as the replies to LIST and UIDL: what is believed is what is there.
pub fn listings(input: &[u8]) {
    let Some((how, sent)) = input.split_first() else {
        return;
    };
    let replies = [ENTERED, BREAK, sent].concat();
    let sent = &joined(sent);
    for is_uidl in [false, true] {
        let (wire, written) = Wire::new(*how, &replies);
        let mut session = enter(wire).expect("the login is accepted");
        let lines = || {
            let after = sent.windows(2).position(|pair| pair == b"\r\n");
            let listing = &sent[after.expect("a status line") + 2..];
            let (content, _) = super::unstuffer::by_lines(listing).expect("an end");
            let lines: Vec<Vec<u8>> = content.strip_suffix(b"\r\n").map(split).unwrap_or_default();
            lines
        };
        let came = if is_uidl {
            session.uidl().map(|listing| {
                let lines = lines();
                assert_eq!(listing.iter().len(), lines.len());
                for ((number, uid), line) in listing.iter().zip(&lines) {
                    assert!(line.ends_with(uid), "a uid is the end of its line");
                    let digits = number.to_string();
                    let head = String::from_utf8_lossy(&line[..line.len() - uid.len()]);
                    let head = head.trim_end_matches([' ', '\t']).trim_start_matches('0');
                    assert_eq!(head, digits);
                }
            })
        } else {
            session.list().map(|listing| {
                let lines = lines();
                assert_eq!(listing.iter().len(), lines.len());
                for (entry, line) in listing.iter().zip(&lines) {
                    let line = String::from_utf8_lossy(line);
                    let mut words = line.split_ascii_whitespace().map(whole_number);
                    let said = (words.next().flatten(), words.next().flatten());
                    let read = (u64::from(entry.0.get()), entry.1.0);
                    assert_eq!(said, (Some(read.0), Some(read.1)), "{line}");
                }
            })
        };
        if let Err(error) = came {
            is_harmless(&error.to_string());
            if matches!(error, Error::Violation { .. }) {
                is_over(session, &written);
            }
        }
    }
}

/// A number of digits alone, as large as it is.
fn whole_number(word: &str) -> Option<u64> {
    word.bytes().try_fold(0, |sum: u64, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

fn split(content: &[u8]) -> Vec<Vec<u8>> {
    let (mut lines, mut rest) = (Vec::new(), content);
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        lines.push(rest[..end].to_vec());
        rest = &rest[end + 2..];
    }
    lines.push(rest.to_vec());
    lines
}
