//! Where mail goes by fdm's actions and rules.

use super::{POP, found, leaves_out, whole};
use crate::import::{Deliver, Leave};

#[track_caller]
fn delivers(text: &str) -> (Vec<Deliver>, Leave, bool) {
    let account = whole(&format!("{POP}\n{text}"));
    (account.deliver, account.leave, account.leave_is_default)
}

fn maildir(path: &str) -> Deliver {
    Deliver::Maildir(path.into())
}

fn pipe(argv: &[&str]) -> Deliver {
    Deliver::Pipe {
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        unix_from: false,
    }
}

#[test]
fn destinations_are_what_the_first_rule_for_all_mail_says() {
    let deleted = (Leave::Nothing, true);
    let (deliver, leave, is_default) = delivers(
        "action \"m\" { maildir \"%h/%[account]\" mbox '~/b' }
         match account \"b\" action maildir \"/no\"
         match account \"?\" and not account { \"b\" \"c*\" } actions { \"m\" }
         match all action maildir \"/no\"",
    );
    let mbox = Deliver::Mbox {
        path: "/home/me/b".into(),
        flock: true,
    };
    assert_eq!(deliver, [maildir("/home/me/a"), mbox]);
    assert_eq!((leave, is_default), deleted);
    let (deliver, ..) = delivers(
        "set lock-types fcntl dotlock
         match all action maildir \"in\" continue
         match all { match matched action mbox \"/x\" match all action maildir \"/no\" }",
    );
    let mbox = Deliver::Mbox {
        path: "/x".into(),
        flock: false,
    };
    assert_eq!(deliver, [maildir("/home/me/in"), mbox]);
}

#[test]
fn a_command_gets_a_shell_where_it_needs_one() {
    let command = |text: &str| delivers(&format!("match all action pipe \"{text}\"")).0;
    assert_eq!(command("procmail -d %u"), [pipe(&["procmail", "-d", "me"])]);
    assert_eq!(
        command("~/bin/x  a=%%"),
        [pipe(&["sh", "-c", "/home/me/bin/x  a=%"])]
    );
    assert_eq!(command("exec x"), [pipe(&["sh", "-c", "exec x"])]);
    assert_eq!(command("a | b"), [pipe(&["sh", "-c", "a | b"])]);
}

#[test]
fn lmtp_is_carried_over() {
    let lmtp = |text: &str| {
        delivers(&format!("match all action lmtp {text}"))
            .0
            .remove(0)
    };
    let of = |address: &str, to: Option<&str>| Deliver::Lmtp {
        address: address.to_owned(),
        recipient: to.map(ToOwned::to_owned),
    };
    assert_eq!(lmtp("server \"h\""), of("h:24", None));
    assert_eq!(
        lmtp("server \"h\" port 2003 to \"%u@h\""),
        of("h:2003", Some("me@h"))
    );
    assert_eq!(lmtp("socket \"/run/l\""), of("unix:/run/l", None));
}

#[test]
fn rules_that_test_the_message_are_left_out_line_by_line() {
    let found = leaves_out(
        &format!(
            "{POP}\nmatch \"^Subject: x\" in headers or size > 2M action drop
            match unmatched and not case \"y\" in body {{
              match all action maildir \"/no\"
            }}
            match matched action maildir \"/no\"
            match all or \"x\" action maildir \"/in\""
        ),
        &[
            (2, "match a regexp, size", "procmail"),
            (3, "match unmatched, a regexp", "procmail"),
            (4, "match all", "in a block"),
            (6, "match matched", "procmail"),
        ],
    );
    assert_eq!(found.accounts[0].deliver, [maildir("/in")]);
}

#[test]
fn what_stays_on_the_server_is_what_the_rules_come_to() {
    let leave = |text: &str| {
        let (_, leave, is_default) = delivers(text);
        (leave, is_default)
    };
    assert_eq!(
        leave("match all action { maildir \"/m\" keep }"),
        (Leave::All, false)
    );
    assert_eq!(
        leave("match all action keep continue match all action drop"),
        (Leave::Nothing, false)
    );
    assert_eq!(
        leave("match all action maildir \"/m\" continue"),
        (Leave::All, true)
    );
    assert_eq!(leave("set unmatched-mail keep"), (Leave::All, false));
    assert_eq!(leave("set unmatched-mail drop"), (Leave::Nothing, false));
    let some = |text: &str| {
        found(&format!(
            "{POP}\naction \"k\" keep\n{text}\nmatch all action drop"
        ))
        .accounts[0]
            .leave
    };
    assert_eq!(some("match \"x\" action \"k\""), Leave::All);
    assert_eq!(some("match \"x\" action drop"), Leave::Nothing);
    // A word that is not understood may have been `keep`.
    assert_eq!(some("set x"), Leave::All);
    let remarks = |text: &str| whole(&format!("{POP}\n{text}")).remarks.join("\n");
    assert!(remarks("match all action drop").contains("discards it"));
    assert!(remarks("match all action keep").contains("keeps it on the server"));
    assert!(remarks("").contains("write `deliver`"));
}

#[test]
fn a_destination_that_depends_on_the_message_is_left_out_with_the_tag() {
    leaves_out(
        &format!(
            "{POP}\nmatch all action {{\nmaildir \"%y\"\nmbox \"%[message_id]\"\nmbox \"x\" compress\npipe \"~bob/x\" }}"
        ),
        &[
            (3, "maildir", "`%y`"),
            (4, "mbox", "`%[message_id]`"),
            (5, "mbox compress", "no compressed"),
            (6, "pipe", "`~bob`"),
        ],
    );
}

#[test]
fn mail_for_other_users_is_not_delivered_into_ones_own_home() {
    let found = leaves_out(
        "account \"a\" user \"bob\" pop3s server \"h\" user \"u\" pass \"p\"
         match all user \"me\" action maildir \"%h/1\" continue
         match all action maildir \"%h/2\" continue
         match all users { \"x\" \"y\" } action maildir \"/3\"",
        &[
            (3, "maildir", "`%h`"),
            (3, "users", "who runs it"),
            (4, "users", "who runs it"),
        ],
    );
    assert_eq!(
        found.accounts[0].deliver,
        [maildir("/home/me/1"), maildir("/3")]
    );
}

#[test]
fn actions_that_run_each_other_end() {
    let text = format!(
        "{POP}\naction \"x\" {{ action \"x\" action \"x\" action \"x\" action \"x\" action \"x\" }}
         match all action \"x\" match all action \"gone\""
    );
    assert!(found(&text).left_out[0].why.contains("five deep"));
    let gone = format!("{POP}\nmatch all action \"gone\"");
    leaves_out(&gone, &[(2, "action \"gone\"", "no such action")]);
}
