//! The one integration binary: popfetch from outside, as a user has it.
//!
//! Each module owns the proofs of one promise or one part; what they share is in `support`.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod account; // accounts come and go: the wizard, its options, what providers publish
mod accounts; // many accounts at once, and what one's failure does to the others
mod calm; // what runs that nobody watches say, keep in a log, and start after new mail
mod check; // why no mail comes, each cause with its cure
mod delivery; // mbox, programs, LMTP and several destinations, and what happens where one fails
mod errors; // each thing that a user gets wrong or that breaks: status, place, cure, nothing lost
mod faults; // each system call and each byte at which a run may be struck
mod fuzzing; // the fuzzers' targets, each with its seeds and what is near them
mod habits; // servers as they are: pages, odd and missing uids, uids that change
mod history; // what came when, and where it is now
mod hostile; // servers that break the protocol, fall silent or hang up
mod identity; // what a uid stands for, and what is done where nobody can say
mod interruption; // whatever ends a run: nothing lost, nothing twice
mod ledger; // what the state remembers
mod line; // silence on the line, and the address it leads to
mod list; // what is on the server, shown to a person and to a program
mod login; // each way to log in, with honest and with lying servers
mod manual; // man/ and completions/ are what the command line says
mod moving; // coming from another program, and going to one
mod oauth; // OAuth2 with a real provider, browser, keyring and mail server
mod output; // what is printed, and what never is
mod overview; // how the accounts stand, also by a record of a former version
mod owners; // what belongs to others, and whose what is made here is
mod peers; // each case in which other programs were tried out
mod pipelining; // which commands are sent ahead of their replies, and what a server may make of that
mod readme; // that the README says what is so
mod restore; // mail deleted, moved or lost here, and a state that is lost
mod retention; // what is deleted from the server, and when
mod retrieval; // messages on their way, and how many commands are in flight
mod sandbox; // --sandbox: what is let through, and that nothing else is
mod schedule; // what runs popfetch by the clock: printed, installed, removed
mod secrets; // where a password may come from, and how that fails
mod session; // each POP3 command with each shape of its reply
mod sharing; // one Maildir, one state, one maildrop for several
mod soak; // thousands of runs, each with another fault
mod support; // the fake server, the certificates, the transcripts, the sandbox
mod terminal; // the prompt and the bars on a pseudo-terminal
mod tidy; // the house rules, held by reading src/
mod tls; // what TLS refuses, with which words, and how it is mended
mod transport; // proxies, addresses, client certificates, and what speaks on a port
mod volume; // much mail and large mail in little memory
mod watch; // popfetch that stays in the foreground
