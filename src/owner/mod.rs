//! Who may own what must not be another's to change.
//!
//! It refuses to know what is owned, and what comes of it if it is another's.

pub mod walk;

use rustix::process::geteuid;

/// Who may change anything anyway.
const ROOT: u32 = 0;

/// Who runs this.
#[must_use]
pub fn own() -> u32 {
    geteuid().as_raw()
}

/// Whether what this user owns is as good as our own: it is, or it is root's.
#[must_use]
pub fn is_trusted(owner: u32, own: u32) -> bool {
    [ROOT, own].contains(&owner)
}

/// Whether these are root's rights, with which anybody's things may be used.
#[must_use]
pub fn is_root(own: u32) -> bool {
    own == ROOT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_and_ourselves_are_trusted_and_root_has_nobody_else() {
        for (owner, own, trusted) in [(7, 7, true), (0, 7, true), (8, 7, false), (7, 0, false)] {
            assert_eq!(is_trusted(owner, own), trusted, "{owner} by {own}");
        }
        assert!(is_root(0) && !is_root(7));
    }
}
