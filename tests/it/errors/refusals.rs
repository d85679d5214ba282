//! What the server refuses is told in its words, with what they mean, and tried once.

use super::super::support::options::{Act, Fault};
use super::{Mailbox, all_is_there, at_stake, says, says_in_a_line, then_all_arrives};

/// A mailbox whose server answers these words so.
fn refusing(words: &'static str, line: &str) -> Mailbox {
    let mailbox = at_stake();
    let fault = Fault::Each(words, Act::reply(line));
    mailbox.server.set_faults(vec![fault]);
    mailbox
}

/// Asserts that the refusal ends with this status and these words, and that a willing server gives all.
#[track_caller]
fn refused(words: &'static str, line: &str, code: i32, parts: &[&str]) {
    let mailbox = refusing(words, line);
    let out = mailbox.sync();
    says_in_a_line(&out, code, parts);
    says(&out, code, &[line]);
    assert_eq!(mailbox.server.records().len(), 1);
    assert!(mailbox.here().is_empty());
    all_is_there(&mailbox);
    mailbox.server.set_faults(Vec::new());
    then_all_arrives(&mailbox);
}

#[test]
fn a_wrong_password_is_tried_once() {
    let mailbox = at_stake();
    mailbox.configure_password("password = \"wrong\"", super::DELETING);
    says_in_a_line(
        &mailbox.sync(),
        77,
        &[
            "refused the login",
            "[AUTH] invalid user or password",
            "check user and password",
        ],
    );
    assert_eq!(mailbox.server.count("PASS"), 1);
    mailbox.configure(super::DELETING);
    then_all_arrives(&mailbox);
}

#[test]
fn a_refused_login_is_temporary_only_where_the_server_says_so() {
    let cases = [
        ("-ERR [IN-USE] locked", 75, "try later"),
        ("-ERR [LOGIN-DELAY] too soon", 75, "more time"),
        ("-ERR [SYS/TEMP] database", 75, "try later"),
        ("-ERR [SYS/PERM] suspended", 69, "ask the provider"),
        ("-ERR [AUTH] no", 77, "check user and password"),
        ("-ERR no", 77, "check user and password"),
    ];
    for (line, code, cure) in cases {
        refused("PASS", line, code, &["refused the login", cure]);
    }
    refused(
        "USER",
        "-ERR [SYS/PERM] no POP for you",
        69,
        &["ask the provider"],
    );
}

#[test]
fn a_server_that_turns_us_away_at_the_door_is_quoted() {
    refused(
        "GREETING",
        "-ERR [SYS/TEMP] too many connections",
        75,
        &["try later"],
    );
    refused("GREETING", "-ERR closed for good", 69, &["provider"]);
}

#[test]
fn a_server_without_uidl_and_top_is_of_no_use() {
    let mailbox = at_stake();
    let refusal = |command| Fault::Each(command, Act::reply("-ERR what?"));
    let faults = ["UIDL", "TOP"].map(refusal).to_vec();
    mailbox.server.set_faults(faults);
    let out = mailbox.sync();
    says(&out, 69, &["refused UIDL and TOP", "needs UIDL or TOP"]);
    assert!(mailbox.here().is_empty());
    mailbox.server.set_faults(Vec::new());
    then_all_arrives(&mailbox);
}

#[test]
fn one_refused_message_stops_no_other() {
    let mailbox = at_stake();
    let fault = Fault::At("RETR 3", 1, Act::reply("-ERR [SYS/TEMP] \u{1b}[31mon tape"));
    mailbox.server.set_faults(vec![fault]);
    let third = mailbox
        .server
        .maildrop(super::super::support::mailbox::USER)
        .messages()[2]
        .stored();
    let mut others = mailbox.there();
    others.retain(|message| *message != third);

    let out = mailbox.sync();
    says(
        &out,
        75,
        &[
            "popfetch: work: ",
            "mail-00002",
            r"[SYS/TEMP] \x1b[31mon tape",
        ],
    );
    assert_eq!(mailbox.here(), others);
    assert_eq!(mailbox.there(), [third]);

    assert_eq!(mailbox.sync().code, 0);
    assert_eq!(mailbox.here().len(), super::COUNT);
}
