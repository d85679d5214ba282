//! Secrets are where they must be and nowhere else: all that a whole run prints, writes, logs, stores and gives to its
//! children is searched for each of them, in each form in which it may travel.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::dialogue::Server;
use super::mechanisms::ALL;
use super::place::{Place, quoted};
use super::{BEARERS, PASSWORDED};
use crate::support::dovecot::Logins;
use crate::support::proxy::Microsocks;
use crate::support::sandbox::Sandbox;

/// The forms in which a secret may be found: itself, as a part of a URL, and within any base64.
fn forms(secret: &str) -> Vec<String> {
    assert!(secret.len() > 2, "{secret:?} is found anywhere");
    let mut forms = vec![
        secret.to_owned(),
        form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        secret.escape_default().to_string(),
    ];
    for (before, cut) in [(0, 0), (1, 2), (2, 3)] {
        let bytes = [&[0; 2][..before], secret.as_bytes()].concat();
        // The last character depends on what follows.
        let kept = bytes.len() * 8 / 6;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let text = engine.encode(&bytes);
            forms.push(text[cut..kept].to_owned());
        }
    }
    forms.retain(|form| form.len() > 2);
    forms
}

/// Asserts that this secret is in no form in these bytes.
#[track_caller]
pub(crate) fn assert_absent(secret: &str, haystack: &[u8], place: &str) {
    for form in forms(secret) {
        let found = memchr::memmem::find(haystack, form.as_bytes());
        assert!(
            found.is_none(),
            "{secret:?} is shown as {form:?} in {place}: {}",
            String::from_utf8_lossy(haystack)
        );
    }
}

/// Asserts that no file below this folder holds one of these secrets, nor its name, but for the files in `spared`.
#[track_caller]
pub(crate) fn assert_absent_below(secrets: &[&str], folder: &Path, spared: &[&Path]) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if spared.contains(&path.as_path()) {
            continue;
        }
        let place = path.display().to_string();
        for secret in secrets {
            assert_absent(secret, place.as_bytes(), &place);
        }
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() {
            assert_absent_below(secrets, &path, spared);
        } else if kind.is_file() {
            let content = fs::read(&path).unwrap();
            for secret in secrets {
                assert_absent(secret, &content, &place);
            }
        }
    }
}

/// A program that writes down what it and popfetch were started with, and then runs what follows in its place.
pub(crate) const WITNESS: &str = "#!/bin/sh\n{ tr '\\0' '\\n' < /proc/$$/cmdline; tr '\\0' '\\n' < /proc/$PPID/cmdline; \
                                  tr '\\0' '\\n' < /proc/$$/environ; } >> \"$HOME/witness\"\n\
                                  if [ $# -gt 0 ]; then exec \"$@\"; else exec cat > /dev/null; fi\n";

const SECRET: &str = "Str1ctly-between-us";

#[test]
fn a_secret_is_found_in_each_form() {
    for text in [
        SECRET.to_owned(),
        format!("\0me\0{SECRET}"),
        format!("me {SECRET}\n"),
    ] {
        let encoded = STANDARD_NO_PAD.encode(&text);
        let shown = forms(SECRET)
            .iter()
            .any(|form| encoded.contains(form.as_str()));
        assert!(shown, "{encoded}");
    }
    assert!(
        !forms(SECRET)
            .iter()
            .any(|form| "c3RyaWN0bHk=".contains(form.as_str()))
    );
}

#[test]
fn neither_a_proxy_nor_its_failure_leaves_its_password_anywhere() {
    let proxy = "Pr0xy-between-us";
    let place = Place::new(&Logins::by(ALL).user("me", SECRET), &["me"]);
    let through = Microsocks::start(Some(("caller", proxy)));
    for (password, code) in [(proxy, 0), ("Pr0xy-never-right", 78)] {
        place.configure(
            "me",
            &format!(
                "password = \"{SECRET}\"\nproxy = \"socks5://caller:{password}@127.0.0.1:{}\"",
                through.port()
            ),
        );
        for arguments in [["sync", "-vv"], ["sync", "--json"]] {
            let out = place.sandbox.run(arguments);
            assert_eq!(out.code, code, "{}", out.stderr);
            for secret in [password, SECRET] {
                assert_absent(secret, out.stdout.as_bytes(), "stdout");
                assert_absent(secret, out.stderr.as_bytes(), "stderr");
            }
        }
        let config = place.sandbox.path("config/popfetch/config.toml");
        assert_absent_below(&[password, SECRET], &place.sandbox.path(""), &[&config]);
        place.forget();
    }
}

