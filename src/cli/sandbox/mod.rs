//! `sync --sandbox`: confines popfetch to what fetching takes, for as long as it runs.
//!
//! It owns what is let through. It refuses to know what is done there. Invariants: what no rule names can neither be opened
//! nor changed nor run, by any thread; where that cannot be had, nothing is fetched. A socket in a file can be connected to
//! without a rule: the keyring, LMTP servers and the system's resolver are reached so.

#[cfg(target_os = "linux")]
mod kernel;
#[cfg(not(target_os = "linux"))]
#[path = "no_kernel.rs"]
mod kernel;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;

use super::args::{Global, Sync};
use super::secrets::{Found, Secrets};
use super::{report, surroundings};
use crate::config::{Account, Config, Folders};
use crate::credentials::{Source, oauth2};
use crate::delivery::{Destination, Lmtp, LmtpAddress};
use crate::pop3::{Security, Trust};
use crate::retention::Policy;
use crate::state::Ledger;

/// Why popfetch was not confined.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// What an account needs cannot be done in there.
    #[error(
        "{account}: {key} runs a program, which nothing in the sandbox can: name the other accounts, or leave out --sandbox (POPFETCH_SANDBOX)"
    )]
    Program {
        /// The account.
        account: String,
        /// What the configuration calls it.
        key: &'static str,
    },
    /// What an account writes to lies so that the sandbox would be none.
    #[error(
        "{account}: with {} in it, the sandbox would hold the whole home folder: deliver to a folder of its own", path.display()
    )]
    TooWide {
        /// The account.
        account: String,
        /// The folder.
        path: PathBuf,
    },
    /// The system cannot do it.
    #[error(
        "popfetch cannot be confined here, and nothing was fetched: leave out --sandbox (POPFETCH_SANDBOX)"
    )]
    Unavailable {
        /// What it says.
        #[source]
        source: Cause,
    },
    /// A program that gave a secret has left something running that still writes to popfetch.
    #[error("a program that was run for a secret has left something running: nothing was fetched")]
    Left,
}

/// What a system says that cannot do it.
type Cause = Box<dyn std::error::Error + Send + std::marker::Sync>;

/// What may be done at a path and below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Access {
    /// See what is there.
    Names,
    /// Also read it.
    Read,
    /// Also change, make, move and remove files and folders.
    Write,
    /// Read and write, and say how it behaves.
    Terminal,
}

/// What is let through. A path that is not there needs no rule.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rules {
    paths: BTreeSet<(PathBuf, Access)>,
    /// The TCP ports that may be connected to, on any host.
    ports: BTreeSet<u16>,
    /// Whether connections come from an address of one's choice.
    binds: bool,
}

/// What the system's libraries read while mail is fetched.
const SYSTEM: [&str; 18] = [
    // How names are looked up, roots and the configuration of OpenSSL, the time zone.
    "/etc",
    // Where /etc/resolv.conf leads.
    "/run/NetworkManager",
    "/run/resolvconf",
    "/run/systemd/resolve",
    "/mnt/wsl",
    // What the resolver and OpenSSL load.
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/gnu/store",
    "/nix/store",
    // Where OpenSSL's configuration leads.
    "/usr/share/crypto-policies",
    // Where the roots in /etc lead.
    "/usr/local/share/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/share/pki",
    "/var/lib/ca-certificates",
    "/usr/share/zoneinfo",
    // SQLite's salts.
    "/dev/urandom",
];

/// A resolver asks over TCP what has no room in a datagram (RFC 7766 §5).
const DNS: u16 = 53;

/// How long what programs print may take to come to its end, once they have ended.
const PATIENCE: Duration = Duration::from_secs(5);

/// Confines popfetch, if that is wanted; gives the secrets that could not be found any more.
pub(super) fn enter(
    options: &Sync,
    accounts: &[&Account],
    config: &Config,
    folders: &Folders,
    global: &Global,
) -> anyhow::Result<Found> {
    if !options.sandbox {
        return Ok(Found::default());
    }
    let mut rules = Rules::default();
    for account in accounts {
        rules.serve(account, &folders.home, options.every.is_some())?;
    }
    rules.allow(&folders.state, Access::Write);
    if let Some(log) = &global.log_file {
        rules.allow(around(log, &folders.home), Access::Write);
    }
    if options.every.is_some() {
        rules.allow(around(&config.path, &folders.home), Access::Read);
    }
    rules.surround();
    let stop = surroundings::stop_flag()?;
    if !options.dry_run {
        make_room(accounts, folders, &stop)?;
    }
    let walls = kernel::build(&rules).map_err(|source| Error::Unavailable { source })?;
    let found = Secrets::of_programs(accounts, &folders.state, Timestamp::now(), stop);
    // Only this thread, and those that it starts, are confined.
    if !is_alone() {
        return Err(Error::Left.into());
    }
    let held = walls
        .close()
        .map_err(|source| Error::Unavailable { source })?;
    log::info!("confined: {held}");
    Ok(found)
}

