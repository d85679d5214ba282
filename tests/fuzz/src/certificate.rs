//! Any octets as the certificate that a server shows.

use popfetch::pop3::Leaf;

/// The most characters in which three names, a number, two dates and an issuer are shown, each character written out.
const LONGEST: usize = 4 * 64 * "\\u{10ffff}".len() + 200;

/// What is said of it can be shown, is short, and the same each time.
pub fn holds(der: &[u8]) {
    let leaf = Leaf::new(der);
    let shown = leaf.to_string();
    assert!(shown.len() <= LONGEST, "{} octets", shown.len());
    // Letters of any script; what else is not ASCII is written out, but for the mark where a name is cut.
    let is_plain =
        |c: char| (' '..='~').contains(&c) || c == '…' || (!c.is_ascii() && c.is_alphanumeric());
    assert!(shown.chars().all(is_plain), "{shown:?}");
    assert_eq!(Leaf::new(der), leaf);
    if let Some((from, until)) = leaf.validity() {
        // DER's dates have four digits for the year (X.690 §11.7), and begin with 1950 or 1970.
        for time in [from, until] {
            assert!((0..253_402_300_800).contains(&time.as_second()), "{time}");
        }
    } else {
        assert_eq!(shown, "a certificate that cannot be read");
    }
}
