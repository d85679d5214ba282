//! The one integration binary: popfetch from outside, as a user has it.
//!
//! Each module owns the proofs of one promise or one part; what they share is in `support`.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod manual; // man/ and completions/ are what the command line says
mod support; // the fake server, the certificates, the transcripts, the sandbox
mod tidy; // the house rules, held by reading src/
