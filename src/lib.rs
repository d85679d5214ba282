//! popfetch fetches mail from POP3 servers into Maildirs, mboxes and programs: fast, and each message once.
//!
//! This page is the architecture. The library exists for the program and its tests; its API is not stable.
//!
//! # Promises
//!
//! - **Nothing lost.** A message is deleted from the server, and a session ended by QUIT, only after the message is
//!   durable here; of what another program had fetched before, its word is taken ([`import`]). *([`sync`])*
//! - **Exactly once.** In a Maildir or mbox a message arrives once, whatever is interrupted and when; a program or LMTP
//!   server gets it at least once, and an interruption repeats at most the one in flight. *([`state`], [`delivery`])*
//! - **Never half, never changed.** Nothing is visible before its terminator was read. Bytes are what the server sent;
//!   line ends become the store's; mail is never parsed to be delivered. The SHA-256 of what was delivered is on record,
//!   and what the header says of Message-ID, sender and subject. *([`pop3::Unstuffer`], [`delivery`])*
//! - **One failure stops nothing else:** not a message its account, not an account the others. *([`sync`], [`cli`])*
//! - **Private.** TLS is verified and never silently weaker; secrets are in no argument list, log, database or error
//!   message. *([`pop3::Security`], [`secret`])*
//! - **Quiet and honest.** No terminal and all well: no output. The exit status is the worst that happened. *([`cli`])*
//!
//! # The way of a message
//!
//! ```text
//!  TOML + flags                    POP3 server                      store                 SQLite
//!      │                               │                              │                     │
//!  config::load ──▶ Account ──▶ Connection ─login▶ Session            │                     │
//!                                      │ survey: LIST UIDL            │          known uids │
//!                                      ▼                              │                     │
//!                                   Maildrop ──▶ plan ◀───────────────┼─────────────────────┤
//!                                      │ RETR, a window in flight     │                     │
//!                                      └──▶ STAGE: whole, hidden ────▶│ tmp/ or spool/      │
//!                                           a batch made durable      │ one sync            │
//!                                           COMMIT ───────────────────┼────────────────────▶│ one transaction
//!                                           PUBLISH: rename ─────────▶│ new/                │
//!                                             append, run, transmit ─▶│ mbox, program, LMTP │ begun, published
//!                                           published ────────────────┼────────────────────▶│ with the next one
//!                                      DELE ◀── retention ◀─────────────────────────────────┤
//!                                      QUIT                           │                     │
//! ```
//!
//! The commit is the one moment of truth: before it a message is not here, after it the message is never fetched again.
//! What an interrupted run committed and did not publish, the next run publishes before it fetches anything; what was
//! staged and not committed is removed. A lone Maildir has its messages staged in its own `tmp/`; for all else they wait in
//! the spool until each destination has them, so that one that fails keeps nothing from the others. A uid alone proves nothing once its message was deleted: then the content is
//! compared. A deletion is counted as done when a later UIDL lacks the uid.
//!
//! # Layers
//!
//! Imports go strictly downward, never sideways; a test reads `src/` and fails on a wrong edge.
//!
//! | layer | modules | may import |
//! |---|---|---|
//! | 3 edge | [`cli`] (and `main.rs`, which only calls it) | 2, 1, 0 |
//! | 2 assembly | [`config`] reads what is wanted, [`sync`] does it, [`check`] says what stands in its way, [`import`] reads what other programs were told and have seen | 1, 0, not each other |
//! | 1 islands | [`pop3`], [`delivery`], [`state`], [`credentials`], [`plan`], [`retention`], [`providers`], [`autoconfig`] | 0 only |
//! | 0 words | [`mail`], [`owner`], [`secret`] | small crates |
//!
//! # Deliberate absences
//!
//! `delivery` does not know that POP3 exists, and `pop3` not that anything is stored. `plan` and `retention` act on
//! nothing. `sync` sees no configuration file, terminal, time of day or source of chance: they come in as arguments.
//! Nothing below `cli` prints, prompts or exits.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, reason = "in a test a panic is the report")
)]

pub mod autoconfig;
pub mod check;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod delivery;
pub mod import;
pub mod mail;
pub mod owner;
pub mod plan;
pub mod pop3;
pub mod providers;
pub mod retention;
pub mod secret;
pub mod state;
pub mod sync;
