//! The way to a server as a user configures it: through a proxy, from an address, by one family, with a client's
//! certificate; and what is said where the port speaks something else.
//!
//! Which certificates are believed is `tls`'s.

mod addresses; // source-address and ip-version
mod client; // a certificate and key for a server that asks for one
mod ports; // TLS where none was expected, and the reverse
mod proxy; // SOCKS5

use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::certificates::{Identity, rsa_self_signed};
use crate::support::daemon::Daemon;
use crate::support::dovecot::{Dovecot, PASSWORD};
use crate::support::maildrop::Maildrop;
use crate::support::sandbox::{Finished, Sandbox};

/// One run on an account of localhost with this port and these lines more.
fn sync(sandbox: &Sandbox, port: u16, lines: &str) -> Finished {
    sandbox.config(&format!(
        "[accounts.me]\nhost = \"localhost\"\nport = {port}\nuser = \"me\"\npassword = \"{PASSWORD}\"\n\
         deliver = {{ maildir = \"~/Mail\" }}\n{lines}\n"
    ));
    sandbox.run(["-vv", "sync"])
}

/// What a run said but for its protocol.
fn complaint(out: &Finished) -> String {
    let is_complaint = |line: &&str| line.starts_with("popfetch: ");
    let lines: Vec<&str> = out.stderr.lines().filter(is_complaint).collect();
    lines.join("\n")
}

/// Asserts that a run ended with this status and one complaint in which all of these words are.
fn assert_complaint(out: &Finished, code: i32, words: &[&str]) {
    let complaint = complaint(out);
    assert_eq!(out.code, code, "{}", out.stderr);
    assert_eq!(complaint.lines().count(), 1, "{}", out.stderr);
    for word in words {
        assert!(complaint.contains(word), "no {word:?} in {complaint}");
    }
}

/// A Dovecot with three messages for `me`, and its certificate.
fn dovecot() -> (Dovecot, Identity) {
    let identity = rsa_self_signed();
    let dovecot = Dovecot::start(&identity.chain_pem, &identity.key_pem);
    dovecot.fill("me", Maildrop::sample("me", 0, 3).stored());
    (dovecot, identity)
}

/// The line that believes this certificate.
fn pin(identity: &Identity) -> String {
    format!("tls-fingerprint = \"{}\"\n", identity.fingerprint)
}

/// Asserts that the three messages are here.
fn assert_arrived(sandbox: &Sandbox, out: &Finished) {
    assert_eq!(out.code, 0, "{}", out.stderr);
    assert_eq!(sandbox.mail("Mail"), Maildrop::sample("me", 0, 3).stored());
}

/// A TLS server of openssl(1) with these flags, in a folder with `chain.pem` and `key.pem`, and its port.
fn s_server(folder: &TempDir, flags: &str) -> (Daemon, u16) {
    let log = folder.path().join("log");
    let mut command = Command::new("openssl");
    command
        .args("s_server -accept 127.0.0.1:0 -cert chain.pem -key key.pem".split(' '))
        .args(flags.split(' '))
        .current_dir(folder)
        .stdin(Stdio::null());
    let mut daemon = Daemon::spawn(&mut command, &log);
    let port = daemon.wait_until(|| {
        let log = std::fs::read_to_string(&log).ok()?;
        let line = log.lines().find_map(|line| line.strip_prefix("ACCEPT "))?;
        line.rsplit(':').next()?.parse().ok()
    });
    (daemon, port.unwrap())
}
