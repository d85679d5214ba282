//! The decision on each message of a large maildrop.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use popfetch::mail::Octets;
use popfetch::plan::{self, Limits};

use super::corpus::Noise;

/// How many messages are listed.
const MESSAGES: usize = 100_000;

/// So that each limit is looked at, and one of them reached.
const LIMITS: Limits = Limits {
    max_size: Some(Octets(50 << 20)),
    max_messages: Some(MESSAGES / 4),
    room: Some(Octets(1 << 40)),
    whole: Some(Octets(1 << 41)),
};

#[divan::bench]
fn half_known(bencher: Bencher<'_, '_>) {
    let mut noise = Noise::new(3);
    let messages: Vec<(Octets, bool)> = (0..MESSAGES)
        .map(|number| (Octets(noise.below(1 << 20) as u64), number % 2 == 0))
        .collect();
    bencher
        .counter(ItemsCount::new(MESSAGES))
        .bench(|| plan::decide(black_box(&messages).iter().copied(), LIMITS));
}
