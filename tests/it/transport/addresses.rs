//! From which address, and by which family of addresses.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};

use super::*;

/// A server that refuses to talk to one client and says where it came from.
fn listen(at: SocketAddr) -> Option<(u16, JoinHandle<IpAddr>)> {
    let listener = TcpListener::bind(at).ok()?;
    let port = listener.local_addr().unwrap().port();
    let peer = thread::spawn(move || {
        let (mut stream, peer) = listener.accept().unwrap();
        stream.write_all(b"-ERR [SYS/PERM] not you\r\n").unwrap();
        peer.ip()
    });
    Some((port, peer))
}

#[test]
fn connections_come_from_the_source_address() {
    for (source, lines) in [
        ("127.0.0.2", "source-address = \"127.0.0.2\"\n"),
        ("127.0.0.1", ""),
    ] {
        let sandbox = Sandbox::new();
        let (port, peer) = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let out = sync(&sandbox, port, &format!("{lines}tls = \"none\""));
        assert_complaint(&out, 69, &["not you"]);
        assert_eq!(peer.join().unwrap().to_string(), source);
    }
}

#[test]
fn a_source_address_of_another_machine_is_a_fault_of_the_configuration() {
    let sandbox = Sandbox::new();
    let lines = "tls = \"none\"\nsource-address = \"192.0.2.1\"";
    let out = sync(&sandbox, 1, lines);
    let words = ["cannot connect from 192.0.2.1", "correct source-address"];
    assert_complaint(&out, 78, &words);
}

#[test]
fn ip_version_chooses_the_family() {
    let sandbox = Sandbox::new();
    let lines = "tls = \"none\"\nip-version = 6";
    let Some((port, peer)) = listen("[::1]:0".parse().unwrap()) else {
        // A machine without IPv6: what can be seen is that IPv4 is not used in its place.
        let (port, _) = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let out = sync(&sandbox, port, lines);
        assert!(out.code == 69 || out.code == 75, "{}", out.stderr);
        assert!(!out.stderr.contains("not you"), "{}", out.stderr);
        return;
    };
    sandbox.config(&format!(
        "[accounts.me]\nhost = \"::1\"\nport = {port}\nuser = \"me\"\npassword = \"x\"\n\
         deliver = {{ maildir = \"~/Mail\" }}\n{lines}\n"
    ));
    let out = sandbox.run(["sync"]);
    assert_complaint(&out, 69, &["not you"]);
    assert_eq!(peer.join().unwrap().to_string(), "::1");
}

#[test]
fn a_host_without_an_address_of_the_family_is_said_to_have_none() {
    for (host, line, family) in [
        ("127.0.0.1", "ip-version = 6", "IPv6"),
        ("::1", "ip-version = 4", "IPv4"),
        ("::1", "source-address = \"127.0.0.2\"", "IPv4"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.config(&format!(
            "[accounts.me]\nhost = \"{host}\"\nport = 1\ntls = \"none\"\nuser = \"me\"\npassword = \"x\"\n\
             deliver = {{ maildir = \"~/Mail\" }}\n{line}\n"
        ));
        let out = sandbox.run(["sync"]);
        let found = format!("{host} has no {family} address");
        assert_complaint(&out, 69, &[&found, "ip-version"]);
    }
}
