//! A private Dovecot: a real POP3 server on loopback, with its mail in a temporary folder, into which its LMTP server and
//! its delivery agent deliver too.
//!
//! It owns the configuration in Dovecot's two languages (2.3, and 2.4 onwards), the choice of ports, and the
//! ownership of files. It refuses to know popfetch: it takes certificates as PEM text and mail as bytes.
//!
//! Invariants: Dovecot never runs as root. Started by root, it runs as `nobody`; otherwise as the user of the
//! test. A `Dovecot` that exists has answered on its own port with its own greeting.

use std::fs::{self, File, Permissions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tempfile::TempDir;

pub(crate) use self::logins::Logins;
use self::tokens::Tokens;
use super::daemon::{Daemon, output_of};

/// The password of every user.
pub(crate) const PASSWORD: &str = "secret";

/// Where `dovecot` is: Debian gives an ordinary user a PATH without the `sbin` folders.
const PROGRAMS: [&str; 3] = ["dovecot", "/usr/sbin/dovecot", "/usr/local/sbin/dovecot"];

/// Where Debian's and others' packages put Dovecot's delivery agent.
const AGENTS: [&str; 2] = [
    "/usr/lib/dovecot/dovecot-lda",
    "/usr/libexec/dovecot/dovecot-lda",
];

/// How often other ports are tried, when another process took one between choice and use.
const ATTEMPTS: u32 = 10;

/// A running server. If nothing else was asked for, any user name logs in with [`PASSWORD`]; it should be in lower case, as
/// Dovecot folds it.
pub(crate) struct Dovecot {
    // Ended before the folder is removed: fields are dropped in this order. None while it is stopped.
    daemon: Option<Daemon>,
    _tokens: Option<Tokens>,
    logins: Logins,
    folder: TempDir,
    owner: Owner,
    ports: Ports,
    filled: AtomicU32,
}

impl Dovecot {
    /// Starts a server with this certificate chain and key, both PEM text.
    pub(crate) fn start(chain: &str, key: &str) -> Self {
        Self::start_for(chain, key, &Logins::any_name())
    }

    /// The same, which lets nobody in without a certificate of this authority.
    pub(crate) fn demanding(chain: &str, key: &str, authority: &str) -> Self {
        Self::start_for(chain, key, &Logins::any_name().demanding(authority))
    }

    /// A server where only these may log in, and only in these ways.
    pub(crate) fn start_for(chain: &str, key: &str, logins: &Logins) -> Self {
        let owner = Owner::for_dovecot();
        let folder = owner.prepare(chain, key);
        let tokens = logins.provider();
        let logins = match &tokens {
            Some(provider) => &logins.clone().tokens_of(&provider.url()),
            None => logins,
        };
        for (name, text) in logins.files() {
            owner.write(&folder.path().join(name), &text);
        }

        let (daemon, ports) = launch_somewhere(folder.path(), &owner, logins);
        Self {
            daemon: Some(daemon),
            logins: logins.clone(),
            _tokens: tokens,
            folder,
            owner,
            ports,
            filled: AtomicU32::new(0),
        }
    }

    /// Ends the server; what is on it stays.
    pub(crate) fn stop(&mut self) {
        self.daemon = None;
    }

    /// Starts it again after a stop, on other ports.
    pub(crate) fn start_again(&mut self) {
        self.stop();
        let (daemon, ports) = launch_somewhere(self.folder.path(), &self.owner, &self.logins);
        self.daemon = Some(daemon);
        self.ports = ports;
    }

    /// The port for TLS from the first byte.
    pub(crate) fn port_pop3s(&self) -> u16 {
        self.ports.pop3s
    }

    /// The port that speaks in clear and offers STLS.
    pub(crate) fn port_pop3(&self) -> u16 {
        self.ports.pop3
    }

    /// The port of 127.0.0.1 that takes mail by LMTP, for any user.
    pub(crate) fn port_lmtp(&self) -> u16 {
        self.ports.lmtp
    }

    /// The unix socket that takes mail by LMTP, for any user.
    pub(crate) fn socket_lmtp(&self) -> PathBuf {
        self.folder.path().join("lmtp")
    }

    /// What it has logged until now: each login and each refusal in a line, if `Logins` were given.
    pub(crate) fn log(&self) -> String {
        let daemon = self.daemon.as_ref().expect("it runs");
        daemon.log()
    }

    /// The delivery agent that delivers into this user's maildrop what is on its standard input. It must run as root or
    /// as the user of this process.
    pub(crate) fn delivery_agent(&self, user: &str) -> Vec<String> {
        let agent = AGENTS.iter().find(|agent| Path::new(agent).exists());
        let agent = agent.expect("dovecot-lda is not installed: run tests/run");
        let config = self.folder.path().join("dovecot.conf");
        let config = config.to_str().expect("a path of ASCII");
        [agent, "-c", config, "-d", user]
            .map(str::to_owned)
            .to_vec()
    }

    /// The user's Maildir on the server. It exists after the first login or the first message.
    pub(crate) fn maildir(&self, user: &str) -> PathBuf {
        assert!(!user.contains('/'), "{user:?} is no user name");
        self.folder.path().join("mail").join(user).join("Maildir")
    }

    /// Puts messages into the user's maildrop, in this order. Lines end with LF; Dovecot sends CRLF.
    pub(crate) fn fill(&self, user: &str, messages: impl IntoIterator<Item = Vec<u8>>) {
        for message in messages {
            self.fill_with(user, |file| file.write_all(&message));
        }
    }

    /// Puts one message, too large for memory, into the user's maildrop: `write` makes its content.
    pub(crate) fn fill_with(
        &self,
        user: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) {
        let maildir = self.maildir(user);
        for folder in ["", "tmp", "new", "cur"] {
            self.owner.make_folder(&maildir.join(folder));
        }
        // Dovecot numbers new messages by the time in their names, and hashes little more than the last seven characters:
        // were those the same in all, a scan would take time with the square of the messages.
        let number = self.filled.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}.filled.{number}", 1_700_000_000 + number);
        let hidden = maildir.join("tmp").join(&name);
        let mut file = BufWriter::new(File::create_new(&hidden).expect("a message can be created"));
        write(&mut file)
            .and_then(|()| file.flush())
            .expect("a message can be written");
        self.owner.give(&hidden);
        fs::rename(&hidden, maildir.join("new").join(&name)).expect("a message can be renamed");
    }

    /// How many messages the user has on the server now.
    pub(crate) fn messages(&self, user: &str) -> usize {
        self.files(user).len()
    }

    /// What the user has on the server now, LF form, oldest first.
    pub(crate) fn contents(&self, user: &str) -> Vec<Vec<u8>> {
        let read = |path: PathBuf| fs::read(path).expect("a message can be read");
        self.files(user).into_iter().map(read).collect()
    }

    /// Removes all the user's messages behind the server's back, as another mail program would.
    pub(crate) fn expunge_all(&self, user: &str) {
        for path in self.files(user) {
            fs::remove_file(path).expect("a message can be removed");
        }
    }

    /// Forgets which uids the user's messages have: the next session lists them all under new ones, in the same order.
    /// No session may be open.
    pub(crate) fn change_uids(&self, user: &str) {
        for entry in fs::read_dir(self.maildir(user)).expect("a Maildir can be read") {
            let path = entry.expect("a Maildir can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // Not `dovecot-uidvalidity`: from it Dovecot knows which numbers it has used up.
            if name == "dovecot-uidlist" || name.starts_with("dovecot.index") {
                fs::remove_file(&path).expect("an index can be removed");
            }
        }
    }

    fn files(&self, user: &str) -> Vec<PathBuf> {
        let maildir = self.maildir(user);
        let mut files: Vec<PathBuf> = ["new", "cur"]
            .iter()
            .filter_map(|folder| fs::read_dir(maildir.join(folder)).ok())
            .flatten()
            .map(|entry| entry.expect("a Maildir can be read").path())
            .collect();
        files.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
        files
    }
}

/// Ports of loopback that nothing listened on a moment ago.
struct Ports {
    pop3s: u16,
    pop3: u16,
    lmtp: u16,
}

impl Ports {
    fn free() -> Self {
        let bind =
            || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        // All are held before any is let go, so that they differ.
        let held = [bind(), bind(), bind()];
        let [pop3s, pop3, lmtp] =
            held.map(|listener| listener.local_addr().expect("it is bound").port());
        Self { pop3s, pop3, lmtp }
    }
}

/// Who Dovecot runs as, and so who must own its files.
struct Owner {
    user: String,
    group: String,
    uid: u32,
    gid: u32,
    /// Whether this process is root and gives files away.
    given: bool,
}

impl Owner {
    fn for_dovecot() -> Self {
        let given = output_of(Command::new("id").arg("-u")) == "0";
        let id = |flags: &str| {
            let mut command = Command::new("id");
            output_of(command.arg(flags).args(given.then_some("nobody")))
        };
        let number = |text: String| text.parse().expect("id prints a number");
        // A user without a name in the password database fails here: Dovecot needs one.
        Self {
            user: id("-un"),
            group: id("-gn"),
            uid: number(id("-u")),
            gid: number(id("-g")),
            given,
        }
    }

    /// A new folder with what every configuration refers to.
    fn prepare(&self, chain: &str, key: &str) -> TempDir {
        let folder = TempDir::with_prefix("dovecot-").expect("a temporary folder can be made");
        self.give(folder.path());
        self.make_folder(&folder.path().join("mail"));
        self.write(&folder.path().join("chain.pem"), chain);
        self.write(&folder.path().join("key.pem"), key);
        folder
    }

    fn give(&self, path: &Path) {
        if self.given {
            chown(path, Some(self.uid), Some(self.gid)).expect("root can give a file away");
        }
    }

    fn make_folder(&self, path: &Path) {
        if path.is_dir() {
            return;
        }
        if let Some(parent) = path.parent() {
            self.make_folder(parent);
        }
        fs::create_dir(path).expect("a folder can be made");
        self.give(path);
    }

    fn write(&self, path: &Path, text: &str) {
        fs::write(path, text).expect("a file can be written");
        fs::set_permissions(path, Permissions::from_mode(0o600)).expect("a mode can be set");
        self.give(path);
    }
}

/// The two languages of Dovecot's configuration.
#[derive(Clone, Copy)]
enum Syntax {
    /// Debian 12 and before.
    V2_3,
    /// Debian 13 and later.
    V2_4,
}

fn installed() -> (&'static str, Syntax) {
    for program in PROGRAMS {
        if let Ok(output) = Command::new(program).arg("--version").output() {
            let syntax = match output.stdout.as_slice() {
                [b'2', b'.', b'0'..=b'3', b'.', ..] => Syntax::V2_3,
                _ => Syntax::V2_4,
            };
            return (program, syntax);
        }
    }
    panic!("dovecot is not installed: run tests/run");
}

/// Attempts until some ports are free.
fn launch_somewhere(folder: &Path, owner: &Owner, logins: &Logins) -> (Daemon, Ports) {
    let (program, syntax) = installed();
    for _ in 0..ATTEMPTS {
        let ports = Ports::free();
        match launch(program, syntax, folder, owner, &ports, logins) {
            Ok(daemon) => return (daemon, ports),
            Err(log) if log.contains("Address already in use") => {}
            Err(log) => panic!("dovecot {log}"),
        }
    }
    panic!("dovecot found no free ports in {ATTEMPTS} attempts");
}

/// One attempt on these ports. The error is what Dovecot printed.
fn launch(
    program: &str,
    syntax: Syntax,
    folder: &Path,
    owner: &Owner,
    ports: &Ports,
    logins: &Logins,
) -> Result<Daemon, String> {
    let (config, log) = (folder.join("dovecot.conf"), folder.join("log"));
    owner.write(
        &config,
        &configuration(syntax, folder, owner, ports, logins),
    );
    owner.write(&log, "");
    let mut command = Command::new(program);
    command.arg("-F").arg("-c").arg(&config);
    command.current_dir(folder).stdin(Stdio::null());
    if owner.given {
        // This also drops root's other groups.
        command.uid(owner.uid).gid(owner.gid);
    }
    let mut daemon = Daemon::spawn(&mut command, &log);
    // Dovecot binds all of its ports or ends, so the answer of one speaks for both.
    let welcome = format!("+OK {}", greeting(folder));
    daemon.wait_until(|| greets(ports.pop3, &welcome).ok().filter(|ours| *ours))?;
    Ok(daemon)
}

/// A text that no other server greets with, so that a stranger on our port is not mistaken for ours.
fn greeting(folder: &Path) -> String {
    folder
        .file_name()
        .map_or_else(String::new, |name| name.display().to_string())
}

fn greets(port: u16, welcome: &str) -> io::Result<bool> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    // Where APOP may be used, its challenge follows.
    Ok(line.trim_end().starts_with(welcome))
}

fn configuration(
    syntax: Syntax,
    folder: &Path,
    owner: &Owner,
    ports: &Ports,
    logins: &Logins,
) -> String {
    let template = match syntax {
        Syntax::V2_3 => [V2_3, BOTH].concat(),
        Syntax::V2_4 => [V2_4, BOTH].concat(),
    };
    template
        .replace("{logins}", &logins.configuration(syntax))
        .replace("{folder}", &folder.display().to_string())
        .replace("{owner}", &owner.user)
        .replace("{group}", &owner.group)
        .replace("{uid}", &owner.uid.to_string())
        .replace("{pop3s}", &ports.pop3s.to_string())
        .replace("{pop3}", &ports.pop3.to_string())
        .replace("{lmtp}", &ports.lmtp.to_string())
        .replace("{greeting}", &greeting(folder))
        .replace("{password}", PASSWORD)
}

const V2_3: &str = include_str!("dovecot/2.3.conf");
const V2_4: &str = include_str!("dovecot/2.4.conf");
const BOTH: &str = include_str!("dovecot/both.conf");

mod logins; // who may log in, and how
mod tests;
mod tokens; // who is asked about tokens // that it serves and receives
