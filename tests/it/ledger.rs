//! What the state remembers, asked through its own doors: the rows of an account, their changes, and who may read them.
//!
//! It owns the proofs that need neither a server nor a run.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use jiff::Timestamp;
use popfetch::mail::{Digest, Octets, Uid};
use popfetch::state::{
    Account, Arrival, DeliveryId, Facts, Heading, Known, Ledger, Lock, MessageId, Recognised,
    Route, Standing,
};
use tempfile::TempDir;

use super::support::engine::day;
use super::support::mailbox::Mailbox;
use super::support::sandbox::Running;

const ADDRESS: &str = "maildir:/home/ann/Mail";

fn open(folder: &TempDir) -> Ledger {
    Ledger::open(&folder.path().join("state"), Arc::default()).unwrap()
}

/// A state of its own.
fn state() -> (TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let ledger = open(&folder);
    (folder, ledger)
}

/// What a server says of each message's size.
const LISTED: Octets = Octets(9);

fn arrival(uid: &[u8]) -> Arrival {
    Arrival {
        uid: Uid::new(uid).unwrap(),
        listed: LISTED,
        size: Octets(7),
        digest: Digest([7; 32]),
        file: format!("file-{},S=7", uid.escape_ascii()),
        first_seen: day(0, 0),
        replaces: None,
        found: false,
        had: Vec::new(),
        heading: Heading::default(),
    }
}

/// A listing with the usual size for each uid, held against the record.
fn facts(account: &Account<'_>, uids: &[&[u8]]) -> Facts {
    let listed: Vec<_> = uids.iter().map(|uid| (*uid, LISTED)).collect();
    account
        .facts(&account.present().unwrap(), &listed, &HashSet::new())
        .unwrap()
}

/// What is on record of each uid that is known.
fn known(facts: &Facts) -> Vec<Option<Known>> {
    let known = |standing: &Standing| match standing {
        Standing::Known(known) => Some(*known),
        Standing::New | Standing::Doubtful { .. } => None,
    };
    facts.standings.iter().map(known).collect()
}

/// The way to the usual destination.
fn route(account: &Account<'_>) -> Route {
    Route {
        destinations: vec![account.destination(ADDRESS).unwrap()],
        spooled: false,
    }
}

/// Commits these uids on the first day.
fn commit(account: &Account<'_>, uids: &[&[u8]]) -> Vec<MessageId> {
    let arrivals: Vec<_> = uids.iter().map(|uid| arrival(uid)).collect();
    account
        .commit(&arrivals, &route(account), &[], &[], day(0, 0))
        .unwrap()
}

/// The deliveries of these messages to the usual destination.
fn deliveries(account: &Account<'_>, ids: &[MessageId]) -> Vec<DeliveryId> {
    let destination = account.destination(ADDRESS).unwrap();
    let delivery = |message: &MessageId| DeliveryId {
        message: *message,
        destination,
    };
    ids.iter().map(delivery).collect()
}

/// Says that these messages are published.
fn publish(account: &Account<'_>, ids: &[MessageId], now: Timestamp) {
    account.publish(&deliveries(account, ids), now).unwrap();
}

/// A listing, held against the record and recorded.
fn listed(account: &Account<'_>, uids: &[&[u8]], on: i64) -> Facts {
    let facts = facts(account, uids);
    account.settle(&facts, day(on, 0)).unwrap();
    facts
}

/// For each uid: whether it is known, and published.
fn standing(account: &Account<'_>, uids: &[&[u8]]) -> Vec<Option<bool>> {
    let known = known(&facts(account, uids)).into_iter();
    known.map(|known| Some(known?.published)).collect()
}

