//! What is let through for which account, without any kernel.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// Rules for one account with these lines, in the home folder `/home/ann`.
fn rules(lines: &str, stays: bool) -> Result<Rules, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let usual = [
        ("host", "host = \"pop.example.com\""),
        ("user", "user = \"ann\""),
        ("deliver", "deliver = { maildir = \"~/Mail/in\" }"),
    ];
    let is_said = |key: &str| lines.lines().any(|line| line.starts_with(key));
    let missing = usual.iter().filter(|(key, _)| !is_said(key));
    let missing: Vec<&str> = missing.map(|(_, line)| *line).collect();
    fs::write(
        &path,
        format!("[accounts.work]\n{lines}\n{}\n", missing.join("\n")),
    )
    .unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let home = Path::new("/home/ann");
    let config = crate::config::load(&path, home).unwrap();
    let mut rules = Rules::default();
    rules.serve(&config.accounts[0], home, stays)?;
    Ok(rules)
}

#[track_caller]
fn lets_through(lines: &str, paths: &[(&str, Access)], ports: &[u16]) {
    let found = rules(lines, false).unwrap();
    let paths = paths
        .iter()
        .map(|(path, access)| (PathBuf::from(path), *access));
    assert_eq!(found.paths, paths.collect(), "{lines}");
    assert_eq!(found.ports, ports.iter().copied().collect(), "{lines}");
}

#[test]
fn an_account_has_its_destinations_and_its_server() {
    let maildir = ("/home/ann/Mail/in", Access::Write);
    lets_through("", &[maildir], &[995]);
    lets_through("tls = \"starttls\"", &[maildir], &[110]);
    lets_through("port = 9950", &[maildir], &[9950]);
    lets_through(
        "leave-on-server = \"until-deleted\"",
        &[("/home/ann/Mail", Access::Names), maildir],
        &[995],
    );
    lets_through(
        "deliver = [{ mbox = \"/var/mail/ann\" }, { lmtp = \"localhost:24\" }]",
        &[("/var/mail", Access::Write)],
        &[24, 995],
    );
    lets_through("deliver = { lmtp = \"unix:/run/lmtp\" }", &[], &[995]);
}

#[test]
fn files_that_prove_something_are_read() {
    let maildir = ("/home/ann/Mail/in", Access::Write);
    let read = |path| (path, Access::Read);
    lets_through(
        "password-file = \"~/.pw\"\ntls-ca-file = \"~/ca.pem\"\ntls-client-cert = \"~/me.pem\"\ntls-client-key = \"~/me.key\"",
        &[
            maildir,
            read("/home/ann/.pw"),
            read("/home/ann/ca.pem"),
            read("/home/ann/me.pem"),
            read("/home/ann/me.key"),
        ],
        &[995],
    );
}

#[test]
fn only_the_proxy_is_connected_to_where_there_is_one_and_an_address_is_bound_only_if_chosen() {
    let maildir = ("/home/ann/Mail/in", Access::Write);
    lets_through("proxy = \"socks5://gate:1081\"", &[maildir], &[1081]);
    assert!(!rules("", false).unwrap().binds);
    assert!(
        rules("source-address = \"192.0.2.1\"", false)
            .unwrap()
            .binds
    );
}

#[test]
fn what_runs_a_program_later_is_refused() {
    let refused = |lines: &str, stays| match rules(lines, stays) {
        Err(Error::Program { key, .. }) => Some(key),
        _ => None,
    };
    assert_eq!(refused("deliver = { pipe = \"cat\" }", false), Some("pipe"));
    assert_eq!(refused("after-sync = \"true\"", false), Some("after-sync"));
    for key in ["password-command", "token-command"] {
        let line = format!("{key} = \"true\"");
        assert_eq!(refused(&line, false), None);
        assert_eq!(refused(&line, true), Some(key));
    }
}

#[test]
fn no_folder_is_opened_with_the_home_folder_in_it() {
    for deliver in [
        "{ mbox = \"~/inbox\" }",
        "{ mbox = \"/home/inbox\" }",
        "{ maildir = \"/\" }",
    ] {
        let found = rules(&format!("deliver = {deliver}"), false);
        assert!(matches!(found, Err(Error::TooWide { .. })), "{deliver}");
    }
    let home = Path::new("/home/ann");
    let around = |file| around(Path::new(file), home);
    assert_eq!(
        around("/home/ann/.cache/log"),
        Path::new("/home/ann/.cache")
    );
    for file in ["/home/ann/log", "/home/log", "/log", "log"] {
        assert_eq!(around(file), Path::new(file));
    }
}

#[test]
fn the_port_of_an_address_is_found() {
    for (address, port) in [
        ("https://login.example.com/token", Some(443)),
        ("https://login.example.com:8443/token?a:1", Some(8443)),
        ("http://127.0.0.1/token", Some(80)),
        ("https://[::1]/token", Some(443)),
        ("https://[::1]:4430", Some(4430)),
        ("login.example.com", None),
    ] {
        assert_eq!(port_of(address), port, "{address}");
    }
}
