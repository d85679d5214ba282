//! A real OAuth2 provider on loopback (npm's oidc-provider, in `provider/`), and a person at a browser who is sent there.
//!
//! It owns the two programs and the folder from which they run. It refuses to know popfetch and mail servers.
//! Invariant: a `Provider` that exists has told its port; nothing outside loopback is asked.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::daemon::{Daemon, output_of};

/// The client that the provider knows.
pub(super) const CLIENT: &str = "popfetch-test";

/// Where tests/run installs what the programs import.
const MODULES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/provider/node_modules");

/// The provider. It ends with its test.
pub(super) struct Provider {
    // Ended before the folder is removed: fields are dropped in this order.
    _daemon: Daemon,
    folder: TempDir,
    port: u16,
}

/// What a person saw in the end.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) address: String,
    pub(super) title: String,
    pub(super) text: String,
}

/// A folder with the programs and what they import.
fn programs() -> TempDir {
    assert!(
        Path::new(MODULES).is_dir(),
        "{MODULES} is missing: run tests/run"
    );
    let folder = TempDir::with_prefix("provider-").unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("provider.mjs", include_str!("provider/provider.mjs"));
    write("browser.mjs", include_str!("provider/browser.mjs"));
    symlink(MODULES, folder.path().join("node_modules")).unwrap();
    folder
}

fn node(folder: &TempDir, program: &str, argument: &Value) -> Command {
    let mut command = Command::new("node");
    command.arg(program).arg(argument.to_string());
    command
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .stdin(Stdio::null());
    command
}

impl Provider {
    /// A provider whose access tokens are good for so many seconds, and whose client has this secret or none.
    pub(super) fn start(seconds: u32, secret: Option<&str>) -> Self {
        let folder = programs();
        let options = json!({ "accessTokenSeconds": seconds, "secret": secret });
        let mut command = node(&folder, "provider.mjs", &options);
        let mut daemon = Daemon::spawn(&mut command, &folder.path().join("log"));
        let port = || {
            fs::read_to_string(folder.path().join("port"))
                .ok()?
                .parse()
                .ok()
        };
        let port = match daemon.wait_until(port) {
            Ok(port) => port,
            Err(log) => panic!("the provider {log}"),
        };
        Self {
            _daemon: daemon,
            folder,
            port,
        }
    }

    /// An address of the provider.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Where a mail server asks about tokens.
    pub(super) fn introspection(&self) -> String {
        format!(
            "http://mail-server:known-to-the-provider@127.0.0.1:{}/token/introspection",
            self.port
        )
    }

    /// The account's `oauth` key, with these keys more in its table.
    pub(super) fn oauth(&self, more: &str) -> String {
        format!(
            "oauth = {{ client-id = \"{CLIENT}\", authorization-url = \"{}\", token-url = \"{}\", device-url = \"{}\", \
             scope = \"openid offline_access mail\"{more} }}\n",
            self.url("/auth"),
            self.url("/token"),
            self.url("/device/auth"),
        )
    }

    /// Takes back all that was granted.
    pub(super) fn revoke(&self) {
        self.request("POST", "/revoke");
    }

    /// Lets every access token end at once; refresh tokens stay good.
    pub(super) fn expire(&self) {
        self.request("POST", "/expire");
    }

    /// Every token that was given out, and each secret that went with it.
    pub(super) fn tokens(&self) -> Vec<String> {
        let record = self.record();
        let tokens = record["tokens"].as_array().expect("a list of tokens");
        tokens
            .iter()
            .map(|token| token.as_str().expect("text").to_owned())
            .collect()
    }

    /// What was asked of the token address so far: each type with the status of the answer, but for those who had to wait.
    pub(super) fn grants(&self) -> Vec<(String, u64)> {
        let record = self.record();
        let grants = record["grants"].as_array().expect("a list of grants");
        let grant = |grant: &Value| {
            let name = grant["type"].as_str().unwrap_or_default();
            let name = name.rsplit(':').next().unwrap_or_default();
            (name.to_owned(), grant["status"].as_u64().unwrap_or(0))
        };
        grants.iter().map(grant).collect()
    }

    fn record(&self) -> Value {
        let body = self.request("GET", "/record");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }

    /// The body of the answer, which must be a success.
    fn request(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{}\r\nContent-Length: 0\r\n\r\n",
            self.port
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut stream = BufReader::new(stream);
        let mut status = String::new();
        stream.read_line(&mut status).unwrap();
        assert!(status.contains(" 20"), "{method} {path}: {status}");
        let mut rest = String::new();
        stream.read_to_string(&mut rest).unwrap();
        let (_, body) = rest.split_once("\r\n\r\n").expect("an end of the header");
        body.to_owned()
    }

    /// A person opens this address, gives the code if asked for one, logs in as `login`, consents to everything, and looks at
    /// the page on which that ends. What they saw is kept as a picture of this name in the target folder.
    pub(super) fn visit(
        &self,
        address: &str,
        login: &str,
        code: Option<&str>,
        picture: &str,
    ) -> Page {
        self.send(
            json!({ "address": address, "login": login, "code": code }),
            picture,
        )
    }

    /// A person opens this address, logs in, and does not consent.
    pub(super) fn refuse(&self, address: &str, login: &str, picture: &str) -> Page {
        self.send(
            json!({ "address": address, "login": login, "refuses": true }),
            picture,
        )
    }

    fn send(&self, mut errand: Value, picture: &str) -> Page {
        errand["screenshot"] = json!(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(picture));
        let seen = output_of(&mut node(&self.folder, "browser.mjs", &errand));
        let seen: Value =
            serde_json::from_str(&seen).unwrap_or_else(|error| panic!("{error}: {seen}"));
        let part = |name: &str| seen[name].as_str().unwrap_or_default().to_owned();
        Page {
            address: part("address"),
            title: part("title"),
            text: part("text"),
        }
    }
}
