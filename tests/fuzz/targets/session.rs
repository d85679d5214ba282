//! Any octets, as what a server says in a session.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| popfetch_fuzz::session::holds(input));
