//! What fdm's configurations mean. The file is read as it is, for home `/home/me` and user `me`.

mod rules;

use std::fs;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::import::{Account, Leave, Proof, Tls};
use crate::mail::Octets;
use crate::secret::Secret;

const POP: &str = "account \"a\" pop3s server \"h\" user \"u\" pass \"p\"";

fn around(home: &Path) -> Surroundings<'_> {
    Surroundings {
        home,
        login: "me",
        variable: &|_| None,
    }
}

fn found(text: &str) -> Found {
    understand(Path::new("/c"), text, &around(Path::new("/home/me")))
}

/// The account of this text, of which nothing is left out.
#[track_caller]
fn whole(text: &str) -> Account {
    let mut found = found(text);
    assert_eq!(found.left_out, []);
    assert_eq!(found.accounts.len(), 1);
    found.accounts.remove(0)
}

/// What is left out: line, what, a piece of the reason.
#[track_caller]
fn leaves_out(text: &str, expected: &[(usize, &str, &str)]) -> Found {
    let found = found(text);
    let left_out = found.left_out.iter();
    let left_out: Vec<_> = left_out
        .map(|it| (it.line, it.what.as_str(), it.why.as_str()))
        .collect();
    assert_eq!(left_out.len(), expected.len(), "{left_out:?}");
    for (entry, expected) in left_out.iter().zip(expected) {
        assert_eq!((entry.0, entry.1), (expected.0, expected.1));
        assert!(entry.2.contains(expected.2), "{}", entry.2);
    }
    found
}

#[test]
fn an_account_has_server_user_password_and_what_fdm_does_by_itself() {
    let text = "\n account 'work' pop3s\n server \"pop.example.com\" user \"me@%%h\" pass 's%%p\\'";
    let account = whole(text);
    assert_eq!((account.name.as_str(), account.line), ("work", 2));
    assert_eq!(account.host, "pop.example.com");
    assert_eq!((account.port, account.tls), (None, Tls::Implicit));
    assert_eq!(account.user, "me@%h");
    assert_eq!(account.proof, Proof::Password(Secret::new("s%p\\")));
    assert_eq!((account.max_size, account.timeout), (None, None));
    assert!(account.enabled && account.deliver.is_empty());
    // No rule takes its mail, and fdm leaves such mail on the server.
    assert_eq!(
        (account.leave, account.leave_is_default),
        (Leave::All, true)
    );
}

#[test]
fn the_options_of_an_account_are_carried_over() {
    let account = whole(
        "set maximum-size 2 MB set timeout 2 minutes set verify-certificates
         set proxy \"socks://localhost\"
         account \"a\" disabled pop3 server \"h\" port \"pop3\" user \"u\" pass \"p\" no-apop starttls keep
         match all action maildir \"/m\"",
    );
    assert_eq!((account.port, account.tls), (Some(110), Tls::StartTls));
    assert_eq!(account.auth, Some("user-pass"));
    assert_eq!(account.max_size, Some(Octets(2 << 20)));
    assert_eq!(account.timeout, Some(Duration::from_secs(120)));
    assert_eq!(account.proxy.as_deref(), Some("socks5://localhost:1080"));
    assert_eq!(
        (account.leave, account.leave_is_default),
        (Leave::All, false)
    );
    assert!(!account.enabled);
    assert_eq!(account.remarks.len(), 1, "{:?}", account.remarks);
}

#[test]
fn ports_are_numbers_or_names_that_are_known_everywhere() {
    let port = |port: &str| {
        found(&format!(
            "%n = 1995\naccount \"a\" pop3 server \"h\" port {port} user \"u\" pass \"p\""
        ))
    };
    for (text, number) in [
        ("%n", 1995),
        ("\"1110\"", 1110),
        ("\"pop3s\"", 995),
        ("7", 7),
    ] {
        assert_eq!(port(text).accounts[0].port, Some(number), "{text}");
    }
    for text in [
        "0",
        "70000",
        "\"kpop\"",
        "%(echo 1)",
        "99999999999999999999",
    ] {
        let found = port(text);
        assert_eq!(found.accounts[0].port, None, "{text}");
        assert_eq!(
            (found.left_out[0].line, found.left_out[0].what.as_str()),
            (2, "port")
        );
    }
}

