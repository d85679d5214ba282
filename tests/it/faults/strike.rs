//! One fault at one system call of a run of popfetch, by strace(1).
//!
//! It owns the words for a fault and the reading of strace's log. It refuses to know what a fault may do to mail.
//! Invariants: a call that is struck is not carried out; a run that cannot be struck, because strace may not trace,
//! proves nothing and fails.

use std::fmt;
use std::fs;
use std::process::Command;

use super::super::support::sandbox::{Finished, Running, Sandbox};

/// What happens at the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blow {
    /// The process is killed.
    Kill,
    /// The call fails with the error of this name.
    Fail(&'static str),
}

impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "SIGKILL",
            Self::Fail(error) => error,
        })
    }
}

/// System calls of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Calls {
    /// As strace has it: a name, or an expression for those that begin alike.
    pub(super) name: &'static str,
    /// Only those on this file of the sandbox.
    pub(super) file: Option<&'static str>,
}

impl Calls {
    /// Those of this name, on whatever they are.
    pub(super) const fn all(name: &'static str) -> Self {
        Self { name, file: None }
    }

    /// Those of this name on this file of the sandbox.
    pub(super) const fn on(name: &'static str, file: &'static str) -> Self {
        let file = Some(file);
        Self { name, file }
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.file {
            Some(file) => write!(f, "{} on {file}", self.name),
            None => f.write_str(self.name),
        }
    }
}

/// A fault at the `nth` of some calls that a thread makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Strike {
    pub(super) blow: Blow,
    pub(super) calls: Calls,
    /// Counted from 1, in each thread by itself.
    pub(super) nth: usize,
}

/// A run that was, or was not, struck.
pub(super) struct Struck {
    pub(super) run: Finished,
    pub(super) hit: bool,
}

impl Strike {
    /// Runs `popfetch sync` and strikes.
    pub(super) fn run(self, sandbox: &Sandbox) -> Struck {
        let Self { blow, calls, nth } = self;
        let fault = match blow {
            Blow::Kill => "signal=SIGKILL".to_owned(),
            Blow::Fail(error) => format!("error={error}"),
        };
        let log = sandbox.path("tmp/strace.log");
        let like = sandbox.command();
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o"]).arg(&log);
        if let Some(file) = calls.file {
            command.arg("-P").arg(sandbox.path(file));
        }
        let name = calls.name;
        command
            .args(["-e", &format!("trace={name}")])
            .args(["-e", &format!("inject={name}:{fault}:when={nth}")])
            .arg(like.get_program())
            .arg("sync")
            .env_clear()
            .envs(
                like.get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .current_dir(like.get_current_dir().expect("a sandbox has one"));
        let run = Running::new(command).finish();
        assert!(
            run.code != 1 || !run.stderr.contains("ptrace"),
            "strace must be allowed to trace (in a container: --cap-add=SYS_PTRACE): {}",
            run.stderr
        );
        let hit = has_hit(&String::from_utf8_lossy(&fs::read(log).unwrap()));
        Struck { run, hit }
    }
}

/// Whether a log tells that something was struck, in popfetch or in a child of it.
fn has_hit(log: &str) -> bool {
    log.lines()
        .any(|line| line.ends_with("(INJECTED)") || line.ends_with("+++ killed by SIGKILL +++"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_tells_whether_something_was_struck() {
        assert!(has_hit("7 fsync(4) = ?\n7 +++ killed by SIGKILL +++\n"));
        assert!(has_hit(
            "7 write(4, \"b\", 1) = -1 EIO (Input/output error) (INJECTED)\n"
        ));
        assert!(!has_hit(
            "7 rename(\"a\", \"b\") = -1 EXDEV (Invalid cross-device link)\n"
        ));
        assert!(!has_hit("7 fsync(4) = 0\n7 +++ killed by SIGTERM +++\n"));
    }
}
