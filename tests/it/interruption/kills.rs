//! SIGKILL while the server stands at a chosen byte or command.
//!
//! It refuses to know what popfetch does meanwhile; `faults` aims at that.

use super::super::support::options::Fault;
use super::super::support::server::begins;
use super::{assert_nothing_half_or_twice, assert_the_next_run_completes, kill_when, mailbox_with};

/// How many messages there are.
const COUNT: usize = 16;

#[test]
fn killed_at_any_byte_of_the_session_nothing_is_lost_and_nothing_comes_twice() {
    let mailbox = mailbox_with(COUNT, |options| options);
    let sent = mailbox.there();
    let octets: u64 = sent.iter().map(|message| message.len() as u64).sum();
    let listing = 600;
    // Before the greeting, in it, in the listings, in the first message, and on to behind the last.
    let early = [0, 5, 40, 200, listing, listing + 700];
    let late = (1..=14).map(|part| listing + octets * part / 14);
    for bytes in early.into_iter().chain(late) {
        mailbox
            .server
            .set_faults(vec![Fault::StallAfterBytes(bytes)]);
        kill_when(&mailbox, |record| record.stalled || record.ended);
        assert_nothing_half_or_twice(&mailbox, &sent);
    }
    assert_the_next_run_completes(&mailbox, &sent);
    assert_the_next_run_completes(&mailbox, &sent);
}

#[test]
fn killed_again_and_again_while_batches_are_committed_each_message_arrives_once() {
    // At this pace a run takes longer than a batch waits, so that some messages are safe before the end.
    let mailbox = mailbox_with(COUNT, |options| options.without_pipelining().pace(150_000));
    let sent = mailbox.there();
    let mut seen = Vec::new();
    for retrieved in [12, 8, 5, 2] {
        kill_when(&mailbox, |record| {
            let asked = record.lines.iter().filter(|line| begins(line, "RETR"));
            asked.count() >= retrieved || record.ended
        });
        assert_nothing_half_or_twice(&mailbox, &sent);
        let now = super::visible(&mailbox);
        assert!(
            seen.iter().all(|message| now.contains(message)),
            "something vanished"
        );
        seen = now;
    }
    assert_the_next_run_completes(&mailbox, &sent);
}
