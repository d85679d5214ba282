//! What holds for any file of another program.
//!
//! An input's first octet says what the rest is: `u` a file of uids, `p` a configuration behind an account with a password,
//! anything else a configuration.

use std::path::Path;

use popfetch::import::{self, Found, Proof, Source, Surroundings};

/// The password that must be nowhere.
const MARKER: &str = "geheim7marker";

/// A password that is shorter may stand in a text by chance.
const LONG: usize = 8;

/// Understands the input. Nothing may panic; line numbers are the file's; no password is in what is shown.
pub fn survives(source: Source, input: &[u8]) {
    let Some((kind, rest)) = input.split_first() else {
        return;
    };
    let file = Path::new("/etc/file");
    if *kind == b'u' {
        for record in import::records(source, file, rest) {
            assert_eq!(record.file, file);
            assert!(record.taken.len() <= rest.len());
        }
        return;
    }
    let rest = String::from_utf8_lossy(rest);
    if *kind == b'p' {
        // Keys are shown in lower case.
        if rest.to_lowercase().contains(MARKER) {
            return;
        }
        let text = format!("{}{rest}", account(source));
        let found = understand(source, file, &text);
        assert!(!shown(&found).contains(MARKER), "a password is shown");
    } else {
        let found = understand(source, file, &rest);
        hides_passwords(&found, &rest);
    }
}

fn understand(source: Source, file: &Path, text: &str) -> Found {
    let around = Surroundings {
        home: Path::new("/home/me"),
        login: "me",
        variable: &|_| None,
    };
    let found = import::understand(source, file, text, &around);
    let lines = text.bytes().filter(|octet| *octet == b'\n').count() + 1;
    let named = found.left_out.iter().map(|entry| entry.line);
    for line in named.chain(found.accounts.iter().map(|account| account.line)) {
        assert!((1..=lines).contains(&line), "line {line} of {lines}");
    }
    found
}

/// A password that stands once in the text, and is not put together, is in nothing else.
fn hides_passwords(found: &Found, text: &str) {
    if text.contains(['$', '%']) {
        return;
    }
    let shown = shown(found);
    for account in &found.accounts {
        if let Proof::Password(password) = &account.proof {
            let password = password.expose();
            if is_rare(password) && text.matches(password).count() == 1 {
                assert!(!shown.contains(password), "a password is shown");
            }
        }
    }
}

/// Whether a password is no word that a reason or a path has, too.
fn is_rare(password: &str) -> bool {
    let has = |kind: fn(char) -> bool| password.contains(kind);
    password.len() >= LONG && has(|c| c.is_ascii_digit()) && has(char::is_alphabetic)
}

fn shown(found: &Found) -> String {
    format!("{found:?}")
}

/// An account with the marker as its password, up to the end of a line.
fn account(source: Source) -> &'static str {
    match source {
        Source::Fetchmail => "poll h proto pop3 user u pass geheim7marker\n",
        Source::Mpop => "account m\nhost h\nuser u\npassword geheim7marker\n",
        Source::Getmail => {
            "[retriever]\ntype = SimplePOP3Retriever\nserver = h\nusername = u\npassword = geheim7marker\n"
        }
        Source::Fdm => "account \"m\" pop3s server \"h\" user \"u\" pass \"geheim7marker\"\n",
        Source::Thunderbird => "user_pref(\"mail.server.server1.password\", \"geheim7marker\");\n",
        Source::Claws => "[Account: 1]\nprotocol=0\nreceive_server=h\npassword=geheim7marker\n",
    }
}
