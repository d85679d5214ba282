//! A Dovecot that takes certain logins, and popfetch that is to fetch from it.
//!
//! It owns the account's configuration and how refusals are counted. It refuses to know mechanisms.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::certificates::{Authority, Leaf};
use crate::support::dovecot::{Dovecot, Logins};
use crate::support::sandbox::{Finished, Sandbox};

/// How long Dovecot may take to write to its log what it has told its client.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at the log.
const PAUSE: Duration = Duration::from_millis(5);

/// What each user has on the server, as a Maildir holds it.
pub(crate) const MAIL: &[u8] = b"Subject: let in\n\nwell\n";

/// A server, and a sandbox for its client.
pub(crate) struct Place {
    pub(crate) dovecot: Dovecot,
    pub(crate) sandbox: Sandbox,
    trust: String,
}

/// A string as TOML has it.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("any text is a string of JSON, and so of TOML")
}

impl Place {
    /// A server with one message for each of these users.
    pub(crate) fn new(logins: &Logins, users: &[&str]) -> Self {
        let authority = Authority::new();
        let identity = authority.issue(Leaf::Good);
        let dovecot = Dovecot::start_for(&identity.chain_pem, &identity.key_pem, logins);
        for user in users {
            dovecot.fill(user, [MAIL.to_vec()]);
        }
        let sandbox = Sandbox::new();
        let authority = sandbox.write("ca.pem", authority.pem());
        let trust = format!("tls-ca-file = {}\n", quoted(&authority.to_string_lossy()));
        Self {
            dovecot,
            sandbox,
            trust,
        }
    }

    /// An account `work` of this user over TLS, with these lines more.
    pub(crate) fn configure(&self, user: &str, lines: &str) {
        let protection = format!("port = {}\n{}", self.dovecot.port_pop3s(), self.trust);
        self.write(user, &protection, lines);
    }

    /// The same in clear.
    pub(crate) fn configure_clear(&self, user: &str, lines: &str) {
        let protection = format!("port = {}\ntls = \"none\"\n", self.dovecot.port_pop3());
        self.write(user, &protection, lines);
    }

    fn write(&self, user: &str, protection: &str, lines: &str) {
        self.sandbox.config(&format!(
            "[accounts.work]\nhost = \"localhost\"\nuser = {}\ndeliver = {{ maildir = \"~/Mail\" }}\n{protection}{lines}\n",
            quoted(user)
        ));
    }

    /// `popfetch sync`.
    pub(crate) fn sync(&self) -> Finished {
        self.sandbox.run(["sync"])
    }

    /// Asserts that this run brought the user's mail without a word, and forgets that it did.
    #[track_caller]
    pub(crate) fn assert_fetched(&self, out: &Finished, case: &str) {
        assert_eq!((out.code, out.stderr.as_str()), (0, ""), "{case}");
        assert_eq!(out.stdout, "", "{case}");
        assert_eq!(self.sandbox.mail("Mail"), [MAIL], "{case}");
        self.forget();
    }

    /// Asserts that this run ended with this status, one line that holds these words, and no mail.
    #[track_caller]
    pub(crate) fn assert_refused(&self, out: &Finished, code: i32, words: &[&str], case: &str) {
        assert_says(out, code, words);
        assert!(self.sandbox.mail("Mail").is_empty(), "{case}");
    }

    /// Takes back what was fetched and remembered.
    pub(crate) fn forget(&self) {
        for folder in ["state/popfetch", "home/Mail"] {
            // A run that was refused may not have made them.
            let _ = std::fs::remove_dir_all(self.sandbox.path(folder));
        }
    }

    /// The lines that Dovecot's login process has written, once there are so many: one for each connection that is over.
    #[track_caller]
    pub(crate) fn connections(&self, least: usize) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.dovecot.log();
            let lines: Vec<_> = log
                .lines()
                .filter(|line| line.contains("pop3-login: ") && line.contains(", rip=127.0.0.1"))
                // The fixture itself, which waits for the greeting.
                .filter(|line| !line.contains("no auth attempts"))
                .map(str::to_owned)
                .collect();
            if lines.len() >= least {
                return lines;
            }
            assert!(
                Instant::now() < deadline,
                "not {least} connections in {log}"
            );
            sleep(PAUSE);
        }
    }

    /// Whether anybody was let in.
    pub(crate) fn let_in(&self) -> bool {
        self.dovecot.log().lines().any(is_login)
    }

    /// By which mechanism the last of so many connections logged in, as Dovecot has it.
    #[track_caller]
    pub(crate) fn method(&self, connections: usize) -> String {
        let lines = self.connections(connections);
        let last = lines.last().expect("there is one");
        let (_, rest) = last.split_once("method=").expect("a login");
        assert!(is_login(last), "{last}");
        rest.split(',').next().unwrap_or_default().to_owned()
    }
}

/// Whether this line of Dovecot's tells of a login: in the words of 2.3, or of 2.4.
fn is_login(line: &str) -> bool {
    line.contains("Login: ") || line.contains("Logged in: ")
}

/// How many attempts this line of Dovecot's tells of, none of which let anybody in.
pub(crate) fn refusals(line: &str) -> usize {
    let (_, rest) = line.split_once("auth failed, ").unwrap_or_default();
    let number = rest.split(' ').next().unwrap_or_default();
    number.parse().unwrap_or(0)
}

/// Asserts that a run ended with this status and nothing but a line with these words.
#[track_caller]
pub(crate) fn assert_says(out: &Finished, code: i32, words: &[&str]) {
    assert_eq!(
        (out.code, out.stdout.as_str()),
        (code, ""),
        "{}",
        out.stderr
    );
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    for word in words {
        assert!(out.stderr.contains(word), "no {word:?} in {}", out.stderr);
    }
}
