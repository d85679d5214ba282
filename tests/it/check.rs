//! `popfetch check`: why no mail comes, each cause with its line and its cure; and that a check changes nothing.

mod certificates;
mod cron;
mod faults;
mod well;

use serde_json::Value;

use super::support::mailbox::{Mailbox, PASSWORD};
use super::support::sandbox::{Finished, Running, Sandbox};

/// Has systemd run popfetch every ten minutes, as far as its units say.
fn schedule(sandbox: &Sandbox) {
    let units = "home/.config/systemd/user";
    let timer = sandbox.write(
        &format!("{units}/popfetch.timer"),
        "[Timer]\nOnCalendar=*:0/10\n",
    );
    let wanted = sandbox.path(format!("{units}/timers.target.wants"));
    std::fs::create_dir(&wanted).unwrap();
    std::os::unix::fs::symlink(timer, wanted.join("popfetch.timer")).unwrap();
}

/// Runs `popfetch check` here as a shell without XDG variables would, with these arguments and variables.
#[track_caller]
fn run(sandbox: &Sandbox, arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
    let mut command = sandbox.command();
    for variable in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"] {
        command.env_remove(variable);
    }
    let config = sandbox.path("config/popfetch/config.toml");
    command.args(["check", "--config"]).arg(config);
    command.args(arguments).envs(variables.iter().copied());
    let out = Running::new(command).finish();
    assert!(
        !format!("{}{}", out.stdout, out.stderr).contains(PASSWORD),
        "the password is shown"
    );
    out
}

/// The same for a mailbox; asserts that nothing was changed here or there, and that a session ended with QUIT.
#[track_caller]
fn check(mailbox: &Mailbox, arguments: &[&str]) -> Finished {
    let sent = || ["RETR", "DELE", "RSET"].map(|command| mailbox.server.count(command));
    let (before, there, commands) = (mailbox.sandbox.snapshot(), mailbox.there(), sent());
    let out = run(&mailbox.sandbox, arguments, &[]);
    assert!(
        mailbox.sandbox.snapshot() == before,
        "something was changed"
    );
    assert_eq!(mailbox.there(), there);
    assert_eq!(sent(), commands);
    for record in mailbox.server.records() {
        let has_logged_in = record.lines.iter().any(|line| line.starts_with("LIST"));
        if has_logged_in {
            assert_eq!(record.lines.last().unwrap(), "QUIT");
        }
    }
    out
}

/// Asserts that a line begins with this mark and topic and holds all of `words`, and that its cure, on the next line, holds
/// all of `cures`; and that the run ended with this status.
#[track_caller]
fn assert_says(out: &Finished, status: i32, head: (&str, &str), words: &[&str], cures: &[&str]) {
    assert_eq!(out.code, status, "{}{}", out.stdout, out.stderr);
    assert_eq!(out.stderr, "");
    let (mark, topic) = head;
    let head = format!("  {mark} {topic:<14}");
    let lines: Vec<&str> = out.stdout.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.starts_with(&head) && words.iter().all(|word| line.contains(word)));
    let at = at.unwrap_or_else(|| panic!("no {head:?} with {words:?} in\n{}", out.stdout));
    if cures.is_empty() {
        return;
    }
    let cure = lines.get(at + 1).copied().unwrap_or_default();
    assert!(cure.trim_start().starts_with("→ "), "{}", out.stdout);
    for word in cures {
        assert!(cure.contains(word), "no {word:?} in {cure:?}");
    }
}

/// Asserts that nothing is said of these topics.
#[track_caller]
fn assert_silent(out: &Finished, topics: &[&str]) {
    for topic in topics {
        let said = out.stdout.lines().any(|line| {
            line.get(4..)
                .is_some_and(|line| line.trim_start().starts_with(topic))
        });
        assert!(!said, "{topic} in\n{}", out.stdout);
    }
}

/// The marks of all topics, in order: `"✓ secret"`.
fn marks(out: &Finished) -> Vec<String> {
    let lines = out.stdout.lines().filter(|line| {
        ["  ✓", "  !", "  ✗"]
            .iter()
            .any(|mark| line.starts_with(mark))
    });
    let short = |line: &str| line.trim().chars().take(16).collect::<String>();
    lines.map(|line| short(line).trim().to_owned()).collect()
}

/// What `--json` says, an object a line.
#[track_caller]
fn objects(mailbox: &Mailbox) -> Vec<Value> {
    let out = check(mailbox, &["--json"]);
    assert_eq!(out.stderr, "");
    let lines = out.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}
