//! Popfetch at work, with nothing to set up: `cargo run --release --example demo`.
//!
//! It owns a POP3S server on loopback with sample mail, and a fresh folder that it names and keeps; there it runs
//! the real `sync` three times, as a child in whose environment only that folder is home. It refuses to know how
//! popfetch works: it looks at the folder and counts what the server was asked for. The exit status is not 0 if
//! anything is not as it should be.
#![expect(clippy::print_stdout, reason = "it is a demonstration")]
#![expect(
    clippy::unwrap_used,
    reason = "where nothing can be shown, a panic tells why"
)]

#[path = "../it/support/certificates.rs"]
#[expect(dead_code, reason = "bad certificates are for tests")]
mod certificates;
#[path = "../it/support/connection.rs"]
mod connection;
#[path = "../it/support/maildrop.rs"]
#[expect(dead_code, reason = "new uids are for tests")]
mod maildrop;
#[path = "../it/support/options.rs"]
#[expect(dead_code, reason = "faults are for tests")]
mod options;
#[path = "../it/support/protocol.rs"]
mod protocol;
#[path = "../it/support/server.rs"]
#[expect(dead_code, reason = "the record of a client's words is for tests")]
mod server;
#[path = "../it/support/users.rs"]
mod users;

use std::env;
use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};

use certificates::{Authority, Leaf};
use maildrop::Maildrop;
use options::{Options, Tls};
use server::Server;

/// Set for the child, which is popfetch and nothing else.
const AS_POPFETCH: &str = "POPFETCH_DEMO_AS_POPFETCH";

/// The accounts, and how many messages lie on the server for each.
const ACCOUNTS: [(&str, usize); 2] = [("home", 200), ("work", 100)];

/// Not secret at all.
const PASSWORD: &str = "correct horse";

/// Bytes a second on each connection: the bars are to be seen, not waited for.
const PACE: u64 = 4 << 20;

