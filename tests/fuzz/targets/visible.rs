//! Any octets, as text that is shown.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| popfetch_fuzz::visible::holds(input));
