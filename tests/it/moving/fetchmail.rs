//! Coming from the real fetchmail: what it fetched does not come twice, and its own reading of a configuration is
//! popfetch's.
//!
//! It owns fetchmail's configurations and the way to run it. It refuses to know what `popfetch import` says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use popfetch::import::{self, Account, Deliver, Leave, Source, Surroundings, Tls as Protection};

use super::{added, letters, well};
use super::{corpus, entries};
use crate::support::certificates::{Authority, Leaf};
use crate::support::dovecot::{self, Dovecot};
use crate::support::maildrop::{Maildrop, Message};
use crate::support::options::{Options, Tls};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;

/// Who gets the mail where a configuration does not say.
const LOGIN: &str = "ann";

/// What stands for a Maildir, which fetchmail cannot write: a program that puts messages into one.
const TAKE: &str = "cat > \"$(mktemp -p \"$HOME/Mail/work/new\")\"\n";

/// fetchmail in the sandbox.
fn fetchmail(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let mut command = sandbox.program("fetchmail");
    command
        .env("FETCHMAILUSER", LOGIN)
        .current_dir(sandbox.home(""))
        .args(arguments);
    let output = command.output();
    output.expect("fetchmail is not installed: run tests/run")
}

/// Writes a configuration of one server with these options, and of its user with those.
fn configure(sandbox: &Sandbox, server: &str, user: &str) {
    sandbox.write("home/take", TAKE);
    fs::create_dir_all(sandbox.home("Mail/work/new")).unwrap();
    // As root it would lock all fetchmails of the machine.
    sandbox.write(
        "home/.fetchmailrc",
        format!(
            "set pidfile \"{}\"\npoll work {server} proto pop3 uidl\nuser {user}\nkeep\nmda \"sh {} %T\"\n",
            sandbox.home("fetchmail.pid").display(),
            sandbox.home("take").display(),
        ),
    );
}

