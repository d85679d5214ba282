//! Any octets, as a provider's autoconfiguration.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| popfetch_fuzz::autoconfig::survives(input));
