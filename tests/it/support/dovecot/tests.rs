//! That the private Dovecot serves what was put into it, receives by LMTP and from its agent, and tells a taken port.
//!
//! It refuses to know popfetch: the sessions are written out.

use std::os::unix::net::UnixStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use native_tls::TlsConnector;

use super::*;

/// What the server answers to `script`, sent all at once on an open connection.
fn talk(mut stream: impl io::Read + Write, script: &str) -> String {
    stream.write_all(script.as_bytes()).expect("it can be sent");
    let mut replies = String::new();
    stream
        .read_to_string(&mut replies)
        .expect("it answers and closes");
    replies
}

/// A chain and its key.
fn pem() -> (String, String) {
    let names = vec!["localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate can be made");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn server() -> Dovecot {
    let (chain, key) = pem();
    Dovecot::start(&chain, &key)
}

#[test]
fn dovecot_serves_over_tls_what_the_fixture_filled_in() {
    let server = server();
    server.fill(
        "ann",
        [
            b"Subject: 1\n\none\n".to_vec(),
            b"Subject: 2\n\n.two\n".to_vec(),
        ],
    );
    assert_eq!(server.messages("ann"), 2);
    assert_eq!(server.contents("ann")[1], b"Subject: 2\n\n.two\n");

    let plain = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port_pop3s())).expect("it listens");
    let mut tls = TlsConnector::builder();
    tls.danger_accept_invalid_certs(true);
    let tls = tls.build().expect("TLS can be set up");
    let tls = tls.connect("localhost", plain).expect("a handshake");
    let script = "USER ann\r\nPASS secret\r\nRETR 2\r\nDELE 1\r\nQUIT\r\n";
    let replies = talk(tls, script);

    assert!(
        replies.contains("\r\nSubject: 2\r\n\r\n..two\r\n.\r\n"),
        "{replies}"
    );
    assert_eq!(server.messages("ann"), 1);
    server.expunge_all("ann");
    assert_eq!(server.messages("ann"), 0);
}

#[test]
fn dovecot_offers_stls_and_refuses_a_wrong_password_on_the_clear_port() {
    let server = server();
    let plain = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port_pop3())).expect("it listens");
    let replies = talk(plain, "CAPA\r\nUSER ann\r\nPASS wrong\r\nQUIT\r\n");
    assert!(replies.contains("\r\nSTLS\r\n"), "{replies}");
    assert!(replies.contains("\r\n-ERR [AUTH]"), "{replies}");
}

#[test]
fn a_taken_port_is_reported_as_such_and_not_waited_for() {
    let (program, syntax) = installed();
    let owner = Owner::for_dovecot();
    let taken = server();
    let ports = Ports {
        pop3s: taken.port_pop3s(),
        pop3: taken.port_pop3(),
        lmtp: taken.port_lmtp(),
    };
    let (chain, key) = pem();
    let folder = owner.prepare(&chain, &key);
    let log = launch(
        program,
        syntax,
        folder.path(),
        &owner,
        &ports,
        &Logins::any_name(),
    )
    .err();
    let log = log.expect("two servers cannot share a port");
    assert!(log.contains("Address already in use"), "{log}");
}

#[test]
fn dovecot_receives_by_lmtp_and_from_its_delivery_agent() {
    let server = server();
    let script = "LHLO me\r\nMAIL FROM:<>\r\nRCPT TO:<ann>\r\nDATA\r\nSubject: 1\r\n\r\none\r\n.\r\nQUIT\r\n";
    let port = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port_lmtp()));
    let replies = talk(port.expect("it listens"), script);
    assert!(replies.contains("\r\n354 "), "{replies}");
    let socket = UnixStream::connect(server.socket_lmtp());
    talk(socket.expect("it listens"), script);
    let agent = server.delivery_agent("ann");
    let message = server.folder.path().join("message");
    server.owner.write(&message, "Subject: 2\n\ntwo\n");
    let mut command = Command::new(&agent[0]);
    command
        .args(&agent[1..])
        .stdin(File::open(message).expect("it was written"));
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{output:?}");

    let mail = server.contents("ann");
    assert_eq!(mail.len(), 3);
    // Dovecot's names tell the order within a second only by luck.
    let like = |end: &[u8]| mail.iter().filter(|mail| mail.ends_with(end)).count();
    assert_eq!(like(b"\nSubject: 1\n\none\n"), 2);
    assert_eq!(like(b"Subject: 2\n\ntwo\n"), 1);
}

#[test]
fn dovecot_takes_any_name_and_password_and_a_token_that_is_the_password() {
    let (chain, key) = pem();
    let mechanisms = "plain apop scram-sha-256 xoauth2 oauthbearer";
    let (user, password) = ("m\u{e9}, too=two", "p: {w} \u{1f511}");
    let logins = Logins::by(mechanisms).user(user, password);
    let server = Dovecot::start_for(&chain, &key, &logins);
    // RFC 5801 §4: what has a meaning in the header is written otherwise in the name.
    let escaped = user.replace('=', "=3D").replace(',', "=2C");
    let bearer = format!("n,a={escaped},\x01auth=Bearer {password}\x01\x01");
    let oauth2 = format!("user={user}\x01auth=Bearer {password}\x01\x01");
    for (mechanism, response, is_right) in [
        ("PLAIN", format!("\0{user}\0{password}"), true),
        ("PLAIN", format!("\0{user}\0other"), false),
        ("OAUTHBEARER", bearer, true),
        ("XOAUTH2", oauth2.clone(), true),
        ("XOAUTH2", oauth2.replace("{w}", "{v}"), false),
    ] {
        let clear = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port_pop3()));
        let response = STANDARD.encode(&response);
        let script = format!("AUTH {mechanism} {response}\r\n\r\nSTAT\r\nQUIT\r\n");
        let replies = talk(clear.expect("it listens"), &script);
        assert!(replies.starts_with("+OK dovecot-"), "{replies}");
        assert!(
            replies.contains("> \r\n") || replies.contains(">\r\n"),
            "{replies}"
        );
        let is_in = replies.contains("\r\n+OK 0 0\r\n");
        assert_eq!(is_in, is_right, "{mechanism}: {replies}\n{}", server.log());
    }
}
