//! The fault-injection suite: a run of `popfetch sync` on a small maildrop is struck at one place, then at the next, through
//! all of it. Each time nothing is lost, doubled, seen half or left behind, and the next run completes it.
//!
//! A plain `cargo test` tries some places of each kind; `tests/run --exhaustive` tries every one and adds up what came of
//! them. A finding begins with the trial's name; with that, up to its number, in `POPFETCH_FAULT` and with
//! `POPFETCH_EXHAUSTIVE=1`, that trial is repeated alone.
//!
//! It owns the list of campaigns. It refuses to know popfetch's code; only what a run begins with and the kinds of calls
//! are chosen so that each of its threads is struck. strace(1) counts the calls of each thread for itself, so that "the
//! third fsync" is the third of whichever thread comes to it first, and a thread that makes many calls early hides those
//! that make few of the same kind later. Therefore:
//!
//! - calls are counted by kind, and writes to the state and to an mbox by file: the main thread, which opens the state,
//!   writes to its log only what makes it, and to the database itself after all others are done;
//! - where everything is fetched already (`fetched`), the threads that commit and publish are not begun, and the one that
//!   speaks to the server and records deletions is struck in their place;
//! - where a dead run left messages on record and not published (`owed`), that same thread is struck while it publishes;
//! - where there are many messages (`many`), it opens more files than the main thread does.
//!
//! An error, unlike SIGKILL, strikes every thread that comes to the same number, as long as the run goes on. A child counts
//! for itself, as a thread does. What a power cut would do, none of this can show.

mod campaign; // rows of trials, and their totals
mod kinds; // the system calls
mod store; // the destinations
mod strike; // a fault at a system call
mod trial; // one fault, and what is there afterwards
mod verdict; // what was lost, doubled, changed, left

use store::Store::{Lmtp, Maildir, Mbox, Pipe};
use strike::Blow::{Fail, Kill};

#[test]
fn a_maildir_has_each_message_once_when_killed_at_any_call() {
    campaign::strike(&[Maildir], Kill);
}

#[test]
fn a_maildir_has_each_message_once_when_killed_again_and_again() {
    campaign::kill_again_and_again(&[Maildir]);
}

#[test]
fn a_maildir_has_each_message_once_when_killed_between_two_batches() {
    campaign::kill_between_batches(&[Maildir]);
}

#[test]
fn a_maildir_has_each_message_once_when_the_disk_is_full_at_any_call() {
    campaign::strike(&[Maildir], Fail("ENOSPC"));
}

#[test]
fn a_maildir_has_each_message_once_when_the_disk_fails_at_any_call() {
    campaign::strike(&[Maildir], Fail("EIO"));
}

#[test]
fn a_maildir_has_each_message_once_when_any_call_is_interrupted() {
    campaign::strike(&[Maildir], Fail("EINTR"));
}

#[test]
fn a_maildir_has_each_message_once_when_the_connection_is_cut_after_any_byte() {
    campaign::cut(&[Maildir]);
}

#[test]
fn a_maildir_has_each_message_once_when_no_thread_can_be_started() {
    campaign::refuse_threads(&[Maildir]);
}

#[test]
fn an_mbox_has_each_message_once_when_killed_at_any_call() {
    campaign::strike(&[Mbox], Kill);
}

#[test]
fn an_mbox_has_each_message_once_when_killed_again_and_again() {
    campaign::kill_again_and_again(&[Mbox]);
}

#[test]
fn an_mbox_has_each_message_once_when_the_disk_is_full_at_any_call() {
    campaign::strike(&[Mbox], Fail("ENOSPC"));
}

#[test]
fn an_mbox_has_each_message_once_when_the_disk_fails_at_any_call() {
    campaign::strike(&[Mbox], Fail("EIO"));
}

#[test]
fn an_mbox_has_each_message_once_when_any_call_is_interrupted() {
    campaign::strike(&[Mbox], Fail("EINTR"));
}

#[test]
fn an_mbox_has_each_message_once_when_the_connection_is_cut_after_any_byte() {
    campaign::cut(&[Mbox]);
}

#[test]
fn a_program_gets_no_more_than_one_message_twice_when_killed_at_any_call() {
    campaign::strike(&[Pipe], Kill);
}

#[test]
fn a_program_gets_no_more_than_one_message_twice_for_each_time_that_it_is_killed() {
    campaign::kill_again_and_again(&[Pipe]);
}

#[test]
fn a_program_gets_no_more_than_one_message_twice_when_the_disk_is_full_at_any_call() {
    campaign::strike(&[Pipe], Fail("ENOSPC"));
}

#[test]
fn a_program_gets_no_more_than_one_message_twice_when_the_disk_fails_at_any_call() {
    campaign::strike(&[Pipe], Fail("EIO"));
}

#[test]
fn a_program_gets_no_more_than_one_message_twice_when_any_call_is_interrupted() {
    campaign::strike(&[Pipe], Fail("EINTR"));
}

#[test]
fn a_program_gets_no_more_than_one_message_twice_when_no_thread_can_be_started() {
    campaign::refuse_threads(&[Pipe]);
}

#[test]
fn a_program_gets_each_message_once_when_the_connection_is_cut_after_any_byte() {
    campaign::cut(&[Pipe]);
}

#[test]
fn several_destinations_have_each_message_once_when_killed_at_any_call() {
    campaign::strike(&[Maildir, Mbox], Kill);
}

#[test]
fn several_destinations_have_each_message_once_when_killed_again_and_again() {
    campaign::kill_again_and_again(&[Maildir, Mbox]);
}

#[test]
fn several_destinations_have_each_message_once_when_the_disk_fails_at_any_call() {
    campaign::strike(&[Maildir, Mbox], Fail("EIO"));
}

#[test]
fn an_lmtp_server_gets_no_more_than_one_message_twice_when_popfetch_is_killed_at_any_call() {
    campaign::strike(&[Lmtp], Kill);
}

#[test]
fn an_lmtp_server_gets_no_more_than_one_message_twice_when_the_disk_fails_at_any_call() {
    campaign::strike(&[Lmtp], Fail("EIO"));
}
