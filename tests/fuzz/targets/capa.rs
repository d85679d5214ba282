//! Any octets, as the reply to CAPA.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| popfetch_fuzz::protocol::capa(input));
