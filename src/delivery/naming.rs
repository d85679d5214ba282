//! Names of files in a Maildir, unique for good and for all hosts that share it.
//!
//! Pure: time, host and chance come in. The convention (<https://cr.yp.to/proto/maildir.html>) is
//! `seconds.delivery-id.host`; the delivery-id here is `M` microseconds, `R` a random number of the run, `Q` a counter.

use std::fmt::Write;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;

/// What makes the names of one process unique: it has one stamp, whatever it delivers to.
#[derive(Debug)]
pub struct Stamp {
    /// `1764000000.M123456R0123456789abcdef`.
    prefix: String,
    host: String,
    count: AtomicU32,
}

impl Stamp {
    /// The stamp of a process that began at `now` on `host`; `random` keeps apart what shares time and host name.
    #[must_use]
    pub fn new(now: Timestamp, host: &str, random: u64) -> Self {
        let (seconds, micros) = (now.as_second(), now.subsec_microsecond());
        Self {
            prefix: format!("{seconds}.M{micros}R{random:016x}"),
            host: sanitized(host),
            count: AtomicU32::new(0),
        }
    }

    /// A name that no other message has.
    pub(super) fn unique(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!("{}Q{count}.{}", self.prefix, self.host)
    }
}

/// A host name that is harmless in a file's name: the convention wants `/` and `:` written in octal; the same is done to
/// all that is not plain, among it the `,` that opens the fields behind a name.
fn sanitized(host: &str) -> String {
    let mut name = String::new();
    for byte in host.bytes().take(64) {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            name.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(name, "\\{byte:03o}");
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_maildir_convention_and_never_repeat() {
        let now = Timestamp::new(1_764_000_000, 123_456_000).unwrap();
        let stamp = Stamp::new(now, "mail.example.com", 0xfeed);
        let name = stamp.unique();
        assert_eq!(
            name,
            "1764000000.M123456R000000000000feedQ0.mail.example.com"
        );
        assert_ne!(stamp.unique(), name);
    }

    #[test]
    fn no_host_name_reaches_out_of_the_folder() {
        assert_eq!(sanitized("../a:b,c"), r"..\057a\072b\054c");
    }
}
