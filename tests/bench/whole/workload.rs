//! What lies on the server: which users there are, and which mail each has.
//!
//! It refuses to know who fetches it. The mail is the same in each run.

use clap::ValueEnum;

use super::corpus::{self, Noise};

/// A server's mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    /// 10,000 messages of 4 KB
    Small,
    /// 1,000 messages of 60 KB on average
    Mixed,
    /// 8 messages of 25 MB
    Big,
    /// 100,000 messages, none of them new
    Idle,
    /// 20 accounts with 200 messages of 4 KB each
    Many,
}

/// How much of it there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Full,
    /// Enough to see that all is well.
    Quick,
}

/// How many in a hundred messages are of which sizes: 60 KB on average.
const MIXTURE: [(usize, usize, usize); 5] = [
    (60, 2_000, 8_000),
    (25, 8_000, 40_000),
    (10, 40_000, 200_000),
    (4, 200_000, 1_000_000),
    (1, 1_000_000, 2_600_000),
];

impl Workload {
    /// The users' names.
    pub(crate) fn users(self, extent: Extent) -> Vec<String> {
        let name = self.to_possible_value();
        let name = name.as_ref().map_or("", |value| value.get_name());
        let count = match (self, extent) {
            (Self::Many, Extent::Full) => 20,
            (Self::Many, Extent::Quick) => 5,
            _ => 1,
        };
        (0..count).map(|number| format!("{name}{number}")).collect()
    }

    /// How many messages each user has.
    pub(crate) fn count(self, extent: Extent) -> usize {
        let (full, quick) = match self {
            Self::Small => (10_000, 500),
            Self::Mixed => (1_000, 100),
            Self::Big => (8, 2),
            Self::Idle => (100_000, 2_000),
            Self::Many => (200, 20),
        };
        match extent {
            Extent::Full => full,
            Extent::Quick => quick,
        }
    }

    /// The messages of the user of this number.
    pub(crate) fn messages(self, user: u32, extent: Extent) -> impl Iterator<Item = Vec<u8>> {
        let mut noise = Noise::new(user + 1);
        (0..self.count(extent)).map(move |number| {
            let octets = match self {
                Self::Small | Self::Many => between(&mut noise, 1_500, 6_500),
                Self::Mixed => mixed(&mut noise),
                Self::Big if extent == Extent::Full => 25 << 20,
                Self::Big => 4 << 20,
                Self::Idle => {
                    return format!("From: ann@example.org\nSubject: {number}\n\nhi\n")
                        .into_bytes();
                }
            };
            corpus::message(&mut noise, number, octets)
        })
    }
}

fn mixed(noise: &mut Noise) -> usize {
    let mut lot = noise.below(100);
    for (share, least, most) in MIXTURE {
        if lot < share {
            return between(noise, least, most);
        }
        lot -= share;
    }
    0
}

fn between(noise: &mut Noise, least: usize, most: usize) -> usize {
    least + noise.below(most - least)
}
