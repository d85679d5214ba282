//! Appending and recovering, over messages that look like mboxes and appends that were cut at every byte.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::delivery::Error;
use crate::mail::{Digest, Octets};

/// Other mail, as another program appends it.
const OTHER: &str = "From bob@x Thu Jan  1 09:09:09 1970\nS: other\n\nother\n\n";

/// A folder with staged messages and an mbox.
struct Scene {
    folder: tempfile::TempDir,
    entries: Vec<Entry>,
}

impl Scene {
    fn new(contents: &[impl AsRef<[u8]>]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stage = |(index, content)| {
            let staged = folder.path().join(format!("staged-{index}"));
            fs::write(&staged, content).unwrap();
            let time = Timestamp::UNIX_EPOCH;
            Entry {
                staged: staged.into(),
                time,
            }
        };
        let entries = contents.iter().enumerate().map(stage).collect();
        Self { folder, entries }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("mbox")
    }

    fn lock(&self) -> LockedMbox {
        let mbox = Mbox {
            path: self.path(),
            flock: false,
            lock_timeout: Duration::from_secs(600),
        };
        mbox.lock(&AtomicBool::new(false)).unwrap()
    }

    /// The mbox with all entries behind `old`.
    fn whole(&self, old: &[u8]) -> Vec<u8> {
        fs::write(self.path(), old).unwrap();
        self.lock().append(&self.entries).unwrap();
        fs::read(self.path()).unwrap()
    }

    /// Recovers from what is in the mbox, appends what is missing, and returns what was found and the result.
    fn recover(&self, begun: usize, mbox: &[u8]) -> (Vec<bool>, Vec<u8>) {
        fs::write(self.path(), mbox).unwrap();
        let mut locked = self.lock();
        let found = locked.recover(begun as u64, &self.entries).unwrap();
        let missing = self
            .entries
            .iter()
            .zip(&found)
            .filter(|(_, found)| !**found);
        let missing: Vec<Entry> = missing.map(|(entry, _)| entry.clone()).collect();
        locked.append(&missing).unwrap();
        (found, fs::read(self.path()).unwrap())
    }
}

/// The messages of an mbox in no order; how many blank lines end them does not matter.
fn messages(mbox: &[u8]) -> Vec<String> {
    let text = String::from_utf8(mbox.to_vec()).unwrap();
    let mut messages: Vec<String> = format!("\n\n{text}")
        .split("\n\nFrom ")
        .map(|message| message.trim_end_matches('\n').to_owned())
        .filter(|message| !message.is_empty())
        .collect();
    messages.sort();
    messages
}

fn known(content: &[u8]) -> (Octets, Digest) {
    let digest = Digest(Sha256::digest(content).into());
    (Octets(content.len() as u64), digest)
}

const OLD: [&str; 4] = [
    "",
    "no end",
    "From a Thu Jan  1 00:00:00 1970\nS: x\n\nold\n",
    "From a Thu Jan  1 00:00:00 1970\nS: x\n\nold\n\n",
];

const BATCH: [&str; 4] = [
    "Return-Path: <ann@x>\nS: one From me\n\nFrom here\n>From there\n\n\nend\n",
    "",
    "S: same\n\nx\n",
    "S: same\n\nx\n",
];

#[test]
fn an_mbox_gets_a_blank_line_before_the_first_message_where_there_is_none() {
    for (old, start) in OLD
        .iter()
        .zip(["", "no end\n\n", &format!("{}\n", OLD[2]), OLD[3]])
    {
        let mbox = Scene::new(&["x\n"]).whole(old.as_bytes());
        let expected = format!("{start}From MAILER-DAEMON Thu Jan  1 00:00:00 1970\nx\n\n");
        assert_eq!(String::from_utf8(mbox).unwrap(), expected);
    }
}

#[test]
fn after_a_failure_the_mbox_is_as_it_was() {
    let scene = Scene::new(&[&b"x\n".repeat(1_000_000), &b"y\n".to_vec()]);
    fs::remove_file(&scene.entries[1].staged.path).unwrap();
    for old in OLD {
        fs::write(scene.path(), old).unwrap();
        let error = scene.lock().append(&scene.entries).unwrap_err();
        assert!(matches!(error, Error::Staged { .. }), "{error}");
        assert_eq!(fs::read(scene.path()).unwrap(), old.as_bytes());
    }
}

#[test]
fn an_append_cut_at_any_byte_is_completed_once() {
    let scene = Scene::new(&BATCH);
    for old in OLD {
        let whole = scene.whole(old.as_bytes());
        for cut in old.len()..=whole.len() {
            let (found, recovered) = scene.recover(old.len(), &whole[..cut]);
            assert_eq!(recovered, whole, "cut at {cut}: {found:?}");
        }
    }
}

