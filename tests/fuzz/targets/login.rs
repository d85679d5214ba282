//! Any octets, as what a server says to a login.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| popfetch_fuzz::session::logs_in(input));
