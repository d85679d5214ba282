//! What a fault did to mail: lost it, doubled it, changed it, left something behind, or nothing of these.
//!
//! It owns the comparison of what was sent with what is there. It refuses to know where mail lies.

use std::collections::BTreeMap;
use std::fmt;

/// What was found after a fault. The numbers are of messages, and of files in `left`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Neither here nor on the server.
    pub(super) lost: usize,
    /// Here more often than it may be.
    pub(super) doubled: usize,
    /// Here, and not as it was sent.
    pub(super) corrupted: usize,
    /// Left where nothing may stay.
    pub(super) left: usize,
    /// Whatever else is not as promised, each in a sentence; and the sentences for the numbers.
    pub(super) words: Vec<String>,
}

impl Verdict {
    /// Whether all is as promised.
    pub(super) fn is_well(&self) -> bool {
        self.words.is_empty()
    }

    /// Something is not as promised.
    pub(super) fn tell(&mut self, words: impl Into<String>) {
        self.words.push(words.into());
    }

    /// Adds what was found in the trial of this name.
    pub(super) fn add(&mut self, name: &str, other: &Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.corrupted += other.corrupted;
        self.left += other.left;
        let words = other.words.iter().map(|words| format!("{name}: {words}"));
        self.words.extend(words);
    }

    /// Compares what a reader sees with what was sent: none of it half, changed or strange, and no more than `most`
    /// repeated.
    pub(super) fn compare(&mut self, when: &str, sent: &[Vec<u8>], seen: &[Vec<u8>], most: usize) {
        let mut excess = 0;
        for (message, times) in counted(seen) {
            if sent.iter().any(|sent| sent == message) {
                excess += times - 1;
            } else {
                self.corrupted += times;
                self.tell(format!("{when}: not what was sent: {}", start(message)));
            }
        }
        if excess > most {
            self.doubled += excess - most;
            self.tell(format!("{when}: {excess} came again"));
        }
    }

    /// Looks for each message that was sent in these places.
    pub(super) fn miss(&mut self, when: &str, sent: &[Vec<u8>], places: &[&[Vec<u8>]]) {
        for message in sent {
            if !places.iter().any(|place| place.contains(message)) {
                self.lost += 1;
                self.tell(format!("{when}: lost: {}", start(message)));
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} lost, {} doubled, {} corrupted, {} left, {} findings",
            self.lost,
            self.doubled,
            self.corrupted,
            self.left,
            self.words.len()
        )?;
        self.words
            .iter()
            .try_for_each(|words| write!(f, "\n  {words}"))
    }
}

/// Each message with the number of times that it is there.
fn counted(messages: &[Vec<u8>]) -> BTreeMap<&[u8], usize> {
    let mut counted = BTreeMap::new();
    for message in messages {
        *counted.entry(message.as_slice()).or_insert(0) += 1;
    }
    counted
}

/// Enough of a message to tell which it is.
fn start(message: &[u8]) -> String {
    let shown = message.get(..60).unwrap_or(message);
    format!(
        "{:?} ({} octets)",
        String::from_utf8_lossy(shown),
        message.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(names: &[&str]) -> Vec<Vec<u8>> {
        names.iter().map(|name| name.as_bytes().to_vec()).collect()
    }

    fn compared(seen: &[&str], most: usize) -> Verdict {
        let mut verdict = Verdict::default();
        verdict.compare("now", &mail(&["one", "two"]), &mail(seen), most);
        verdict
    }

    #[test]
    fn each_message_once_and_a_part_of_them_are_well() {
        assert!(compared(&["two", "one"], 0).is_well());
        assert!(compared(&["two"], 0).is_well());
        assert!(compared(&[], 0).is_well());
    }

    #[test]
    fn a_message_twice_is_doubled_unless_it_may_be() {
        assert_eq!(compared(&["one", "two", "one"], 0).doubled, 1);
        assert!(compared(&["one", "two", "one"], 1).is_well());
        assert_eq!(compared(&["one", "one", "one"], 1).doubled, 1);
        assert_eq!(compared(&["one", "two", "one", "two"], 1).doubled, 1);
    }

    #[test]
    fn a_half_message_is_corrupted() {
        let verdict = compared(&["one", "tw"], 0);
        assert_eq!((verdict.corrupted, verdict.lost), (1, 0));
        assert!(!verdict.is_well());
    }

    #[test]
    fn what_is_in_no_place_is_lost() {
        let (one, two) = (mail(&["one"]), mail(&["two"]));
        let mut verdict = Verdict::default();
        verdict.miss("now", &mail(&["one", "two"]), &[&one, &two]);
        assert!(verdict.is_well());
        verdict.miss("now", &mail(&["one", "two"]), &[&two]);
        assert_eq!((verdict.lost, verdict.is_well()), (1, false));
    }
}
