//! Any octets, as a message on its way.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| popfetch_fuzz::unstuffer::agrees(input));
