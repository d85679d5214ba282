//! The questions, as a person at a terminal meets them.

use std::os::unix::fs::PermissionsExt as _;

use super::Place;
use super::publisher::{Publisher, pop3};
use crate::support::certificates::{Authority, Leaf};
use crate::support::dovecot::{Dovecot, PASSWORD as DOVECOTS};
use crate::support::mailbox::{PASSWORD, USER};
use crate::support::sandbox::Sandbox;
use crate::terminal::Terminal;

/// What each question begins with.
const PLACE: &str = "Where is the password to be kept?";
const SECRET: &str = " (it is not shown): ";
const DESTINATION: &str = "Destination [";
const RETENTION: &str = "When is mail to be deleted";
const NUMBER: &str = "Number [1]: ";

/// popfetch on a terminal, with these roots.
fn begin(sandbox: &Sandbox, roots: &std::path::Path, arguments: &str) -> Terminal {
    let roots = roots.to_str().unwrap();
    Terminal::new(
        sandbox,
        &format!("$popfetch {arguments} --color never"),
        &[("SSL_CERT_FILE", roots)],
    )
}

/// Waits for this question and answers it.
#[track_caller]
fn answer(terminal: &mut Terminal, question: &str, answer: &str) -> String {
    let before = terminal.reads(question);
    if question == SECRET {
        terminal.hides();
    }
    terminal.types(answer);
    before
}

#[test]
fn from_nothing_to_the_first_mail_by_what_the_provider_publishes() {
    let authority = Authority::new();
    let identity = authority.issue(Leaf::Good);
    let dovecot = Dovecot::start(&identity.chain_pem, &identity.key_pem);
    let mail = ["one", "two"].map(|text| format!("Subject: {text}\n\n{text}\n").into_bytes());
    dovecot.fill(USER, mail.clone());
    let server = pop3("localhost", dovecot.port_pop3s(), "SSL");
    let publisher = Publisher::of_server(&identity, &server);
    let sandbox = Sandbox::new();
    let roots = sandbox.write("roots.pem", authority.pem());

    let arguments = format!("account add {USER} --autoconfig {}", publisher.url());
    let mut terminal = begin(&sandbox, &roots, &arguments);
    let found = answer(&mut terminal, "Is that right? [Y/n] ", "");
    assert!(found.contains("Example Mail"), "{found}");
    // There is no keyring, and so the file is the first.
    let places = terminal.reads(NUMBER);
    assert!(
        places.contains(PLACE) && !places.contains("session's keyring"),
        "{places}"
    );
    terminal.types("1");
    answer(&mut terminal, SECRET, DOVECOTS);
    answer(&mut terminal, DESTINATION, "");
    terminal.reads(RETENTION);
    answer(&mut terminal, NUMBER, "1");
    let (status, shown) = terminal.ends();
    assert_eq!(status, 0, "{shown}");
    for part in ["✓ TLS", "✓ login", "popfetch sync example"] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
    for file in ["config.toml", "example.password"] {
        let path = sandbox.path("config/popfetch").join(file);
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }

    let mut terminal = begin(&sandbox, &roots, "sync");
    let (status, shown) = terminal.ends();
    assert_eq!(status, 0, "{shown}");
    let mut expected = mail.to_vec();
    expected.sort();
    assert_eq!(sandbox.mail("Mail/example"), expected);
    assert_eq!(dovecot.messages(USER), 2);

    // What it made goes with the account, if one likes.
    let mut terminal = begin(&sandbox, &roots, "account remove example");
    answer(&mut terminal, "config.toml? [Y/n] ", "");
    answer(&mut terminal, "Forget what was fetched, too?", "");
    answer(&mut terminal, "example.password, too? [Y/n] ", "");
    assert_eq!(terminal.ends().0, 0);
    assert!(!sandbox.path("config/popfetch/example.password").exists());
    assert_eq!(sandbox.mail("Mail/example"), expected);
}

