//! Any octets, as a server's certificate.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| popfetch_fuzz::certificate::holds(input));
