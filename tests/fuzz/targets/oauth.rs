//! Any octets, as what an OAuth2 server says, or tokens that are kept.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| popfetch_fuzz::oauth::survives(input));