#[test]
fn a_known_provider_takes_five_questions() {
    let place = Place::new(0);
    let port = place.server.port();
    let arguments = format!("account add --host 127.0.0.1 --port {port} --no-test");
    let mut terminal = begin(&place.sandbox, &place.roots, &arguments);
    let mut asked = 0;
    for (question, typed) in [
        ("Your e-mail address: ", "ann@gmx.net"),
        (NUMBER, ""),
        (SECRET, PASSWORD),
        (DESTINATION, "mbox:~/in box"),
        (NUMBER, "14d"),
    ] {
        answer(&mut terminal, question, typed);
        asked += 1;
    }
    // Another question would wait for ever.
    let (status, shown) = terminal.ends();
    assert_eq!((status, asked), (0, 5), "{shown}");
    let config = place.config();
    for line in [
        "provider = \"gmx\"",
        "user = \"ann@gmx.net\"",
        "password-file = \"gmx.password\"",
        "deliver = { mbox = \"~/in box\" }",
        "leave-on-server = \"14d\"",
    ] {
        assert!(config.contains(line), "{config}");
    }
    assert!(!config.contains(PASSWORD));
}

#[test]
fn an_answer_that_cannot_be_is_asked_for_again() {
    let place = Place::new(0);
    let mut terminal = begin(&place.sandbox, &place.roots, "account add --no-test");
    answer(&mut terminal, "address: ", "me");
    answer(&mut terminal, "is no e-mail address", "me@gmx.net");
    answer(&mut terminal, NUMBER, "9");
    answer(&mut terminal, "a number from 1 to 2.", "2");
    answer(&mut terminal, "Command: ", "pass show mail");
    answer(&mut terminal, DESTINATION, "lmtp:nowhere");
    terminal.reads("cannot be added");
    answer(&mut terminal, DESTINATION, "|procmail");
    answer(&mut terminal, NUMBER, "14months");
    terminal.reads("cannot be added");
    answer(&mut terminal, NUMBER, "");
    let (status, shown) = terminal.ends();
    assert_eq!(status, 0, "{shown}");
    let config = place.config();
    for line in [
        "password-command = \"pass show mail\"",
        "pipe = \"procmail\"",
        "leave-on-server = true",
    ] {
        assert!(config.contains(line), "{config}");
    }
}

#[test]
fn a_refused_password_may_be_typed_three_times() {
    let place = Place::new(1);
    let port = place.server.port();
    let arguments = format!(
        "account add {USER} --host 127.0.0.1 --port {port} --maildir m --leave-on-server true"
    );
    for last in ["wrong", PASSWORD] {
        let mut terminal = begin(&place.sandbox, &place.roots, &arguments);
        answer(&mut terminal, NUMBER, "1");
        answer(&mut terminal, SECRET, "wrong");
        for typed in ["wrong", last] {
            terminal.reads("type the password again");
            answer(&mut terminal, NUMBER, "1");
            answer(&mut terminal, SECRET, typed);
        }
        if last == "wrong" {
            let choice = answer(&mut terminal, NUMBER, "1");
            assert!(!choice.contains("type the password again"), "{choice}");
            let (status, shown) = terminal.ends();
            assert_eq!(status, 77, "{shown}");
            assert!(shown.contains("Nothing was written"), "{shown}");
            assert_eq!(place.server.count("PASS"), 3);
            assert_eq!(place.config(), "");
        } else {
            let (status, shown) = terminal.ends();
            assert_eq!(status, 0, "{shown}");
            assert!(place.config().contains("[accounts.example]"));
        }
    }
}

