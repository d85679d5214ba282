//! Any octets, as the replies to LIST and UIDL.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| popfetch_fuzz::protocol::listings(input));
