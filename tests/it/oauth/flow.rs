//! An account with OAuth2, its provider, mail server and keyring, and a person who logs it in.
//!
//! It owns the words that popfetch has for that person: an address, a code. It refuses to know what the provider shows.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::provider::{Page, Provider};
use crate::login::place::{MAIL, Place, assert_says};
use crate::login::private::{assert_absent, assert_absent_below};
use crate::support::dovecot::Logins;
use crate::support::keyring::Keyring;
use crate::support::sandbox::{Finished, Running};

/// The person's name, with the provider and with the mail server.
pub(super) const USER: &str = "me@example.org";

/// How long popfetch may be silent.
const PATIENCE: Duration = Duration::from_secs(120);

/// All that takes part.
pub(super) struct Flow {
    pub(super) provider: Provider,
    pub(super) place: Place,
    pub(super) keyring: Option<Keyring>,
    /// There are windows on this machine.
    has_display: bool,
}

/// A `popfetch login` that waits for a person.
pub(super) struct Waiting {
    child: Child,
    lines: Receiver<String>,
    /// All that was printed until now, in lines.
    pub(super) said: Vec<String>,
}

impl Flow {
    /// With access tokens that are good for so many seconds, this mechanism, and a keyring that is open.
    pub(super) fn new(seconds: u32, auth: &str) -> Self {
        Self::of(
            Provider::start(seconds, None),
            auth,
            "",
            Some(Keyring::unlocked()),
        )
    }

    /// With a client that has this secret.
    pub(super) fn with_secret(seconds: u32, secret: &str) -> Self {
        let provider = Provider::start(seconds, Some(secret));
        let keyring = Some(Keyring::unlocked());
        let flow = Self::of(provider, "xoauth2", "", keyring);
        let file = flow.place.sandbox.write("client/secret", secret);
        let command = format!(
            ", client-secret-command = [\"cat\", \"{}\"]",
            file.display()
        );
        flow.configure("xoauth2", &command);
        flow
    }

    /// On a machine without windows and without any keyring.
    pub(super) fn without_keyring(seconds: u32) -> Self {
        Self::of(Provider::start(seconds, None), "xoauth2", "", None)
    }

    fn of(provider: Provider, auth: &str, more: &str, keyring: Option<Keyring>) -> Self {
        let logins = Logins::by("xoauth2 oauthbearer").tokens_of(&provider.introspection());
        let flow = Self {
            place: Place::new(&logins, &[]),
            provider,
            has_display: keyring.is_some(),
            keyring,
        };
        // It hands the address to nobody, but writes it down.
        let browser = "#!/bin/sh\nprintf '%s\\n' \"$1\" >> \"$HOME/opened\"\n";
        let text = flow.place.sandbox.write("home/bin/text", browser);
        // What this process wrote may be open in a child of another test just then, and cannot be run (ETXTBSY).
        let mut install = Command::new("install");
        install.args(["-m", "700"]).arg(text);
        install.arg(flow.place.sandbox.home("bin/xdg-open"));
        assert!(install.status().unwrap().success());
        flow.configure(auth, more);
        flow
    }

    fn configure(&self, auth: &str, more: &str) {
        let oauth = self.provider.oauth(more);
        self.place
            .configure(USER, &format!("auth = \"{auth}\"\n{oauth}"));
    }

    /// A popfetch in the session of the keyring.
    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let sandbox = &self.place.sandbox;
        let mut command = sandbox.command();
        command.args(arguments);
        let path = format!("{}:/usr/bin:/bin", sandbox.home("bin").display());
        command.env("PATH", path);
        // No browser is opened where no window could be.
        command.envs(self.has_display.then_some(("DISPLAY", ":7")));
        let session = self.keyring.iter().flat_map(Keyring::environment);
        command.envs(session.filter(|(name, _)| *name == "DBUS_SESSION_BUS_ADDRESS"));
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Finished {
        Running::new(self.command(arguments)).finish()
    }

    /// `popfetch login work` with these arguments more, which is to wait.
    pub(super) fn login(&self, more: &[&str]) -> Waiting {
        Waiting::start(self.command(&[&["login", "work"], more].concat()))
    }

    /// A person logs in with a browser on this machine.
    #[track_caller]
    pub(super) fn login_by_browser(&self, more: &[&str]) -> Page {
        let mut login = self.login(more);
        let start = self.provider.url("/auth?");
        let address = login.word(|word| word.starts_with(&start));
        let page = self
            .provider
            .visit(&address, USER, None, "oauth-landing.png");
        login.assert_succeeds();
        let opened = std::fs::read_to_string(self.place.sandbox.home("opened"));
        let opened = opened.unwrap_or_default();
        let expected = self.has_display.then_some(address.as_str());
        assert_eq!(opened.lines().last(), expected, "{:#?}", login.said);
        page
    }

