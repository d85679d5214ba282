//! Whatever a file holds, it is read to its end, and says no secret.

use std::path::Path;

use proptest::prelude::*;

use super::super::vocabulary;
use super::found;
use crate::import::fetchmail::records;

/// Everything that the grammar knows, and some of what it does not.
fn token() -> impl Strategy<Value = String> {
    let keywords = vocabulary::all().flat_map(|keyword| keyword.spellings);
    let keywords = keywords.map(|word| (*word).to_owned()).collect::<Vec<_>>();
    prop_oneof![
        4 => prop::sample::select(keywords.clone()),
        1 => prop::sample::select(keywords).prop_map(|word| format!("no{word}")),
        4 => prop::sample::select(vec![
            "set", "idfile", "daemon", "syslog", "defaults", "poll", "server", "skip", "user", "no", "here", "there",
            "and", "with", "is", "to", "pop3", "imap", "a.example", "12", "-1", "99999999999999999999", "*", "=", ";", ":", ",",
            "#", "\n", "\\\n", "\"", "'", "\"a b\"", "'%T %F'", "\\", "\\x", "/run/x", "é",
        ]).prop_map(str::to_owned),
        1 => ".{0,8}",
    ]
}

proptest! {
    #[test]
    fn any_text_is_survived(text in "(?s).{0,300}") {
        found(&text);
    }

    #[test]
    fn any_order_of_the_grammars_own_words_is_survived(words in prop::collection::vec(token(), 0..80)) {
        let text = words.join(" ");
        let found = found(&text);
        let lines = text.split('\n').count();
        for left in &found.left_out {
            prop_assert!((1..=lines).contains(&left.line), "{left:?}");
            prop_assert!(!left.what.is_empty() && !left.why.is_empty());
        }
        for account in &found.accounts {
            prop_assert!((1..=lines).contains(&account.line));
        }
    }

    #[test]
    fn an_account_behind_any_words_is_found(words in prop::collection::vec(token(), 0..40)) {
        // A comment, a quote or a list may be open: the quotes are closed, and a keyword ends a list.
        let text = format!("{}\n''\n\"\"\nkeep poll last.example proto pop3 user last.user", words.join(" ").replace(['"', '\''], ""));
        let found = found(&text);
        prop_assert!(found.accounts.iter().any(|account| account.user == "last.user"), "{text}");
    }

    #[test]
    fn a_quoted_password_is_shown_nowhere(before in prop::collection::vec(token(), 0..20), after in prop::collection::vec(token(), 0..20)) {
        let join = |words: Vec<String>| words.join(" ").replace(['"', '\'', '#', '\\'], "");
        let text = format!("{}\npoll a proto pop3 user x pass \"hunter 2 hunter\" {}", join(before), join(after));
        let found = found(&text);
        prop_assert!(!format!("{found:?}").contains("hunter"), "{text}");
    }

    #[test]
    fn any_record_is_survived(content in prop::collection::vec(any::<u8>(), 0..300)) {
        records(Path::new("ids"), &content);
    }
}

#[test]
fn large_files_are_read_at_once() {
    let texts = [
        "\"".repeat(1 << 20),
        "\" ".repeat(1 << 19),
        "'a ".repeat(1 << 18),
        "\\".repeat(1 << 20),
        "x\n".repeat(1 << 19),
        "keep\n".repeat(1 << 18),
        "poll a user b ".repeat(1 << 16),
        format!("poll a user b is {}", "n ".repeat(1 << 19)),
        format!(
            "defaults mda {}\n{}",
            "m".repeat(1 << 19),
            "poll a user b ".repeat(1 << 14)
        ),
        "user a ".repeat(1 << 17),
        "#".repeat(1 << 20),
        "= ".repeat(1 << 19),
    ];
    for text in texts {
        let found = found(&text);
        assert!(found.accounts.len() <= 20_000);
        assert!(found.left_out.len() <= 50_000);
    }
}
