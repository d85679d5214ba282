//! TLS as a user meets it: what is refused, with which words, and how it is mended by pin or authority.
//!
//! Nothing of the login may be sent where trust is missing. Silence on the line is `line`'s; a port that speaks something else is
//! `transport`'s.

use crate::support::certificates::{Authority, Identity, Leaf, rsa_self_signed, self_signed};
use crate::support::dovecot::{Dovecot, PASSWORD};
use crate::support::maildrop::Maildrop;
use crate::support::options::{Act, Fault, Options, Tls};
use crate::support::sandbox::{Finished, Running, Sandbox};
use crate::support::server::Server;

/// A server with three messages for `me`.
fn serve(tls: Tls) -> Server {
    Server::start(options(tls))
}

fn options(tls: Tls) -> Options {
    Options::new(tls).user("me", "pass word", mail())
}

fn mail() -> Maildrop {
    Maildrop::sample("me", 0, 3)
}

/// The configuration of one account on this port, with these lines more.
fn account(port: u16, lines: &str) -> String {
    format!(
        "[accounts.me]\nhost = \"localhost\"\nport = {port}\nuser = \"me\"\npassword = \"pass word\"\n\
         deliver = {{ maildir = \"~/Mail\" }}\n{lines}\n"
    )
}

/// One run with this configuration.
fn sync(sandbox: &Sandbox, config: &str) -> Finished {
    sandbox.config(config);
    sandbox.run(["sync"])
}

/// Asserts that the run ended with 76 and one line that holds all of these words, and that nothing arrived.
fn assert_refused(sandbox: &Sandbox, out: &Finished, words: &[&str]) {
    assert_eq!(out.code, 76, "{}", out.stderr);
    assert!(out.stdout.is_empty(), "{}", out.stdout);
    assert_eq!(out.stderr.lines().count(), 1, "{}", out.stderr);
    for word in words {
        assert!(out.stderr.contains(word), "no {word:?} in {}", out.stderr);
    }
    assert!(sandbox.mail("Mail").is_empty());
}

/// Asserts that all mail arrived and nothing was said.
fn assert_synced(sandbox: &Sandbox, out: &Finished) {
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    assert_eq!(sandbox.mail("Mail"), mail().stored());
}

/// Asserts that the login was sent nowhere, and nothing in clear but what finds out whether TLS can be had.
fn assert_nothing_told(server: &Server) {
    let clear = server.sent_in_clear();
    let harmless = |line: &String| ["CAPA", "STLS", "QUIT"].contains(&line.as_str());
    assert!(clear.iter().all(harmless), "in clear: {clear:?}");
    for verb in ["USER", "PASS", "AUTH", "APOP"] {
        assert_eq!(server.count(verb), 0, "{verb} was sent");
    }
}

/// The line for the configuration that the message offers.
fn pin_offered(stderr: &str) -> &str {
    let start = stderr.find("tls-fingerprint = \"").expect("a pin");
    let line = &stderr[start..];
    let quote = line.match_indices('"').nth(1).expect("its end").0;
    &line[..=quote]
}

