//! Guesses which word was meant.
//!
//! It refuses to know what the words are for. Invariant: a guess is near, or none is made.

/// The candidate that `word` was probably meant to be: one that differs in case or in `_` for `-`, in at most a third
/// of its letters, or that `word` is the beginning of (or the other way round).
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = plain(word);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let plain = plain(candidate);
            let lengths = [word.chars().count(), plain.chars().count()];
            let letters = lengths[0].min(lengths[1]);
            let near = (letters / 3).max(1);
            // `tls-…` is another key than `tls`; `username` is likely to be `user`.
            let longer = word.strip_prefix(&plain);
            let begins = letters >= FEWEST_LETTERS
                && (plain.starts_with(&word) || longer.is_some_and(|rest| !rest.starts_with('-')));
            if !begins && lengths[0].abs_diff(lengths[1]) > near {
                return None;
            }
            let distance = strsim::damerau_levenshtein(&word, &plain);
            (begins || distance <= near && distance < letters).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The word without the differences that mean nothing.
fn plain(word: &str) -> String {
    word.to_lowercase().replace('_', "-")
}

/// A shorter beginning fits too many words to be a guess.
const FEWEST_LETTERS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ACCOUNT_KEYS;

    fn key(word: &str) -> Option<&'static str> {
        nearest(word, ACCOUNT_KEYS.iter().copied())
    }

    #[test]
    fn slips_of_the_finger_are_understood() {
        assert_eq!(key("hots"), Some("host"));
        assert_eq!(key("leave_on_server"), Some("leave-on-server"));
        assert_eq!(key("Max-Size"), Some("max-size"));
        assert_eq!(key("pasword"), Some("password"));
        assert_eq!(key("pass"), Some("password"));
        assert_eq!(key("username"), Some("user"));
        assert_eq!(
            nearest("account", ["accounts", "defaults"]),
            Some("accounts")
        );
    }

    #[test]
    fn words_of_another_kind_are_not_guessed_at() {
        for word in ["before-sync", "folder", "ssl", "x", ""] {
            assert_eq!(key(word), None, "{word}");
        }
        assert_eq!(nearest("a", ["b"]), None);
    }
}
