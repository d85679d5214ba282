//! Where tokens live, how they are renewed, and that nobody else sees them.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use super::flow::{Flow, USER};
use super::{Way, granted};
use crate::sandbox::IS_WHOLE;
use crate::support::keyring::Keyring;
use crate::support::sandbox::{Finished, Running};

/// What secret-tool finds where popfetch keeps tokens.
fn looked_up(flow: &Flow) -> String {
    let port = flow.place.dovecot.port_pop3s();
    let owner = format!("oauth2:{USER}@localhost:{port}");
    let mut command = Command::new("secret-tool");
    command.envs(flow.keyring.iter().flat_map(Keyring::environment));
    command.args(["lookup", "service", "popfetch", "username", &owner]);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

/// The files in which tokens may be.
fn token_files(flow: &Flow) -> Vec<std::path::PathBuf> {
    let folder = flow.place.sandbox.path("state/popfetch/oauth2");
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let files = entries.map(|entry| entry.unwrap().path());
    // A lock holds nothing.
    files
        .filter(|path| fs::metadata(path).unwrap().len() > 0)
        .collect()
}

/// As cron runs it.
fn bare(flow: &Flow) -> Finished {
    let sandbox = &flow.place.sandbox;
    let mut command = sandbox.command();
    command
        .env_clear()
        .env("POPFETCH_REMIND", "always")
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", sandbox.path("home"))
        .env(
            "POPFETCH_CONFIG",
            sandbox.path("config/popfetch/config.toml"),
        )
        .env("XDG_STATE_HOME", sandbox.path("state"));
    command.arg("sync");
    Running::new(command).finish()
}

#[test]
fn a_token_in_the_keyring_is_renewed_and_the_rotated_one_kept() {
    let flow = Flow::new(100, "xoauth2");
    flow.login_by_browser(&[]);
    let mut kept = looked_up(&flow);
    for count in 1..=3 {
        // The provider takes everything back from whoever sends a refresh token twice.
        flow.assert_fetches(count);
        let now = looked_up(&flow);
        assert_ne!(kept, now, "another one is kept");
        kept = now;
    }
    let mut grants = vec![granted("authorization_code")];
    grants.extend(std::iter::repeat_n(granted("refresh_token"), 3));
    assert_eq!(flow.provider.grants(), grants);
    let given = flow.provider.tokens();
    assert!(
        given.iter().any(|token| kept.contains(token.as_str())),
        "{kept}"
    );
    assert!(token_files(&flow).is_empty());
    flow.assert_private(&[]);

    let out = flow.run(&["logout", "work"]);
    assert_eq!((out.code, out.stdout.as_str()), (0, ""), "{}", out.stderr);
    assert_eq!(looked_up(&flow), "");
    flow.assert_fails(77, &["`popfetch login work`"]);
}

#[test]
fn a_confined_run_renews_what_is_in_the_keyring() {
    if !*IS_WHOLE {
        return;
    }
    let flow = Flow::new(100, "xoauth2");
    flow.login_by_browser(&[]);
    let kept = looked_up(&flow);
    let out = flow.run(&["sync", "--sandbox"]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    assert_ne!(kept, looked_up(&flow), "another one is kept");
    let grants = [granted("authorization_code"), granted("refresh_token")];
    assert_eq!(flow.provider.grants(), grants);
}

#[test]
fn a_token_in_a_file_is_its_owners_alone_and_serves_cron() {
    for way in [Flow::login_by_browser as Way, Flow::login_by_code] {
        let flow = Flow::new(100, "xoauth2");
        way(&flow, &["--no-keyring"]);
        assert_eq!(looked_up(&flow), "");
        let files = token_files(&flow);
        assert_eq!(files.len(), 1, "{files:?}");
        assert_eq!(fs::metadata(&files[0]).unwrap().mode() & 0o7777, 0o600);
        let folder = fs::metadata(files[0].parent().unwrap()).unwrap();
        assert_eq!(folder.mode() & 0o7777, 0o700);
        flow.assert_fetches(1);
        flow.assert_fetches(2);
        assert_eq!(fs::metadata(&files[0]).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(token_files(&flow), files);
        flow.assert_private(&[]);

        flow.place
            .dovecot
            .fill(USER, [b"Subject: cron\n\n".to_vec()]);
        let out = bare(&flow);
        assert_eq!((out.code, out.stderr.as_str()), (0, ""));
        assert_eq!(flow.place.sandbox.mail("Mail").len(), 3);

        fs::set_permissions(
            &files[0],
            std::os::unix::fs::PermissionsExt::from_mode(0o644),
        )
        .unwrap();
        let out = flow.run(&["sync"]);
        assert_eq!(out.code, 78, "{}", out.stderr);
        assert!(out.stderr.contains("chmod 600"), "{}", out.stderr);
    }
}

#[test]
fn without_a_keyring_a_login_keeps_its_tokens_in_a_file() {
    let flow = Flow::without_keyring(100);
    flow.login_by_browser(&[]);
    assert_eq!(token_files(&flow).len(), 1);
    flow.assert_fetches(1);
    flow.assert_fetches(2);
}

#[test]
fn under_cron_a_keyring_out_of_reach_is_said_with_what_will_work() {
    let flow = Flow::new(3600, "xoauth2");
    flow.login_by_browser(&[]);
    let out = bare(&flow);
    assert_ne!(out.code, 0);
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    for word in [
        "popfetch: work: ",
        "keyring",
        "popfetch login work --no-keyring",
    ] {
        assert!(out.stderr.contains(word), "no {word:?} in {}", out.stderr);
    }
    // And so it does.
    flow.login_by_browser(&["--no-keyring"]);
    flow.place
        .dovecot
        .fill(USER, [b"Subject: cron\n\n".to_vec()]);
    let out = bare(&flow);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    assert_eq!(flow.place.sandbox.mail("Mail").len(), 1);
}

#[test]
fn a_token_that_the_server_refuses_is_renewed_once() {
    let flow = Flow::new(3600, "xoauth2");
    flow.login_by_browser(&[]);
    flow.assert_fetches(1);
    flow.provider.expire();
    flow.assert_fetches(2);
    let grants = [granted("authorization_code"), granted("refresh_token")];
    assert_eq!(flow.provider.grants(), grants);
}

#[test]
fn the_log_of_the_protocol_shows_no_token() {
    let flow = Flow::new(100, "xoauth2");
    flow.login_by_code(&["-vv", "--no-keyring"]);
    for _ in 0..2 {
        let out = flow.run(&["sync", "-vv"]);
        assert_eq!(out.code, 0, "{}", out.stderr);
        assert!(out.stderr.contains("XOAUTH2"), "{}", out.stderr);
        flow.assert_absent_in(&out);
    }
    flow.assert_private(&[]);
}
