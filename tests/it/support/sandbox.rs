//! A place where popfetch runs and finds nothing of the machine's user: own folders, own environment, no D-Bus.
//!
//! It owns the folders, the child processes and the time they may take. It refuses to know mail servers.
//! Invariants: every child has ended before its `Running` is gone; the folder goes with the `Sandbox`.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long popfetch may run before the test is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks at a child.
const GLANCE: Duration = Duration::from_millis(2);

/// The user and group `nobody` and `nogroup`.
const NOBODY: u32 = 65534;

/// The folder, and how popfetch is run in it.
pub(crate) struct Sandbox {
    folder: TempDir,
    binary: PathBuf,
    /// Runs popfetch as this user, to whom the folder belongs.
    user: Option<u32>,
}

/// A popfetch that has ended.
#[derive(Clone, Debug)]
pub(crate) struct Finished {
    /// The exit status, 128 and the signal's number if a signal ended it.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The most memory that it held, in bytes: the last `VmHWM` seen. 0 where the system does not tell.
    pub(crate) peak: u64,
}

impl Sandbox {
    /// A sandbox whose popfetch runs as the user of the test.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("popfetch-it-")
            .tempdir()
            .unwrap();
        let sandbox = Self {
            folder,
            binary: env!("CARGO_BIN_EXE_popfetch").into(),
            user: None,
        };
        for name in ["home", "config", "state", "data", "runtime", "tmp"] {
            fs::create_dir(sandbox.path(name)).unwrap();
            fs::set_permissions(sandbox.path(name), Permissions::from_mode(0o700)).unwrap();
        }
        fs::create_dir(sandbox.path("config/popfetch")).unwrap();
        sandbox
    }

    /// A sandbox whose popfetch is not root, so that the permissions of files bind it.
    pub(crate) fn unprivileged() -> Self {
        let mut sandbox = Self::new();
        if fs::metadata(sandbox.folder.path()).unwrap().uid() == 0 {
            // The binary may lie where only root can reach it. cp(1) copies it, as a file that this process
            // has open for writing may be inherited by another test's child, and then cannot be run.
            let copy = sandbox.path("popfetch");
            let mut cp = Command::new("cp");
            assert!(
                cp.arg(&sandbox.binary)
                    .arg(&copy)
                    .status()
                    .unwrap()
                    .success()
            );
            sandbox.binary = copy;
            sandbox.user = Some(NOBODY);
            sandbox.hand_over(sandbox.folder.path());
        }
        sandbox
    }

    /// A path in the sandbox: the folders there are home, config, state, data, runtime and tmp.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// A path in HOME.
    pub(crate) fn home(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.path("home").join(relative)
    }

    /// Writes the configuration to its usual place, for its owner's eyes only.
    pub(crate) fn config(&self, text: &str) -> PathBuf {
        self.write("config/popfetch/config.toml", text)
    }

    /// Writes a file into the sandbox, with mode 0600, and says where it is.
    pub(crate) fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().expect("a file in a folder")).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        self.hand_over(self.folder.path());
        path
    }

    /// Sets the mode of something in the sandbox.
    pub(crate) fn chmod(&self, relative: &str, mode: u32) {
        fs::set_permissions(self.path(relative), Permissions::from_mode(mode)).unwrap();
    }

    /// Runs popfetch with these arguments to its end.
    pub(crate) fn run<const N: usize>(&self, arguments: [&str; N]) -> Finished {
        self.start(arguments).finish()
    }

    /// Runs popfetch with these arguments, without waiting.
    pub(crate) fn start<const N: usize>(&self, arguments: [&str; N]) -> Running {
        let mut command = self.command();
        command.args(arguments);
        Running::new(command)
    }

    /// Runs `popfetch sync` to its end by way of another program, which finds popfetch and `sync` behind these arguments.
    pub(crate) fn sync_through(&self, program: &str, arguments: &[&str]) -> Finished {
        let mut command = self.program(program);
        command.args(arguments).arg(&self.binary).arg("sync");
        Running::new(command).finish()
    }

    /// The command that runs another program as popfetch is run here: its surroundings, its user.
    pub(crate) fn program(&self, program: &str) -> Command {
        let like = self.command();
        let variables = like
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(variables)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    /// The command that runs popfetch here, for more arguments, variables or another standard input.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            // What a run says is to depend on this run.
            .env("POPFETCH_REMIND", "always")
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        let folders = [
            ("HOME", "home"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_RUNTIME_DIR", "runtime"),
            ("TMPDIR", "tmp"),
        ];
        command.envs(folders.map(|(name, folder)| (name, self.path(folder))));
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    /// What is in the Maildir at this place in HOME, `new/` and `cur/` together, sorted by content.
    /// Asserts that nothing is left in `tmp/`.
    pub(crate) fn mail(&self, maildir: &str) -> Vec<Vec<u8>> {
        let maildir = self.home(maildir);
        let left = files(&maildir.join("tmp"));
        assert!(left.is_empty(), "left in tmp/: {left:?}");
        let found = ["new", "cur"]
            .into_iter()
            .flat_map(|folder| files(&maildir.join(folder)));
        let mut mail: Vec<_> = found.map(|file| fs::read(file).unwrap()).collect();
        mail.sort();
        mail
    }

    /// Each file and folder in the sandbox, with the files' contents: what has changed shows when two are compared.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn look(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    look(&path, found);
                    found.insert(path, Vec::new());
                } else {
                    let content = fs::read(&path).unwrap();
                    found.insert(path, content);
                }
            }
        }
        let mut found = BTreeMap::new();
        look(self.folder.path(), &mut found);
        found
    }

    /// Gives what is at this path, and below it, to the user as whom popfetch runs.
    fn hand_over(&self, path: &Path) {
        let Some(user) = self.user else { return };
        chown(path, Some(user), Some(user)).unwrap();
        if path.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                self.hand_over(&entry.unwrap().path());
            }
        }
    }
}

