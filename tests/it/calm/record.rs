//! `--log-file`: all that was said and what was not, each line with its time, for its owner alone.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::super::support::mailbox::{Mailbox, PASSWORD};
use super::super::support::options::{Act, Fault};
use super::super::support::sandbox::Sandbox;
use super::{Cron, is_silent, tells};

fn log(sandbox: &Sandbox) -> PathBuf {
    sandbox.home("fetch.log")
}

/// The log's lines, without their times, which are asserted to be there.
#[track_caller]
fn lines(sandbox: &Sandbox) -> Vec<String> {
    let text = fs::read_to_string(log(sandbox)).unwrap();
    let line = |line: &str| {
        let (time, rest) = line.split_at("2026-11-02 00:00:00+00:00".len());
        let digits = time
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c });
        let shape: String = digits.collect();
        assert!(
            ["0000-00-00 00:00:00+00:00", "0000-00-00 00:00:00-00:00"].contains(&shape.as_str()),
            "{line}"
        );
        rest.strip_prefix(' ').unwrap().to_owned()
    };
    text.lines().map(line).collect()
}

#[test]
fn the_log_has_what_arrived_and_what_was_not_said_again() {
    let mailbox = Mailbox::new(2);
    let path = log(&mailbox.sandbox);
    let arguments = ["--log-file", path.to_str().unwrap()];
    let cron = Cron::new(&mailbox.sandbox).with(&arguments);
    is_silent(&cron.run(0), 0);
    let arrived = lines(&mailbox.sandbox);
    for (n, line) in arrived.iter().take(2).enumerate() {
        assert!(
            line.starts_with(&format!("work: mail-{n:05} arrived, ")),
            "{line}"
        );
    }
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    mailbox.server.set_faults(vec![Fault::Each(
        "PASS",
        Act::reply("-ERR [SYS/TEMP] away"),
    )]);
    tells(&cron.run(5), 75, &["away"]);
    let once = lines(&mailbox.sandbox);
    assert!(once.starts_with(&arrived), "it is appended to: {once:#?}");
    is_silent(&cron.run(10), 75);
    let twice = lines(&mailbox.sandbox);
    let errors = twice.iter().filter(|line| line.contains("away")).count();
    assert_eq!(errors, 2, "one for each run: {twice:#?}");
    mailbox.server.set_faults(Vec::new());
    tells(&cron.run(15), 0, &["well again"]);
    assert!(
        lines(&mailbox.sandbox)
            .last()
            .unwrap()
            .contains("well again")
    );
}

#[test]
fn its_times_are_those_of_the_clock() {
    let mailbox = Mailbox::new(1);
    let path = log(&mailbox.sandbox);
    let cron = Cron::new(&mailbox.sandbox).with(&["--log-file", path.to_str().unwrap()]);
    let mut command = cron.command(90);
    command.env("TZ", "Asia/Kolkata");
    assert!(command.status().unwrap().success());
    let text = fs::read_to_string(path).unwrap();
    assert!(text.starts_with("2026-11-02 07:00:0"), "{text}");
    assert!(text.lines().all(|line| line.contains("+05:30 ")), "{text}");
}

#[test]
fn no_secret_is_in_the_log_however_much_is_kept() {
    let mailbox = Mailbox::new(1);
    let path = log(&mailbox.sandbox);
    let path = path.to_str().unwrap();
    let reply = format!("-ERR [AUTH] \"{PASSWORD}\" is not the password");
    for faults in [Vec::new(), vec![Fault::Each("PASS", Act::reply(&reply))]] {
        mailbox.server.set_faults(faults);
        mailbox.sandbox.run(["sync", "-vv", "--log-file", path]);
    }
    assert_eq!(mailbox.server.count(&format!("PASS {PASSWORD}")), 2);
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains("C: PASS ****"), "{text}");
    assert!(text.contains("[AUTH]"), "{text}");
    assert!(!text.contains(&PASSWORD[1..]), "{text}");
}

#[test]
fn a_log_that_cannot_be_written_is_named_before_anything_is_fetched() {
    let mailbox = Mailbox::new(1);
    for wrong in ["nowhere/fetch.log", "home"] {
        let wrong = mailbox.sandbox.path(wrong);
        let wrong = wrong.to_str().unwrap();
        let out = mailbox.sandbox.run(["sync", "--log-file", wrong]);
        tells(&out, 74, &["popfetch: ", "cannot write the log", wrong]);
    }
    assert!(mailbox.server.records().is_empty());
}

#[test]
fn a_log_on_a_full_disk_keeps_no_mail_from_arriving() {
    let mailbox = Mailbox::new(3);
    is_silent(&mailbox.sandbox.run(["sync", "--log-file", "/dev/full"]), 0);
    assert_eq!(mailbox.here(), mailbox.there());
}
