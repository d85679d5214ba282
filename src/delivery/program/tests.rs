//! Programs that take, refuse, hang, print and stay, each a line of shell.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use tempfile::TempDir;

use super::*;

const MESSAGE: &str = "Return-Path: <bob@b.example>\nSubject: x\n\nbody\n";

/// A message, and a folder to be at home in.
struct Setting {
    folder: TempDir,
    staged: PathBuf,
    stop: AtomicBool,
}

impl Setting {
    fn new() -> Self {
        Self::with(MESSAGE.as_bytes())
    }

    fn with(message: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let staged = folder.path().join("message");
        fs::write(&staged, message).unwrap();
        Self {
            folder,
            staged,
            stop: AtomicBool::new(false),
        }
    }

    fn give(&self, program: &Program) -> Result<Handover, Error> {
        let slip = Slip {
            account: "work",
            uid: r"a\x00b",
            size: Octets(7),
            digest: Digest([0xab; 32]),
            time: Timestamp::UNIX_EPOCH,
            home: self.folder.path(),
            user: "ann",
            inherited: &[("PATH", std::env::var_os("PATH").unwrap())],
        };
        program.deliver(&self.staged, &slip, &self.stop)
    }

    fn run(&self, script: &str) -> Handover {
        self.give(&sh(script)).unwrap()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    fn files(&self) -> usize {
        fs::read_dir(self.folder.path()).unwrap().count()
    }
}

fn sh(script: &str) -> Program {
    Program {
        argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
        unix_from: false,
        timeout: Duration::from_secs(60),
    }
}

fn later(reason: &str) -> Handover {
    Handover::Later(reason.to_owned())
}

/// Whether the process with this number is there and more than a zombie.
fn is_running(process: &str) -> bool {
    fs::read_to_string(format!("/proc/{}/stat", process.trim()))
        .is_ok_and(|stat| !stat.contains(") Z "))
}

/// Waits for the end of a process that was told to end: signals take effect when they please.
fn sees_the_end_of(process: &str) -> bool {
    let begun = Instant::now();
    while is_running(process) && begun.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(5));
    }
    !is_running(process)
}

#[test]
fn the_message_is_the_standard_input_and_home_the_folder() {
    let setting = Setting::new();
    assert_eq!(setting.run("cat > copy"), Handover::Done);
    assert_eq!(setting.text("copy"), MESSAGE);
}

#[test]
fn a_from_line_comes_first_where_it_is_wanted_and_leaves_no_file() {
    let setting = Setting::new();
    let mut program = sh("cat > copy");
    program.unix_from = true;
    assert_eq!(setting.give(&program).unwrap(), Handover::Done);
    assert_eq!(
        setting.text("copy"),
        format!("From bob@b.example Thu Jan  1 00:00:00 1970\n{MESSAGE}")
    );
    assert_eq!(setting.files(), 2);
}

#[test]
fn the_environment_is_what_the_slip_says_and_no_more() {
    let setting = Setting::new();
    let mut program = sh("");
    program.argv = vec!["env".to_owned()];
    let mut command = program.command(
        &Slip {
            account: "work",
            uid: r"a\x00b",
            size: Octets(7),
            digest: Digest([0xab; 32]),
            time: Timestamp::UNIX_EPOCH,
            home: setting.folder.path(),
            user: "ann",
            inherited: &[("TZ", "UTC".into())],
        },
        "bob@b.example",
    );
    let printed = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let mut lines: Vec<&str> = printed.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            &format!("HOME={}", setting.folder.path().display()),
            "LOGNAME=ann",
            "PATH=/usr/local/bin:/usr/bin:/bin",
            "POPFETCH_ACCOUNT=work",
            "POPFETCH_SENDER=bob@b.example",
            &format!("POPFETCH_SHA256={}", "ab".repeat(32)),
            "POPFETCH_SIZE=7",
            r"POPFETCH_UID=a\x00b",
            "TZ=UTC",
            "USER=ann",
        ]
    );
}

#[test]
fn a_program_that_does_not_read_all_may_be_content() {
    let setting = Setting::with(&vec![b'x'; 1 << 20]);
    let mut program = sh("head -c 1 > /dev/null");
    assert_eq!(setting.give(&program).unwrap(), Handover::Done);
    program.unix_from = true;
    assert_eq!(setting.give(&program).unwrap(), Handover::Done);
}

#[test]
fn status_75_and_signals_mean_later_and_other_statuses_a_failure() {
    let setting = Setting::new();
    assert_eq!(
        setting.run("echo 'disk full' >&2; exit 75"),
        later("sh exited with status 75: disk full")
    );
    assert_eq!(
        setting.run("kill -KILL $$"),
        later("sh was ended by signal 9")
    );
    assert_eq!(
        setting.run(r"echo out; printf 'no \033[2Jrule\nat all\n' >&2; exit 1"),
        Handover::Failed(r"sh exited with status 1: no \u{1b}[2Jrule; at all".to_owned())
    );
}

