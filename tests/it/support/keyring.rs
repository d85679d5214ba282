//! A private keyring: a D-Bus session and a real gnome-keyring-daemon, in a temporary folder.
//!
//! It owns the bus, the daemon and their files, in the three states that a user's machine may be in:
//! unlocked, locked, and no keyring at all. It refuses to know what popfetch stores there.
//!
//! Invariants: the session of whoever runs the tests is never touched, since the bus has its own socket and
//! activates no service; on drop the daemon ends before the bus, and both before their folder goes.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::daemon::{Daemon, output_of};

/// The password that unlocks the keyring itself.
const MASTER: &str = "the keyring's own password\n";

/// A session bus, with a keyring on it or none.
pub(crate) struct Keyring {
    // Ended from the top: fields are dropped in this order.
    service: Option<Daemon>,
    bus: Daemon,
    folder: TempDir,
}

impl Keyring {
    /// A keyring that is open and empty, as in a session somebody is logged in to.
    pub(crate) fn unlocked() -> Self {
        Self::build(|folder| Some(unlocked_service(folder)))
    }

    /// A keyring that is locked, with nothing on the bus that could ask for its password.
    pub(crate) fn locked() -> Self {
        let mut keyring = Self::unlocked();
        keyring.lock();
        keyring
    }

    /// Locks it, with what is in it.
    pub(crate) fn lock(&mut self) {
        let folder = self.folder.path();
        drop(self.service.take());
        // The bus may be slower to see that the service has ended.
        let gone = self
            .bus
            .wait_until(|| (!has_secret_service(folder)).then_some(()));
        gone.unwrap_or_else(|log| panic!("dbus-daemon {log}"));
        self.service = Some(service(folder, &["--start"], Stdio::null()));
    }

    /// A session bus without any keyring, as in many a remote login.
    pub(crate) fn absent() -> Self {
        Self::build(|_| None)
    }

    /// The variables that lead a program to this keyring, to be set for it.
    pub(crate) fn environment(&self) -> [(&'static str, OsString); 3] {
        environment(self.folder.path())
    }

    fn build(service: impl FnOnce(&Path) -> Option<Daemon>) -> Self {
        let folder = TempDir::with_prefix("keyring-").expect("a temporary folder can be made");
        let mut private = DirBuilder::new();
        private.mode(0o700);
        for part in ["home", "run"] {
            let made = private.create(folder.path().join(part));
            made.expect("a folder can be made");
        }
        let bus = bus(folder.path());
        Self {
            service: service(folder.path()),
            bus,
            folder,
        }
    }
}

fn environment(folder: &Path) -> [(&'static str, OsString); 3] {
    let mut address = OsString::from("unix:path=");
    address.push(folder.join("run/bus"));
    [
        ("DBUS_SESSION_BUS_ADDRESS", address),
        ("HOME", folder.join("home").into()),
        ("XDG_RUNTIME_DIR", folder.join("run").into()),
    ]
}

/// A command that sees this session and nothing of the caller's.
fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(environment(folder));
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.current_dir(folder);
    command
}

fn bus(folder: &Path) -> Daemon {
    let config = folder.join("bus.conf");
    let text = BUS.replace("{socket}", &folder.join("run/bus").display().to_string());
    fs::write(&config, text).expect("a file can be written");
    let mut command = command("dbus-daemon", folder);
    command.arg("--config-file").arg(&config);
    command
        .args(["--nofork", "--nopidfile"])
        .stdin(Stdio::null());
    let mut bus = Daemon::spawn(&mut command, &folder.join("bus.log"));
    let ready = || UnixStream::connect(folder.join("run/bus")).ok();
    if let Err(log) = bus.wait_until(ready) {
        panic!("dbus-daemon {log}");
    }
    bus
}

/// A bus with no folder of services: what is not started here is not there.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

fn unlocked_service(folder: &Path) -> Daemon {
    let master = folder.join("master");
    fs::write(&master, MASTER).expect("a file can be written");
    let master = File::open(&master).expect("a file can be opened");
    service(folder, &["--unlock"], master.into())
}

fn service(folder: &Path, arguments: &[&str], stdin: Stdio) -> Daemon {
    let mut command = command("gnome-keyring-daemon", folder);
    command.args(["--foreground", "--components=secrets"]);
    command.args(arguments).stdin(stdin);
    let mut service = Daemon::spawn(&mut command, &folder.join("service.log"));
    if let Err(log) = service.wait_until(|| has_secret_service(folder).then_some(())) {
        panic!("gnome-keyring-daemon {log}");
    }
    service
}

fn has_secret_service(folder: &Path) -> bool {
    let mut command = command("dbus-send", folder);
    command.args([
        "--session",
        "--print-reply=literal",
        "--dest=org.freedesktop.DBus",
    ]);
    command.args(["/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner"]);
    let reply = output_of(command.arg("string:org.freedesktop.secrets"));
    reply.trim() == "boolean true"
}

mod tests {
    use std::io::Write;
    use std::process::Output;

    use super::*;

    fn secret_tool(keyring: &Keyring, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new("secret-tool");
        command.envs(keyring.environment());
        command
            .args(arguments)
            .args(["service", "popfetch", "username", "me@example.org"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .expect("secret-tool is installed: else run tests/run");
        let mut stdin = child.stdin.take().expect("it is piped");
        // One that fails at once has not waited for its input.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output().expect("secret-tool ends")
    }

    #[test]
    fn an_unlocked_keyring_gives_back_what_was_stored() {
        let keyring = Keyring::unlocked();
        let stored = secret_tool(&keyring, &["store", "--label=test"], "tea time");
        assert!(stored.status.success(), "{stored:?}");
        let found = secret_tool(&keyring, &["lookup"], "");
        assert_eq!(found.stdout, b"tea time", "{found:?}");
    }

    #[test]
    fn a_locked_keyring_stores_nothing() {
        let stored = secret_tool(&Keyring::locked(), &["store", "--label=test"], "tea time");
        assert!(!stored.status.success(), "{stored:?}");
        let reason = String::from_utf8_lossy(&stored.stderr);
        assert!(reason.contains("locked"), "{reason}");
    }

    #[test]
    fn an_absent_keyring_is_not_started_by_asking() {
        let stored = secret_tool(&Keyring::absent(), &["store", "--label=test"], "tea time");
        assert!(!stored.status.success(), "{stored:?}");
        let reason = String::from_utf8_lossy(&stored.stderr);
        assert!(reason.contains("org.freedesktop.secrets"), "{reason}");
    }
}
