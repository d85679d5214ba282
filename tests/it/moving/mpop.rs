//! Coming from the real mpop: what it fetched does not come twice, and its own reading of a configuration is popfetch's.
//!
//! It owns mpop's configurations and the way to run it. It refuses to know what `popfetch import` says.

use std::fs;
use std::path::{Path, PathBuf};

use popfetch::import::{self, Account, Deliver, Leave, Source, Surroundings, Tls as Protection};

use super::{corpus, entries};
use super::{letters, well};
use crate::support::certificates::{Authority, Leaf};
use crate::support::dovecot::{self, Dovecot};
use crate::support::maildrop::{Maildrop, Message};
use crate::support::options::{Options, Tls};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;

/// mpop fetches into `Mail/work`, of which it wants the folders to be there.
fn fetch(sandbox: &Sandbox) {
    for folder in ["tmp", "new", "cur"] {
        fs::create_dir_all(sandbox.home("Mail/work").join(folder)).unwrap();
    }
    let out = sandbox.program("mpop").args(["-q", "work"]).output();
    let out = out.expect("mpop is not installed: run tests/run");
    let said = [out.stdout, out.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(out.status.success(), "{said}");
}

#[test]
fn of_five_hundred_messages_that_mpop_fetched_none_comes_again() {
    let authority = Authority::new();
    let identity = authority.issue(Leaf::Good);
    let server = Dovecot::start(&identity.chain_pem, &identity.key_pem);
    server.fill("ann", letters(0..500));
    let sandbox = Sandbox::new();
    sandbox.write("home/ca.pem", authority.pem());
    sandbox.write(
        "home/.mpoprc",
        format!(
            "defaults\ntls on\ntls_trust_file ~/ca.pem\nkeep on\n\
             account work\nhost localhost\nport {}\nuser ann\npassword {}\n\
             delivery maildir ~/Mail/work\naccount default : work\n",
            server.port_pop3(),
            dovecot::PASSWORD,
        ),
    );
    fetch(&sandbox);
    let fetched = sandbox.mail("Mail/work");
    assert_eq!(fetched.len(), 500);

    let out = sandbox.run(["import", "mpop", "--yes"]);
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
        let arrived = sandbox.mail("Mail/work");
        let arrived: Vec<_> = arrived
            .into_iter()
            .filter(|letter| !fetched.contains(letter))
            .collect();
        assert_eq!(arrived, new);
        assert_eq!(sandbox.mail("Mail/work").len(), 510);
        assert_eq!(server.messages("ann"), 510);
    }
}

#[test]
fn odd_uids_and_users_are_known_again() {
    const ODD: [&str; 8] = [
        "a b",
        "a/b",
        "a",
        "c 1784000000",
        "#5",
        "~!\"'%U",
        "2 localhost x",
        "0123456789012345678901234567890123456789012345678901234567890123456789-and-more",
    ];
    const USER: &str = "me/box@example.org";
    let message = |uid: &str| Message::new(uid, format!("Subject: {uid}\r\n\r\n{uid}\r\n"));
    let mail: Maildrop = ODD.map(message).into_iter().collect();
    let server = Server::start(Options::new(Tls::None).user(USER, "pw", mail));
    let sandbox = Sandbox::new();
    sandbox.write(
        "home/.mpoprc",
        format!(
            "account work\nhost 127.0.0.1\nport {}\nauth user\nuser {USER}\npassword pw\n\
             keep\ndelivery maildir ~/Mail/work\n",
            server.port(),
        ),
    );
    fetch(&sandbox);
    assert_eq!(sandbox.mail("Mail/work").len(), ODD.len());
    assert_eq!(server.count("RETR"), ODD.len());

    well(&sandbox.run(["import", "mpop", "--yes"]));
    for uid in ["a c", "b/a", "c 1784000001"] {
        server.deposit(USER, message(uid));
    }
    well(&sandbox.run(["sync"]));
    assert_eq!(server.count("RETR"), ODD.len() + 3);
    assert_eq!(sandbox.mail("Mail/work").len(), ODD.len() + 3);
}

#[test]
fn mpop_reads_the_corpus_as_popfetch_does() {
    let mut compared = 0;
    for file in entries(&corpus().join("mpop")) {
        let is_configuration = file.extension().is_some_and(|it| it == "rc");
        let name = file.file_name().unwrap().to_str().unwrap();
        // mpop refuses the one, and runs what is in the other.
        if !is_configuration || ["wrong.rc", "eval.rc"].contains(&name) {
            continue;
        }
        let text = for_older(&fs::read_to_string(&file).unwrap());
        let sandbox = Sandbox::new();
        let path = sandbox.write("home/rc", &text);
        let around = Surroundings {
            home: &sandbox.path("home"),
            login: "me",
            variable: &|_| None,
        };
        for account in import::understand(Source::Mpop, &path, &text, &around).accounts {
            let pretended = Pretended::of(&sandbox, &path, &account.name);
            assert_eq!(
                pretended.told(),
                said_of(&account),
                "{name}: {}",
                account.name
            );
            compared += 1;
        }
    }
    assert!(compared > 60, "{compared}");
}

