//! The line in the crontab: it runs what it should, and all other lines stay as they are.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::super::support::sandbox::Running;
use super::{HOSTILE, Place};

/// The command of a crontab's line as cron gives it to the shell: what is before the first percent sign that has no
/// backslash, and without the backslashes of the others (crontab(5)).
fn command(line: &str) -> String {
    let mut command = line.splitn(6, ' ').last().unwrap().to_owned();
    command = command.replace("\\%", "\u{1}");
    assert!(!command.contains('%'), "{line}");
    command.replace('\u{1}', "%")
}

#[test]
fn without_install_the_line_is_printed_and_nothing_is_changed() {
    let place = Place::new();
    let before = place.sandbox.snapshot();
    let out = place.well(["cron", "--every", "1h", "work"]);
    assert_eq!(place.sandbox.snapshot(), before);
    let line = out.stdout.trim_end();
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.ends_with("sync work # popfetch schedule"), "{line}");
    let minute: u8 = line.split(' ').next().unwrap().parse().unwrap();
    assert!(minute < 60, "{line}");
    assert!(out.stderr.contains("crontab -e"), "{}", out.stderr);
    let program = place.sandbox.command();
    assert!(
        line.contains(program.get_program().to_str().unwrap()),
        "{line}"
    );
    // It is the same each time: a second --install changes nothing.
    assert_eq!(
        place.well(["cron", "--every", "1h", "work"]).stdout,
        out.stdout
    );
}

#[test]
fn quiet_prints_the_line_alone() {
    let place = Place::new();
    let out = place.well(["cron", "--quiet"]);
    assert_eq!(out.stderr, "");
    assert_eq!(out.stdout.lines().count(), 1);
}

#[test]
fn other_lines_are_kept_byte_for_byte_and_ours_is_there_once() {
    let place = Place::new();
    let others =
        b"MAILTO=me\n# popfetch schedule\n\n5 4 * * * backup \xff # 100\\%\n\t*/10 * * * * other";
    let others = [others.as_slice(), b"\n"].concat();
    let table = place.sandbox.write("home/crontab", &others);
    place.well(["cron", "--install"]);
    let once = fs::read(&table).unwrap();
    assert!(once.starts_with(&others));
    assert!(once.ends_with(b" sync # popfetch schedule\n"));
    let added = once.len() - others.len();
    assert!(!once[others.len()..][..added - 1].contains(&b'\n'));
    let out = place.well(["cron", "--install"]);
    assert_eq!(fs::read(&table).unwrap(), once);
    assert!(
        out.stderr.contains("every 10 minutes, next at "),
        "{}",
        out.stderr
    );
    place.well(["cron", "--install", "--every", "1h", "work"]);
    let text = String::from_utf8_lossy(&fs::read(&table).unwrap()).into_owned();
    assert_eq!(text.matches("sync").count(), 1, "{text}");
    assert!(text.contains("sync work #"), "{text}");
    place.well(["cron", "--remove"]);
    assert_eq!(fs::read(&table).unwrap(), others);
    let out = place.well(["cron", "--remove"]);
    assert!(out.stderr.contains("nothing"), "{}", out.stderr);
    assert_eq!(fs::read(&table).unwrap(), others);
}

#[test]
fn a_crontab_that_was_made_for_the_line_goes_with_it() {
    let place = Place::new();
    place.well(["cron", "--install"]);
    assert_eq!(place.crontab().unwrap().lines().count(), 1);
    place.well(["cron", "--remove"]);
    assert_eq!(place.crontab(), None);
}

#[test]
fn a_line_that_somebody_wrote_is_told_and_left() {
    let place = Place::new();
    place
        .sandbox
        .write("home/crontab", "*/5 * * * * popfetch sync\n");
    let out = place.well(["cron", "--install"]);
    assert!(out.stderr.contains("another line"), "{}", out.stderr);
    place.well(["cron", "--remove"]);
    assert_eq!(place.crontab().unwrap(), "*/5 * * * * popfetch sync\n");
}

