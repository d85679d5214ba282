//! What is wrong with the configuration or the command line stops everything before a server is asked.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

use super::{DELETING, Mailbox, all_is_there, at_stake, obey, says, then_all_arrives};

fn config(mailbox: &Mailbox) -> PathBuf {
    mailbox.sandbox.path("config/popfetch/config.toml")
}

/// Asserts that nobody was connected to; then mends the configuration, and all arrives.
#[track_caller]
fn untouched_and_mendable(mailbox: &Mailbox) {
    assert!(mailbox.server.records().is_empty());
    mailbox.configure(DELETING);
    then_all_arrives(mailbox);
}

#[test]
fn without_a_configuration_its_place_and_an_example_are_shown() {
    let mailbox = at_stake();
    let path = config(&mailbox);
    std::fs::remove_file(&path).unwrap();
    let out = mailbox.sync();
    let missing = format!("there is no configuration file {}", path.display());
    says(
        &out,
        78,
        &[&missing, "for example", "[accounts.work]", "deliver = "],
    );

    // The example is a configuration.
    let example = out.stderr.find("[accounts.work]").unwrap();
    let lines = out.stderr[example..].lines().map(str::trim);
    mailbox
        .sandbox
        .config(&lines.collect::<Vec<_>>().join("\n"));
    says(
        &mailbox.sandbox.run(["sync", "nobody"]),
        64,
        &["it has: work"],
    );
    untouched_and_mendable(&mailbox);
}

#[test]
fn a_configuration_named_and_not_there_is_named() {
    let out = at_stake()
        .sandbox
        .run(["sync", "--config", "/nonexistent/popfetch.toml"]);
    says(
        &out,
        78,
        &["no configuration file /nonexistent/popfetch.toml"],
    );
}

#[test]
fn broken_toml_is_shown_with_its_place_and_its_line() {
    let mailbox = at_stake();
    let path = config(&mailbox);
    mailbox
        .sandbox
        .config("[accounts.work]\nhost = \"pop.example.com\nuser = \"me\"\n");
    let place = format!("{}:2:24", path.display());
    says(
        &mailbox.sync(),
        78,
        &["invalid TOML", &place, "host = \"pop.example.com"],
    );
    untouched_and_mendable(&mailbox);
}

#[test]
fn an_unknown_key_is_shown_with_the_one_that_was_meant() {
    let mailbox = at_stake();
    mailbox.configure("leave-on-sever = false");
    let place = format!("{}:8:1", config(&mailbox).display());
    says(
        &mailbox.sync(),
        78,
        &[
            "unknown key `leave-on-sever`",
            &place,
            "leave-on-sever = false",
            "did you mean `leave-on-server`?",
        ],
    );
    untouched_and_mendable(&mailbox);
}

#[test]
fn a_missing_key_is_named_with_an_example() {
    let mailbox = at_stake();
    mailbox
        .sandbox
        .config("[accounts.work]\nhost = \"pop.example.com\"\nuser = \"me\"\n");
    let place = format!("{}:1:1", config(&mailbox).display());
    says(
        &mailbox.sync(),
        78,
        &[
            "account `work` lacks `deliver`",
            &place,
            "deliver = { maildir =",
        ],
    );
    untouched_and_mendable(&mailbox);
}

#[test]
fn a_password_that_others_can_read_is_refused_with_the_chmod_that_mends_it() {
    let mailbox = at_stake();
    mailbox.sandbox.chmod("config/popfetch/config.toml", 0o644);
    let out = mailbox.sync();
    let path = config(&mailbox);
    let chmod = format!("chmod 600 {}", path.display());
    says(&out, 78, &["others can read it (mode 0644)", &chmod]);
    assert!(mailbox.server.records().is_empty());
    obey(&out, "chmod");
    then_all_arrives(&mailbox);
}

#[test]
fn an_unknown_account_is_a_usage_error_with_the_one_that_was_meant() {
    let mailbox = at_stake();
    let path = config(&mailbox).display().to_string();
    for command in ["sync", "login", "logout"] {
        let out = mailbox.sandbox.run([command, "wrok"]);
        says(
            &out,
            64,
            &["no account \"wrok\"", &path, "did you mean \"work\"?"],
        );
    }
    untouched_and_mendable(&mailbox);
}

#[test]
fn what_the_command_line_does_not_have_is_a_usage_error() {
    let mailbox = at_stake();
    let said = |arguments: [&str; 3], parts: &[&str]| {
        let arguments = arguments.iter().filter(|argument| !argument.is_empty());
        let mut command = mailbox.sandbox.command();
        command.args(arguments);
        let out = super::super::support::sandbox::Running::new(command).finish();
        says(&out, 64, parts);
    };
    said([""; 3], &["Usage: popfetch", "sync", "login"]);
    said(["snyc", "", ""], &["'snyc'", "'sync'"]);
    said(["sync", "--dryrun", ""], &["'--dryrun'", "'--dry-run'"]);
    said(["sync", "--jobs", "0"], &["--jobs", "0"]);
    said(["sync", "-q", "-v"], &["--quiet", "--verbose"]);
    said(["login", "", ""], &["<ACCOUNT>"]);
    said(["login", "work", "--json"], &["--json"]);
    said(["completions", "tcsh", ""], &["tcsh", "bash"]);
    untouched_and_mendable(&mailbox);
}

#[test]
fn an_unknown_host_is_named() {
    let mailbox = at_stake();
    let text = std::fs::read_to_string(config(&mailbox)).unwrap();
    let text = text.replace("127.0.0.1", "pop.invalid");
    mailbox
        .sandbox
        .config(&text.replace(DELETING, "allow-cleartext = true"));
    let out = mailbox.sync();
    // Without a resolver nobody can know that the host does not exist (RFC 6761 §6.4).
    let cure = match out.code {
        69 => "check host",
        75 => "is the network up?",
        other => panic!("{other}: {}", out.stderr),
    };
    super::says_in_a_line(&out, out.code, &["pop.invalid", cure]);
    untouched_and_mendable(&mailbox);
}

#[test]
fn a_port_where_nobody_listens_is_named() {
    let mailbox = at_stake();
    // The client's own port is taken, and nobody listens there.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let port = client.local_addr().unwrap().port();
    let text = std::fs::read_to_string(config(&mailbox)).unwrap();
    let own = format!("port = {}", mailbox.server.port());
    mailbox
        .sandbox
        .config(&text.replace(&own, &format!("port = {port}")));
    let place = format!("cannot connect to 127.0.0.1 port {port}");
    super::says_in_a_line(
        &mailbox.sync(),
        75,
        &[&place, "refused", "check host and port"],
    );
    all_is_there(&mailbox);
    untouched_and_mendable(&mailbox);
}
