//! Any octets, as Thunderbird's preferences and uids.

#![no_main]

use popfetch::import::Source;
use popfetch_fuzz::import;

libfuzzer_sys::fuzz_target!(|input: &[u8]| import::survives(Source::Thunderbird, input));