#[test]
fn a_stop_at_any_question_writes_nothing_and_restores_the_terminal() {
    let place = Place::new(0);
    let before = place.sandbox.snapshot();
    let answers = [
        ("address: ", "me@gmx.net"),
        (NUMBER, ""),
        (SECRET, PASSWORD),
        (DESTINATION, ""),
        (NUMBER, ""),
    ];
    for stop in 0..answers.len() {
        let script = "trap '' INT; sh -c 'trap - INT; exec $popfetch account add --no-test'; status=$?; echo done; read go; (exit $status)";
        let mut terminal = Terminal::new(&place.sandbox, script, &[]);
        for (question, typed) in &answers[..stop] {
            answer(&mut terminal, question, typed);
        }
        terminal.reads(answers[stop].0);
        if answers[stop].0 == SECRET {
            terminal.hides();
        }
        terminal.interrupts();
        let said = terminal.reads("done");
        assert!(said.contains("stopped; nothing was written"), "{said}");
        assert!(terminal.echoes(), "at {:?}", answers[stop]);
        terminal.types("go");
        assert_eq!(terminal.ends().0, 75, "at {:?}", answers[stop]);
    }
    assert_eq!(place.sandbox.snapshot(), before);
}

#[test]
fn providers_without_pop3_end_the_questions_at_once() {
    let place = Place::new(0);
    for (address, part) in [("me@icloud.com", "iCloud Mail"), ("me@proton.me", "Bridge")] {
        let arguments = format!("account add {address}");
        let (status, shown) = begin(&place.sandbox, &place.roots, &arguments).ends();
        assert_eq!(status, 64, "{shown}");
        assert!(shown.contains(part) && !shown.contains(SECRET), "{shown}");
    }
}

#[test]
fn a_provider_that_takes_tokens_only_asks_for_a_client() {
    let place = Place::new(0);
    let mut terminal = begin(
        &place.sandbox,
        &place.roots,
        "account add me@outlook.com --no-test",
    );
    let said = answer(&mut terminal, "Client id: ", "0815-client");
    assert!(
        said.contains("popfetch-config") && !said.contains(PLACE),
        "{said}"
    );
    answer(&mut terminal, DESTINATION, "");
    answer(&mut terminal, NUMBER, "3");
    let (status, shown) = terminal.ends();
    assert_eq!(status, 0, "{shown}");
    assert!(shown.contains("popfetch login outlook"), "{shown}");
    let config = place.config();
    for line in [
        "oauth = { client-id = \"0815-client\" }",
        "leave-on-server = \"until-deleted\"",
    ] {
        assert!(config.contains(line), "{config}");
    }
}

#[test]
fn nobody_is_asked_over_the_network_without_leave() {
    let place = Place::new(0);
    let mut terminal = begin(
        &place.sandbox,
        &place.roots,
        "account add me@nowhere.invalid",
    );
    answer(&mut terminal, "over HTTPS where the mail is? [Y/n] ", "n");
    answer(&mut terminal, "such as pop.nowhere.invalid? [Y/n] ", "n");
    let said = terminal.reads("POP3 server: ");
    assert!(
        !said.contains("Nothing found") && !said.contains("answers"),
        "{said}"
    );
    terminal.interrupts();
    terminal.reads("stopped; nothing was written");
}

#[test]
fn what_somebody_writes_while_a_removal_is_asked_for_stays() {
    let sandbox = Sandbox::new();
    let account = |name: &str| {
        let deliver = "deliver = { maildir = 'm' }\npassword-command = 'false'\n";
        format!("[accounts.{name}]\nhost = '{name}.example'\nuser = 'me'\n{deliver}")
    };
    let path = sandbox.config(&account("work"));
    let roots = sandbox.write("roots.pem", Authority::new().pem());
    let mut terminal = begin(&sandbox, &roots, "account remove work");
    terminal.reads("Take work out of");
    let both = format!("{}\n{}", account("work"), account("home"));
    std::fs::write(&path, both).unwrap();
    terminal.types("");
    assert_eq!(terminal.ends().0, 0);
    assert_eq!(std::fs::read_to_string(path).unwrap(), account("home"));
}
