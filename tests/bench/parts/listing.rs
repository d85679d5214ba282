//! LIST and UIDL of a large maildrop, read from the stream into listings.

use std::fmt::Write as _;
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::ItemsCount;

use super::server::{Replies, session};

/// How many messages are listed.
const MESSAGES: usize = 100_000;

static REPLIES: LazyLock<Replies> = LazyLock::new(|| Replies {
    list: reply(|number| (700 + number * 7919 % 90_000).to_string()),
    // As Dovecot has them.
    uidl: reply(|number| format!("{number:08x}68c1a2b3")),
    ..Replies::default()
});

fn reply<T: AsRef<str>>(value: impl Fn(usize) -> T) -> std::sync::Arc<[u8]> {
    let mut reply = String::from("+OK\r\n");
    for number in 1..=MESSAGES {
        write!(reply, "{number} {}\r\n", value(number).as_ref()).unwrap();
    }
    reply.push_str(".\r\n");
    reply.into_bytes().into()
}

#[divan::bench]
fn list(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(MESSAGES))
        .with_inputs(|| session(&REPLIES))
        .bench_values(|mut session| session.list().unwrap());
}

#[divan::bench]
fn uidl(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(MESSAGES))
        .with_inputs(|| session(&REPLIES))
        .bench_values(|mut session| session.uidl().unwrap());
}
