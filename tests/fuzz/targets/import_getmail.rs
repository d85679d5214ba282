//! Any octets, as getmail's configuration and uids.

#![no_main]

use popfetch::import::Source;
use popfetch_fuzz::import;

libfuzzer_sys::fuzz_target!(|input: &[u8]| import::survives(Source::Getmail, input));
