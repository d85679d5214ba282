//! SCRAM (RFC 5802): the client's side, up to the proof that the server knows the password, too.
//!
//! Without channel binding: the TLS library gives nothing to bind to that servers accept. Invariants: what the server
//! demands of this machine is bounded; after [`Scram::verify`] has agreed, and only then, the server is who it says.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// RFC 5802 §5.1 and RFC 7677 §4 ask for so many at least: fewer let whoever poses as the server guess the password fast.
const LEAST_ITERATIONS: u32 = 4096;

/// Beyond what any server uses; more would keep this machine busy for its sake.
const MOST_ITERATIONS: u32 = 1_000_000;

/// The most octets of a salt: servers use 16.
const MAX_SALT: usize = 1024;

/// The most octets of a nonce: servers double ours.
const MAX_NONCE: usize = 1024;

/// The header of RFC 5801 §4 that says "no channel binding".
const GS2: &str = "n,,";

/// Which of the two digests a mechanism is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
}

/// A login under way.
pub(super) struct Scram {
    hash: Hash,
    password: Zeroizing<String>,
    nonce: String,
    /// The first message without its header: part of what is signed.
    first: Zeroizing<String>,
    /// What the server has to answer in the end.
    signature: Option<Zeroizing<Vec<u8>>>,
}

/// What is wrong with a message of the server, as the end of "the server …".
pub(super) type Flaw = &'static str;

impl Scram {
    pub(super) fn new(hash: Hash, user: &str, password: &str, nonce: &str) -> Self {
        // RFC 5802 §5.1: "," and "=" in a name stand for something.
        let user = prepared(user).replace('=', "=3D").replace(',', "=2C");
        Self {
            hash,
            password: prepared(password),
            nonce: nonce.to_owned(),
            first: Zeroizing::new(format!("n={user},r={nonce}")),
            signature: None,
        }
    }

    /// The client's first message.
    pub(super) fn first(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(format!("{GS2}{}", *self.first).into_bytes())
    }

    /// The client's final message, which answers the server's first.
    pub(super) fn last(&mut self, challenge: &[u8]) -> Result<Zeroizing<Vec<u8>>, Flaw> {
        let challenge = std::str::from_utf8(challenge).map_err(|_| "sent what is no text")?;
        let mut fields = challenge.split(',');
        let nonce = field(fields.next(), "r=").ok_or("sent no nonce")?;
        let salt = field(fields.next(), "s=").ok_or("sent no salt")?;
        let count = field(fields.next(), "i=").ok_or("sent no iteration count")?;
        // RFC 5802 §5.1: the server's is ours with something of its own behind.
        let is_ours = nonce.starts_with(&self.nonce) && nonce.len() > self.nonce.len();
        if !is_ours || nonce.len() > MAX_NONCE {
            return Err("did not answer to what it was sent");
        }
        let salt = BASE64_STANDARD
            .decode(salt)
            .ok()
            .filter(|salt| !salt.is_empty() && salt.len() <= MAX_SALT)
            .ok_or("sent no usable salt")?;
        let count: u32 = count.parse().map_err(|_| "sent no iteration count")?;
        if count < LEAST_ITERATIONS {
            return Err("wants the password protected by fewer than 4096 iterations");
        }
        if count > MOST_ITERATIONS {
            return Err("wants more than a million iterations");
        }

        // RFC 5802 §3.
        let hash = self.hash;
        let salted = hash.stretch(self.password.as_bytes(), &salt, count);
        let client_key = hash.mac(&salted, b"Client Key");
        let stored_key = hash.digest(&client_key);
        let without_proof = format!("c={},r={nonce}", BASE64_STANDARD.encode(GS2));
        let signed = Zeroizing::new(format!("{},{challenge},{without_proof}", *self.first));
        let client_signature = hash.mac(&stored_key, signed.as_bytes());
        let both = client_key.iter().zip(client_signature.iter());
        let proof = Zeroizing::new(both.map(|(key, sign)| key ^ sign).collect::<Vec<u8>>());
        let server_key = hash.mac(&salted, b"Server Key");
        self.signature = Some(hash.mac(&server_key, signed.as_bytes()));
        let proof = Zeroizing::new(BASE64_STANDARD.encode(&*proof));
        Ok(Zeroizing::new(
            format!("{without_proof},p={}", *proof).into_bytes(),
        ))
    }

    /// Whether the server's final message proves that it knows the password.
    pub(super) fn verify(&mut self, challenge: &[u8]) -> Result<(), Flaw> {
        let first = challenge.split(|byte| *byte == b',').next();
        let sent = first.and_then(|field| field.strip_prefix(b"v="));
        let sent = sent.and_then(|sent| BASE64_STANDARD.decode(sent).ok());
        match (self.signature.take(), sent) {
            (Some(expected), Some(sent)) if *expected == sent => Ok(()),
            (_, Some(_)) => Err("sent a wrong signature"),
            _ => Err("sent no signature"),
        }
    }
}

/// The error that a final message tells in place of a proof (RFC 5802 §5.1).
pub(super) fn error(challenge: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(challenge).ok()?;
    text.split(',').next()?.strip_prefix("e=")
}

/// The value of a field with this name; a mandatory extension `m=` before it is not known here (RFC 5802 §5.1).
fn field<'f>(field: Option<&'f str>, name: &str) -> Option<&'f str> {
    field?.strip_prefix(name)
}

/// The text as SASLprep has it (RFC 4013), or as it is where that forbids it: servers differ in whether they do this.
fn prepared(text: &str) -> Zeroizing<String> {
    let prepared = stringprep::saslprep(text);
    Zeroizing::new(prepared.map_or_else(|_| text.to_owned(), Cow::into_owned))
}

