//! TLS that is stripped, answered by something else, injected into, or of a former age: nothing of the user is sent.
//!
//! Certificates that are not believed are `tls`'s.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::case::{Case, Way};
use super::trial::{count_cases, try_all};
use crate::support::certificates::self_signed;
use crate::support::mailbox::{PASSWORD, USER, account};
use crate::support::options::Act;
use crate::support::sandbox::Sandbox;

/// A case behind STLS in which no mail comes, after these commands.
fn stripped(name: impl Into<String>, sent: &[&str]) -> Case {
    Case::new(name).by(Way::Stls).arrives(vec![]).sent(&[sent])
}

#[test]
fn stls_that_is_not_to_be_had_ends_the_session_before_the_login() {
    let lists = [
        "",
        "XSTLS\r\n",
        " STLS\r\n",
        "STLS2\r\n",
        "IMPLEMENTATION STLS\r\n",
        "SASL STLS\r\n",
        "STL\r\nS\r\n",
        "\0STLS\r\n",
        "STLS\0\r\n",
    ];
    let capa = lists.map(|lines| {
        let case = stripped(format!("CAPA {lines:?}"), &["CAPA"]);
        case.says_to("CAPA", format!("+OK\r\nUSER\r\n{lines}.\r\n"))
            .fails(76, &["does not offer STLS"])
    });
    let refused = stripped("CAPA refused", &["CAPA"]).says_to("CAPA", "-ERR what?\r\n");
    let refused = refused.fails(76, &["does not offer STLS"]);
    let said_no = [
        "-ERR",
        "-ERR [SYS/TEMP] not now",
        "-ERR [IN-USE]",
        "-ERR \u{1b}[2J",
    ]
    .map(|line| {
        let case = stripped(format!("STLS {line:?}"), &["CAPA", "STLS"])
            .says_to("STLS", format!("{line}\r\n"));
        case.fails(76, &["refused STLS"])
    });
    let odd = ["", "+", "+ok", "OK", "220 ready"].map(|line| {
        let case = stripped(format!("STLS {line:?}"), &["CAPA", "STLS"])
            .says_to("STLS", format!("{line}\r\n"));
        case.fails(76, &["STLS", "is no status line"])
    });
    try_all(
        "STLS stripped",
        capa.into_iter()
            .chain([refused])
            .chain(said_no)
            .chain(odd)
            .collect(),
    );
}

#[test]
fn what_is_sent_behind_the_reply_to_stls_is_never_believed() {
    let injected: [&[u8]; 9] = [
        b"+OK\r\n",
        b"+OK you are in\r\n+OK\r\n1 61\r\n.\r\n+OK\r\n1 forged\r\n.\r\n",
        b"+OK\r\nSubject: forged\r\n\r\n.\r\n",
        b"-ERR\r\n",
        b"\r\n",
        b"+",
        b"\x16\x03\x03",
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"\0",
    ];
    let cases = injected.map(|bytes| {
        let case = stripped(
            format!("injected {}", bytes.escape_ascii()),
            &["CAPA", "STLS"],
        );
        case.at("STLS", Act::After(bytes.to_vec()))
            .fails(76, &["in the clear"])
    });
    try_all("STLS injected into", cases.into());
}

#[test]
fn what_answers_in_place_of_tls_is_told_nothing() {
    let babble: [&[u8]; 8] = [
        b"+OK go on\r\n",
        b"-ERR no TLS here\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"\0\0\0\0\0\0\0\0",
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"\x16\x03\x01\xff\xff",
        b"\x1b[2J\x07",
    ];
    let cases = babble.into_iter().flat_map(|bytes| {
        let name = bytes.escape_ascii();
        let stls = stripped(format!("behind STLS {name}"), &["CAPA", "STLS"]);
        let stls = stls.at(
            "STLS",
            Act::Babble(b"+OK begin\r\n".to_vec(), bytes.to_vec()),
        );
        [stls.either(&[75, 76])]
    });
    try_all("no TLS behind STLS", cases.collect());
}

#[test]
fn stls_that_is_offered_under_tls_is_not_asked_for() {
    let listing = "+OK\r\nSTLS\r\nPIPELINING\r\nUSER\r\nUIDL\r\n.\r\n";
    let implicit = Case::new("under TLS")
        .by(Way::Implicit)
        .says_to("CAPA", listing);
    let fault = crate::support::options::Fault::At("CAPA", 2, Act::Reply(listing.into()));
    let stls = Case::new("behind STLS").by(Way::Stls).fault(fault);
    try_all("STLS under TLS", vec![implicit, stls]);
}

/// OpenSSL's own server, which speaks only this version of TLS. Dropping it ends it.
struct Former(Child);

impl Former {
    /// Starts it on a free port, with the strength of keys and ciphers that this version had.
    fn start(sandbox: &Sandbox, version: &str) -> (Self, u16) {
        let mut server = Command::new("openssl")
            .args([
                "s_server",
                "-accept",
                "127.0.0.1:0",
                version,
                "-cipher",
                "DEFAULT:@SECLEVEL=0",
            ])
            .args(["-cert", "cert.pem", "-key", "key.pem"])
            .current_dir(sandbox.path("tmp"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(server.stdout.take().expect("it is piped"));
        let address = said
            .lines()
            .map_while(Result::ok)
            .find_map(|line| Some(line.strip_prefix("ACCEPT ")?.to_owned()))
            .expect("it says where it listens");
        let (_, port) = address.rsplit_once(':').expect("an address and a port");
        let port = port.trim().parse().unwrap();
        (Self(server), port)
    }
}

impl Drop for Former {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether openssl's own client comes to speak this version with it.
fn is_spoken(port: u16, version: &str) -> bool {
    let out = Command::new("openssl")
        .args([
            "s_client",
            "-connect",
            &format!("127.0.0.1:{port}"),
            version,
            "-cipher",
            "DEFAULT:@SECLEVEL=0",
        ])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    said.contains("BEGIN CERTIFICATE") && out.status.success()
}

#[test]
fn tls_of_a_former_age_is_not_spoken() {
    let identity = self_signed();
    let versions = ["-tls1", "-tls1_1"];
    for version in versions {
        let sandbox = Sandbox::new();
        sandbox.write("tmp/cert.pem", &identity.chain_pem);
        sandbox.write("tmp/key.pem", &identity.key_pem);
        let (_server, port) = Former::start(&sandbox, version);
        assert!(is_spoken(port, version), "{version} is served");
        let table = account("work", port, USER).replace("\"none\"", "\"implicit\"");
        let pin = &identity.fingerprint;
        sandbox.config(&format!(
            "{table}password = \"{PASSWORD}\"\ntls-fingerprint = \"{pin}\"\ntimeout = \"5s\"\n"
        ));
        let out = sandbox.run(["sync"]);
        assert_eq!(out.code, 76, "{version}: {}", out.stderr);
        assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
        assert!(sandbox.mail("Mail/work").is_empty());
    }
    count_cases("TLS of a former age", versions.len());
}