#[test]
fn a_password_from_a_command_stays_a_command_and_is_not_run() {
    let account = whole(
        "$h = \"x\"\naccount \"a\" pop3s server \"h\" user \"u\" pass $(pass \"m/${h}\" | head -n 1)",
    );
    let argv = ["sh", "-c", "pass \"m/x\" | head -n 1"];
    assert_eq!(
        account.proof,
        Proof::Command(argv.map(ToOwned::to_owned).into())
    );
    leaves_out(
        "account \"a\" pop3s server \"h\"\nuser $(id -un)\npass \"a\" + $(date)\nset proxy $(x) set default-user \"bob\"",
        &[
            (2, "user", "nothing is run here"),
            (3, "pass", "is not copied"),
            (4, "set proxy", "nothing is run here"),
            (4, "set default-user", "as that user"),
        ],
    );
}

#[test]
fn what_stands_in_netrc_is_said() {
    let remarks = whole("account \"a\" pop3s server \"h\"").remarks.join("\n");
    assert!(remarks.contains("user from ~/.netrc, for h"), "{remarks}");
    assert!(remarks.contains("password from ~/.netrc"), "{remarks}");
}

#[test]
fn accounts_that_do_not_fetch_by_pop3_are_left_out_by_name() {
    let text = "account \"i\" imaps server \"h\" user \"u\" pass \"p\" folders { \"a\" } keep
        account \"n\" nntp server \"h\" group \"g\"
          cache \"x\"
        account \"s\" disabled stdin
        account \"p\" pop3 pipe \"ssh\" user \"u\" pass \"p\"
        account \"o\" pop3 server \"h\" user \"u\" pass \"p\" old-only cache \"c\" keep";
    let found = leaves_out(
        text,
        &[
            (1, "account \"i\"", "by POP3 only"),
            (2, "account \"n\"", "kind nntp"),
            (4, "account \"s\"", "kind stdin"),
            (5, "account \"p\"", "with a program"),
            (6, "account \"o\"", "once more"),
        ],
    );
    assert_eq!(found.accounts, []);
}

#[test]
fn certificates_are_verified_whatever_fdm_did() {
    let remarks = |text: &str| found(text).accounts[0].remarks.join("\n");
    assert!(remarks(POP).contains("fdm did not verify"));
    assert!(!remarks(&format!("set verify-certificates\n{POP}")).contains("did not verify"));
    leaves_out(
        &format!("{POP}\nno-verify\ninsecure no-uidl"),
        &[
            (2, "no-verify", "`tls-fingerprint`"),
            (3, "insecure", "weak"),
            (3, "no-uidl", "by UIDL"),
        ],
    );
}

#[test]
fn sections_are_skipped_and_other_files_not_read() {
    let text = format!(
        "%n = 1\nifdef %n\n{POP}\nifndef %n\nset x\nifdef $y\nendif\nset y\nendif\nendif\nifndef $m\nendif\ninclude \"b\""
    );
    let found = leaves_out(
        &text,
        &[(4, "ifndef %n", "skips"), (13, "include", "not read here")],
    );
    assert_eq!(found.accounts.len(), 1);
}

#[test]
fn a_statement_that_cannot_be_read_is_named_and_the_next_one_is_read() {
    let found = leaves_out(
        "set new-thing 3\naccount \"b\" pop4 server \"h\" pass \"geheim\"\n$x \"geheim\"\nmatch action \"x\"
account \"a\" pop3s server \"h\" user \"u\" pass \"p\" frob\naction \"x\" maildrop \"y\"\n}\nset timeout 7
set maximum-size \"x\nset timeout 8",
        &[
            (1, "new-thing", "does not know this option"),
            (2, "pop4", "kind of account"),
            (3, "a text", "defined by `=`"),
            (4, "action", "condition"),
            (5, "what stands here", "option of an account"),
            (6, "maildrop", "this action"),
            (9, "a text", "no closing quote"),
        ],
    );
    let account = &found.accounts[0];
    assert_eq!(account.timeout, Some(Duration::from_secs(7)));
    assert_eq!(account.leave, Leave::All);
}

/// A home with this configuration.
fn home(conf: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(".fdm.conf"), conf).unwrap();
    home
}

