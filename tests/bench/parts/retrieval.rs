//! Messages on their way, from a server in memory: what the protocol costs beside what the network costs.

use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::BytesCount;
use popfetch::mail::MessageNumber;
use popfetch::pop3::Retrieved;

use super::corpus::{self, Noise};
use super::server::{Replies, session};
use super::unstuffing::wire;

/// A message of this size is sent so many times.
const SMALL: (usize, u32) = (4 << 10, 1_000);
const LARGE: (usize, u32) = (4 << 20, 4);

static SMALL_REPLIES: LazyLock<Replies> = LazyLock::new(|| replies(SMALL.0));
static LARGE_REPLIES: LazyLock<Replies> = LazyLock::new(|| replies(LARGE.0));

fn replies(octets: usize) -> Replies {
    let message = corpus::message(&mut Noise::new(4), 1, octets);
    Replies {
        retr: [b"+OK\r\n".to_vec(), wire(&message)].concat().into(),
        ..Replies::default()
    }
}

#[divan::bench]
fn small(bencher: Bencher<'_, '_>) {
    measure(bencher, &SMALL_REPLIES, SMALL.1);
}

#[divan::bench]
fn large(bencher: Bencher<'_, '_>) {
    measure(bencher, &LARGE_REPLIES, LARGE.1);
}

fn measure(bencher: Bencher<'_, '_>, replies: &Replies, times: u32) {
    bencher
        .counter(BytesCount::new(replies.retr.len() * times as usize))
        .with_inputs(|| session(replies))
        .bench_refs(|session| {
            let mut octets = 0;
            let mut retrieval = session.retrieve((1..=times).filter_map(MessageNumber::new));
            while let Some(Retrieved::Message(_, mut body)) = retrieval.next().unwrap() {
                while let Some(chunk) = body.chunk().unwrap() {
                    octets += chunk.len();
                }
            }
            octets
        });
}
