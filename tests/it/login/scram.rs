//! A server that speaks SCRAM (RFC 5802, RFC 7677) and lies: it is not believed, and gets nothing better out of popfetch.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::dialogue::{CONNECTED, Server, Talk, fetched};

const PASSWORD: &str = "pencil-box-of-wood";
const SALT: &[u8] = b"a salt of sixteen";
const ROUNDS: u32 = 4096;

/// What the server does that an honest one does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    None,
    /// The signature of somebody who does not know the password.
    WrongSignature,
    /// One that is right but for its last octet.
    ShortSignature,
    NoSignature,
    NothingAtAll,
    NotBase64,
    /// `e=`, and success all the same.
    Error,
    /// Success before the signature.
    SuccessForProof,
    /// Success before the proof.
    SuccessForName,
    /// Success at the very beginning.
    SuccessForAuth,
    /// This in place of the first message; `{nonce}` is the client's.
    First(&'static str),
}

/// The first messages that no client may take.
const FIRSTS: [&str; 12] = [
    "r={nonce},s=c2FsdCBvZiBzaXh0ZWVu,i=4096",
    "r=other,s=c2FsdCBvZiBzaXh0ZWVu,i=4096",
    "s=c2FsdCBvZiBzaXh0ZWVu,i=4096",
    "r={nonce}more,s=c2FsdCBvZiBzaXh0ZWVu,i=0",
    "r={nonce}more,s=c2FsdCBvZiBzaXh0ZWVu,i=1",
    "r={nonce}more,s=c2FsdCBvZiBzaXh0ZWVu,i=10000000",
    "r={nonce}more,s=c2FsdCBvZiBzaXh0ZWVu,i=many",
    "r={nonce}more,s=c2FsdCBvZiBzaXh0ZWVu",
    "r={nonce}more,i=4096",
    "r={nonce}more,s=,i=4096",
    "r={nonce}more,s=(salt),i=4096",
    "m=unknown,r={nonce}more,s=c2FsdCBvZiBzaXh0ZWVu,i=4096",
];

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// The server's side; true lets the client in.
fn answer(talk: &mut Talk, command: &str, lie: Lie) -> bool {
    let mut words = command.split(' ').skip(1);
    if words.next() != Some("SCRAM-SHA-256") {
        talk.say("-ERR [AUTH] there is nothing but SCRAM here");
        return false;
    }
    if lie == Lie::SuccessForAuth {
        talk.say("+OK welcome");
        return true;
    }
    let first = if let Some(first) = words.next() {
        super::dialogue::decoded(first)
    } else {
        talk.say("+ ");
        talk.response()
    };
    let Some(bare) = first.as_deref().and_then(|first| first.strip_prefix("n,,")) else {
        talk.say("-ERR that is no first message");
        return false;
    };
    if lie == Lie::SuccessForName {
        talk.say("+OK welcome");
        return true;
    }
    let nonce = bare.split_once("r=").expect("a nonce").1;
    let server_first = match lie {
        Lie::First(message) => message.replace("{nonce}", nonce),
        _ => format!("r={nonce}SERVER,s={},i={ROUNDS}", BASE64.encode(SALT)),
    };
    talk.challenge(&server_first);
    let Some(last) = talk.response() else {
        talk.say("-ERR cancelled");
        return false;
    };
    if matches!(lie, Lie::First(_)) {
        // The client went on.
        talk.say("+OK welcome");
        return true;
    }
    let (without_proof, proof) = last.rsplit_once(",p=").expect("a proof");
    let signed = format!("{bare},{server_first},{without_proof}");
    let mut salted = [0; 32];
    pbkdf2::pbkdf2_hmac::<Sha256>(PASSWORD.as_bytes(), SALT, ROUNDS, &mut salted);
    assert!(
        proves(&salted, &signed, proof),
        "the client's proof is wrong"
    );
    let signature = mac(&mac(&salted, b"Server Key"), signed.as_bytes());
    let message = match lie {
        Lie::WrongSignature => format!("v={}", BASE64.encode([7; 32])),
        Lie::ShortSignature => format!("v={}", BASE64.encode(&signature[..31])),
        Lie::NoSignature => "x=1".to_owned(),
        Lie::NothingAtAll => String::new(),
        Lie::Error => "e=other-error".to_owned(),
        _ => format!("v={}", BASE64.encode(&signature)),
    };
    match lie {
        Lie::SuccessForProof => {}
        Lie::NotBase64 => {
            talk.say("+ v=AAAA");
            talk.hear();
        }
        _ => {
            talk.challenge(&message);
            talk.hear();
        }
    }
    talk.say("+OK welcome");
    true
}

