//! A client's certificate, for a server that lets nobody in without one.

use std::process::Command;

use tempfile::TempDir;

use crate::support::certificates::{Authority, Leaf};
use crate::support::daemon::output_of;

use super::*;

/// A Dovecot that demands a certificate of the authority, with three messages for `me`.
fn demanding(authority: &Authority) -> (Dovecot, String) {
    let identity = rsa_self_signed();
    let (chain, key) = (&identity.chain_pem, &identity.key_pem);
    let dovecot = Dovecot::demanding(chain, key, &authority.pem());
    dovecot.fill("me", Maildrop::sample("me", 0, 3).stored());
    (dovecot, pin(&identity))
}

/// Two files beside the configuration, the key for its owner alone.
fn write(sandbox: &Sandbox, identity: &Identity) {
    sandbox.write("config/popfetch/me.pem", &identity.chain_pem);
    sandbox.write("config/popfetch/me.key", &identity.key_pem);
    sandbox.chmod("config/popfetch/me.key", 0o600);
}

const BOTH: &str = "tls-client-cert = \"me.pem\"\ntls-client-key = \"me.key\"\n";

#[test]
fn a_server_that_demands_a_certificate_is_shown_it_over_pop3s_and_stls() {
    let authority = Authority::new();
    let (dovecot, pin) = demanding(&authority);
    let identity = authority.issue(Leaf::Client);
    for (mode, port) in [
        ("tls = \"implicit\"\n", dovecot.port_pop3s()),
        ("tls = \"starttls\"\n", dovecot.port_pop3()),
    ] {
        let trust = pin.clone() + mode;
        let sandbox = Sandbox::new();
        let out = sync(&sandbox, port, &trust);
        assert_complaint(&out, 77, &["SSL certificate"]);
        assert!(sandbox.mail("Mail").is_empty());

        write(&sandbox, &identity);
        let out = sync(&sandbox, port, &(trust.clone() + BOTH));
        assert_arrived(&sandbox, &out);

        let sandbox = Sandbox::new();
        let both = identity.key_pem.clone() + &identity.chain_pem;
        sandbox.write("config/popfetch/me.pem", both);
        sandbox.chmod("config/popfetch/me.pem", 0o600);
        let out = sync(&sandbox, port, &(trust + "tls-client-cert = \"me.pem\""));
        assert_arrived(&sandbox, &out);
    }
}

#[test]
fn a_certificate_of_another_authority_opens_nothing() {
    let (dovecot, pin) = demanding(&Authority::new());
    let sandbox = Sandbox::new();
    write(&sandbox, &Authority::new().issue(Leaf::Client));
    let out = sync(&sandbox, dovecot.port_pop3s(), &(pin + BOTH));
    assert_complaint(&out, 77, &["SSL certificate"]);
    assert!(sandbox.mail("Mail").is_empty());
}

