//! Whether each message is the one that it is taken for, after the server refused one.
//!
//! Pure: sizes come in. A refusal may have been a line too many, and then each message comes in answer to the next request.
//! Invariant: it is cleared only where the sizes exclude that.

use std::collections::VecDeque;

use crate::mail::Octets;

/// The sizes of so many messages are compared; after more refusals only the server can tell.
const MOST: usize = 64;

/// What was refused, and what could come in place of what.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    refused: usize,
    /// The sizes that were listed for the last messages that were asked for, the last one's first.
    sizes: VecDeque<Octets>,
}

impl Doubt {
    /// The message that comes next was listed with this size.
    pub(super) fn comes(&mut self, size: Octets) {
        self.sizes.truncate(MOST);
        self.sizes.push_front(size);
    }

    /// It was refused.
    pub(super) fn refused(&mut self) {
        self.refused += 1;
    }

    /// Whether a message of this size can be no other: it has just the size that it was listed with, and none has it whose
    /// reply this could be.
    pub(super) fn is_cleared_by(&self, received: Octets) -> bool {
        let mut sizes = self.sizes.iter();
        let is_own = sizes.next() == Some(&received);
        is_own && self.refused < MOST && !sizes.take(self.refused).any(|size| *size == received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a doubt says of the last of these messages, of which so many were refused before.
    fn is_cleared(refused: usize, listed: &[u64], received: u64) -> bool {
        let mut doubt = Doubt::default();
        for size in listed {
            doubt.comes(Octets(*size));
        }
        (0..refused).for_each(|_| doubt.refused());
        doubt.is_cleared_by(Octets(received))
    }

    #[test]
    fn a_size_like_no_others_tells_a_message() {
        assert!(is_cleared(1, &[10, 20], 20));
        assert!(is_cleared(2, &[10, 20, 30], 30));
        // Of those before it only as many can come late as were refused.
        assert!(is_cleared(1, &[30, 20, 30], 30));
    }

    #[test]
    fn a_size_that_another_may_have_tells_nothing() {
        assert!(!is_cleared(1, &[10, 10], 10));
        assert!(!is_cleared(1, &[10, 20], 10));
        assert!(!is_cleared(2, &[30, 20, 30], 30));
        // Servers that guess.
        assert!(!is_cleared(1, &[10, 20], 21));
        let many: Vec<u64> = (0..200).collect();
        assert!(is_cleared(MOST - 1, &many, 199));
        assert!(!is_cleared(MOST, &many, 199));
    }
}
