//! The one integration binary: popfetch from outside, as a user has it.
//!
//! Each module owns the proofs of one promise or one part; what they share is in `support`.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod hostile; // servers that break the protocol, fall silent or hang up
mod line; // silence on the line, and the address it leads to
mod manual; // man/ and completions/ are what the command line says
mod retrieval; // messages on their way, and how many commands are in flight
mod session; // each POP3 command with each shape of its reply
mod support; // the fake server, the certificates, the transcripts, the sandbox
mod tidy; // the house rules, held by reading src/
mod tls; // what TLS refuses, with which words, and how it is mended