/// Both ways to TLS, each with its setting.
fn both(identity: &Identity) -> [(Tls, &'static str); 2] {
    [
        (Tls::Implicit(identity.clone()), "tls = \"implicit\"\n"),
        (Tls::Stls(identity.clone()), "tls = \"starttls\"\n"),
    ]
}

/// A certificate that is wrong in one way is refused for that, and believed with the pin that the message offers.
fn refused_until_pinned(identity: &Identity, authority: Option<&Authority>, reason: &str) {
    for (tls, mode) in both(identity) {
        let (server, sandbox) = (serve(tls), Sandbox::new());
        let trust = authority.map_or_else(String::new, |authority| {
            let file = sandbox.write("ca.pem", authority.pem());
            format!("tls-ca-file = \"{}\"\n", file.display())
        });
        let out = sync(
            &sandbox,
            &account(server.port(), &(mode.to_owned() + &trust)),
        );
        let pin = format!("tls-fingerprint = \"{}\"", identity.fingerprint);
        assert_refused(&sandbox, &out, &["localhost", reason, &pin]);
        assert_nothing_told(&server);

        let pinned = mode.to_owned() + pin_offered(&out.stderr);
        let out = sync(&sandbox, &account(server.port(), &pinned));
        assert_synced(&sandbox, &out);
        let clear = server.sent_in_clear();
        assert!(
            clear.iter().all(|line| line == "CAPA" || line == "STLS"),
            "{clear:?}"
        );
    }
}

#[test]
fn a_self_signed_certificate_is_refused_until_it_is_pinned() {
    refused_until_pinned(&self_signed(), None, "self-signed");
}

#[test]
fn an_expired_certificate_is_refused_until_it_is_pinned() {
    let authority = Authority::new();
    let expired = authority.issue(Leaf::Expired);
    refused_until_pinned(&expired, Some(&authority), "expired");
}

#[test]
fn a_certificate_of_another_name_is_refused_until_it_is_pinned() {
    let authority = Authority::new();
    let other = authority.issue(Leaf::WrongName);
    refused_until_pinned(&other, Some(&authority), "hostname mismatch");
}

#[test]
fn an_authority_that_the_system_does_not_know_is_not_trusted() {
    let good = Authority::new().issue(Leaf::Good);
    refused_until_pinned(&good, None, "tls-ca-file");
    // Nor is one authority another, whatever its name.
    refused_until_pinned(&good, Some(&Authority::new()), "tls-ca-file");
}

#[test]
fn a_certificate_of_the_configured_authority_is_believed() {
    let authority = Authority::new();
    for (tls, mode) in both(&authority.issue(Leaf::Good)) {
        let (server, sandbox) = (serve(tls), Sandbox::new());
        sandbox.write("config/popfetch/ca.pem", authority.pem());
        let lines = mode.to_owned() + "tls-ca-file = \"ca.pem\"";
        let out = sync(&sandbox, &account(server.port(), &lines));
        assert_synced(&sandbox, &out);
        assert!(server.records()[0].secured);
        assert_eq!(server.records().len(), 1);
    }
}

#[test]
fn a_file_of_authorities_may_hold_several_or_the_servers_own_certificate() {
    let (authority, own) = (Authority::new(), self_signed());
    let several = format!(
        "Another one:\n{}\n# and this\r\n{}",
        Authority::new().pem(),
        authority.pem().replace('\n', "\r\n")
    );
    for (identity, file) in [
        (authority.issue(Leaf::Good), &several),
        (own.clone(), &own.chain_pem),
    ] {
        let server = serve(Tls::Implicit(identity));
        for host in ["localhost", "127.0.0.1"] {
            let sandbox = Sandbox::new();
            sandbox.write("config/popfetch/ca.pem", file);
            let config = account(server.port(), "tls-ca-file = \"ca.pem\"");
            let out = sync(&sandbox, &config.replace("localhost", host));
            assert_synced(&sandbox, &out);
        }
    }
}

#[test]
fn a_wrong_pin_is_refused_before_the_login_also_for_a_good_certificate() {
    let authority = Authority::new();
    let identity = authority.issue(Leaf::Good);
    let wrong = format!("tls-fingerprint = \"{}\"", self_signed().fingerprint);
    for (tls, mode) in both(&identity) {
        let (server, sandbox) = (serve(tls), Sandbox::new());
        let out = sync(
            &sandbox,
            &account(server.port(), &(mode.to_owned() + &wrong)),
        );
        assert_refused(&sandbox, &out, &["localhost", "another fingerprint"]);
        assert_nothing_told(&server);

        let pinned = mode.to_owned() + pin_offered(&out.stderr);
        let out = sync(&sandbox, &account(server.port(), &pinned));
        assert_synced(&sandbox, &out);
    }
}

#[test]
fn a_server_without_stls_is_told_nothing() {
    let starttls = "tls = \"starttls\"";
    for options in [
        options(Tls::None),
        options(Tls::None).without_capa(),
        options(Tls::None).capabilities(&["XSTLS", "IMPLEMENTATION STLS", " STLS"]),
    ] {
        let (server, sandbox) = (Server::start(options), Sandbox::new());
        let out = sync(&sandbox, &account(server.port(), starttls));
        let words = ["localhost does not offer STLS", "tls = \"implicit\""];
        assert_refused(&sandbox, &out, &words);
        assert_nothing_told(&server);
        assert_eq!(server.sent_in_clear(), ["CAPA"]);
    }
}

#[test]
fn a_server_that_refuses_stls_is_told_nothing() {
    for refusal in ["-ERR not today", "-ERR [SYS/TEMP] no certificate"] {
        let (server, sandbox) = (serve(Tls::Stls(self_signed())), Sandbox::new());
        server.set_faults(vec![Fault::At("STLS", 1, Act::reply(refusal))]);
        let out = sync(&sandbox, &account(server.port(), "tls = \"starttls\""));
        assert_refused(&sandbox, &out, &["refused STLS", refusal]);
        assert_nothing_told(&server);
        assert_eq!(server.sent_in_clear(), ["CAPA", "STLS"]);
    }
}

#[test]
fn bytes_injected_behind_the_reply_to_stls_end_the_session() {
    let authority = Authority::new();
    for injected in ["+OK you are ann\r\n", "+", "\r\n"] {
        let (server, sandbox) = (
            serve(Tls::Stls(authority.issue(Leaf::Good))),
            Sandbox::new(),
        );
        sandbox.write("config/popfetch/ca.pem", authority.pem());
        let behind = Act::After(injected.as_bytes().to_vec());
        server.set_faults(vec![Fault::At("STLS", 1, behind)]);
        let lines = "tls = \"starttls\"\ntls-ca-file = \"ca.pem\"";
        let out = sync(&sandbox, &account(server.port(), lines));
        assert_refused(&sandbox, &out, &["STLS", "in the clear", "in between"]);
        assert_nothing_told(&server);
        assert!(!server.records()[0].secured);
    }
}

#[test]
fn what_was_promised_in_clear_does_not_count_behind_stls() {
    // In clear the capabilities may be anybody's; behind TLS this server does not know CAPA, and so no pipelining.
    let authority = Authority::new();
    let options = options(Tls::Stls(authority.issue(Leaf::Good))).fault(Fault::At(
        "CAPA",
        2,
        Act::reply("-ERR unknown command"),
    ));
    let (server, sandbox) = (Server::start(options), Sandbox::new());
    sandbox.write("config/popfetch/ca.pem", authority.pem());
    let lines = "tls = \"starttls\"\ntls-ca-file = \"ca.pem\"";
    let out = sync(&sandbox, &account(server.port(), lines));
    assert_synced(&sandbox, &out);
    assert_eq!(server.records()[0].ahead, 0);
}

#[test]
fn a_file_of_authorities_that_cannot_be_used_is_a_fault_of_the_configuration() {
    let server = serve(Tls::Implicit(self_signed()));
    let sandbox = Sandbox::new();
    let missing = sandbox.path("missing.pem");
    let not_pem = sandbox.write("not.pem", "this is no certificate\n");
    let empty = sandbox.write("empty.pem", "");
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let broken = sandbox.write("broken.pem", broken);
    let folder = sandbox.path("home");
    for path in [missing, not_pem, empty, broken, folder] {
        let path = path.display().to_string();
        let line = format!("tls-ca-file = \"{path}\"");
        let out = sync(&sandbox, &account(server.port(), &line));
        assert_eq!(out.code, 78, "{}", out.stderr);
        assert!(out.stderr.contains(&path), "{}", out.stderr);
        assert!(out.stderr.contains("correct tls-ca-file"), "{}", out.stderr);
        assert!(sandbox.mail("Mail").is_empty());
    }
    assert_nothing_told(&server);
}

#[test]
fn this_host_may_be_spoken_to_without_tls() {
    for host in ["localhost", "127.0.0.1"] {
        let (server, sandbox) = (serve(Tls::None), Sandbox::new());
        let config = account(server.port(), "tls = \"none\"").replace("localhost", host);
        let out = sync(&sandbox, &config);
        assert_synced(&sandbox, &out);
        assert_eq!(server.sent_in_clear()[2], "PASS pass word");
    }
}

#[test]
fn dovecot_with_an_rsa_certificate_is_believed_by_its_pin_over_pop3s_and_stls() {
    let identity = rsa_self_signed();
    let dovecot = Dovecot::start(&identity.chain_pem, &identity.key_pem);
    dovecot.fill("me", mail().stored());
    for (mode, port) in [
        ("implicit", dovecot.port_pop3s()),
        ("starttls", dovecot.port_pop3()),
    ] {
        let sandbox = Sandbox::new();
        let mode = format!("tls = \"{mode}\"\n");
        let account =
            |lines: &str| account(port, &(mode.clone() + lines)).replace("pass word", PASSWORD);
        let out = sync(&sandbox, &account(""));
        assert_refused(&sandbox, &out, &["self-signed", &identity.fingerprint]);

        let out = sync(&sandbox, &account(pin_offered(&out.stderr)));
        assert_eq!((out.code, out.stderr.as_str()), (0, ""));
        let mut stored = dovecot.contents("me");
        stored.sort();
        assert_eq!(sandbox.mail("Mail"), stored);
        assert_eq!(stored.len(), 3);
    }
}

#[test]
fn an_authority_stands_in_place_of_those_of_the_system() {
    let (known, other) = (Authority::new(), Authority::new());
    let server = serve(Tls::Implicit(known.issue(Leaf::Good)));
    for (lines, is_believed) in [("", true), ("tls-ca-file = \"ca.pem\"", false)] {
        let sandbox = Sandbox::new();
        sandbox.write("config/popfetch/ca.pem", other.pem());
        sandbox.config(&account(server.port(), lines));
        let roots = sandbox.write("roots.pem", known.pem());
        let mut command = sandbox.command();
        command.arg("sync").env("SSL_CERT_FILE", roots);
        let out = Running::new(command).finish();
        if is_believed {
            assert_synced(&sandbox, &out);
        } else {
            assert_refused(&sandbox, &out, &["is not trusted"]);
        }
    }
}
