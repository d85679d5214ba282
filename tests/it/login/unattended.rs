//! A run as cron makes it, or less: no home, no session, no D-Bus, no terminal. Each source of a secret works, or it is
//! said at once which one will.

use std::process::Command;

use super::mechanisms::ALL;
use super::place::{Place, quoted};
use crate::support::dovecot::Logins;
use crate::support::sandbox::{Finished, Running};

const SECRET: &str = "under-the-doormat";

fn place() -> Place {
    Place::new(&Logins::by(ALL).user("me", SECRET), &["me"])
}

/// A run that finds nothing but a PATH and these variables, in the root folder.
fn bare(place: &Place, variables: &[(&str, &str)]) -> Finished {
    let mut command: Command = place.sandbox.command();
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .envs(variables.iter().copied())
        .current_dir("/");
    command.arg("sync");
    Running::new(command).finish()
}

/// As cron(8) does it: the configuration and the state are found through the home.
fn by_home(place: &Place) -> Finished {
    let config = place.sandbox.path("config/popfetch/config.toml");
    let text = std::fs::read_to_string(config).unwrap();
    place
        .sandbox
        .write("home/.config/popfetch/config.toml", text);
    let home = place.sandbox.path("home");
    let out = bare(place, &[("HOME", &home.to_string_lossy())]);
    // So that a next run has everything to do.
    let _ = std::fs::remove_dir_all(place.sandbox.home(".local"));
    out
}

/// With nothing of a home: it is said where the configuration and the state are.
fn without_home(place: &Place, more: &[(&str, &str)]) -> Finished {
    let config = place.sandbox.path("config/popfetch/config.toml");
    let state = place.sandbox.path("state");
    let text = std::fs::read_to_string(&config).unwrap();
    let mail = place.sandbox.home("Mail");
    std::fs::write(&config, text.replace("~/Mail", &mail.to_string_lossy())).unwrap();
    let (config, state) = (config.to_string_lossy(), state.to_string_lossy());
    let mut variables = vec![
        ("POPFETCH_CONFIG", config.as_ref()),
        ("XDG_STATE_HOME", state.as_ref()),
    ];
    variables.extend_from_slice(more);
    bare(place, &variables)
}

/// Asserts that this source works under cron and with less.
#[track_caller]
fn works(lines: &str) {
    let place = place();
    place.configure("me", lines);
    place.assert_fetched(&by_home(&place), lines);
    place.configure("me", lines);
    place.assert_fetched(&without_home(&place, &[]), lines);
}

#[test]
fn a_password_in_the_configuration_works() {
    works(&format!("password = \"{SECRET}\""));
}

#[test]
fn a_password_command_works() {
    works(&format!("password-command = \"echo {SECRET}\""));
}

#[test]
fn a_password_file_works() {
    let place = place();
    let file = place.sandbox.write("home/.secret", SECRET);
    place.configure(
        "me",
        &format!("password-file = {}", quoted(&file.to_string_lossy())),
    );
    place.assert_fetched(&by_home(&place), "password-file");
    place.configure(
        "me",
        &format!("password-file = {}", quoted(&file.to_string_lossy())),
    );
    place.assert_fetched(&without_home(&place, &[]), "password-file");
}

#[test]
fn a_token_command_works() {
    works(&format!(
        "auth = \"xoauth2\"\ntoken-command = \"echo {SECRET}\""
    ));
}

#[test]
fn a_systemd_credential_works() {
    let place = place();
    let folder = place.sandbox.write("creds/popfetch.work", SECRET);
    let folder = folder.parent().unwrap().to_string_lossy().into_owned();
    place.configure("me", "");
    let out = without_home(&place, &[("CREDENTIALS_DIRECTORY", &folder)]);
    place.assert_fetched(&out, "CREDENTIALS_DIRECTORY");
}

#[test]
fn a_keyring_out_of_reach_is_said_at_once_with_what_will_work() {
    let place = place();
    place.configure("me", "");
    let words = [
        "popfetch: work: ",
        "the keyring cannot be asked",
        "password-command",
        "password-file",
    ];
    place.assert_refused(&by_home(&place), 78, &words, "cron");
    place.configure("me", "");
    place.assert_refused(&without_home(&place, &[]), 78, &words, "nothing");
    assert!(place.connections(0).is_empty(), "nobody was asked");
}