#[test]
fn a_program_that_cannot_be_started_is_no_fault_of_the_message() {
    let setting = Setting::new();
    let mut program = sh("");
    program.argv = vec!["/nonexistent/procmail".to_owned()];
    let error = setting.give(&program).unwrap_err();
    assert_eq!(error.to_string(), "cannot run /nonexistent/procmail");
    assert!(!error.is_temporary());
}

#[test]
fn a_program_that_takes_too_long_is_ended_with_all_it_started() {
    let setting = Setting::new();
    let mut program = sh("echo busy >&2; sleep 1000 & echo $! > inner; wait");
    program.timeout = Duration::from_millis(300);
    assert_eq!(
        setting.give(&program).unwrap(),
        later("sh was ended because it took longer than 300ms: busy")
    );
    assert!(sees_the_end_of(&setting.text("inner")));
}

#[test]
fn a_program_that_does_not_listen_is_killed() {
    let setting = Setting::new();
    let mut program = sh("trap '' TERM; echo $$ > own; while :; do sleep 0.1; done");
    program.timeout = Duration::from_millis(300);
    assert!(matches!(
        setting.give(&program).unwrap(),
        Handover::Later(_)
    ));
    assert!(sees_the_end_of(&setting.text("own")));
}

#[test]
fn an_end_that_was_forced_is_no_success() {
    let setting = Setting::new();
    let mut program = sh("trap 'exit 0' TERM; while :; do sleep 0.1; done");
    program.timeout = Duration::from_millis(300);
    assert!(matches!(
        setting.give(&program).unwrap(),
        Handover::Later(_)
    ));
}

/// Asks for a stop once the program has made the file `begun`, and then makes the file `stopped`.
fn stop_once_begun(setting: Setting, script: &str) -> (Handover, Arc<Setting>) {
    let setting = Arc::new(setting);
    let [begun, stopped] = ["begun", "stopped"].map(|name| setting.folder.path().join(name));
    let watcher = thread::spawn({
        let setting = Arc::clone(&setting);
        move || {
            while !begun.exists() {
                thread::sleep(Duration::from_millis(5));
            }
            setting.stop.store(true, Ordering::Relaxed);
            fs::write(stopped, "").unwrap();
        }
    });
    let handover = setting.run(script);
    watcher.join().unwrap();
    (handover, setting)
}

#[test]
fn a_stop_lets_a_program_finish_that_is_nearly_done() {
    let script = ": > begun; until [ -e stopped ]; do sleep 0.01; done";
    assert_eq!(stop_once_begun(Setting::new(), script).0, Handover::Done);
}

#[test]
fn a_stop_ends_a_program_that_goes_on() {
    let (handover, setting) =
        stop_once_begun(Setting::new(), "echo $$ > own; : > begun; exec sleep 1000");
    assert_eq!(handover, later("sh was ended because popfetch was"));
    assert!(sees_the_end_of(&setting.text("own")));
}

#[test]
fn after_a_stop_no_program_is_begun() {
    let setting = Setting::new();
    setting.stop.store(true, Ordering::Relaxed);
    assert!(matches!(setting.give(&sh(": > ran")), Err(Error::Stopped)));
    assert_eq!(setting.files(), 1);
}

#[test]
fn a_program_that_prints_without_end_is_bounded() {
    let run = child::run(
        &mut sh("yes | head -c 3000000; yes no | head -c 3000000 >&2").command_for_test(),
        Duration::from_secs(60),
        &AtomicBool::new(false),
    )
    .unwrap();
    assert!(matches!(run.end, End::Own(status) if status.success()));
    assert_eq!(run.stdout.len(), child::MAX_OUTPUT);
    assert_eq!(run.stderr.len(), child::MAX_OUTPUT);
}

#[test]
fn what_a_program_leaves_running_holds_nothing_up_and_is_left_alone() {
    let setting = Setting::new();
    // An agent, for example, that inherits standard output and stays.
    assert_eq!(
        setting.run("sleep 600 & echo $! > agent; yes & echo $! > printer"),
        Handover::Done
    );
    let agent = setting.text("agent");
    assert!(is_running(&agent));
    for process in [agent, setting.text("printer")] {
        // The second has ended by itself, when nobody read what it printed.
        let _ = Command::new("kill").arg(process.trim()).status();
    }
}

impl Program {
    fn command_for_test(&self) -> Command {
        let mut command = Command::new(self.name());
        command.args(&self.argv[1..]);
        command
    }
}
