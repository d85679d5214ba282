//! Any octets, as a greeting.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| popfetch_fuzz::protocol::status(input));
