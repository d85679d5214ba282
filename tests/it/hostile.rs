//! Servers that break the protocol, lie, fall silent or hang up: nothing after that is believed, no message is half,
//! lost or doubled.
//!
//! Each table is of cases that are tried with the binary against the fake server and judged by the same code, which is
//! `trial`'s; `island` has what can be shown without a socket.

mod case; // what a server does, and what is to come of it
mod content; // what may be in a message, whole and unchanged wherever its end is cut in two
mod cut; // connections that end at each stage, in the clear and under TLS
mod deletion; // what counts as deleted
mod downgrade; // TLS that is stripped, injected into, or of a former age
mod drip; // servers that send next to nothing
mod endless; // what never ends
mod island; // the POP3 client alone, against transcripts
mod listing; // STAT, LIST and UIDL that disagree or lie
mod refusal; // servers that say no, or nothing
mod shown; // what a server says, wherever it may be seen
mod steps; // replies that belong to no command, or to another
mod trial; // how a case is tried and judged
mod visits; // what becomes of a maildrop between two sessions