impl Hash {
    fn digest(self, bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Sha1 => Sha1::digest(bytes).to_vec(),
            Self::Sha256 => Sha256::digest(bytes).to_vec(),
        })
    }

    fn mac(self, key: &[u8], bytes: &[u8]) -> Zeroizing<Vec<u8>> {
        fn signed<M: Mac + KeyInit>(key: &[u8], bytes: &[u8]) -> Vec<u8> {
            // A key of any length will do.
            let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else {
                return Vec::new();
            };
            mac.update(bytes);
            mac.finalize().into_bytes().to_vec()
        }
        Zeroizing::new(match self {
            Self::Sha1 => signed::<Hmac<Sha1>>(key, bytes),
            Self::Sha256 => signed::<Hmac<Sha256>>(key, bytes),
        })
    }

    /// RFC 5802 §2.2: `Hi`, which is PBKDF2.
    fn stretch(self, password: &[u8], salt: &[u8], count: u32) -> Zeroizing<Vec<u8>> {
        let mut key = Zeroizing::new(vec![0; self.digest(b"").len()]);
        match self {
            Self::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, count, &mut key),
            Self::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, count, &mut key),
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 5802 §5 and RFC 7677 §3: hash, client's nonce, server's first, client's last, server's last.
    const EXAMPLES: [(Hash, &str, &str, &str, &str); 2] = [
        (
            Hash::Sha1,
            "fyko+d2lbbFgONRv9qkxdawL",
            "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ),
        (
            Hash::Sha256,
            "rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ),
    ];

    #[test]
    fn the_examples_of_the_standards_come_out_as_they_stand_there() {
        for (hash, nonce, challenge, last, proof) in EXAMPLES {
            let mut scram = Scram::new(hash, "user", "pencil", nonce);
            let first = format!("n,,n=user,r={nonce}");
            assert_eq!(*scram.first(), first.as_bytes());
            assert_eq!(
                *scram.last(challenge.as_bytes()).unwrap(),
                last.as_bytes(),
                "{hash:?}"
            );
            assert_eq!(scram.verify(proof.as_bytes()), Ok(()));
        }
    }

    #[test]
    fn a_server_that_does_not_know_the_password_is_found_out() {
        let (hash, nonce, challenge, _, proof) = EXAMPLES[0];
        for last in [
            "v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "v=",
            "v=!",
            "e=other-error",
            "",
        ] {
            let mut scram = Scram::new(hash, "user", "pencil", nonce);
            scram.last(challenge.as_bytes()).unwrap();
            assert!(scram.verify(last.as_bytes()).is_err(), "{last}");
        }
        // Before it was asked, and a second time.
        let mut scram = Scram::new(hash, "user", "pencil", nonce);
        assert!(scram.verify(proof.as_bytes()).is_err());
        scram.last(challenge.as_bytes()).unwrap();
        assert!(scram.verify(proof.as_bytes()).is_ok());
        assert!(scram.verify(proof.as_bytes()).is_err());
    }

    #[test]
    fn a_first_message_that_is_not_as_it_should_be_gets_no_proof() {
        for challenge in [
            "",
            "r=abcX,s=QSXCR+Q6sek8bf92",
            "r=abc,s=QSXCR+Q6sek8bf92,i=4096",
            "r=abX,s=QSXCR+Q6sek8bf92,i=4096",
            "r=abcX,s=,i=4096",
            "r=abcX,s=?,i=4096",
            "r=abcX,s=QSXCR+Q6sek8bf92,i=4095",
            "r=abcX,s=QSXCR+Q6sek8bf92,i=1000001",
            "r=abcX,s=QSXCR+Q6sek8bf92,i=99999999999",
            "r=abcX,s=QSXCR+Q6sek8bf92,i=-1",
            "m=new,r=abcX,s=QSXCR+Q6sek8bf92,i=4096",
        ] {
            let mut scram = Scram::new(Hash::Sha1, "user", "pencil", "abc");
            assert!(scram.last(challenge.as_bytes()).is_err(), "{challenge}");
        }
        let mut scram = Scram::new(Hash::Sha1, "user", "pencil", "abc");
        assert!(scram.last(b"\xff").is_err());
    }

    #[test]
    fn a_nonce_and_a_salt_are_taken_up_to_a_length() {
        let takes = |nonce: usize, salt: usize| {
            let mut scram = Scram::new(Hash::Sha1, "user", "pencil", "abc");
            let salt = BASE64_STANDARD.encode(vec![7; salt]);
            let challenge = format!("r=abc{},s={salt},i=4096", "x".repeat(nonce - 3));
            scram.last(challenge.as_bytes()).is_ok()
        };
        assert!(takes(MAX_NONCE, MAX_SALT));
        assert!(!takes(MAX_NONCE + 1, 16));
        assert!(!takes(16, MAX_SALT + 1));
    }

    #[test]
    fn what_stands_for_something_else_in_a_name_is_escaped() {
        let scram = Scram::new(Hash::Sha1, "a=b,c", "x", "abc");
        assert_eq!(*scram.first(), b"n,,n=a=3Db=2Cc,r=abc");
    }

    #[test]
    fn a_password_is_the_same_however_it_was_composed() {
        assert_eq!(*prepared("e\u{301}"), *prepared("\u{e9}"));
        assert_eq!(*prepared("a\u{ad}b"), "ab");
        // A control character, which SASLprep forbids.
        assert_eq!(*prepared("a\u{7}"), "a\u{7}");
    }
}
