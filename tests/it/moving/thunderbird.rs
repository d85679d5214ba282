//! A profile as Thunderbird writes it: what it has is not fetched again, and stays on the server for as long as it said.
//!
//! It refuses to start Thunderbird, which shows windows; the goldens of the corpus hold the rest.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use jiff::Timestamp;

use super::well;
use crate::support::mailbox::{Mailbox, PASSWORD, USER};
use crate::support::maildrop::Message;

const DAY: i64 = 24 * 60 * 60;

/// A maildrop of messages with these uids, and a profile that has an account for it; popfetch knows nothing.
fn profile(uids: &[&str], popstate: &str, settings: &[&str]) -> Mailbox {
    let mailbox = Mailbox::new(0);
    fs::remove_file(mailbox.sandbox.path("config/popfetch/config.toml")).unwrap();
    for uid in uids {
        let letter = format!("Subject: {uid}\r\n\r\n{uid}\r\n");
        mailbox.server.deposit(USER, Message::new(uid, letter));
    }
    let port = format!("port\", {}", mailbox.server.port());
    let user = format!("userName\", \"{USER}\"");
    let account = [
        "type\", \"pop3\"",
        "name\", \"work\"",
        "hostname\", \"127.0.0.1\"",
        &port,
        &user,
        "directory-rel\", \"[ProfD]Mail/127.0.0.1\"",
        "leave_on_server\", true",
    ];
    let lines = account.iter().chain(settings);
    let lines = lines.map(|line| format!("user_pref(\"mail.server.server1.{line});\n"));
    let prefs = lines.collect::<Vec<_>>().concat();
    let folder = "home/.thunderbird";
    let write =
        |name: &str, content: &str| mailbox.sandbox.write(&format!("{folder}/{name}"), content);
    write("profiles.ini", "[Profile0]\nPath=x.default\nDefault=1\n");
    write("x.default/prefs.js", &prefs);
    let head = "# POP3 State File\n# This is a generated file!  Do not edit.\n\n";
    let popstate = format!("{head}*127.0.0.1 {USER}\n{popstate}");
    write("x.default/Mail/127.0.0.1/popstate.dat", &popstate);
    mailbox
}

/// Imports, and gives the account the password that Thunderbird has encrypted.
fn import(mailbox: &Mailbox) {
    well(&mailbox.sandbox.run(["import", "thunderbird", "--yes"]));
    let config = mailbox.sandbox.path("config/popfetch/config.toml");
    let mut config = OpenOptions::new().append(true).open(config).unwrap();
    writeln!(config, "password = \"{PASSWORD}\"").unwrap();
}

/// The uids, which are the last lines of the messages.
fn uids(mail: Vec<Vec<u8>>) -> Vec<String> {
    let uid = |mail: Vec<u8>| {
        let text = String::from_utf8(mail).unwrap();
        text.lines().last().unwrap().to_owned()
    };
    let mut uids: Vec<String> = mail.into_iter().map(uid).collect();
    uids.sort();
    uids
}

#[test]
fn what_thunderbird_has_stays_and_what_it_was_to_delete_goes() {
    let now = Timestamp::now().as_second();
    let (recent, long_ago) = (now - DAY, now - 20 * DAY);
    let popstate = format!(
        "k kept {recent}\nk old {long_ago}\nd unwanted {recent}\nb big {recent}\nf wanted {recent}\nk gone {recent}\n"
    );
    let mailbox = profile(
        &["kept", "old", "unwanted", "big", "wanted", "new"],
        &popstate,
        &[
            "delete_mail_left_on_server\", true",
            "delete_by_age_from_server\", true",
            "num_days_to_leave_on_server\", 14",
        ],
    );
    import(&mailbox);
    well(&mailbox.sync());
    assert_eq!(uids(mailbox.here()), ["big", "new", "wanted"]);
    assert_eq!(uids(mailbox.there()), ["big", "kept", "new", "wanted"]);
    well(&mailbox.sync());
    assert_eq!(uids(mailbox.there()), ["big", "kept", "new", "wanted"]);
}

#[test]
fn a_uid_that_thunderbird_cut_at_a_space_is_known() {
    let mailbox = profile(&["one two", "three"], "k one 1795365376\n", &[]);
    import(&mailbox);
    well(&mailbox.sync());
    assert_eq!(uids(mailbox.here()), ["three"]);
    assert_eq!(uids(mailbox.there()).len(), 2);
}