/// Whether the client knows the password (RFC 5802 §3).
fn proves(salted: &[u8], signed: &str, proof: &str) -> bool {
    use sha2::Digest as _;
    let key = mac(salted, b"Client Key");
    let signature = mac(&Sha256::digest(&key), signed.as_bytes());
    let expected: Vec<u8> = key.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
    BASE64.decode(proof).is_ok_and(|proof| proof == expected)
}

fn server(lie: Lie) -> Server {
    let capabilities = "TOP\nUIDL\nUSER\nSASL SCRAM-SHA-256 PLAIN LOGIN";
    Server::new(capabilities, move |talk, command| {
        answer(talk, command, lie)
    })
}

/// Asserts that a login at a server that lies like this is a protocol error, after which it is asked nothing more.
#[track_caller]
fn refused(lie: Lie) {
    for auth in ["auto", "scram-sha-256"] {
        let server = server(lie);
        let lines = format!("auth = \"{auth}\"\npassword = \"{PASSWORD}\"");
        let (sandbox, out) = server.sync(&lines);
        assert_eq!(
            (out.code, out.stdout.as_str()),
            (76, ""),
            "{lie:?}: {}",
            out.stderr
        );
        assert_eq!(out.stderr.lines().count(), 1, "{lie:?}: {}", out.stderr);
        assert!(sandbox.mail("Mail").is_empty(), "{lie:?}");
        let said = server.said();
        assert_eq!(server.count(CONNECTED), 1, "{lie:?}: {said:?}");
        assert_eq!(server.count("AUTH "), 1, "{lie:?}: {said:?}");
        for verb in ["USER", "PASS", "STAT", "LIST", "UIDL", "RETR", "DELE"] {
            assert_eq!(server.count(verb), 0, "{lie:?}: {said:?}");
        }
    }
}

#[test]
fn an_honest_server_lets_in_and_is_believed() {
    let server = server(Lie::None);
    fetched(&server, &server.sync(&format!("password = \"{PASSWORD}\"")));
}

#[test]
fn a_final_message_that_does_not_prove_the_password_is_not_believed() {
    for lie in [
        Lie::WrongSignature,
        Lie::ShortSignature,
        Lie::NoSignature,
        Lie::NothingAtAll,
        Lie::NotBase64,
        Lie::Error,
    ] {
        refused(lie);
    }
}

#[test]
fn success_before_the_signature_is_not_believed() {
    for lie in [
        Lie::SuccessForProof,
        Lie::SuccessForName,
        Lie::SuccessForAuth,
    ] {
        refused(lie);
    }
}

#[test]
fn a_first_message_that_weakens_the_exchange_is_not_answered_with_a_proof() {
    let mut proofs = String::new();
    for message in FIRSTS {
        let lie = Lie::First(message);
        refused(lie);
        let server = server(lie);
        server.sync(&format!("password = \"{PASSWORD}\""));
        for line in server.said() {
            let text = super::dialogue::decoded(&line).unwrap_or_default();
            if text.contains("p=") {
                writeln!(proofs, "{message}: {text}").expect("a string takes any text");
            }
        }
    }
    assert_eq!(proofs, "");
}
