//! Whole sessions: the client does what a run does, and a second, slow reader says what it may believe.

use popfetch::mail::MessageNumber;
use popfetch::pop3::{
    Ahead, Argument, Command, Connection, Credentials, Error, Listings, Login, Mechanism, Proof,
    Retrieval, Retrieved, Session,
};
use popfetch::secret::Secret;

use super::unstuffer::by_lines;
use super::wire::{BREAK, Wire, Written, joined, split};

/// The password: nothing else looks like it.
const PASSWORD: &str = "geheim7Marker";

/// What LOGIN makes of it, and PLAIN, but for the padding.
const FOR_LOGIN: &str = "Z2VoZWltN01hcmtlcg";
const FOR_PLAIN: &str = "AG1lAGdlaGVpbTdNYXJrZXI";

/// A greeting, and the replies to USER and PASS.
pub(crate) const ENTERED: &[u8] = b"+OK <1.2@a>\r\n\xff\xfe+OK\r\n\xff\xfe+OK\r\n";

/// So many messages are fetched at most.
const MOST: usize = 8;

fn credentials(mechanism: Mechanism) -> Credentials {
    let argument = |text: &str| Argument::new(Secret::new(text)).expect("it has no line end");
    let proof = match mechanism {
        Mechanism::External => Proof::Certificate,
        Mechanism::Xoauth2 | Mechanism::OauthBearer => Proof::Token(argument(PASSWORD)),
        _ => Proof::Password(argument(PASSWORD)),
    };
    Credentials {
        user: argument("me"),
        proof,
    }
}

fn login(credentials: &Credentials, mechanism: Mechanism) -> Login<'_> {
    Login {
        credentials,
        mechanism,
        server: ("pop.example.org", 995),
        nonce: "fyko+d2lbbFgONRv9qkxdawL",
    }
}

/// A session behind [`ENTERED`].
pub(crate) fn enter(wire: Wire) -> Result<Session<Wire>, Error> {
    let mechanism = Mechanism::UserPass;
    Connection::greet(wire)?.login(&login(&credentials(mechanism), mechanism), Ahead::Nothing)
}

/// Whether a text may be shown: it is short, and all of it printable.
pub(crate) fn is_harmless(text: &str) {
    assert!(text.len() < 4096, "{} octets", text.len());
    assert!(
        text.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
        "{text:?}"
    );
}

/// Any octets in answer to a login of any kind; the first two say how they come and which login it is. The password is never
/// told, though the server may say it.
pub fn logs_in(input: &[u8]) {
    let [how, kind, replies @ ..] = input else {
        return;
    };
    let mechanism = Mechanism::ALL[usize::from(kind >> 2) % Mechanism::ALL.len()];
    let ahead = [Ahead::Nothing, Ahead::Session, Ahead::All][usize::from(kind & 3) % 3];
    let (wire, written) = Wire::new(*how, &[b"+OK <1.2@a>\r\n", BREAK, replies].concat());
    let credentials = credentials(mechanism);
    let connection = Connection::greet(wire).expect("the greeting is one");
    let came = connection.login(&login(&credentials, mechanism), ahead);
    let sent = written.borrow().clone();
    assert!(
        sent.len() < 64 * 1024 && sent.is_ascii(),
        "{} octets",
        sent.len()
    );
    if !mechanism.shows_secret() {
        assert!(!tells(&String::from_utf8_lossy(&sent), mechanism));
    }
    if let Err(error) = came {
        is_harmless(&error.to_string());
        let shown = format!("{error} {error:?}");
        assert!(!tells(&shown, mechanism), "the password is shown");
    }
}

/// Whether a text tells the password, or what was sent in its place.
fn tells(text: &str, mechanism: Mechanism) -> bool {
    if mechanism == Mechanism::External {
        // None was sent.
        return false;
    }
    let sent = match mechanism {
        Mechanism::Login => FOR_LOGIN,
        Mechanism::Plain => FOR_PLAIN,
        _ => PASSWORD,
    };
    text.contains(PASSWORD) || text.contains(sent)
}

/// What came of one RETR or TOP.
#[derive(Debug, PartialEq)]
enum Came {
    Refused,
    Whole(Vec<u8>),
    /// The client did not look at it.
    Skipped,
}

/// How a run goes about it.
#[derive(Clone, Copy)]
struct Manner {
    ahead: Ahead,
    /// Asks for the headers first …
    has_headers: bool,
    /// … and does not read them.
    skips: bool,
}

/// Any octets behind a login, as the replies to what a run asks. The first two say how they come, and how the run asks.
pub fn holds(input: &[u8]) {
    let [how, manner, replies @ ..] = input else {
        return;
    };
    let manner = Manner {
        ahead: [Ahead::Nothing, Ahead::Session, Ahead::All][usize::from(manner & 3) % 3],
        has_headers: manner & 4 != 0,
        skips: manner & 8 != 0,
    };
    let (wire, written) = Wire::new(*how, &[ENTERED, BREAK, replies].concat());
    let mut came = Vec::new();
    let result = run(wire, manner, &mut came, &written);
    let mut expected = expected(&joined(replies), came.len());
    for (came, expected) in came.iter().zip(&mut expected) {
        if matches!((came, &*expected), (Came::Skipped, Came::Whole(_))) {
            *expected = Came::Skipped;
        }
    }
    // Of the last one that nobody looked at, nobody knows whether it has an end.
    if came.len() > expected.len() && came.last() == Some(&Came::Skipped) {
        came.pop();
    }
    assert_eq!(came, expected);
    let sent = written.borrow();
    let commands = sent.split(|octet| *octet == b'\n').count();
    // The login, two listings, TOP, RETR and DELE for each, STAT, QUIT.
    assert!(commands <= 7 + 3 * MOST, "{commands}");
    assert!(
        result.is_ok() || !must_go_well(replies, manner),
        "{result:?}"
    );
    match result {
        Ok(listed) => {
            assert!(sent.ends_with(b"QUIT\r\n"));
            let each = if manner.has_headers { 2 } else { 1 };
            assert_eq!(came.len(), each * listed.min(MOST));
        }
        Err(error) => is_harmless(&error.to_string()),
    }
}