/// Whatever a client says after AUTH, and the digest of APOP, is between the two.
#[test]
fn a_server_that_repeats_what_it_was_told_does_not_bring_it_out() {
    for auth in PASSWORDED.into_iter().chain(BEARERS) {
        let source = if auth.contains("oauth") {
            "token-command"
        } else {
            "password-command"
        };
        let greeting = "+OK hello <1896.697170952@dbc.mtview.ca.us>";
        let server = Server::greeting(greeting, "UIDL\nUSER", |talk, command| {
            if command.starts_with("USER") {
                talk.say("+OK");
                return false;
            }
            let mut told = vec![command.to_owned()];
            // With an initial response, all is said.
            if command.starts_with("AUTH ") && command.split(' ').count() == 2 {
                for challenge in ["+ PDE+", "+ UGFzc3dvcmQ6"] {
                    talk.say(challenge);
                    told.push(talk.hear());
                    if !command.ends_with("LOGIN") {
                        break;
                    }
                }
            }
            talk.say(&format!("-ERR [AUTH] {}", told.join(" is wrong, ")));
            false
        });
        let sandbox = Sandbox::new();
        let lines = format!("auth = \"{auth}\"\n{source} = \"echo {SECRET}\"");
        server.configure(&sandbox, &lines);
        let out = sandbox.run(["sync", "-vv"]);
        assert_ne!(out.code, 0, "{auth}");
        let said = server.said();
        let told = said
            .iter()
            .skip_while(|line| line.as_str() != "CAPA")
            .skip(1);
        for line in told {
            let secret = match line.split_once(' ') {
                None if !["QUIT", "*"].contains(&line.as_str()) => line,
                Some(("PASS", password)) => password,
                Some(("AUTH", rest)) => rest.split_once(' ').map_or("", |(_, response)| response),
                Some(("APOP", rest)) => rest.split_once(' ').map_or("", |(_, digest)| digest),
                _ => "",
            };
            assert!(
                secret.is_empty() || !out.stderr.contains(secret),
                "{auth}: {secret:?} is shown in {}",
                out.stderr
            );
        }
        assert_absent(SECRET, out.stderr.as_bytes(), auth);
        assert_absent(SECRET, out.stdout.as_bytes(), auth);
    }
}

#[test]
fn no_mechanism_leaves_its_secret_anywhere() {
    let place = Place::new(&Logins::by(ALL).user("me", SECRET), &["me"]);
    let sandbox = &place.sandbox;
    let witness = sandbox.write("home/witness-of", WITNESS);
    sandbox.chmod("home/witness-of", 0o700);
    let witness = quoted(&witness.to_string_lossy());
    let kept = sandbox.write("home/secret", SECRET);
    let cat = format!("[{witness}, \"cat\", {}]", quoted(&kept.to_string_lossy()));
    for auth in PASSWORDED.into_iter().chain(BEARERS).chain(["auto"]) {
        let source = if auth.contains("oauth") {
            "token-command"
        } else {
            "password-command"
        };
        for secret in [SECRET, "Wr0ng-and-never-right"] {
            fs::write(&kept, secret).unwrap();
            place.configure(
                "me",
                &format!("auth = \"{auth}\"\n{source} = {cat}\nafter-sync = [{witness}, \"true\"]"),
            );
            let config = sandbox.path("config/popfetch/config.toml");
            let text = fs::read_to_string(&config).unwrap();
            let both = text.replace(
                "deliver = { maildir = \"~/Mail\" }",
                &format!("deliver = [{{ maildir = \"~/Mail\" }}, {{ pipe = [{witness}] }}]"),
            );
            assert_ne!(text, both);
            fs::write(
                &config,
                both.replace(&format!("after-sync = [{witness}, \"true\"]"), ""),
            )
            .unwrap();
            let out = sandbox.run(["sync", "-vv"]);
            let code = if secret == SECRET { 0 } else { 77 };
            assert_eq!(out.code, code, "{auth}: {}", out.stderr);
            assert_absent(secret, out.stdout.as_bytes(), auth);
            assert_absent(secret, out.stderr.as_bytes(), auth);
            let seen = fs::read_to_string(sandbox.home("witness")).unwrap();
            assert!(seen.contains("sync"), "{seen}");
            assert_absent_below(
                &[secret],
                &sandbox.path(""),
                &[&kept, &sandbox.path("popfetch")],
            );
            place.forget();
        }
    }
}