fn fetch(sandbox: &Sandbox) {
    let out = fetchmail(sandbox, &[]);
    let said = [out.stdout, out.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(out.status.success(), "{said}");
}

#[test]
fn of_five_hundred_messages_that_fetchmail_fetched_none_comes_again() {
    let authority = Authority::new();
    let identity = authority.issue(Leaf::Good);
    let server = Dovecot::start(&identity.chain_pem, &identity.key_pem);
    server.fill("ann", letters(0..500));
    let sandbox = Sandbox::new();
    sandbox.write("home/ca.pem", authority.pem());
    configure(
        &sandbox,
        &format!("via localhost port {}", server.port_pop3()),
        &format!("ann pass {} sslcertfile ca.pem", dovecot::PASSWORD),
    );
    fetch(&sandbox);
    let fetched = sandbox.mail("Mail/work");
    assert_eq!((fetched.len(), server.messages("ann")), (500, 500));

    let out = sandbox.run(["import", "fetchmail", "--yes"]);
    well(&out);
    assert!(
        out.stderr.contains("500 messages put on record"),
        "{}",
        out.stderr
    );
    let new = letters(500..510);
    server.fill("ann", new.clone());
    for _ in 0..2 {
        well(&sandbox.run(["sync"]));
        assert_eq!(added(&sandbox, &fetched), new);
        assert_eq!(sandbox.mail("Mail/work").len(), 510);
        assert_eq!(server.messages("ann"), 510);
    }
}

#[test]
fn odd_uids_and_users_are_known_again() {
    const ODD: [&str; 7] = [
        "a b",
        "c/d",
        "e%20f",
        "g@h",
        "#5",
        "~!\"'%U",
        "0123456789012345678901234567890123456789012345678901234567890123456789",
    ];
    const USER: &str = "My/box@example.org";
    let message = |uid: &str| Message::new(uid, format!("Subject: {uid}\r\n\r\n{uid}\r\n"));
    let mail: Maildrop = ODD.map(message).into_iter().collect();
    let server = Server::start(Options::new(Tls::None).user(USER, "pw", mail));
    let sandbox = Sandbox::new();
    configure(
        &sandbox,
        &format!("via 127.0.0.1 port {}", server.port()),
        &format!("{USER} pass pw sslproto ''"),
    );
    fetch(&sandbox);
    let fetched = sandbox.mail("Mail/work");
    assert_eq!(fetched.len(), ODD.len());
    let before = server.count("RETR") + server.count("TOP");

    let out = sandbox.run(["import", "fetchmail", "--yes"]);
    well(&out);
    let new = ["c/e", "b a", "e f"];
    for uid in new {
        server.deposit(USER, message(uid));
    }
    for _ in 0..2 {
        well(&sandbox.run(["sync"]));
        assert_eq!(
            server.count("RETR") + server.count("TOP"),
            before + new.len()
        );
        assert_eq!(added(&sandbox, &fetched).len(), new.len());
    }
}

#[test]
fn fetchmail_reads_the_corpus_as_popfetch_does() {
    let mut compared = 0;
    for file in entries(&corpus().join("fetchmail")) {
        let is_configuration = file.extension().is_some_and(|it| it == "rc");
        // fetchmail refuses it, as it should.
        if !is_configuration || file.ends_with("broken.rc") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let sandbox = Sandbox::new();
        let path = sandbox.write("home/rc", &text);
        let path = path.to_str().unwrap();
        let out = fetchmail(&sandbox, &["-f", path, "--configdump"]);
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{}: {said}", file.display());
        let dump = String::from_utf8(out.stdout).unwrap();
        let around = Surroundings {
            home: &sandbox.path("home"),
            login: LOGIN,
            variable: &|_| None,
        };
        let found = import::understand(Source::Fetchmail, Path::new(path), &text, &around);
        let theirs = pop3(&dump);
        let ours: Vec<String> = found.accounts.iter().map(of_popfetch).collect();
        assert_eq!(ours, theirs, "{}", file.display());
        compared += ours.len();
    }
    assert!(compared > 30, "{compared}");
}

/// The users of a dump who fetch by POP3, each in a line.
fn pop3(dump: &str) -> Vec<String> {
    let mut users = Vec::new();
    let mut said: BTreeMap<&str, &str> = BTreeMap::new();
    for line in dump.lines() {
        let Some((name, value)) = line.trim().trim_end_matches(',').split_once(':') else {
            continue;
        };
        let name = name.trim_matches(['"', '\'']);
        said.insert(name, value.trim());
        // The last of a user's lines.
        if name == "mailboxes" {
            users.extend(of_fetchmail(&said));
        }
    }
    users
}

fn of_fetchmail(said: &BTreeMap<&str, &str>) -> Option<String> {
    let text = |name: &str| match said[name] {
        "None" => None,
        text => Some(text.trim_matches('"').replace("\\\"", "\"")),
    };
    let label = text("pollname").unwrap();
    let service = text("service");
    let is_pop3 = match said["protocol"] {
        "\"POP3\"" | "\"APOP\"" => service.as_deref() != Some("kpop"),
        "\"auto\"" => !label.starts_with("imap") && service.as_deref() != Some("993"),
        _ => false,
    };
    // A single name that stands for another is one person's.
    let locals = said["localnames"].trim_matches(['[', ']']);
    let single = locals.starts_with('(') && locals.ends_with(')') && !locals.contains("),");
    let several = locals.contains(',') && !single;
    is_pop3.then(|| {
        let rests = said["active"] == "FALSE" || said["plugin"] != "None" || several;
        format!(
            "{} {:?} ssl {} keep {} limit {} fetchlimit {} timeout {} mda {} rests {rests}",
            text("via").unwrap_or(label),
            text("remote").unwrap(),
            // There it cannot work without.
            said["ssl"] == "TRUE" || service.as_deref() == Some("995"),
            said["keep"] == "TRUE",
            said["limit"],
            said["fetchlimit"],
            // These are what popfetch waits where nothing is said, and where fetchmail waits for ever.
            said["timeout"].replace("300", "0"),
            text("mda").is_some() && !several && text("bsmtp").is_none(),
        )
    })
}

fn of_popfetch(account: &Account) -> String {
    let agent = |deliver: &Deliver| match deliver {
        Deliver::Pipe { argv, .. } => !argv[0].ends_with("/sendmail"),
        _ => false,
    };
    format!(
        "{} {:?} ssl {} keep {} limit {} fetchlimit {} timeout {} mda {} rests {}",
        account.host,
        account.user,
        account.tls == Protection::Implicit,
        account.leave == Leave::All,
        account.max_size.map_or(0, |size| size.0),
        account.max_messages.unwrap_or(0),
        account.timeout.map_or(0, |timeout| timeout.as_secs()),
        account.deliver.iter().any(agent),
        !account.enabled,
    )
}
