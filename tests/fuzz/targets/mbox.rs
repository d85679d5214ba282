//! Any octets, as an mbox and what is appended to it.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| popfetch_fuzz::mbox::holds(input));
