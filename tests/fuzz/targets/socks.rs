//! Any octets, as what a SOCKS5 proxy says.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| popfetch_fuzz::socks::holds(input));
