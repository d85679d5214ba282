//! Any octets, as fdm's configuration and caches.

#![no_main]

use popfetch::import::Source;
use popfetch_fuzz::import;

libfuzzer_sys::fuzz_target!(|input: &[u8]| import::survives(Source::Fdm, input));