#[test]
fn a_key_in_another_form_is_converted_as_the_message_says() {
    let authority = Authority::new();
    let (dovecot, pin) = demanding(&authority);
    let identity = authority.issue(Leaf::Client);
    let sandbox = Sandbox::new();
    write(&sandbox, &identity);
    let path = sandbox.path("config/popfetch/me.key");
    let mut convert = Command::new("openssl");
    convert.args(["ec", "-in"]).arg(&path);
    let traditional = output_of(convert.arg("-out").arg("/dev/stdout"));
    assert!(
        traditional.contains("BEGIN EC PRIVATE KEY"),
        "{traditional}"
    );
    sandbox.write("config/popfetch/me.key", traditional);
    let lines = pin + BOTH;
    let out = sync(&sandbox, dovecot.port_pop3s(), &lines);
    assert_complaint(&out, 78, &["me.key", "PKCS#8", "chmod 600"]);

    let complaint = complaint(&out);
    let cure = complaint.split("convert it: ").nth(1).unwrap();
    let cure = cure.split(';').next().unwrap();
    assert!(
        cure.starts_with("openssl pkcs8 -topk8 -nocrypt -in '"),
        "{cure}"
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", cure]).current_dir(path.parent().unwrap());
    output_of(&mut shell);
    sandbox.chmod("config/popfetch/new.pem", 0o600);
    let out = sync(
        &sandbox,
        dovecot.port_pop3s(),
        &lines.replace("me.key", "new.pem"),
    );
    assert_arrived(&sandbox, &out);
}

#[test]
fn files_that_cannot_be_used_are_faults_of_the_configuration() {
    let authority = Authority::new();
    let identity = authority.issue(Leaf::Client);
    let other = authority.issue(Leaf::Client);
    let cases: [(&str, &str, &str, u32, &[&str]); 6] = [
        (
            &identity.chain_pem,
            &identity.key_pem,
            BOTH,
            0o640,
            &["me.key", "0640", "chmod 600"],
        ),
        (
            &identity.chain_pem,
            "nothing",
            BOTH,
            0o600,
            &["me.key", "no private key"],
        ),
        (
            "nothing",
            &identity.key_pem,
            BOTH,
            0o600,
            &["me.pem", "no certificate"],
        ),
        (
            &identity.chain_pem,
            &other.key_pem,
            BOTH,
            0o600,
            &["me.key", "not the key of the certificate"],
        ),
        (
            &identity.chain_pem,
            "",
            "tls-client-cert = \"me.pem\"",
            0o600,
            &["me.pem"],
        ),
        (
            "",
            "",
            "tls-client-cert = \"none.pem\"",
            0o600,
            &["none.pem", "correct tls-client-cert"],
        ),
    ];
    for (chain, key, lines, mode, words) in cases {
        let sandbox = Sandbox::new();
        sandbox.write("config/popfetch/me.pem", chain);
        sandbox.write("config/popfetch/me.key", key);
        sandbox.chmod("config/popfetch/me.key", mode);
        // Nobody is asked for anything: nobody listens there.
        let out = sync(&sandbox, 1, lines);
        assert_complaint(&out, 78, words);
        assert!(!out.stderr.contains("BEGIN"), "{}", out.stderr);
    }
}

#[test]
fn a_server_that_ends_the_handshake_without_a_certificate_is_understood() {
    let authority = Authority::new();
    let identity = rsa_self_signed();
    let other = Authority::new().issue(Leaf::Client);
    let words = ["a certificate that it knows", "tls-client-cert"];
    // The alert comes behind the handshake in the one, and within it in the other.
    for (version, lines) in [("-tls1_3", ""), ("-tls1_3", BOTH), ("-tls1_2", BOTH)] {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("chain.pem"), &identity.chain_pem).unwrap();
        std::fs::write(path("key.pem"), &identity.key_pem).unwrap();
        std::fs::write(path("ca.pem"), authority.pem()).unwrap();
        let demand = format!("-www {version} -Verify 1 -verify_return_error -CAfile ca.pem");
        let (_daemon, port) = s_server(&folder, &demand);
        let sandbox = Sandbox::new();
        write(&sandbox, &other);
        let out = sync(&sandbox, port, &(pin(&identity) + lines));
        assert_complaint(&out, 76, &words);
    }
}

#[test]
fn a_server_that_is_not_trusted_is_shown_no_certificate() {
    let identity = rsa_self_signed();
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("chain.pem"), &identity.chain_pem).unwrap();
    std::fs::write(folder.path().join("key.pem"), &identity.key_pem).unwrap();
    // Asks for a certificate, takes any, and says what it was shown.
    let (mut daemon, port) = s_server(&folder, "-www -verify 1");
    let log = folder.path().join("log");
    let shown = || {
        let log = std::fs::read_to_string(&log).unwrap();
        log.matches("verify return:").count()
    };
    let sandbox = Sandbox::new();
    write(&sandbox, &Authority::new().issue(Leaf::Client));
    let lines = format!("{BOTH}timeout = \"1s\"\n");
    let trusting = lines.clone() + &pin(&identity);
    assert_complaint(&sync(&sandbox, port, &trusting), 75, &["greeting"]);
    let once = daemon.wait_until(|| Some(shown()).filter(|times| *times > 0));
    let once = once.unwrap();
    assert_complaint(&sync(&sandbox, port, &lines), 76, &["is not trusted"]);
    // It has one client after the other, so that what came before is told by then.
    assert_complaint(&sync(&sandbox, port, &trusting), 75, &["greeting"]);
    let twice = daemon.wait_until(|| Some(shown()).filter(|times| *times >= 2 * once));
    assert_eq!(twice.unwrap(), 2 * once);
}