/// The text for an mpop that lacks what is newer than 1.4.18, and runs no program that is not here.
fn for_older(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let (command, argument) = line.split_once(' ').unwrap_or((line, ""));
        match (command, argument) {
            ("passwordeval", argument) if !argument.is_empty() => "passwordeval echo x",
            ("keep", "1d12h" | "90m") => "keep off",
            ("auth", plus) if plus.ends_with("-plus") => "auth on",
            _ => line,
        }
    });
    let lines: Vec<&str> = lines.collect();
    format!("{}\n", lines.join("\n"))
}

/// What `mpop --pretend` prints of an account.
struct Pretended(String);

impl Pretended {
    fn of(sandbox: &Sandbox, file: &Path, account: &str) -> Self {
        let mut command = sandbox.program("mpop");
        command.arg("-P").arg("-C").arg(file).arg(account);
        let out = command.output();
        let out = out.expect("mpop is not installed: run tests/run");
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        assert!(out.status.success(), "{account}: {}", text(&out.stderr));
        Self(text(&out.stdout))
    }

    fn value(&self, key: &str) -> &str {
        let mut lines = self.0.lines();
        let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        value.unwrap_or_else(|| panic!("no {key}: {}", self.0))
    }

    fn told(&self) -> Vec<String> {
        let is_on = |key| self.value(key) == "on";
        let given = |key| Some(self.value(key)).filter(|value| *value != "(not set)");
        let tls = match (is_on("tls"), is_on("tls_starttls")) {
            (false, _) => "none",
            (true, true) => "starttls",
            (true, false) => "implicit",
        };
        let file = |key| match given(key).filter(|path| is_on("tls") && *path != "system") {
            // A key on a card is left out.
            Some(path) if path.starts_with('/') => path,
            _ => "",
        };
        let pin = given("tls_fingerprint").filter(|pin| pin.len() == 32 * 3 - 1);
        let proxy = given("proxy host").map_or_else(String::new, |host| {
            format!("{host} {}", self.value("proxy port"))
        });
        let source = given("source ip").filter(|address| !address.contains('%'));
        let timeout = self.value("timeout").strip_suffix(" seconds");
        let delivery = self.value("delivery");
        let (method, place) = delivery.split_once(' ').unwrap();
        let delivery = match method {
            "maildir" | "mbox" => format!("{method} {}", place.rsplit('/').next().unwrap()),
            _ => String::new(),
        };
        [
            self.value("host"),
            self.value("port"),
            self.value("user"),
            tls,
            file("tls_trust_file"),
            file("tls_cert_file"),
            file("tls_key_file"),
            &pin.unwrap_or_default().replace(':', "").to_lowercase(),
            &proxy,
            source.unwrap_or_default(),
            timeout.filter(|time| *time != "180").unwrap_or_default(),
            self.value("pipelining"),
            self.value("keep"),
            self.value("skipsize"),
            &delivery,
        ]
        .map(str::to_owned)
        .into()
    }
}

/// The same of an account as it is imported.
fn said_of(account: &Account) -> Vec<String> {
    let (tls, port) = match account.tls {
        Protection::None => ("none", 110),
        Protection::StartTls => ("starttls", 110),
        Protection::Implicit => ("implicit", 995),
    };
    let path = |path: &Option<PathBuf>| {
        let path = path.as_ref().map(|path| path.display().to_string());
        path.unwrap_or_default()
    };
    let pin = account
        .fingerprint
        .as_ref()
        .map(|pin| &pin["sha256:".len()..]);
    let proxy = account.proxy.as_ref().map_or_else(String::new, |proxy| {
        let (host, port) = proxy["socks5://".len()..].rsplit_once(':').unwrap();
        format!("{} {port}", host.trim_matches(['[', ']']))
    });
    let source = account.source_address.map(|address| address.to_string());
    let seconds = account.timeout.map(|time| time.as_secs().to_string());
    let pipelining = match account.pipelining {
        None => "auto",
        Some(true) => "on",
        Some(false) => "off",
    };
    let keep = match account.leave {
        Leave::All => "on",
        _ => "off",
    };
    let size = account.max_size.map(|size| size.0.to_string());
    let last = |path: &Path| path.file_name().unwrap().display().to_string();
    let delivery = match account.deliver.first() {
        Some(Deliver::Maildir(path)) => format!("maildir {}", last(path)),
        Some(Deliver::Mbox { path, .. }) => format!("mbox {}", last(path)),
        _ => String::new(),
    };
    vec![
        account.host.clone(),
        account.port.unwrap_or(port).to_string(),
        account.user.clone(),
        tls.to_owned(),
        path(&account.ca_file),
        path(&account.client_cert),
        path(&account.client_key),
        pin.unwrap_or_default().to_owned(),
        proxy,
        source.unwrap_or_default(),
        seconds.unwrap_or_default(),
        pipelining.to_owned(),
        keep.to_owned(),
        size.unwrap_or_else(|| "off".to_owned()),
        delivery,
    ]
}
