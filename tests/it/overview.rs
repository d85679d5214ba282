//! `popfetch status`: how the accounts stand, on terminals wide and narrow, and by a record that a former version left.

mod former; // a record of a former version

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::support::clock;
use super::support::mailbox::{Mailbox, PASSWORD, account};
use super::support::maildrop::Maildrop;
use super::support::options::{Act, Fault, Options, Tls};
use super::support::sandbox::{Finished, Running, Sandbox};
use super::support::screen;
use super::support::server::Server;

/// 2026-11-02 12:00:00 UTC.
const NOON: i64 = 1_793_620_800;

/// Runs popfetch so many minutes after noon.
fn at(mailbox: &Mailbox, minutes: i64, arguments: &[&str]) -> Finished {
    let mut command = mailbox.sandbox.command();
    let noon = Timestamp::from_second(NOON).unwrap();
    command.args(arguments).env("TZ", "UTC");
    clock::set(&mut command, noon + SignedDuration::from_mins(minutes));
    Running::new(command).finish()
}

/// What `status --json` says of the only account then.
#[track_caller]
fn object(mailbox: &Mailbox, minutes: i64) -> Value {
    let out = at(mailbox, minutes, &["status", "--json"]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    serde_json::from_str(&out.stdout).unwrap()
}

/// The words in which `status` says it, without the table.
#[track_caller]
fn remarks(mailbox: &Mailbox, minutes: i64) -> Vec<String> {
    let out = at(mailbox, minutes, &["status"]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    out.stdout.lines().skip(2).map(str::to_owned).collect()
}

fn away() -> Vec<Fault> {
    vec![Fault::Each(
        "GREETING",
        Act::reply("-ERR [SYS/TEMP] down for repairs"),
    )]
}

#[test]
fn good_and_bad_runs_are_told_in_words() {
    let mailbox = Mailbox::new(3);
    assert_eq!(at(&mailbox, 0, &["sync"]).code, 0);
    let out = at(&mailbox, 3, &["status"]);
    let lines: Vec<&str> = out.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", out.stdout);
    for title in [
        "account",
        "last run",
        "today",
        "7 days",
        "30 days",
        "stored",
        "left there",
    ] {
        assert!(lines[0].contains(title), "{}", lines[0]);
    }
    assert!(lines[1].starts_with("work"), "{}", lines[1]);
    assert!(lines[1].contains("✓ 3 min ago"), "{}", lines[1]);
    assert!(lines[1].contains('█'), "{}", lines[1]);
    assert!(remarks(&mailbox, 3).is_empty());

    mailbox.server.set_faults(away());
    assert_eq!(at(&mailbox, 60, &["sync"]).code, 75);
    let out = at(&mailbox, 62, &["status"]);
    assert!(out.stdout.contains("✗ 2 min ago"), "{}", out.stdout);
    let [trouble, since] = &remarks(&mailbox, 62)[..] else {
        panic!("{}", out.stdout)
    };
    assert!(
        trouble.starts_with("✗ work: ") && trouble.contains("down for repairs"),
        "{trouble}"
    );
    assert!(!trouble.contains("popfetch: "), "{trouble}");
    assert_eq!(since, "  work: the last run that went well was 1 h ago");

    mailbox.server.set_faults(Vec::new());
    assert_eq!(at(&mailbox, 120, &["sync"]).code, 0);
    assert!(remarks(&mailbox, 121).is_empty());
}

#[test]
fn an_account_without_a_good_run_says_so() {
    let mailbox = Mailbox::new(1);
    mailbox.server.set_faults(away());
    assert_eq!(at(&mailbox, 0, &["sync"]).code, 75);
    let remarks = remarks(&mailbox, 1);
    assert_eq!(remarks[1], "  work: no run went well yet", "{remarks:#?}");
}

#[test]
fn json_has_the_figures_and_the_times() {
    let mailbox = Mailbox::new(2);
    assert_eq!(at(&mailbox, -7 * 24 * 60, &["sync"]).code, 0);
    for name in ["b", "c", "d"] {
        mailbox.deposit(name);
    }
    assert_eq!(at(&mailbox, -24 * 60, &["sync"]).code, 0);
    mailbox.deposit("e");
    assert_eq!(at(&mailbox, 0, &["sync"]).code, 0);
    mailbox.server.set_faults(away());
    assert_eq!(at(&mailbox, 30, &["sync"]).code, 75);
    let object = object(&mailbox, 31);
    let mut by_day = [0; 30];
    (by_day[22], by_day[28], by_day[29]) = (2, 3, 1);
    for (key, value) in [
        ("version", Value::from(1)),
        ("account", "work".into()),
        ("stored", 6.into()),
        ("on_server", 6.into()),
        ("new_today", 1.into()),
        ("new_in_7_days", 4.into()),
        ("new_by_day", by_day.to_vec().into()),
        ("last_run", "2026-11-02T12:30:00Z".into()),
        ("last_status", 75.into()),
        ("last_run_without_trouble", "2026-11-02T12:00:00Z".into()),
        ("next_run", Value::Null),
        ("due_for_deletion", 0.into()),
        ("to_be_deleted", 0.into()),
        ("first_deletion", Value::Null),
        ("waiting", Value::Array(Vec::new())),
    ] {
        assert_eq!(object[key], value, "{key}: {object:#}");
    }
    let trouble = object["last_trouble"].as_str().unwrap();
    assert!(trouble.contains("down for repairs"), "{trouble}");
}

#[test]
fn what_will_be_deleted_is_told_beforehand() {
    let mailbox = Mailbox::new(2);
    mailbox.configure("leave-on-server = \"14d\"");
    assert_eq!(at(&mailbox, 0, &["sync"]).code, 0);
    mailbox.deposit("later");
    assert_eq!(at(&mailbox, 24 * 60, &["sync"]).code, 0);
    let told = object(&mailbox, 24 * 60);
    assert_eq!(
        (&told["due_for_deletion"], &told["to_be_deleted"]),
        (&0.into(), &3.into())
    );
    assert_eq!(told["first_deletion"], "2026-11-16T12:00:00Z");
    assert_eq!(
        remarks(&mailbox, 24 * 60),
        ["  work: 3 messages will be deleted from the server, the first on 2026-11-16 12:00"]
    );

    let fortnight = 14 * 24 * 60;
    let told = object(&mailbox, fortnight + 1);
    assert_eq!(
        (&told["due_for_deletion"], &told["to_be_deleted"]),
        (&2.into(), &1.into())
    );
    let remarks = remarks(&mailbox, fortnight + 1);
    assert_eq!(
        remarks[0],
        "  work: the next run deletes 2 messages from the server"
    );
    // It is as was said.
    assert_eq!(at(&mailbox, fortnight + 1, &["sync"]).code, 0);
    assert_eq!(mailbox.there().len(), 1);
    assert_eq!(object(&mailbox, fortnight + 2)["due_for_deletion"], 0);
}

#[test]
fn what_waits_is_told_with_its_reason() {
    let mailbox = Mailbox::new(0);
    let path = mailbox
        .sandbox
        .write("program.sh", "echo 'not today' >&2; exit 67\n");
    let deliver = format!("{{ pipe = [\"sh\", \"{}\"] }}", path.display());
    mailbox.configure_delivery(&deliver, "");
    mailbox.deposit("a");
    assert_eq!(at(&mailbox, 0, &["sync"]).code, 74);
    let told = object(&mailbox, 1);
    let waiting = &told["waiting"][0];
    assert_eq!(waiting["uid"], "a");
    assert!(
        waiting["reason"].as_str().unwrap().contains("not today"),
        "{waiting}"
    );
    let text = remarks(&mailbox, 1).join("\n");
    assert!(text.contains("\n! work: a waits for "), "{text}");
    assert!(text.contains("popfetch retry work"), "{text}");
}

#[test]
fn without_a_record_it_says_never_and_makes_nothing() {
    let mailbox = Mailbox::new(1);
    let before = mailbox.sandbox.snapshot();
    let out = mailbox.sandbox.run(["status"]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    assert!(out.stdout.contains("– never"), "{}", out.stdout);
    let out = mailbox.sandbox.run(["status", "--json"]);
    let object: Value = serde_json::from_str(&out.stdout).unwrap();
    assert_eq!(
        (&object["last_run"], &object["stored"]),
        (&Value::Null, &0.into())
    );
    assert_eq!(mailbox.sandbox.snapshot(), before);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let names = ["work", "an-account-with-a-long-name", "private"];
    let mut options = Options::new(Tls::None);
    for user in names {
        options = options.user(user, PASSWORD, Maildrop::sample(user, 0, 3));
    }
    let server = Server::start(options);
    let sandbox = Sandbox::new();
    let tables = names.map(|name| {
        let password = if name == "private" { "wrong" } else { PASSWORD };
        let table = account(name, server.port(), name);
        format!("{table}password = \"{password}\"\nleave-on-server = \"14d\"\n")
    });
    sandbox.config(&tables.concat());
    assert_eq!(sandbox.run(["sync"]).code, 77);
    for columns in [40, 60, 80, 120] {
        let lines = screen::lines(&sandbox, columns, "status");
        screen::fit(&lines, columns);
        assert!(lines[0].starts_with("account"), "{lines:#?}");
        assert!(lines[0].contains("last run"), "{lines:#?}");
        let rows = lines[1..=3].iter();
        let starts = rows.map(|row| row.split(' ').next().unwrap().to_owned());
        let starts: Vec<String> = starts.collect();
        assert_eq!(starts, ["work", "an-account-with-a-l…", "private"]);
        // All that is said is there, on as many lines as it takes.
        let words = lines[4..].join(" ");
        let words: Vec<&str> = words.split_whitespace().collect();
        assert!(
            words.join(" ").contains("no run went well yet"),
            "{lines:#?}"
        );
        assert!(
            words.join(" ").contains("will be deleted from the server"),
            "{lines:#?}"
        );
        if columns >= 80 {
            assert!(lines[0].contains(" days"), "{lines:#?}");
        }
    }
}
