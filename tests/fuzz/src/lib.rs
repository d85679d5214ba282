//! What holds for any input, one module for each part of popfetch; `targets` gives it to libFuzzer.

pub mod import;
