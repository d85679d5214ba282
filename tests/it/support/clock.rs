//! Another time of day for popfetch: libfaketime stands between it and the system's clock.
//!
//! It refuses to touch what measures how long something takes: time-outs are what they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;

/// Lets what this command starts believe that it is this time now; from there its clock goes on.
pub(crate) fn set(command: &mut Command, now: Timestamp) {
    command
        .env("LD_PRELOAD", library())
        .env("FAKETIME", format!("@{}", now.as_second()))
        .env("FAKETIME_FMT", "%s")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("NO_FAKE_STAT", "1");
}

/// The same, but the time is what this file says, `@` and the seconds since 1970, also while it runs.
pub(crate) fn follow(command: &mut Command, file: &Path) {
    command
        .env("LD_PRELOAD", library())
        .env_remove("FAKETIME")
        .env("FAKETIME_TIMESTAMP_FILE", file)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_FMT", "%s")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("NO_FAKE_STAT", "1");
}

/// Where Debian has the library: below the folder of the machine's kind.
fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap();
    let paths = folders.map(|folder| {
        let folder = folder.unwrap().path();
        folder.join("faketime/libfaketimeMT.so.1")
    });
    let mut found = paths.filter(|path| path.exists());
    found.next().expect("faketime is installed by tests/run")
}
