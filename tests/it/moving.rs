//! Coming from another program: what is taken over, what is not, and that nothing comes twice.
//!
//! It owns the corpus: for each `corpus/PROGRAM/NAME`, a file or a folder, `NAME.txt` is what `popfetch import PROGRAM
//! --dry-run` says of it. `POPFETCH_BLESS=1` writes these anew. How the real programs are driven is in the modules named for
//! them.

mod doubt; // where it is not certain what another program has
mod fdm; // the real one, from Debian
mod fetchmail; // the real fetchmail
mod getmail; // the real one, from Debian
mod known; // mark-seen, forget, export and back
mod mpop; // from the real mpop
mod taking; // what is shown, asked, written and kept
mod thunderbird; // a profile, written by hand

use std::fs;
use std::path::{Path, PathBuf};

use super::support::sandbox::{Finished, Sandbox};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/moving/corpus")
}

/// What is in a folder, sorted by name.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in entries(from) {
            copy(&entry, &to.join(entry.file_name().unwrap()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

#[track_caller]
fn well(out: &Finished) {
    assert_eq!(out.code, 0, "{}{}", out.stdout, out.stderr);
}

/// What is in the Maildir and was not before.
fn added(sandbox: &Sandbox, before: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut now = sandbox.mail("Mail/work");
    now.retain(|mail| before.binary_search(mail).is_err());
    now
}

fn letters(numbers: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    let letter = |n| format!("From: bob@b.example\nSubject: {n}\n\nletter {n}\n").into_bytes();
    numbers.map(letter).collect()
}

#[test]
fn each_configuration_of_the_corpus_is_understood_as_before() {
    let blesses = std::env::var_os("POPFETCH_BLESS").is_some();
    let (mut count, mut wrong) = (0, Vec::new());
    for program in entries(&corpus()) {
        let source = program.file_name().unwrap().to_str().unwrap();
        let is_golden = |path: &Path| path.extension().is_some_and(|it| it == "txt");
        let (goldens, examples): (Vec<PathBuf>, _) = entries(&program)
            .into_iter()
            .partition(|path| is_golden(path));
        let is_of_none = |golden: &&PathBuf| {
            !examples
                .iter()
                .any(|example| example.with_extension("txt") == **golden)
        };
        let stale: Vec<&PathBuf> = goldens.iter().filter(is_of_none).collect();
        assert!(stale.is_empty(), "of no example: {stale:?}");
        for example in &examples {
            count += 1;
            let golden = example.with_extension("txt");
            let said = dry_run(source, example);
            if blesses {
                fs::write(&golden, &said).unwrap();
            }
            if fs::read_to_string(&golden).ok().as_deref() != Some(&said) {
                wrong.push(format!("{}:\n{said}", example.display()));
            }
        }
    }
    assert!(count >= 25, "{count}");
    assert!(
        wrong.is_empty(),
        "{}\nrun POPFETCH_BLESS=1 cargo test --test it moving, and read what changes",
        wrong.join("\n")
    );
}

/// What is said of an example, which lies in an empty home.
fn dry_run(source: &str, example: &Path) -> String {
    let sandbox = Sandbox::new();
    let name = example.file_name().unwrap();
    copy(example, &sandbox.home(name));
    let mut command = sandbox.command();
    // It stands in what is taken over from programs that deliver to the user.
    command.env("USER", "ann").env("LOGNAME", "ann");
    command
        .args(["import", source, "--dry-run"])
        .arg(sandbox.home(name));
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    for secret in ["-secret", "never-to-be-shown", "hunter2"] {
        assert!(
            !format!("{out}{err}").contains(secret),
            "{}: {out}{err}",
            example.display()
        );
    }
    for written in ["config/popfetch/config.toml", "state/popfetch"] {
        assert!(!sandbox.path(written).exists(), "{written}");
    }
    let status = output.status.code().unwrap();
    let all = format!("exit {status}\n{out}{err}");
    all.replace(sandbox.path("").to_str().unwrap(), "/")
}
