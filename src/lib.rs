//! popfetch fetches mail from POP3 servers into a Maildir: fast, and each message once.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "in a test a panic is the report")
)]

pub mod config;
pub mod credentials;
pub mod delivery;
pub mod mail;
pub mod plan;
pub mod pop3;
pub mod retention;
pub mod secret;
pub mod state;
