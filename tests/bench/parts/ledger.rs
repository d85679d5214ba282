//! The ledger: a large listing held against it, and batches committed to it, while it is small and when it has a
//! million rows.
//!
//! The large ledger is made once in a process, when the first part asks for it.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use divan::Bencher;
use divan::counter::ItemsCount;
use jiff::Timestamp;
use popfetch::mail::{Digest, Octets, Uid};
use popfetch::state::{Account, Arrival, DeliveryId, Facts, Heading, Ledger, Route};

use super::place;

/// How many messages are on the server, all of them known.
const PRESENT: usize = 100_000;

/// How many of the large ledger are not on the server any more.
const ABSENT: usize = 900_000;

/// How many a run commits together.
const BATCH: usize = 500;

/// How many are committed together to make a ledger: fewer waits for the disk.
const FILLING: usize = 10_000;

static EMPTY: LazyLock<Ledger> = LazyLock::new(open);
static SMALL: LazyLock<Ledger> = LazyLock::new(|| {
    let ledger = open();
    fill(&account(&ledger, "ann"), ABSENT..ABSENT + PRESENT);
    ledger
});
static LARGE: LazyLock<Ledger> = LazyLock::new(|| {
    let ledger = open();
    let account = account(&ledger, "ann");
    fill(&account, 0..ABSENT);
    let nothing_listed = facts(&account, &[]);
    account.settle(&nothing_listed, NOW).unwrap();
    fill(&account, ABSENT..ABSENT + PRESENT);
    ledger
});

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn open() -> Ledger {
    Ledger::open(&place::fresh(), Arc::default()).unwrap()
}

fn account<'l>(ledger: &'l Ledger, user: &str) -> Account<'l> {
    ledger.account("pop.example.com", user).unwrap()
}

fn route(account: &Account<'_>) -> Route {
    Route {
        destinations: vec![account.destination("maildir:/home/ann/Mail").unwrap()],
        spooled: false,
    }
}

fn uid(number: usize) -> Vec<u8> {
    format!("{number:08x}68c1a2b3").into_bytes()
}

fn size(number: usize) -> Octets {
    Octets(700 + number as u64 * 7919 % 90_000)
}

/// The `number`th message, as it was staged.
fn arrival(number: usize) -> Arrival {
    let mut digest = [0; 32];
    for (at, byte) in digest.iter_mut().enumerate() {
        // Not SHA-256, but no two are alike.
        *byte = number.wrapping_mul(0x9E37_79B9 + 2 * at).to_be_bytes()[4];
    }
    Arrival {
        uid: Uid::new(&uid(number)).unwrap(),
        listed: size(number),
        size: size(number),
        digest: Digest(digest),
        file: format!("1764000000.M123456R0123456789abcdefQ{number}.host,S=4096"),
        first_seen: NOW,
        replaces: None,
        found: false,
        had: Vec::new(),
        heading: Heading::default(),
    }
}

/// Commits these messages and says that they are published.
fn fill(account: &Account<'_>, numbers: std::ops::Range<usize>) {
    let mut before = Vec::new();
    for start in numbers.clone().step_by(FILLING) {
        let end = numbers.end.min(start + FILLING);
        let arrivals: Vec<Arrival> = (start..end).map(arrival).collect();
        before = commit(account, &arrivals, &before);
    }
    account.publish(&before, NOW).unwrap();
}

/// Commits a batch, as a run does: with it the one before is said to be published.
fn commit(account: &Account<'_>, arrivals: &[Arrival], before: &[DeliveryId]) -> Vec<DeliveryId> {
    let route = route(account);
    let ids = account.commit(arrivals, &route, &[], before, NOW).unwrap();
    let delivery = |message| DeliveryId {
        message,
        destination: route.destinations[0],
    };
    ids.into_iter().map(delivery).collect()
}

/// Reads what the last listing had, and holds this one against it.
fn facts(account: &Account<'_>, listed: &[(&[u8], Octets)]) -> Facts {
    let present = account.present().unwrap();
    account.facts(&present, listed, &HashSet::new()).unwrap()
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn facts_alone(bencher: Bencher<'_, '_>) {
    measure_facts(bencher, &account(&SMALL, "ann"));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn facts_in_a_million(bencher: Bencher<'_, '_>) {
    measure_facts(bencher, &account(&LARGE, "ann"));
}

fn measure_facts(bencher: Bencher<'_, '_>, account: &Account<'_>) {
    let uids: Vec<Vec<u8>> = (ABSENT..ABSENT + PRESENT).map(uid).collect();
    let listed = uids.iter().zip(ABSENT..);
    let listed: Vec<(&[u8], Octets)> = listed
        .map(|(uid, number)| (uid.as_slice(), size(number)))
        .collect();
    bencher.counter(ItemsCount::new(PRESENT)).bench_local(|| {
        let facts = facts(account, &listed);
        assert!(facts.are_known());
        facts
    });
}

/// Into a ledger that has no more rows than these.
#[divan::bench(sample_count = 40, sample_size = 1)]
fn commit_alone(bencher: Bencher<'_, '_>) {
    measure_commit(bencher, &account(&EMPTY, "bob"));
}

#[divan::bench(sample_count = 40, sample_size = 1)]
fn commit_to_a_million(bencher: Bencher<'_, '_>) {
    measure_commit(bencher, &account(&LARGE, "bob"));
}

/// The rows are another user's, so that what is committed here changes nothing for the listing above.
fn measure_commit(bencher: Bencher<'_, '_>, account: &Account<'_>) {
    let mut next = 0;
    let mut before = Vec::new();
    bencher
        .counter(ItemsCount::new(BATCH))
        .with_inputs(|| {
            next += BATCH;
            (next - BATCH..next).map(arrival).collect::<Vec<_>>()
        })
        .bench_local_refs(|arrivals| {
            before = commit(account, arrivals, &before);
        });
    account.publish(&before, NOW).unwrap();
}
