//! Maildir and mbox: batches of small messages staged, made durable and published, as a run does it.
//!
//! Each sample has a Maildir of its own: in a folder of many files, the file system's search for a free place is all
//! that is measured.

use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use jiff::Timestamp;
use popfetch::delivery::{
    Entry, LOCK_TIMEOUT, Maildir, Mbox, Packs, Staged, Stager, Staging, Stamp,
};

use super::corpus::{self, Noise};
use super::place;

/// How many messages a run commits together.
const BATCH: usize = 500;

/// A message's size.
const OCTETS: usize = 4 << 10;

/// What a connection hands over at once.
const CHUNK: usize = 64 * 1024;

static STAMP: LazyLock<Stamp> = LazyLock::new(|| Stamp::new(Timestamp::UNIX_EPOCH, "bench", 1));

/// A batch, as it comes from the network.
static MESSAGES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut noise = Noise::new(5);
    (0..BATCH)
        .map(|number| crlf(&corpus::message(&mut noise, number, OCTETS)))
        .collect()
});

static LARGE: LazyLock<Vec<u8>> =
    LazyLock::new(|| crlf(&corpus::message(&mut Noise::new(6), 1, 16 << 20)));

fn crlf(content: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(content.len() * 21 / 20);
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        wire.extend_from_slice(&line[..line.len() - 1]);
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

fn maildir() -> Maildir<'static> {
    let path = place::fresh();
    Maildir::make(&path).unwrap();
    Maildir::open(&path, "bench", &STAMP).unwrap()
}

/// Stages the batch.
fn stage(staging: &Staging<'_>, packs: Option<&Packs<'_>>) -> Vec<Staged> {
    let mut stager = Stager::new(staging, packs);
    let mut stage = |message: &Vec<u8>| {
        let mut draft = stager.begin();
        draft.write(message).unwrap();
        draft.finish().unwrap()
    };
    MESSAGES.iter().map(&mut stage).collect()
}

/// Stages the batch durably, each message in a file of its own.
fn stage_durably(staging: &Staging<'_>) -> Vec<Staged> {
    let staged = stage(staging, None);
    let files = staged.iter().map(|message| message.file.as_str());
    staging.make_durable(files, None).unwrap();
    staged
}

/// Stages the batch durably in one file, whose name it gives, too.
fn pack_durably(staging: &Staging<'_>) -> (Vec<Staged>, Option<String>) {
    let packs = Packs::new(staging);
    let staged = stage(staging, Some(&packs));
    let pack = packs.seal();
    let files = staged.iter().map(|message| message.file.as_str());
    staging.make_durable(files, pack.as_deref()).unwrap();
    (staged, pack)
}

fn spool() -> Staging<'static> {
    Staging::spool(&place::fresh(), &STAMP).unwrap()
}

/// Written, digested, not durable.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn maildir_stage(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(BATCH))
        .with_inputs(maildir)
        .bench_refs(|maildir| stage(maildir.staging(), None));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn maildir_stage_durably(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(BATCH))
        .with_inputs(maildir)
        .bench_refs(|maildir| stage_durably(maildir.staging()));
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn maildir_publish(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(BATCH))
        .with_inputs(|| {
            let maildir = maildir();
            let staged = stage_durably(maildir.staging());
            (maildir, staged)
        })
        .bench_refs(|(maildir, staged)| {
            let files = staged.iter().map(|message| message.file.as_str());
            maildir.publish(files).unwrap();
        });
}

/// One large message: line ends converted, digested, written, not durable.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn stage_large(bencher: Bencher<'_, '_>) {
    bencher
        .counter(BytesCount::of_slice(LARGE.as_slice()))
        .with_inputs(maildir)
        .bench_refs(|maildir| {
            let mut stager = Stager::new(maildir.staging(), None);
            let mut draft = stager.begin();
            for chunk in LARGE.chunks(CHUNK) {
                draft.write(chunk).unwrap();
            }
            draft.finish().unwrap()
        });
}

/// What waits for an mbox shares a file in the spool.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn mbox_stage_durably(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(BATCH))
        .with_inputs(spool)
        .bench_refs(|spool| pack_durably(spool));
}

/// Locked, appended from the spool, durable.
#[divan::bench(sample_count = 20, sample_size = 1)]
fn mbox_append(bencher: Bencher<'_, '_>) {
    let spool = spool();
    let (staged, pack) = pack_durably(&spool);
    let entry = |Staged { file, size, .. }: &Staged| Entry {
        staged: spool.content_of(file, *size, pack.as_deref()),
        time: Timestamp::UNIX_EPOCH,
    };
    let entries: Vec<Entry> = staged.iter().map(entry).collect();
    let mbox = Mbox {
        path: place::fresh(),
        flock: false,
        lock_timeout: LOCK_TIMEOUT,
    };
    let stop = AtomicBool::new(false);
    bencher
        .counter(ItemsCount::new(BATCH))
        .bench_local(|| mbox.lock(&stop).unwrap().append(&entries).unwrap());
}
