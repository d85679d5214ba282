//! What is understood of the corpus.

mod files;
mod hostile;
mod meaning;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{Account, Deliver, Found, Leave, Proof, Surroundings, Tls};
use crate::mail::Octets;
use crate::secret::Secret;

/// What is read from a home folder, without an environment.
fn around<T>(home: &Path, act: impl FnOnce(&Surroundings<'_>) -> T) -> T {
    act(&Surroundings {
        home,
        login: "me",
        variable: &|_| None,
    })
}

fn understand(text: &str) -> Found {
    around(Path::new("/home/me"), |around| {
        super::understand(Path::new("/rc"), text, around)
    })
}

/// The corpus that the command line is tried with, too.
fn corpus(name: &str) -> Found {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/moving/corpus/mpop");
    let text = fs::read_to_string(folder.join(name)).unwrap();
    understand(&text)
}

fn account<'f>(found: &'f Found, name: &str) -> &'f Account {
    let mut accounts = found.accounts.iter();
    accounts.find(|account| account.name == name).unwrap()
}

fn left_out(found: &Found) -> Vec<(usize, &str)> {
    let lines = found.left_out.iter();
    lines.map(|one| (one.line, one.what.as_str())).collect()
}

fn pipe<const N: usize>(argv: [&str; N]) -> Vec<Deliver> {
    let argv = argv.map(str::to_owned).into();
    let unix_from = false;
    vec![Deliver::Pipe { argv, unix_from }]
}

fn maildir(path: &str) -> Vec<Deliver> {
    vec![Deliver::Maildir(path.into())]
}

fn mbox(path: &str) -> Vec<Deliver> {
    let (path, flock) = (path.into(), false);
    vec![Deliver::Mbox { path, flock }]
}

#[test]
fn an_account_of_few_words_is_as_mpop_has_it() {
    let found = corpus("minimal.rc");
    let account = account(&found, "default");
    assert_eq!(
        (account.line, account.file.as_path()),
        (1, Path::new("/rc"))
    );
    assert_eq!(
        (account.host.as_str(), account.user.as_str()),
        ("pop.example.org", "joe")
    );
    assert_eq!(
        (account.tls, account.port, account.auth),
        (Tls::None, None, None)
    );
    assert_eq!(
        (account.leave, account.leave_is_default),
        (Leave::Nothing, true)
    );
    assert_eq!(account.deliver, maildir("/home/me/Maildir"));
    assert_eq!(account.proof, Proof::Unstated);
    assert_eq!(account.remarks.len(), 1, "{:?}", account.remarks);
    assert_eq!(left_out(&found), []);
}

#[test]
fn the_manuals_example_is_understood() {
    let found = corpus("manual.rc");
    let names: Vec<&str> = found.accounts.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["freemail", "freemail2", "isp"]);
    let second = account(&found, "freemail2");
    assert_eq!(
        (second.host.as_str(), second.user.as_str()),
        ("pop.freemail.example", "joey")
    );
    assert_eq!(second.line, 14);
    assert_eq!(second.tls, Tls::StartTls);
    assert_eq!(second.deliver, mbox("/home/me/Mail/inbox"));
    let command = "gpg2 --no-tty -q -d ~/.mpop-password.gpg";
    let command = ["sh", "-c", command].map(str::to_owned).into();
    assert_eq!(second.proof, Proof::Command(command));
    assert_eq!(left_out(&found), [(21, "filter"), (23, "account default")]);
}

#[test]
fn an_account_takes_over_what_others_say_before_what_the_defaults_say() {
    let found = corpus("inheritance.rc");
    let names: Vec<&str> = found.accounts.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["work", "home", "second"]);
    let work = account(&found, "work");
    assert_eq!(work.tls, Tls::Implicit);
    // The bases said nothing of it, so that it is not theirs, but the defaults' as they are now.
    assert_eq!(work.timeout, Some(Duration::from_secs(60)));
    assert_eq!((work.leave, work.leave_is_default), (Leave::All, false));
    assert_eq!(work.deliver, maildir("/home/me/Mail/all"));
    assert_eq!(work.max_size, Some(Octets(10 << 20)));
    let second = account(&found, "second");
    assert_eq!(
        (second.host.as_str(), second.user.as_str()),
        ("pop.home.example", "me2@home.example")
    );
    assert_eq!(
        (second.leave, second.leave_is_default),
        (Leave::Nothing, false)
    );
    assert_eq!(second.deliver, mbox("/home/me/Mail/home"));
    let expected = [
        (5, "account base"),
        (8, "account places"),
        (25, "account default"),
    ];
    assert_eq!(left_out(&found), expected);
}