/// What SQLite has in one column of the table of messages, in the order of their uids.
fn column(folder: &TempDir, name: &str) -> Vec<Option<i64>> {
    let path = folder.path().join("state/state.db");
    let database = rusqlite::Connection::open(path).unwrap();
    let query = format!("SELECT {name} FROM message ORDER BY uid");
    let mut statement = database.prepare(&query).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn what_is_committed_is_known_and_what_is_published_is_known_as_such() {
    let (_folder, ledger) = state();
    let account = ledger.account("pop.example.com", "ann").unwrap();
    assert_eq!(standing(&account, &[b"a", b"b"]), [None, None]);
    let ids = commit(&account, &[b"a", b"b"]);
    let all: [&[u8]; 3] = [b"c", b"b", b"a"];
    assert_eq!(standing(&account, &all), [None, Some(false), Some(false)]);
    publish(&account, &ids[..1], day(0, 1));
    assert_eq!(standing(&account, &all), [None, Some(false), Some(true)]);

    let left = account.owed().unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].id.message, left[0].committed), (ids[1], day(0, 0)));
    assert_eq!(
        (left[0].file.as_str(), left[0].destination.as_str()),
        ("file-b,S=7", ADDRESS)
    );

    let third = Arrival {
        first_seen: day(2, 0),
        ..arrival(b"c")
    };
    let published = deliveries(&account, &ids);
    let next = account
        .commit(&[third], &route(&account), &[], &published, day(2, 0))
        .unwrap();
    assert_eq!(
        standing(&account, &all),
        [Some(false), Some(true), Some(true)]
    );
    let rows = known(&facts(&account, &all));
    let first_seen = |at: usize| rows[at].unwrap().first_seen;
    assert_eq!((first_seen(0), first_seen(1)), (day(2, 0), day(0, 0)));
    assert_eq!(rows[0].unwrap().id, next[0]);
}

#[test]
fn what_is_forgotten_is_as_if_it_had_never_come() {
    let (_folder, ledger) = state();
    let account = ledger.account("pop.example.com", "ann").unwrap();
    let ids = commit(&account, &[b"a", b"b"]);
    account.forget(&ids[..1]).unwrap();
    assert_eq!(standing(&account, &[b"a", b"b"]), [None, Some(false)]);
    assert_eq!(account.owed().unwrap().len(), 1);
    commit(&account, &[b"a"]);
    assert_eq!(standing(&account, &[b"a"]), [Some(false)]);
}

#[test]
fn a_batch_with_a_uid_that_is_known_changes_nothing() {
    let (_folder, ledger) = state();
    let account = ledger.account("pop.example.com", "ann").unwrap();
    commit(&account, &[b"a"]);
    let batch = [arrival(b"b"), arrival(b"a")];
    let commit = account.commit(&batch, &route(&account), &[], &[], day(0, 0));
    assert!(commit.is_err());
    assert_eq!(standing(&account, &[b"a", b"b"]), [Some(false), None]);
}

#[test]
fn a_uid_that_returns_after_absence_is_still_known() {
    let (folder, ledger) = state();
    let account = ledger.account("pop.example.com", "ann").unwrap();
    let ids = commit(&account, &[b"a", b"b"]);
    publish(&account, &ids, day(0, 0));
    listed(&account, &[b"b"], 1);
    let absent = Some(day(1, 0).as_second());
    assert_eq!(column(&folder, "absent_since"), [absent, None]);
    listed(&account, &[b"b"], 2);
    assert_eq!(
        column(&folder, "absent_since"),
        [absent, None],
        "since the first listing without it"
    );

    let rows = known(&listed(&account, &[b"a", b"b"], 3));
    assert_eq!(rows[0].unwrap().first_seen, day(0, 0));
    assert_eq!(rows[0].unwrap().id, ids[0]);
    assert_eq!(column(&folder, "absent_since"), [None, None]);
    assert_eq!(standing(&account, &[b"a"]), [Some(true)]);
}