#[test]
fn caches_are_read_beside_their_accounts() {
    let text = format!("{POP} new-only cache \"%h/%a.c\" keep\ninclude \"more\"\ninclude \"gone\"");
    let home = home(&text);
    fs::write(home.path().join("a.c"), "3 u 1\n2 u2\n9 u").unwrap();
    let more = "account \"b\" pop3s server \"h\" user \"u\" pass \"p\" new-only cache \"~/no\"";
    fs::write(home.path().join("more"), more).unwrap();
    let found = read(None, &around(home.path())).unwrap();
    let path = |name: &str| home.path().join(name);
    assert_eq!(found.files, [path(".fdm.conf"), path("more"), path("a.c")]);
    let record = &found.accounts[0].records[0];
    assert_eq!((record.host.as_str(), record.user.as_str()), ("h", "u"));
    assert_eq!(record.taken[0].uid.as_bytes(), b"u 1");
    assert_eq!(record.taken.len(), 2);
    assert!(
        found.accounts[0]
            .remarks
            .iter()
            .any(|it| it.contains("a part of its cache"))
    );
    assert_eq!(found.accounts[1].file, path("more"));
    assert!(found.accounts[1].records.is_empty());
    assert!(
        found.accounts[1]
            .remarks
            .iter()
            .any(|it| it.contains("not written its cache"))
    );
    assert_eq!((found.left_out.len(), found.left_out[0].line), (1, 3));
}

#[test]
fn a_cache_alone_is_a_record_of_nobody() {
    let home = home("x");
    let cache = home.path().join("c");
    fs::write(&cache, "1 a\n2 b \n").unwrap();
    let found = read(Some(&cache), &around(home.path())).unwrap();
    assert_eq!(found.strays[0].host, "");
    assert_eq!(found.strays[0].taken.len(), 2);
    let error = read(None, &around(home.path())).unwrap_err();
    assert!(matches!(error, Error::NotItsOwn { .. }));
    let error = read(Some(&home.path().join("no")), &around(home.path())).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }));
}

#[test]
fn files_that_include_themselves_end() {
    let home = home("include \".fdm.conf\" include \".fdm.conf\"\nset timeout 3");
    let found = read(None, &around(home.path())).unwrap();
    assert!(
        found.files.len() <= MOST_INCLUDED + 1,
        "{}",
        found.files.len()
    );
    assert!(!found.left_out.is_empty());
}

/// Where a password stands, the marker stands; it must be nowhere that is shown.
fn shows_no_secret(found: &Found) -> bool {
    !format!("{found:?}").contains("geheim")
}

#[test]
fn a_word_behind_a_text_that_ended_too_early_may_be_a_password_and_is_not_shown() {
    for text in [
        "account \" pass \"geheim\" x",
        "account \"a\" pop3 server \"h\" pass \"x\"geheim",
    ] {
        let found = found(text);
        assert_eq!(found.left_out[0].what, "what stands here", "{text}");
        assert!(shows_no_secret(&found));
    }
}

proptest! {
    #[test]
    fn any_text_is_survived(text in "\\PC*", octets: Vec<u8>) {
        let lines = text.lines().count().max(1);
        prop_assert!(found(&text).left_out.iter().all(|entry| entry.line <= lines));
        records(Path::new("c"), &octets);
    }

    #[test]
    fn any_sequence_of_the_languages_words_is_survived(words: Vec<(u8, bool)>) {
        const WORDS: [&str; 64] = [
            "set", "account", "action", "match", "include", "cache", "ifdef", "ifndef", "endif", "$x", "%n",
            "=", "\"a\"", "\"${x}%h\"", "'b'", "\"", "$(c)", "5", "{", "}", "(", ")", "+", "<", ",", "pop3", "pop3s",
            "imap", "nntp", "server", "port", "user", "users", "pass \"geheim\"", "pass geheim", "new-only",
            "keep", "disabled", "no-verify", "all", "and", "or", "not", "account", "matched", "in", "headers", "size",
            "age", "days", "maildir", "mbox", "pipe", "lmtp", "drop", "exec", "continue", "actions", "M",
            "maximum-size", "timeout", "proxy", "pass \"ge\" + \"heim\"", "lock-types",
        ];
        let mut text = format!("{POP} ");
        for (word, ends) in words {
            text.push_str(WORDS[usize::from(word) % WORDS.len()]);
            text.push(if ends { '\n' } else { ' ' });
        }
        let found = found(&text);
        prop_assert!(shows_no_secret(&found), "{text}");
        let lines = text.lines().count();
        prop_assert!(found.left_out.iter().all(|entry| entry.line <= lines));
    }
}
