//! What holds for any input, one module for each part of popfetch.
//!
//! Two runners give it input: libFuzzer (`targets`), and a test that needs neither it nor a nightly compiler
//! (`tests/it/fuzzing.rs`).

pub mod autoconfig;
pub mod certificate;
pub mod config;
pub mod import;
pub mod lmtp;
pub mod mbox;
pub mod oauth;
pub mod protocol;
mod room;
pub mod session;
pub mod socks;
pub mod unstuffer;
pub mod visible;
mod wire;

use popfetch::import::Source;

/// What takes an input, and panics where something does not hold.
pub type Target = fn(&[u8]);

/// All targets, by their names.
pub const TARGETS: [(&str, Target); 20] = [
    ("autoconfig", autoconfig::survives),
    ("capa", protocol::capa),
    ("certificate", certificate::holds),
    ("config", config::survives),
    ("import_claws", |input| {
        import::survives(Source::Claws, input);
    }),
    ("import_fdm", |input| {
        import::survives(Source::Fdm, input);
    }),
    ("import_fetchmail", |input| {
        import::survives(Source::Fetchmail, input);
    }),
    ("import_getmail", |input| {
        import::survives(Source::Getmail, input);
    }),
    ("import_mpop", |input| {
        import::survives(Source::Mpop, input);
    }),
    ("import_thunderbird", |input| {
        import::survives(Source::Thunderbird, input);
    }),
    ("listings", protocol::listings),
    ("lmtp", lmtp::holds),
    ("login", session::logs_in),
    ("mbox", mbox::holds),
    ("oauth", oauth::survives),
    ("session", session::holds),
    ("socks", socks::holds),
    ("status", protocol::status),
    ("unstuffer", unstuffer::agrees),
    ("visible", visible::holds),
];