/// The files in a folder, sorted by name; none if there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        entries => entries.unwrap(),
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// A popfetch that may not have ended yet. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    /// They read to the end, so that no full pipe holds the child up.
    outputs: Option<[JoinHandle<Vec<u8>>; 2]>,
    /// The most memory that it was seen to hold.
    peak: u64,
}

impl Running {
    /// Starts this command; its outputs are collected.
    pub(crate) fn new(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        let outputs = Some([collect(stdout), collect(stderr)]);
        let peak = peak_of(child.id()).unwrap_or(0);
        Self {
            child,
            outputs,
            peak,
        }
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, by the name that kill(1) has for it.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(status.success(), "kill -s {name}: {status}");
    }

    /// Waits for the end.
    pub(crate) fn finish(self) -> Finished {
        self.finish_within(PATIENCE)
    }

    /// Waits for the end, this long at most: other programs take their time.
    pub(crate) fn finish_within(mut self, patience: Duration) -> Finished {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                started.elapsed() < patience,
                "it did not end within {patience:?}"
            );
            self.peak = peak_of(self.child.id()).unwrap_or(self.peak);
            thread::sleep(GLANCE);
        };
        let outputs = self.outputs.take().expect("only the end takes them");
        let [stdout, stderr] =
            outputs.map(|output| String::from_utf8_lossy(&output.join().unwrap()).into_owned());
        let code = status
            .code()
            .or_else(|| Some(128 + status.signal()?))
            .expect("a child that ended");
        Finished {
            code,
            stdout,
            stderr,
            peak: self.peak,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A child that has ended already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads an output to its end, in a thread.
fn collect(mut output: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut all = Vec::new();
        output.read_to_end(&mut all).unwrap();
        all
    })
}

/// The most memory that a process has held so far, in bytes (proc(5)). The kernel keeps it, so that only what is held in the
/// last moment can be missed. What wait4(2) gives would be no better: it counts what our own process held when it started
/// the other.
fn peak_of(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let kibibytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?
        .trim()
        .strip_suffix(" kB")?;
    Some(kibibytes.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(sandbox: &Sandbox, script: &str) -> Command {
        let mut command = Command::new("sh");
        let like = sandbox.command();
        command
            .args(["-c", script])
            .env_clear()
            .stdin(Stdio::null());
        command.envs(
            like.get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        if let Some(user) = sandbox.user {
            command.uid(user).gid(user);
        }
        command
    }

    #[test]
    fn the_environment_holds_the_sandbox_and_nothing_else() {
        let sandbox = Sandbox::new();
        let out = Running::new(shell(
            &sandbox,
            "echo $HOME $DBUS_SESSION_BUS_ADDRESS; echo no >&2; exit 7",
        ))
        .finish();
        assert_eq!(out.stdout, format!("{}\n", sandbox.path("home").display()));
        assert_eq!((out.code, out.stderr.as_str()), (7, "no\n"));
    }

    #[test]
    fn a_signal_is_told_by_the_exit_status_and_memory_by_the_peak() {
        let running = Running::new(shell(&Sandbox::new(), "read line < /dev/zero"));
        running.signal("TERM");
        let out = running.finish();
        assert_eq!(out.code, 143);
        assert!(out.peak > 0 || !Path::new("/proc/self/status").exists());
    }

    #[test]
    fn an_unprivileged_popfetch_is_bound_by_permissions() {
        let sandbox = Sandbox::unprivileged();
        sandbox.write("home/secret", "x");
        sandbox.chmod("home/secret", 0);
        let out = Running::new(shell(&sandbox, "cat $HOME/secret")).finish();
        assert_eq!(out.code, 1, "{}", out.stderr);
    }

    #[test]
    fn popfetch_starts_here_and_the_configuration_is_its_owners_alone() {
        let sandbox = Sandbox::unprivileged();
        assert_eq!(sandbox.run(["--help"]).code, 0);
        let config = fs::metadata(sandbox.config("")).unwrap();
        assert_eq!(config.mode() & 0o777, 0o600);
    }

    #[test]
    fn mail_is_what_new_and_cur_hold() {
        let sandbox = Sandbox::new();
        sandbox.write("home/Mail/new/2", "b");
        sandbox.write("home/Mail/cur/1:2,S", "a");
        assert_eq!(sandbox.mail("Mail"), [b"a", b"b"]);
        assert!(sandbox.mail("None").is_empty());
    }
}
