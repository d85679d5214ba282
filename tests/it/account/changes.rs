//! Lists and removals, and files that must not be touched.

use std::fs;

use super::{Place, command, says};
use crate::support::mailbox::USER;

/// Two accounts by hand.
const BY_HAND: &str = "# all my mail

# the office
[accounts.work]
host = \"pop.work.example\"
user = \"ann\"
deliver = [{ maildir = \"~/Mail/work\" }, { pipe = \"procmail -d ann\" }]
leave-on-server = \"14d\"
enabled = false

# at home
[accounts.home] # slow
provider = \"gmx\"
user = \"ann@gmx.net\"
deliver = { mbox = \"/var/mail/ann\" }
# the end
";

#[test]
fn a_list_says_in_words_what_the_file_says() {
    let place = Place::new(0);
    place.sandbox.config(BY_HAND);
    let out = place.run(&["account", "list"]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    assert_eq!(
        out.stdout,
        "work (only when it is named)
  user     ann
  server   pop.work.example port 995, TLS
  goes to  Maildir ~/Mail/work
  goes to  |procmail -d ann
  then     is deleted from the server after 14 days

home
  user     ann@gmx.net
  server   pop.gmx.net port 995, TLS
  goes to  mbox /var/mail/ann
  then     stays on the server
"
    );
    let out = place.run(&["account", "list", "--json"]);
    let objects: Vec<serde_json::Value> = out
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(objects.len(), 2);
    assert_eq!(objects[0]["version"], 1);
    assert_eq!(objects[0]["destinations"][1], "pipe:procmail -d ann");
    assert_eq!(objects[1]["host"], "pop.gmx.net");
    assert_eq!(objects[1]["enabled"], true);
}

#[test]
fn names_for_a_shell_come_without_a_word_of_trouble() {
    let place = Place::new(0);
    let names = || {
        let out = place.run(&["account", "list", "--names"]);
        assert_eq!((out.code, out.stderr.as_str()), (0, ""));
        out.stdout
    };
    assert_eq!(names(), "");
    place.sandbox.config("[accounts.broken\n");
    assert_eq!(names(), "");
    place.sandbox.config(BY_HAND);
    assert_eq!(names(), "work\nhome\n");
}

#[test]
fn an_account_is_removed_and_all_else_stays() {
    let place = Place::new(0);
    place.sandbox.config(BY_HAND);
    let out = place.run(&["account", "remove", "wrok", "--yes"]);
    assert_eq!(out.code, 64);
    says(&out, &["did you mean \"work\"?"]);
    assert_eq!(place.run(&["account", "remove", "work"]).code, 64);
    assert_eq!(place.config(), BY_HAND);

    let out = place.run(&["account", "remove", "work", "--yes"]);
    assert_eq!(out.code, 0, "{}", out.stderr);
    let begin = BY_HAND.find("# the office").unwrap();
    let end = BY_HAND.find("# at home").unwrap();
    assert_eq!(
        place.config(),
        BY_HAND[..begin].to_owned() + &BY_HAND[end..]
    );
    assert_eq!(place.run(&["account", "remove", "home", "--yes"]).code, 0);
    assert_eq!(place.config(), "# all my mail\n");
}

#[test]
fn a_broken_file_is_not_touched() {
    let place = Place::new(0);
    let broken = "[accounts.work]\nhost = \"pop.work.example\"\nuesr = \"ann\"\n";
    place.sandbox.config(broken);
    let secret = command(&place);
    for arguments in [
        &[
            "account",
            "add",
            "you@gmx.net",
            "--password-command",
            &secret,
            "--yes",
        ][..],
        &["account", "remove", "work", "--yes"],
    ] {
        let out = place.run(arguments);
        assert_eq!(out.code, 78, "{}", out.stderr);
        says(&out, &["did you mean `user`?"]);
        assert_eq!(place.config(), broken);
    }
    assert!(place.server.records().is_empty());
}

#[test]
fn what_was_fetched_is_remembered_or_forgotten_as_one_likes() {
    let place = Place::new(3);
    let secret = command(&place);
    let add = || {
        let out = place.add(&["--password-command", &secret, "--yes", "--name", "work"]);
        assert_eq!(out.code, 0, "{}", out.stderr);
    };
    let sync = || assert_eq!(place.run(&["sync"]).code, 0);
    add();
    sync();
    for (option, retrieved) in [("--keep-state", 3), ("--drop-state", 6)] {
        let out = place.run(&["account", "remove", "work", option, "--yes"]);
        assert_eq!(out.code, 0, "{}", out.stderr);
        // What is on record alone tells what is new.
        fs::rename(place.sandbox.home("Mail"), place.sandbox.home(option)).unwrap();
        add();
        if option == "--drop-state" {
            sync();
        } else {
            fs::create_dir_all(place.sandbox.home("Mail/work/new")).unwrap();
            fs::create_dir_all(place.sandbox.home("Mail/work/cur")).unwrap();
            sync();
        }
        assert_eq!(place.server.count("RETR"), retrieved, "{option}");
    }
    assert_eq!(
        place.sandbox.mail("Mail/work"),
        place.server.maildrop(USER).stored()
    );
}

#[test]
fn what_is_owed_is_not_forgotten_and_its_account_stays() {
    let place = Place::new(1);
    let secret = command(&place);
    let options = [
        "--password-command",
        &secret,
        "--pipe",
        "false",
        "--yes",
        "--name",
        "work",
    ];
    assert_eq!(place.add(&options).code, 0);
    assert_ne!(place.run(&["sync"]).code, 0);
    let before = place.config();
    let out = place.run(&["account", "remove", "work", "--drop-state", "--yes"]);
    assert_eq!(out.code, 64, "{}", out.stderr);
    says(&out, &["deliveries are still owed (1)"]);
    assert_eq!(place.config(), before);
}

#[test]
fn nothing_is_forgotten_of_an_account_that_stays_in_the_file() {
    let place = Place::new(2);
    let secret = command(&place);
    // It can be read, and there is no name that long for the file that takes its place.
    let file = format!("config/{}.toml", "c".repeat(245));
    place.add(&["--password-command", &secret, "--yes", "--name", "work"]);
    let path = place.sandbox.write(&file, place.config());
    let config = path.to_str().unwrap();
    assert_eq!(place.run(&["sync", "--config", config]).code, 0);
    let remove = ["account", "remove", "work", "--drop-state", "--yes"];
    let out = place.run(&[&remove[..], &["--config", config]].concat());
    assert_eq!(out.code, 74, "{}", out.stderr);
    assert_eq!(place.run(&["sync", "--config", config]).code, 0);
    assert_eq!(place.server.count("RETR"), 2);
}