/// Makes what is missing, for only what is there can be let through.
fn make_room(
    accounts: &[&Account],
    folders: &Folders,
    stop: &Arc<AtomicBool>,
) -> anyhow::Result<()> {
    // To bring one of a former version up to date, SQLite may need room where all have it.
    let ledger = Ledger::open(&folders.state, Arc::clone(stop))?;
    if let Some(aside) = ledger.set_aside() {
        report::say(&report::rebuilding(aside));
    }
    for destination in accounts.iter().flat_map(|account| &account.destinations) {
        // What is wrong with it is the trouble of the account, and told with it.
        if let Err(error) = destination.make_room() {
            log::info!("{error}");
        }
    }
    Ok(())
}

impl Rules {
    fn allow(&mut self, path: impl Into<PathBuf>, access: Access) {
        self.paths.insert((path.into(), access));
    }

    /// Lets through what an account needs; for one that `stays`, all that it needs again and again.
    fn serve(&mut self, account: &Account, home: &Path, stays: bool) -> Result<(), Error> {
        let runs = |key| {
            Err(Error::Program {
                account: account.name.clone(),
                key,
            })
        };
        if account.after_sync.is_some() {
            return runs("after-sync");
        }
        match &account.secret {
            Source::Command(_) if stays => return runs("password-command"),
            Source::TokenCommand(_) if stays => return runs("token-command"),
            Source::File(path) => self.allow(path, Access::Read),
            Source::OAuth2(client) => {
                if matches!(client.secret, Some(oauth2::ClientSecret::Command(_))) {
                    return runs("client-secret-command");
                }
                self.ports.extend(port_of(&client.token_url));
            }
            Source::Literal(_)
            | Source::Command(_)
            | Source::TokenCommand(_)
            | Source::NotNeeded
            | Source::Unstated => {}
        }
        for destination in &account.destinations {
            let folder = match destination {
                Destination::Pipe(_) => return runs("pipe"),
                Destination::Lmtp(Lmtp { address, .. }) => {
                    if let LmtpAddress::Tcp { port, .. } = address {
                        self.ports.insert(*port);
                    }
                    continue;
                }
                Destination::Maildir(path) => path,
                Destination::Mbox(mbox) => mbox.folder(),
            };
            if holds(folder, home) {
                return Err(Error::TooWide {
                    account: account.name.clone(),
                    path: folder.to_owned(),
                });
            }
            self.allow(folder, Access::Write);
            if let (Destination::Maildir(_), Policy::KeepWhileHere(_), Some(parent)) =
                (destination, &account.retention, folder.parent())
            {
                // A message that left the Maildir is looked for in those beside it.
                self.allow(parent, Access::Names);
            }
        }
        let endpoint = &account.endpoint;
        let proxy = endpoint.way.proxy.as_ref();
        self.ports
            .insert(proxy.map_or(endpoint.port, |proxy| proxy.port));
        self.binds |= endpoint.way.source.is_some();
        if let Security::Implicit(Trust::Bundle(path)) | Security::StartTls(Trust::Bundle(path)) =
            &endpoint.security
        {
            self.allow(path, Access::Read);
        }
        if let Some(client) = &endpoint.client {
            self.allow(&client.chain, Access::Read);
            self.paths
                .extend(client.key.clone().map(|key| (key, Access::Read)));
        }
        Ok(())
    }

    /// Lets through what is the system's, and what is beside the Maildirs.
    fn surround(&mut self) {
        self.ports.insert(DNS);
        for path in SYSTEM {
            self.allow(path, Access::Read);
        }
        for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
            let paths = std::env::var_os(name).unwrap_or_default();
            self.paths
                .extend(std::env::split_paths(&paths).map(|path| (path, Access::Read)));
        }
        if let Some(folder) = surroundings::credentials_folder() {
            self.allow(folder, Access::Read);
        }
        if surroundings::is_attended() {
            self.allow("/dev/tty", Access::Terminal);
        }
        let is_parent = |access: &Access| *access == Access::Names;
        let parents = self.paths.iter().filter(|(_, access)| is_parent(access));
        let maildirs: Vec<PathBuf> = parents.flat_map(|(path, _)| maildirs_in(path)).collect();
        self.paths
            .extend(maildirs.into_iter().map(|path| (path, Access::Read)));
    }
}

/// The Maildirs in a folder.
fn maildirs_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.join("cur").is_dir() && path.join("new").is_dir())
        .collect()
}

/// Whether the folder is the home folder or one above it, by whatever links.
fn holds(folder: &Path, home: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    home.starts_with(folder) || real(home).starts_with(real(folder))
}

/// The folder of a file that may be put away and made anew; the file alone, where that would be the home folder or one
/// above it.
fn around<'p>(file: &'p Path, home: &Path) -> &'p Path {
    match file.parent() {
        Some(folder) if folder.is_absolute() && !holds(folder, home) => folder,
        _ => file,
    }
}

/// The port of an address such as `https://host:port/path`.
fn port_of(address: &str) -> Option<u16> {
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let named = host
        .rsplit_once(':')
        .filter(|(_, port)| !port.ends_with(']'));
    match named {
        Some((_, port)) => port.parse().ok(),
        None if scheme == "http" => Some(80),
        None => Some(443),
    }
}

/// Whether this is the only thread, now or soon.
fn is_alone() -> bool {
    const GLANCE: Duration = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        let threads = fs::read_dir("/proc/self/task").map(Iterator::count);
        match threads {
            Ok(1) => return true,
            Ok(_) if waited < PATIENCE => {}
            _ => return false,
        }
        thread::sleep(GLANCE);
        waited += GLANCE;
    }
}

#[cfg(test)]
mod tests;