#[test]
fn a_shell_that_cron_starts_runs_the_program_with_its_folders() {
    let place = Place::named(HOSTILE);
    place.well(["cron", "--install"]);
    let table = place.crontab().unwrap();
    let line = table.trim_end();
    let echo = place.sandbox.path(HOSTILE).join("popfetch");
    fs::write(
        &echo,
        "#!/bin/sh\nprintf '%s\\n' \"$XDG_STATE_HOME\" \"$XDG_CONFIG_HOME\" \"$0\" \"$@\"\n",
    )
    .unwrap();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &command(line)]).env_clear();
    let out = Running::new(shell).finish();
    let folder = place.sandbox.path(HOSTILE);
    let folder = folder.display();
    assert_eq!(
        out.stdout,
        format!("{folder}/state\n{folder}/config\n{folder}/popfetch\nsync\n"),
        "{line}: {}",
        out.stderr
    );
    // Debian's crontab finds nothing wrong with it. Other crontabs mean something else by -n.
    if Path::new("/etc/debian_version").exists() {
        let mut crontab = Command::new("/usr/bin/crontab");
        crontab.arg("-n").arg(place.sandbox.home("crontab"));
        let out = Running::new(crontab).finish();
        assert_eq!(out.code, 0, "{line}: {}", out.stderr);
    }
}

#[test]
fn a_configuration_that_was_named_is_named_in_the_line_by_its_full_path() {
    let place = Place::new();
    let path = place.sandbox.write("home/my mail.toml", super::ACCOUNT);
    let out = place.well(["cron", "--config", "my mail.toml"]);
    let named = format!("--config '{}' sync #", path.display());
    assert!(out.stdout.contains(&named), "{}", out.stdout);
    let mut command = place.command();
    command
        .args(["schedule", "cron"])
        .env("POPFETCH_CONFIG", &path);
    assert_eq!(Running::new(command).finish().stdout, out.stdout);
}

#[test]
fn a_system_without_cron_is_told_what_to_install() {
    let place = Place::new();
    let mut command = place.command();
    command
        .args(["schedule", "cron", "--install"])
        .env("PATH", place.sandbox.path("tmp"));
    let out = Running::new(command).finish();
    assert_eq!(out.code, 69);
    assert!(out.stderr.contains("cronie"), "{}", out.stderr);
}

#[test]
fn a_crontab_that_refuses_is_quoted_and_nothing_is_claimed() {
    let place = Place::new();
    place.script(
        "crontab",
        "#!/bin/sh\necho 'You (me) are not allowed' >&2\nexit 1\n",
    );
    let out = place.run(["cron", "--install"]);
    assert_eq!(out.code, 74);
    assert!(
        out.stderr.contains("You (me) are not allowed"),
        "{}",
        out.stderr
    );
    assert!(!out.stderr.contains("runs popfetch"), "{}", out.stderr);
}

#[test]
fn a_crontab_that_does_not_answer_is_not_waited_for() {
    let place = Place::new();
    place.script("crontab", "#!/bin/sh\nexec sleep 1000\n");
    let out = place.run(["cron", "--install"]);
    assert_eq!(out.code, 75);
    assert!(
        out.stderr.contains("crontab has not answered for 10 s")
            && out.stderr.contains("crontab -l"),
        "{}",
        out.stderr
    );
}

#[test]
fn a_popfetch_that_is_killed_leaves_a_whole_crontab() {
    let place = Place::new();
    // More than a pipe holds.
    let others = "0 5 * * * true\n".repeat(10_000);
    place.sandbox.write("home/crontab", &others);
    // It reads only once popfetch is gone, to which it belongs no more then.
    place.script(
        "crontab",
        "#!/bin/sh\ntable=$HOME/crontab\ncase $1 in\n-l) cat \"$table\" ;;\n-) parent=$PPID; kill -KILL \"$parent\"
while kill -0 \"$parent\" 2>/dev/null; do sleep 0.01; done
cat > \"$table.new\" && mv \"$table.new\" \"$table\"; : > \"$table.done\" ;;\nesac\n",
    );
    let out = place.run(["cron", "--install"]);
    assert_ne!(out.code, 0);
    let done = place.sandbox.home("crontab.done");
    for _ in 0..1000 {
        if done.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let table = place.crontab().unwrap();
    assert!(table.starts_with(&others), "{} are left", table.len());
    assert!(table.ends_with(" sync # popfetch schedule\n"));
}
