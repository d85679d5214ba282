//! The parts of a run, each by itself, with its throughput: `cargo bench --bench parts [-- PART]`.
//!
//! It uses the library as `sync` does, and nothing else of it. Files go to a folder below `$POPFETCH_BENCH_DIR` or the
//! system's folder for temporary files; it is removed at the end. What is durable is measured with all that the disk
//! takes, so that such figures compare on one machine only.
#![expect(clippy::unwrap_used, reason = "in a benchmark a panic is the report")]

#[path = "../corpus.rs"]
mod corpus; // mail that is the same in each run
mod ledger; // what is on record: read and written, while it is small and when it is large
mod listing; // LIST and UIDL of a large maildrop
mod place; // where files go
mod plan; // what to fetch of it
mod retrieval; // messages on their way, up to where they are staged
mod server; // a server in memory
mod store; // Maildir and mbox
mod unstuffing; // content found in what a server sends

/// Counts allocations: some of the parts are to get along without.
#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
    place::remove();
}
