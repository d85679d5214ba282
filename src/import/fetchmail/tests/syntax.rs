//! How words follow one another, and what happens where they do not.

use super::{account, found, left, left_out, users, with};
use crate::import::{Account, Leave, Proof};

fn password(text: &str) -> String {
    match account(text).proof {
        Proof::Password(secret) => secret.expose().to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_entry_is_a_server_and_its_users() {
    let found = found(
        "poll pop.example with proto pop3:\n  user 'joe', with password \"x y\", is jj here;\n  user eva has pass z keep\n\
         server b.example protocol POP3 username 12\nskip c.example proto pop3 user s",
    );
    assert_eq!(found.left_out, []);
    let told: Vec<_> = found
        .accounts
        .iter()
        .map(|account| {
            let Account {
                name,
                line,
                host,
                user,
                enabled,
                ..
            } = account;
            (name.as_str(), *line, host.as_str(), user.as_str(), *enabled)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("joe@pop.example", 2, "pop.example", "joe", true),
            ("eva@pop.example", 3, "pop.example", "eva", true),
            ("b.example", 4, "b.example", "12", true),
            ("c.example", 5, "c.example", "s", false),
        ]
    );
    assert_eq!(found.accounts[1].leave, Leave::All);
    assert_eq!(found.accounts[0].leave, Leave::Nothing);
}

#[test]
fn a_keyword_is_a_name_where_a_name_is_due() {
    assert_eq!(users("poll a proto pop3 user keep pass and"), ["keep"]);
    assert_eq!(password("poll a proto pop3 user 'keep' pass no"), "no");
    assert_eq!(password("poll a proto pop3 user x pass 12345"), "12345");
    assert_eq!(password("poll a proto pop3 user x pass #no\n zz"), "zz");
    assert_eq!(users("poll a proto pop3 user with is keep here"), ["with"]);
}

#[test]
fn users_are_told_here_and_there_in_both_orders() {
    for text in [
        "poll a proto pop3 user x there is y here mda 'm %T'",
        "poll a proto pop3 user y here is x there mda 'm %T'",
        "poll a proto pop3 user y here with mda 'm %T' is x there",
        "poll a proto pop3 user x, there, is, y, here mda 'm %T'",
        "poll a proto pop3 user x to y and mda 'm %T'",
        "poll a proto pop3 user z=y here mda 'm %T' is x there",
        "poll a proto pop3 mda 'm %T' is y is x there",
        "defaults proto pop3 user x is y here mda 'm %T'\npoll a",
    ] {
        let account = account(text);
        assert_eq!(account.user, "x", "{text}");
        assert_eq!(
            format!("{:?}", account.deliver),
            r#"[Pipe { argv: ["m", "y"], unix_from: false }]"#,
            "{text}"
        );
    }
}

#[test]
fn without_a_user_it_is_the_one_of_this_machine() {
    assert_eq!(users("poll a proto pop3 pass x"), ["me"]);
    assert_eq!(users("poll a proto pop3"), ["me"]);
    assert_eq!(users("poll a proto pop3 user x here with pass p"), ["me"]);
}

#[test]
fn defaults_hold_where_an_entry_says_nothing() {
    let found = found(
        "defaults proto pop3 timeout 20 user def pass dp keep\npoll a user u\npoll b user v pass vp no keep\npoll c\n\
         poll d timeout 30 user w user x",
    );
    assert_eq!(found.left_out, []);
    let told: Vec<_> = found
        .accounts
        .iter()
        .map(|account| {
            let Proof::Password(secret) = &account.proof else {
                panic!("{account:?}");
            };
            let timeout = account.timeout.map(|timeout| timeout.as_secs());
            let keeps = account.leave == Leave::All;
            (account.user.as_str(), secret.expose(), timeout, keeps)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("u", "dp", Some(20), true),
            ("v", "vp", Some(20), false),
            ("def", "dp", Some(20), true),
            ("w", "dp", Some(30), true),
            ("x", "dp", Some(30), true),
        ]
    );
}

#[test]
fn a_switch_is_denied_in_one_word_or_two() {
    for denied in ["no keep", "nokeep", "no, keep"] {
        let account = with("", denied);
        assert_eq!(account.leave, Leave::Nothing, "{denied}");
        assert!(!account.leave_is_default, "{denied}");
    }
    assert!(with("", "").leave_is_default);
    // fetchmail knows this in two words only, and reads a name.
    assert_eq!(
        left_out("poll a proto pop3 user x ssl nossl"),
        [left(1, "nossl")]
    );
    assert!(!found("poll a proto pop3 user x is a nossl").accounts[0].enabled);
    assert_eq!(left_out("set nospambounce set nobouncemail"), []);
}

#[test]
fn a_broken_line_loses_no_account_behind_it() {
    let text = "poll a proto pop3 user x frob 12 nix\nkeep\npoll via b proto pop3 user y\npoll c proto pop3 user\n\
                poll d proto pop3 user z timeout\n limit abc\nset frob\nset daemon\npoll e proto pop3 user e";
    assert_eq!(users(text), ["x", "z", "e"]);
    assert_eq!(
        left_out(text),
        [
            left(1, "what follows `user`"),
            left(1, "a word"),
            left(3, "poll"),
            left(3, "via b"),
            left(3, "proto pop3"),
            left(3, "user"),
            left(4, "user"),
            left(5, "timeout"),
            left(6, "limit"),
            left(6, "abc"),
            left(7, "set"),
            left(7, "frob"),
            left(8, "set daemon"),
        ]
    );
}

#[test]
fn where_a_word_was_lost_nothing_is_deleted() {
    for text in [
        "poll a proto pop3 keep user x",
        "poll a proto pop3 user x 1 kep",
        "poll a proto pop3 user x kep",
        "poll a proto pop3 user x limit keep",
        "poll a proto pop3 user x pass \"a\" b keep",
        "poll a proto pop3 user x timeout 7",
        "defaults keep user x\npoll a proto pop3",
        "defaults kep\npoll a proto pop3 user x",
    ] {
        let found = found(text);
        assert_eq!(found.accounts[0].leave, Leave::All, "{text}");
        assert!(!found.accounts[0].leave_is_default, "{text}");
    }
    let text =
        "poll a proto pop3 user x kep\npoll b proto pop3 user y\npoll c proto pop3 user z 1 nokeep";
    let leave = found(text)
        .accounts
        .into_iter()
        .map(|account| account.leave);
    assert_eq!(
        leave.collect::<Vec<_>>(),
        [Leave::All, Leave::Nothing, Leave::Nothing]
    );
}

#[test]
fn a_user_without_a_name_is_no_account() {
    assert_eq!(
        users("poll a proto pop3 user = joe keep\npoll b proto pop3 user"),
        [""; 0]
    );
}

#[test]
fn what_stands_in_the_wrong_place_is_named() {
    assert_eq!(
        left_out(
            "user x\nkeep\npoll a proto pop3 user x timeout 5\npoll b proto pop3 pass x\nuser y"
        ),
        [
            left(1, "user"),
            left(2, "keep"),
            left(3, "timeout 5"),
            left(4, "a user's options"),
        ]
    );
    assert_eq!(users("poll b proto pop3 pass x\nuser y"), ["y"]);
    assert_eq!(
        left_out("poll a proto pop3\ndefaults proto imap"),
        [left(2, "defaults")]
    );
    assert_eq!(
        left_out("defaults user x is y\n user z\npoll a proto pop3"),
        [left(2, "defaults")]
    );
}

#[test]
fn a_piece_of_a_password_is_not_shown() {
    for text in [
        "poll a proto pop3 user x pass secret word hunter",
        "poll a proto pop3 user x pass se;hunter",
        "poll a proto pop3 user x pass = hunter",
        "poll a proto pop3 user x passwd hunter",
        "poll a proto pop3 user x pass \"a hunter\nkeep",
        "poll a proto pop3 user x hunter",
        "poll a proto pop3 user x 'hunter' keep",
        "poll a proto pop3 user x is b 'hunter' there",
        "poll a esmtppassword hunter proto pop3 user x",
        "poll a proto pop3 user x preconnect 'curl -u me:hunter http'",
        "poll a proto pop3 user x preconnect curl hunter",
        "poll a proto pop3 user x properties hunter",
    ] {
        let found = found(text);
        assert!(!found.left_out.is_empty(), "{text}");
        assert!(!format!("{found:?}").contains("hunter"), "{found:?}");
    }
}

#[test]
fn lists_end_where_a_keyword_or_a_number_comes() {
    assert_eq!(
        left_out("poll a aka k, l\n localdomains b.c 'd e' proto pop3 user x folder A B keep"),
        [
            left(1, "aka k l"),
            left(2, "localdomains b.c d e"),
            left(2, "folder A B")
        ]
    );
    assert_eq!(
        left_out("poll a envelope 2 X-E proto pop3\n user x antispam 571,550 501 keep\n limit -1"),
        [
            left(1, "envelope X-E"),
            left(2, "antispam 571"),
            left(3, "limit -1")
        ]
    );
}

#[test]
fn globals_are_told_each_with_its_line() {
    assert_eq!(
        left_out(
            "set daemon 300\nset no bouncemail set syslog set logfile=\"a b\"\nset postmaster 'pm'\nset no softbounce\n\
             set softbounce set invisible set showdots set pidfile p set properties hidden set spambounce"
        ),
        [
            left(1, "set daemon 300"),
            left(2, "set syslog"),
            left(2, "set logfile a b"),
            left(3, "set postmaster pm"),
            left(4, "set no softbounce"),
            left(5, "set pidfile p"),
            left(5, "set properties"),
            left(5, "set spambounce"),
        ]
    );
}