#[test]
fn a_deletion_is_done_when_a_listing_lacks_the_uid_and_not_before() {
    let (folder, ledger) = state();
    let account = ledger.account("pop.example.com", "ann").unwrap();
    let ids = commit(&account, &[b"a", b"b", b"c"]);
    publish(&account, &ids, day(0, 0));
    account.delete_sent(&ids[..2], day(1, 0)).unwrap();
    assert_eq!(column(&folder, "deleted"), [None; 3]);
    let sent = Some(day(1, 0).as_second());
    assert_eq!(column(&folder, "delete_sent"), [sent, sent, None]);

    listed(&account, &[b"b", b"c"], 2);
    let done = Some(day(2, 0).as_second());
    assert_eq!(
        column(&folder, "deleted"),
        [done, None, None],
        "b is still there"
    );
    listed(&account, &[], 3);
    let later = Some(day(3, 0).as_second());
    assert_eq!(
        column(&folder, "deleted"),
        [done, later, None],
        "nobody asked for c"
    );
    let again = listed(&account, &[b"a", b"b", b"c"], 4);
    let doubtful = |standing: &Standing| matches!(standing, Standing::Doubtful { .. });
    let doubts: Vec<_> = again.standings.iter().map(doubtful).collect();
    assert_eq!(
        doubts,
        [true, true, false],
        "who has a uid that was deleted?"
    );
}

#[test]
fn a_uid_with_another_size_than_before_is_in_doubt() {
    let (_folder, ledger) = state();
    let account = ledger.account("pop.example.com", "ann").unwrap();
    let ids = commit(&account, &[b"a", b"b"]);
    let listed: [(&[u8], Octets); 2] = [(b"a", Octets(10)), (b"b", LISTED)];
    let facts = account
        .facts(&account.present().unwrap(), &listed, &HashSet::new())
        .unwrap();
    let Standing::Doubtful { id, digest, .. } = facts.standings[0] else {
        panic!("{:?}", facts.standings);
    };
    assert_eq!((id, digest), (ids[0], Some(Digest([7; 32]))));
    assert!(facts.standings[1].is_known());
    let same = Recognised {
        id,
        uid: Uid::new(b"a").unwrap(),
        listed: Octets(10),
    };
    account
        .commit(&[], &route(&account), &[same], &[], day(1, 0))
        .unwrap();
    let standings = account
        .facts(&account.present().unwrap(), &listed, &HashSet::new())
        .unwrap()
        .standings;
    assert!(standings.iter().all(Standing::is_known), "{standings:?}");
}

#[test]
fn asking_for_facts_changes_nothing() {
    let (folder, ledger) = state();
    let account = ledger.account("pop.example.com", "ann").unwrap();
    commit(&account, &[b"a"]);
    facts(&account, &[]);
    assert_eq!(column(&folder, "absent_since"), [None]);
}

#[test]
fn uids_are_bytes_and_belong_to_one_user_of_one_server() {
    let (_folder, ledger) = state();
    let uids: [&[u8]; 4] = [b"A", b"a", b"\xff\x00", b"\xff"];
    let ann = ledger.account("pop.example.com", "ann").unwrap();
    commit(&ann, &[b"a", b"\xff\x00"]);
    assert_eq!(
        standing(&ann, &uids),
        [None, Some(false), Some(false), None]
    );
    for (server, user) in [("pop.example.com", "Ann"), ("pop.example.org", "ann")] {
        assert!(ledger.find(server, user).unwrap().is_none());
        let other = ledger.account(server, user).unwrap();
        assert_eq!(standing(&other, &uids), [None; 4]);
        assert!(other.owed().unwrap().is_empty());
        listed(&other, &[], 1);
    }
    assert_eq!(
        standing(&ann, &uids),
        [None, Some(false), Some(false), None]
    );
}

#[test]
fn each_account_marks_its_files_by_itself_and_keeps_its_mark() {
    let (folder, ledger) = state();
    let tags: HashSet<String> = (0..50)
        .map(|n| {
            ledger
                .account("pop.example.com", &n.to_string())
                .unwrap()
                .tag()
                .to_owned()
        })
        .collect();
    assert_eq!(tags.len(), 50);
    let (_other_folder, other) = state();
    let elsewhere = other.account("pop.example.com", "0").unwrap();
    assert!(
        !tags.contains(elsewhere.tag()),
        "states that share a Maildir are told apart, too"
    );

    let before = ledger
        .account("pop.example.com", "7")
        .unwrap()
        .tag()
        .to_owned();
    drop(ledger);
    let again = open(&folder);
    assert_eq!(again.account("pop.example.com", "7").unwrap().tag(), before);
}