fn main() -> ExitCode {
    if env::var_os(AS_POPFETCH).is_some() {
        return popfetch::cli::run(env::args_os());
    }
    match show() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nThis is not as it should be: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The demonstration.
fn show() -> Result<()> {
    let folder = tempfile::Builder::new()
        .prefix("popfetch-demo-")
        .tempdir()?
        .keep();
    let authority = Authority::new();
    let mut options = Options::new(Tls::Implicit(authority.issue(Leaf::Good))).pace(PACE);
    for (account, count) in ACCOUNTS {
        options = options.user(
            &address(account),
            PASSWORD,
            Maildrop::sample(account, 0, count),
        );
    }
    let server = Server::start(options);
    let config = configure(&folder, &authority, server.port())?;
    println!(
        "A POP3 server with TLS listens on 127.0.0.1:{}. The configuration,",
        server.port()
    );
    println!("{}:\n", config.display());
    for line in fs::read_to_string(&config)?.lines() {
        println!("{}", format!("    {line}").trim_end());
    }

    println!("\n$ popfetch sync");
    sync(&folder)?;
    for (account, count) in ACCOUNTS {
        let mail = arrived(&folder, account, &server)?;
        let bytes: usize = mail.iter().map(|(_, content)| content.len()).sum();
        println!(
            "\n{} has {} messages, {bytes} bytes:",
            maildir(&folder, account).display(),
            mail.len()
        );
        ensure!(
            mail.len() == count,
            "{} messages are in {account}, not {count}",
            mail.len()
        );
        for (name, _) in mail.iter().take(3) {
            println!("    new/{name}");
        }
        println!("    …");
    }
    show_state(&folder)?;

    println!("\nAgain, with nothing new on the server:\n\n$ popfetch sync");
    expect_fetched(&folder, &server, 0)?;
    println!("Nothing new: no message was fetched twice.");

    let (account, count) = ACCOUNTS[0];
    for message in Maildrop::sample(account, count, 3).messages() {
        server.deposit(&address(account), (**message).clone());
    }
    println!("\nAgain, with 3 new messages for {account}:\n\n$ popfetch sync");
    expect_fetched(&folder, &server, 3)?;
    println!("3 messages, each byte for byte what the server has (but for line ends).");
    println!(
        "\nLook around, and remove it when you are done: {}",
        folder.display()
    );
    Ok(())
}

/// The user's name on the server.
fn address(account: &str) -> String {
    format!("{account}@example.org")
}

/// Where an account's mail goes.
fn maildir(folder: &Path, account: &str) -> PathBuf {
    folder.join("Mail").join(account)
}

/// Writes the configuration and the authority's certificate, and says where the first is.
fn configure(folder: &Path, authority: &Authority, port: u16) -> Result<PathBuf> {
    fs::write(folder.join("ca.pem"), authority.pem())?;
    let mut text = format!(
        "[defaults]\nhost = \"127.0.0.1\"\nport = {port}\ntls-ca-file = \"~/ca.pem\"\nleave-on-server = true\n"
    );
    for (account, _) in ACCOUNTS {
        write!(
            text,
            "\n[accounts.{account}]\nuser = \"{}\"\npassword = \"{PASSWORD}\"\n\
             deliver = {{ maildir = \"~/Mail/{account}\" }}\n",
            address(account)
        )?;
    }
    let config = folder.join("config/popfetch/config.toml");
    fs::create_dir_all(folder.join("config/popfetch"))?;
    fs::write(&config, text)?;
    // Popfetch refuses a password that others can read.
    fs::set_permissions(&config, Permissions::from_mode(0o600))?;
    Ok(config)
}

/// Runs popfetch on this terminal.
fn sync(folder: &Path) -> Result<()> {
    let status = Command::new(env::current_exe()?)
        .arg("sync")
        .env(AS_POPFETCH, "1")
        .env("HOME", folder)
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .env("XDG_STATE_HOME", folder.join("state"))
        .env_remove("POPFETCH_CONFIG")
        .status()?;
    ensure!(status.success(), "popfetch ended with {status}");
    Ok(())
}

/// Runs popfetch, and sees to it that it fetched this many messages and that all are there.
fn expect_fetched(folder: &Path, server: &Server, expected: usize) -> Result<()> {
    let before = server.count("RETR");
    sync(folder)?;
    let fetched = server.count("RETR") - before;
    ensure!(
        fetched == expected,
        "{fetched} messages were fetched, not {expected}"
    );
    for (account, _) in ACCOUNTS {
        arrived(folder, account, server)?;
    }
    Ok(())
}

/// The names and contents of an account's mail, which is what the server has and no more.
fn arrived(folder: &Path, account: &str, server: &Server) -> Result<Vec<(String, Vec<u8>)>> {
    let new = maildir(folder, account).join("new");
    let mut mail = Vec::new();
    for entry in fs::read_dir(&new).with_context(|| format!("cannot read {}", new.display()))? {
        let entry = entry?;
        mail.push((
            entry.file_name().to_string_lossy().into_owned(),
            fs::read(entry.path())?,
        ));
    }
    mail.sort();
    let mut contents: Vec<_> = mail.iter().map(|(_, content)| content).collect();
    contents.sort();
    let expected = server.maildrop(&address(account)).stored();
    ensure!(
        contents.into_iter().eq(&expected),
        "{} does not hold what the server has",
        new.display()
    );
    Ok(mail)
}

/// Names the files in which popfetch remembers what it has fetched.
fn show_state(folder: &Path) -> Result<()> {
    let state = folder.join("state/popfetch");
    if !state.exists() {
        return Ok(()); // Not every system has it there.
    }
    println!("\n{} remembers what was fetched:", state.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(&state)? {
        let entry = entry?;
        let slash = if entry.file_type()?.is_dir() { "/" } else { "" };
        names.push(format!("    {}{slash}", entry.file_name().display()));
    }
    names.sort();
    println!("{}", names.join("\n"));
    Ok(())
}