/// Whether each piece is the whole reply to what is asked then, of a server that has two messages.
fn must_go_well(replies: &[u8], manner: Manner) -> bool {
    const OPENED: [&[u8]; 2] = [b"+OK\r\n1 5\r\n2 9\r\n.\r\n", b"+OK\r\n1 a\r\n2 b\r\n.\r\n"];
    const CLOSED: [&[u8]; 4] = [b"+OK 2 14\r\n", b"+OK\r\n", b"+OK\r\n", b"+OK bye\r\n"];
    let pieces = split(replies);
    let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
    let contents = pieces
        .strip_prefix(&OPENED)
        .and_then(|rest| rest.strip_suffix(&CLOSED));
    let is_whole = |piece: &&[u8]| {
        let content = piece.strip_prefix(b"+OK\r\n").and_then(by_lines);
        content.is_some_and(|(_, rest)| rest.is_empty())
    };
    let wanted = if manner.has_headers { 4 } else { 2 };
    manner.ahead == Ahead::Nothing
        && contents.is_some_and(|it| it.len() == wanted && it.iter().all(is_whole))
}

/// What a run does, from the login to QUIT; tells how many messages there were to fetch. After a broken protocol nothing more
/// is sent, whoever asks.
fn run(
    wire: Wire,
    manner: Manner,
    came: &mut Vec<Came>,
    written: &Written,
) -> Result<usize, Error> {
    let mechanism = Mechanism::UserPass;
    let credentials = credentials(mechanism);
    let login = login(&credentials, mechanism);
    let opening = Connection::greet(wire)?.open_maildrop(&login, manner.ahead)?;
    let (mut session, listings) = opening.finish()?;
    match transact(&mut session, &listings, manner, came) {
        Err(error) => {
            if matches!(error, Error::Violation { .. }) {
                is_over(session, written);
            }
            Err(error)
        }
        Ok(listed) => session.quit().map(|()| listed),
    }
}

/// Asks this and that of a session in which the protocol was broken.
pub(crate) fn is_over(mut session: Session<Wire>, written: &Written) {
    let before = written.borrow().len();
    let one = MessageNumber::new(1);
    assert!(session.noop().is_err());
    assert!(session.delete(one, |_, _| ()).is_err());
    assert!(session.retrieve(one).next().is_err());
    assert!(session.quit().is_err());
    let sent = written.borrow();
    assert_eq!(sent.len(), before, "{}", sent[before..].escape_ascii());
}

fn transact(
    session: &mut Session<Wire>,
    listings: &Listings,
    manner: Manner,
    came: &mut Vec<Came>,
) -> Result<usize, Error> {
    let numbers: Vec<MessageNumber> = match (&listings.sizes, &listings.uids) {
        (Ok(sizes), Ok(_)) => sizes.iter().map(|(number, _)| number).take(MOST).collect(),
        _ => Vec::new(),
    };
    let listed = numbers.len();
    if manner.has_headers {
        gather(session.headers(numbers.iter().copied()), manner.skips, came)?;
    }
    let whole = gather(session.retrieve(numbers), false, came)?;
    let mut replies = 0;
    session.delete(whole.iter().copied(), |_, _| replies += 1)?;
    assert_eq!(replies, whole.len());
    Ok(listed)
}

/// Takes messages or headers as they come; tells which did.
fn gather(
    mut retrieval: Retrieval<'_, Wire, impl Iterator<Item = Command>>,
    skips: bool,
    came: &mut Vec<Came>,
) -> Result<Vec<MessageNumber>, Error> {
    let mut whole = Vec::new();
    while let Some(next) = retrieval.next()? {
        match next {
            Retrieved::Message(..) if skips => came.push(Came::Skipped),
            Retrieved::Message(number, mut body) => {
                let mut content = Vec::new();
                while let Some(chunk) = body.chunk()? {
                    assert!(!chunk.is_empty());
                    content.extend_from_slice(chunk);
                }
                whole.push(number);
                came.push(Came::Whole(content));
            }
            Retrieved::Refused(_, reply) => {
                assert!(!reply.positive);
                came.push(Came::Refused);
            }
        }
    }
    Ok(whole)
}

/// What the first so many headers and messages are, read from all that the server sends, one reply after another.
fn expected(replies: &[u8], count: usize) -> Vec<Came> {
    let mut rest = replies;
    let status = |rest: &mut &[u8]| {
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let is_positive = rest.starts_with(b"+OK");
        *rest = &rest[end + 2..];
        Some(is_positive)
    };
    let content = |rest: &mut &[u8]| {
        let (content, after) = by_lines(rest)?;
        *rest = &rest[rest.len() - after.len()..];
        Some(content)
    };
    for _listing in ["LIST", "UIDL"] {
        if status(&mut rest) == Some(true) {
            content(&mut rest);
        }
    }
    let mut found = Vec::new();
    while found.len() < count {
        match status(&mut rest) {
            Some(true) => match content(&mut rest) {
                Some(content) => found.push(Came::Whole(content)),
                None => break,
            },
            Some(false) => found.push(Came::Refused),
            None => break,
        }
    }
    found
}
