//! Any octets, as config.toml.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| popfetch_fuzz::config::survives(input));
