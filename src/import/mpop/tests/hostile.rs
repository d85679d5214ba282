//! Texts that nobody wrote for mpop.

use std::path::Path;

use proptest::prelude::*;

use super::super::super::Found;
use super::super::records;
use super::understand;

/// A word of the grammar, or something else.
fn token() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "account",
        "defaults",
        "eval",
        "host",
        "user",
        "password",
        "passwordeval",
        "delivery",
        "mda",
        "maildir",
        "mbox",
        "keep",
        "tls",
        "tls_fingerprint",
        "skipsize",
        "uidls_file",
        "timeout",
        "on",
        "off",
        "1d12h",
        "10k",
        ":",
        ",",
        "\"",
        "'",
        "#",
        "%F",
        "%U",
        "%",
        "~",
        "~/x",
        "$",
        "\\",
        "a",
        "b",
        " ",
        " ",
        " ",
        "\t",
        "\n",
        "\n",
        "\n",
        "\r\n",
    ];
    prop_oneof![
        9 => proptest::sample::select(WORDS).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        understand(&text);
    }

    #[test]
    fn any_sequence_of_words_is_survived(words in proptest::collection::vec(token(), 0..200)) {
        let text = words.concat();
        let found = understand(&text);
        let lines = text.split('\n').count();
        prop_assert!(found.left_out.iter().all(|one| (1..=lines).contains(&one.line)));
        prop_assert!(found.accounts.iter().all(|one| (1..=lines).contains(&one.line)));
    }

    #[test]
    fn any_file_of_uids_is_survived(content in any::<Vec<u8>>(), lists in "( [0-9]{1,3} [a-c] [a-c]\n([a-z0-9 ]{0,5}\n){0,5}){0,9}") {
        records(Path::new("/uidls"), &content);
        records(Path::new("/uidls"), lists.as_bytes());
    }

    #[test]
    fn a_password_is_in_no_text_that_is_shown(password in "[a-z]{3}[0-9]{8}", command in "(password|pasword|passwordeval|filter|eval echo|eval|delivery mda x|delivery|)") {
        let found = understand(&format!("account a\nhost h\nuser u\ndelivery maildir /m\n{command} {password} x\n"));
        let found = Found { accounts: Vec::new(), ..found };
        let shown = format!("{found:?}");
        prop_assert!(!shown.contains(&password) || command == "eval", "{}", shown);
    }
}