#[test]
fn a_hundred_thousand_uids_are_held_against_the_record_at_once() {
    let (_folder, ledger) = state();
    let account = ledger.account("pop.example.com", "ann").unwrap();
    let uids: Vec<String> = (0..100_000).map(|n| format!("{n:064}")).collect();
    let uids: Vec<&[u8]> = uids.iter().map(String::as_bytes).collect();
    let ids = commit(&account, &uids[..99_999]);
    publish(&account, &ids, day(0, 0));
    let rows = known(&listed(&account, &uids, 1));
    let published = rows.iter().flatten().filter(|known| known.published);
    assert_eq!(published.count(), 99_999);
    assert!(rows[99_999].is_none());

    listed(&account, &[], 2);
    let rows = known(&facts(&account, &uids));
    assert_eq!(
        rows.iter().flatten().count(),
        99_999,
        "they were all absent"
    );
}

#[test]
fn two_ledgers_on_one_state_see_each_others_work() {
    let (folder, ledger) = state();
    let other = open(&folder);
    let account = ledger.account("pop.example.com", "ann").unwrap();
    commit(&account, &[b"a"]);
    let same = other.find("pop.example.com", "ann").unwrap().unwrap();
    assert_eq!(same.tag(), account.tag());
    assert_eq!(standing(&same, &[b"a"]), [Some(false)]);
}

/// The paths below and including this one whose modes are not 0700 for folders and 0600 for files.
fn open_to_others(path: &Path) -> Vec<String> {
    let metadata = fs::metadata(path).unwrap();
    let (mode, private) = (
        metadata.mode() & 0o7777,
        if metadata.is_dir() { 0o700 } else { 0o600 },
    );
    let mut found = Vec::new();
    if mode != private {
        found.push(format!("{} has mode {mode:o}", path.display()));
    }
    if metadata.is_dir() {
        let entries = fs::read_dir(path).unwrap();
        found.extend(entries.flat_map(|entry| open_to_others(&entry.unwrap().path())));
    }
    found
}

#[test]
fn what_is_made_is_its_owners_alone_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let mailbox = Mailbox::new(7);
        let like = mailbox.sandbox.command();
        let mut command = Command::new("sh");
        command
            .env_clear()
            .current_dir(mailbox.sandbox.home(""))
            .arg("-c");
        command
            .arg(format!("umask {umask}; exec \"$0\" sync"))
            .arg(like.get_program());
        command.envs(
            like.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        let out = Running::new(command).finish();
        assert_eq!((out.code, out.stderr.as_str()), (0, ""));
        assert_eq!(mailbox.here().len(), 7);

        let mut found = open_to_others(&mailbox.sandbox.path("state/popfetch"));
        found.extend(open_to_others(&mailbox.sandbox.home("Mail")));
        assert!(found.is_empty(), "umask {umask}: {found:#?}");
        assert!(mailbox.sandbox.path("state/popfetch/locks").is_dir());
    }
}

#[test]
fn the_files_beside_an_open_database_are_private_too() {
    let (folder, ledger) = state();
    let account = ledger.account("pop.example.com", "ann").unwrap();
    commit(&account, &[b"a"]);
    let _lock = Lock::acquire(&folder.path().join("state"), "pop.example.com", "ann").unwrap();
    let found = open_to_others(&folder.path().join("state"));
    assert!(found.is_empty(), "{found:#?}");
    assert!(folder.path().join("state/state.db-wal").exists());
}

#[test]
fn a_lock_that_is_dropped_is_free_even_while_children_are_started() {
    let (folder, _ledger) = state();
    let state = folder.path().join("state");
    let take = || Lock::acquire(&state, "pop.example.com", "ann").map(drop);
    let done = AtomicBool::new(false);
    let taken = thread::scope(|scope| {
        // A child has copies of all open files until it runs its program.
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                assert!(Command::new("true").status().unwrap().success());
            }
        });
        let taken: Vec<_> = (0..2000).map(|_| take()).collect();
        done.store(true, Ordering::Relaxed);
        taken
    });
    let busy = taken.iter().filter(|taken| taken.is_err()).count();
    assert_eq!(busy, 0, "of {}", taken.len());
}