    /// A person logs in with a browser elsewhere.
    #[track_caller]
    pub(super) fn login_by_code(&self, more: &[&str]) -> Page {
        let mut login = self.login(&[&["--device"], more].concat());
        let is_code = |word: &str| {
            let (one, two) = word.split_once('-').unwrap_or_default();
            let is_group = |group: &str| {
                group.len() == 4 && group.bytes().all(|byte| byte.is_ascii_uppercase())
            };
            is_group(one) && is_group(two)
        };
        let start = self.provider.url("/device");
        let is_either = |word: &str| is_code(word) || word.starts_with(&start);
        let first = login.word(is_either);
        let is_first_code = is_code(&first);
        let second = login.word(|word| is_either(word) && is_code(word) != is_first_code);
        let (code, address) = if is_first_code {
            (first, second)
        } else {
            (second, first)
        };
        let page = self
            .provider
            .visit(&address, USER, Some(&code), "oauth-device.png");
        login.assert_succeeds();
        page
    }

    /// Asserts that a run fetches one more message without a word, so that there are so many.
    #[track_caller]
    pub(super) fn assert_fetches(&self, count: usize) {
        self.place.dovecot.fill(USER, [MAIL.to_vec()]);
        let out = self.run(&["sync"]);
        assert_eq!(
            (out.code, out.stdout.as_str(), out.stderr.as_str()),
            (0, "", "")
        );
        assert_eq!(self.place.sandbox.mail("Mail").len(), count);
    }

    /// Asserts that a run with new mail fetches nothing, and ends with this status and one line with these words.
    #[track_caller]
    pub(super) fn assert_fails(&self, code: i32, words: &[&str]) {
        self.place.dovecot.fill(USER, [MAIL.to_vec()]);
        let before = self.place.sandbox.mail("Mail").len();
        let out = self.run(&["sync"]);
        assert_says(&out, code, words);
        assert_eq!(self.place.sandbox.mail("Mail").len(), before);
        self.assert_absent_in(&out);
    }

    /// By which mechanism the last connection logged in.
    pub(super) fn method(&self) -> String {
        self.place.method(1)
    }

    /// Asserts that no token was printed.
    #[track_caller]
    pub(super) fn assert_absent_in(&self, out: &Finished) {
        for token in self.provider.tokens() {
            assert_absent(&token, out.stdout.as_bytes(), "stdout");
            assert_absent(&token, out.stderr.as_bytes(), "stderr");
        }
    }

    /// Asserts that none of these secrets and no token is in the sandbox, but for the tokens' own folder.
    #[track_caller]
    pub(super) fn assert_private(&self, secrets: &[&str]) {
        let sandbox = &self.place.sandbox;
        let tokens = self.provider.tokens();
        assert!(!tokens.is_empty());
        let mut all: Vec<&str> = tokens.iter().map(String::as_str).collect();
        all.extend_from_slice(secrets);
        let spared = [
            sandbox.path("state/popfetch/oauth2"),
            sandbox.path("client"),
        ];
        let spared = spared.each_ref().map(PathBuf::as_path);
        assert_absent_below(&all, &sandbox.path(""), &spared);
    }
}

impl Waiting {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        let readers: [Box<dyn std::io::Read + Send>; 2] = [Box::new(stdout), Box::new(stderr)];
        for reader in readers {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(reader).lines() {
                    // Nobody listens to a login that is given up.
                    let _ = sender.send(line.unwrap_or_default());
                }
            });
        }
        Self {
            child,
            lines,
            said: Vec::new(),
        }
    }

    /// The first word printed, in what was said or is said next, of which this holds.
    #[track_caller]
    pub(super) fn word(&mut self, holds: impl Fn(&str) -> bool) -> String {
        let mut seen = 0;
        loop {
            for line in &self.said[seen..] {
                let mut words = line.split_whitespace();
                if let Some(word) = words.find(|word| holds(word.trim_matches(['.', ',', ':']))) {
                    return word.trim_matches(['.', ',', ':']).to_owned();
                }
            }
            seen = self.said.len();
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.said.push(line),
                Err(end) => panic!("login says nothing more ({end}): {:#?}", self.said),
            }
        }
    }

    /// Waits for the end.
    #[track_caller]
    pub(super) fn finish(&mut self) -> ExitStatus {
        // The channel ends with both outputs, and those with the process.
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.said.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(end) => panic!("login does not end ({end}): {:#?}", self.said),
            }
        }
        self.child.wait().unwrap()
    }

    #[track_caller]
    fn assert_succeeds(&mut self) {
        let status = self.finish();
        assert!(status.success(), "{status}: {:#?}", self.said);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // A child that has ended already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