#[test]
fn other_mail_behind_a_cut_append_is_kept_and_ours_is_there_once() {
    let scene = Scene::new(&BATCH);
    for (index, old) in OLD.into_iter().enumerate() {
        let whole = scene.whole(old.as_bytes());
        let expected = messages(&[&whole[..], OTHER.as_bytes()].concat());
        for cut in old.len()..=whole.len() {
            let padding = ["", "\n", "\n\n"][(cut + index) % 3];
            let before = [&whole[..cut], padding.as_bytes()].concat();
            let begun = old.len();
            let (found, recovered) = scene.recover(begun, &[&before, OTHER.as_bytes()].concat());
            let text = String::from_utf8_lossy(&recovered);
            assert!(text.contains(OTHER), "cut at {cut}: {text}");
            // Mail that another program put behind a line without an end is not seen as such by anybody.
            let padded = old.is_empty() || before[begun - 2..].windows(2).any(|two| two == b"\n\n");
            if padded {
                assert_eq!(
                    messages(&recovered),
                    expected,
                    "cut at {cut}: {found:?} {text}"
                );
            }
        }
    }
}

#[test]
fn a_recovery_cut_at_any_byte_is_repeated() {
    let scene = Scene::new(&BATCH[..1]);
    let whole = scene.whole(b"");
    let expected = messages(&[&whole[..], OTHER.as_bytes()].concat());
    for half in (1..whole.len()).step_by(7) {
        for blank in (0..=half).step_by(3) {
            let mut mbox = [&whole[..half], OTHER.as_bytes()].concat();
            mbox[blank..half].fill(b'\n');
            let (found, recovered) = scene.recover(0, &mbox);
            let text = String::from_utf8_lossy(&recovered);
            assert_eq!(
                messages(&recovered),
                expected,
                "{half}, {blank}: {found:?} {text}"
            );
        }
    }
}

#[test]
fn mail_is_found_in_an_mbox_that_a_reader_has_rewritten() {
    let contents = [
        "S: one\n\nFrom x\n",
        "S: two\n\ny\n",
        "S: three\n\nz\n",
        "",
        "S: two\n\ny\n",
    ];
    let scene = Scene::new(&contents);
    let old = OLD[3].repeat(20);
    let whole = String::from_utf8(scene.whole(old.as_bytes())).unwrap();
    let kept = whole.replace("S: one\n", "X-First: 1\nS: one\nStatus: RO\nX-UID: 7\n");
    let deleted = kept.replace("S: three\n\nz\n", "S: three\n\nchanged\n");
    // Shorter than at the beginning of the append, about as long, and longer.
    for shift in [0, 1, 10, 20] {
        let rewritten = &deleted[OLD[3].len() * shift..];
        for end in [rewritten, &rewritten[..rewritten.len() - 1]] {
            let (found, recovered) = scene.recover(old.len(), end.as_bytes());
            assert!(
                found[0] && found[1] && !found[2] && found[3],
                "{shift}: {found:?}"
            );
            let text = String::from_utf8(recovered).unwrap();
            assert!(
                text.starts_with(end) && text.contains("S: three\n\nz\n"),
                "{text}"
            );
            assert_eq!(text.matches("S: one\n").count(), 1);
            assert_eq!(text.matches("S: two\n").count(), 2);
        }
    }
}

#[test]
fn threads_that_append_to_one_mbox_do_not_mix() {
    let contents: Vec<Vec<u8>> = (0..40)
        .map(|n| format!("S: {n}\n\n{}\n", "x\n".repeat(n * 500)).into_bytes())
        .collect();
    let scene = Scene::new(&contents);
    thread::scope(|scope| {
        for half in scene.entries.chunks(10) {
            let scene = &scene;
            scope.spawn(move || {
                for entries in half.chunks(3) {
                    scene.lock().append(entries).unwrap();
                }
            });
        }
    });
    let set = |messages: Vec<(Octets, Digest)>| -> BTreeSet<_> {
        let messages = messages.into_iter();
        messages.map(|(size, digest)| (size, digest.0)).collect()
    };
    let found = scene.lock().contents().unwrap();
    assert_eq!(found.len(), contents.len());
    assert_eq!(
        set(found),
        set(contents.iter().map(|content| known(content)).collect())
    );
    assert!(!scene.path().with_extension("lock").exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_appended_is_given_back(
        messages in prop::collection::vec(
            prop::collection::vec(
                prop_oneof![Just("From "), Just(">From "), Just("\n"), Just("\r"), Just("\n\n"), Just("x"), Just("\u{e9}")],
                0..12,
            ),
            1..6,
        ),
        cut in any::<prop::sample::Index>(),
    ) {
        // A message that POP3 brings ends with a line's end.
        let contents: Vec<Vec<u8>> = messages.iter().map(|words| {
            let text = words.concat();
            if text.is_empty() { text.into_bytes() } else { format!("{text}\n").into_bytes() }
        }).collect();
        let scene = Scene::new(&contents);
        let whole = scene.whole(b"");
        let expected: Vec<_> = contents.iter().map(|content| known(content)).collect();
        prop_assert_eq!(scene.lock().contents().unwrap(), expected);
        let (_, recovered) = scene.recover(0, &whole[..cut.index(whole.len() + 1)]);
        prop_assert_eq!(recovered, whole);
    }
}
