//! Any octets, as what an LMTP server says.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| popfetch_fuzz::lmtp::holds(input));
