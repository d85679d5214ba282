//! Whole sessions: the client does what a run does, and a second, slow reader says what it may believe.

use popfetch::mail::MessageNumber;
use popfetch::pop3::{
    Ahead, Argument, Connection, Credentials, Error, Login, Mechanism, Proof, Retrieved, Session,
};
use popfetch::secret::Secret;

use super::unstuffer::by_lines;
use super::wire::{BREAK, Wire, joined};

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

/// Any octets behind a login, as the replies to what a run asks. The first two say how they come, and how much is sent
/// ahead.
pub fn holds(input: &[u8]) {
    let [how, ahead, replies @ ..] = input else {
        return;
    };
    let ahead = [Ahead::Nothing, Ahead::Session, Ahead::All][usize::from(*ahead) % 3];
    let (wire, written) = Wire::new(*how, &[ENTERED, BREAK, replies].concat());
    let mut messages = Vec::new();
    let result = run(wire, ahead, &mut messages);
    let expected = expected(&joined(replies), messages.len());
    assert_eq!(messages, expected);
    let sent = written.borrow();
    let commands = sent.split(|octet| *octet == b'\n').count();
    // The login, two listings, RETR, STAT, DELE for each, QUIT.
    assert!(commands <= 7 + 2 * MOST, "{commands}");
    match result {
        Ok(listed) => {
            assert!(sent.ends_with(b"QUIT\r\n"));
            assert_eq!(messages.len(), listed.min(MOST));
        }
        Err(error) => is_harmless(&error.to_string()),
    }
}

/// What a run does; tells how many messages there were to fetch.
fn run(wire: Wire, ahead: Ahead, messages: &mut Vec<Option<Vec<u8>>>) -> Result<usize, Error> {
    let mechanism = Mechanism::UserPass;
    let credentials = credentials(mechanism);
    let opening = Connection::greet(wire)?.open_maildrop(&login(&credentials, mechanism), ahead)?;
    let (mut session, listings) = opening.finish()?;
    let numbers: Vec<MessageNumber> = match (&listings.sizes, &listings.uids) {
        (Ok(sizes), Ok(_)) => sizes.iter().map(|(number, _)| number).take(MOST).collect(),
        _ => Vec::new(),
    };
    let listed = numbers.len();
    let mut whole = Vec::new();
    let mut retrieval = session.retrieve(numbers);
    while let Some(came) = retrieval.next()? {
        match came {
            Retrieved::Message(number, mut body) => {
                let mut content = Vec::new();
                while let Some(chunk) = body.chunk()? {
                    assert!(!chunk.is_empty());
                    content.extend_from_slice(chunk);
                }
                whole.push(number);
                messages.push(Some(content));
            }
            Retrieved::Refused(_, reply) => {
                assert!(!reply.positive);
                messages.push(None);
            }
        }
    }
    drop(retrieval);
    let mut replies = 0;
    session.delete(whole.iter().copied(), |_, _| replies += 1)?;
    assert_eq!(replies, whole.len());
    session.quit().map(|()| listed)
}

/// What the first so many messages are, read from all that the server sends, one reply after another.
fn expected(replies: &[u8], messages: usize) -> Vec<Option<Vec<u8>>> {
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
    while found.len() < messages {
        match status(&mut rest) {
            Some(true) => found.extend(content(&mut rest).map(Some)),
            Some(false) => found.push(None),
            None => break,
        }
    }
    found
}
