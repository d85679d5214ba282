//! The fuzzers' targets on a stable compiler: each gets its seeds, and some thousand inputs that are near them.
//!
//! It owns what is near: cuts, flips, doubled and exchanged pieces, always the same. It refuses to know what a target holds to.
//! Longer searches are libFuzzer's (`tests/fuzz/run`); what they find becomes a seed.

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "to libFuzzer's targets it is a library")]
mod harness;

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use harness::{TARGETS, Target};

/// So many inputs a target gets beside its seeds.
const INPUTS: usize = 1500;

/// The longest of them.
const LONGEST: usize = 16 * 1024;

#[test]
fn every_target_holds_for_its_seeds_and_what_is_near_them() {
    let threads: Vec<_> = TARGETS
        .into_iter()
        .map(|(name, target)| (name, thread::spawn(move || search(name, target))))
        .collect();
    for (name, thread) in threads {
        let broken = thread.join().expect("the search itself does not fail");
        assert!(
            broken.is_none(),
            "{name} breaks at b\"{}\"",
            broken.unwrap().escape_ascii()
        );
    }
}

/// The first input at which the target breaks.
fn search(name: &str, target: Target) -> Option<Vec<u8>> {
    let seeds = seeds(name);
    assert!(seeds.len() >= 5, "{name} has {} seeds", seeds.len());
    let mut chance = Chance(
        name.bytes()
            .fold(1, |sum, byte| sum.wrapping_mul(31) + u64::from(byte)),
    );
    let near = (0..INPUTS).map(|_| near(&seeds, &mut chance));
    let all: Vec<Vec<u8>> = seeds.iter().cloned().chain(near).collect();
    all.into_iter()
        .find(|input| catch_unwind(|| target(input)).is_err())
}

/// The seeds of a target. Those of the importers are the examples of their own tests: each once as a configuration, once
/// behind an account, once as uids.
fn seeds(name: &str) -> Vec<Vec<u8>> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let Some(source) = name.strip_prefix("import_") else {
        return files(&tests.join("fuzz/seeds").join(name))
            .iter()
            .map(read)
            .collect();
    };
    let corpus = files(&tests.join("it/moving/corpus").join(source));
    let examples = corpus
        .iter()
        .filter(|path| path.extension().is_none_or(|it| it != "txt"));
    examples
        .map(read)
        .flat_map(|content| [b"c", b"p", b"u"].map(|kind| [kind, content.as_slice()].concat()))
        .collect()
}

fn read(path: &PathBuf) -> Vec<u8> {
    fs::read(path).unwrap()
}

/// All files below a folder, in the same order each time.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    let below = |path: PathBuf| {
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    };
    entries.into_iter().flat_map(below).collect()
}

/// The same numbers in each run.
struct Chance(u64);

impl Chance {
    /// A number below this, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let (one, other) = (self.below(length + 1), self.below(length + 1));
        one.min(other)..one.max(other)
    }
}

/// A seed with some changes.
fn near(seeds: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    /// What reading and counting stumbles over.
    const PIECES: [&[u8]; 12] = [
        b"\r\n",
        b"\n",
        b".",
        b"\r\n.\r\n",
        b"\0",
        b"\xff\xfe",
        b"\xff",
        b"18446744073709551616",
        b"-1",
        b"\x1b[2J",
        b"\"",
        b"\xe2\x80\xae",
    ];
    let mut input = seeds[chance.below(seeds.len())].clone();
    for _ in 0..=chance.below(4) {
        let length = input.len();
        let at = chance.below(length + 1);
        match chance.below(7) {
            0 => input.truncate(at),
            1 if length > 0 => input[at.min(length - 1)] ^= 1 << chance.below(8),
            2 => drop(input.drain(chance.range(length))),
            3 => {
                let piece = input[chance.range(length)].to_vec();
                input.splice(at..at, piece);
            }
            4 => {
                let other = &seeds[chance.below(seeds.len())];
                let piece = other[chance.range(other.len())].to_vec();
                input.splice(at..at, piece);
            }
            5 => {
                let piece = PIECES[chance.below(PIECES.len())];
                input.splice(at..at, piece.iter().copied());
            }
            _ => {
                let byte = u8::try_from(chance.below(256)).unwrap();
                input.splice(at..at, std::iter::repeat_n(byte, chance.below(600)));
            }
        }
        input.truncate(LONGEST);
    }
    input
}