#[test]
fn quotes_and_blanks_are_read_as_mpop_reads_them() {
    let found = corpus("quotes.rc");
    let quoted = account(&found, "quoted name");
    assert_eq!(quoted.line, 5);
    assert_eq!(quoted.user, " joe \"smith\" ");
    let password = Secret::new("a \"quoted\" # pass word");
    assert_eq!(quoted.proof, Proof::Password(password));
    assert_eq!(quoted.deliver, maildir("/home/me/Mail/with blank"));
    let plain = account(&found, "plain");
    assert_eq!(plain.user, "\"half");
    assert_eq!(plain.proof, Proof::Password(Secret::new("#no-comment")));
    assert_eq!(plain.deliver, mbox("/home/me/Mail/a b"));
    let empty = account(&found, "empty");
    assert_eq!((empty.user.as_str(), &empty.proof), ("y", &Proof::Unstated));
    assert_eq!(empty.deliver, mbox("/home/me/Mail/c"));
    assert_eq!(left_out(&found), []);
}

#[test]
fn what_only_a_program_could_say_is_named_and_not_run() {
    let found = corpus("eval.rc");
    let names: Vec<&str> = found.accounts.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["password", "assigned", "both"]);
    let expected = [
        (7, "eval gpg"),
        (8, "account host"),
        (10, "eval echo"),
        (14, "eval"),
        (16, "eval cat"),
        (17, "account user"),
    ];
    assert_eq!(left_out(&found), expected);
    let why = |line| {
        &found
            .left_out
            .iter()
            .find(|one| one.line == line)
            .unwrap()
            .why
    };
    assert!(why(8).contains("line 10"), "{}", why(8));
    assert!(why(17).contains("no user"), "{}", why(17));
    assert!(why(17).contains("line 16"), "{}", why(17));
}

#[test]
fn every_line_that_mpop_refuses_is_named() {
    let found = corpus("wrong.rc");
    let names: Vec<&str> = found.accounts.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
    assert_eq!(account(&found, "a").deliver, maildir("/home/me/Mail"));
    let expected = [
        (1, "host before.example"),
        (3, "Host"),
        (6, "a line that is no command"),
        (7, "tls yes"),
        (8, "port pop3s"),
        (9, "timeout 10s"),
        (10, "skipsize 10K"),
        (11, "killsize"),
        (12, "auth PLAIN"),
        (13, "pasword"),
        (14, "a line that is no command"),
        (15, "delivery"),
        (16, "delivery mda"),
        (18, "account a"),
        (20, "account"),
        (22, "account b : nobody, a"),
        (24, "account c :"),
        (28, "defaults x"),
        (29, "tls_nocertcheck"),
        (30, "connect_timeout"),
    ];
    assert_eq!(left_out(&found), expected);
}

#[test]
fn files_are_named_after_the_user_and_the_server() {
    let home = Path::new("/home/me");
    let path = |lines: &str| {
        let text = format!("account a\nhost h\nuser %H/u\n{lines}");
        let mut aside = super::Aside::of(home);
        let drafts = super::accounts::accounts(&text, &mut aside);
        around(home, |around| super::translate::uidls(&drafts[0], around))
    };
    let at = |path: &str| Some(PathBuf::from(path));
    assert_eq!(path(""), at("/home/me/.mpop_uidls/%H/u_at_h"));
    assert_eq!(path("uidls_file ~/%H-%U%%%A%"), at("/home/me/h-%H/u%%%A%"));
    assert_eq!(path("uidls_file x"), at("/home/me/x"));
}
