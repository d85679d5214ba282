//! Certificates for servers on loopback: an authority, and the leaves that a client must accept or refuse.
//!
//! It owns keys and names. It refuses to know TLS itself: who presents a certificate, or who checks it.
//! Keys are new each time, so that no test can trust another's authority. They are of elliptic curves but for one.

use std::fmt::Write as _;
use std::process::Command;

use jiff::{Span, Zoned};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use sha2::{Digest as _, Sha256};

/// The names of a server on loopback.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate authority that no system trusts by itself.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What is to be wrong with a certificate that an authority issues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// Nothing: it holds for localhost, 127.0.0.1 and `::1`.
    Good,
    /// Its last day was in 2021.
    Expired,
    /// Its last day comes in ten days.
    EndsSoon,
    /// Its first day is in 2090.
    NotYet,
    /// It holds for pop.elsewhere.example only.
    WrongName,
    /// Nothing, but it is a client's.
    Client,
}

/// What a server needs to present itself, and a client to pin it.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The leaf and what is above it, as PEM.
    pub(crate) chain_pem: String,
    /// The leaf's key, PKCS#8 as PEM.
    pub(crate) key_pem: String,
    /// The leaf's SHA-256, as `tls-fingerprint` wants it: `sha256:` and 64 hexadecimal digits.
    pub(crate) fingerprint: String,
}

impl Authority {
    /// A new authority with a new key.
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "popfetch test authority");
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// The authority's own certificate, for `tls-ca-file`.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server's certificate signed by this authority.
    pub(crate) fn issue(&self, leaf: Leaf) -> Identity {
        let mut params = match leaf {
            Leaf::Good | Leaf::Expired | Leaf::EndsSoon | Leaf::NotYet => server(&LOOPBACK),
            Leaf::WrongName => server(&["pop.elsewhere.example"]),
            Leaf::Client => server(&["me"]),
        };
        if leaf == Leaf::Expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        if leaf == Leaf::NotYet {
            params.not_before = date_time_ymd(2090, 1, 1);
            params.not_after = date_time_ymd(2091, 1, 1);
        }
        if leaf == Leaf::EndsSoon {
            let day = Zoned::now().date() + Span::new().days(10);
            let (month, of_month) = (day.month().unsigned_abs(), day.day().unsigned_abs());
            params.not_after = date_time_ymd(day.year().into(), month, of_month);
        }
        if leaf == Leaf::Client {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity::new(&certificate, &key, &self.pem())
    }
}

/// A certificate for loopback that nobody signed but itself.
pub(crate) fn self_signed() -> Identity {
    let key = KeyPair::generate().unwrap();
    let certificate = server(&LOOPBACK).self_signed(&key).unwrap();
    Identity::new(&certificate, &key, "")
}

/// A certificate for loopback with an RSA key that nobody signed but itself, made by openssl(1).
pub(crate) fn rsa_self_signed() -> Identity {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &str| {
        let mut openssl = Command::new("openssl");
        openssl.args(arguments.split(' ')).current_dir(&folder);
        let out = openssl.output().expect("openssl(1) is installed");
        let complaint = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success(), "openssl {arguments}: {complaint}");
        String::from_utf8(out.stdout).unwrap()
    };
    run(
        "req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 30 -keyout key.pem -out chain.pem \
         -addext subjectAltName=DNS:localhost,IP:127.0.0.1",
    );
    let shown = run("x509 -in chain.pem -noout -fingerprint -sha256");
    let (_, digits) = shown.trim_end().split_once('=').expect("name=fingerprint");
    let read = |name| std::fs::read_to_string(folder.path().join(name)).unwrap();
    Identity {
        chain_pem: read("chain.pem"),
        key_pem: read("key.pem"),
        fingerprint: format!("sha256:{}", digits.replace(':', "").to_lowercase()),
    }
}

/// A server's certificate for these names, valid for a long time.
fn server(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names.clone()).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, names[0].as_str());
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

impl Identity {
    fn new(certificate: &rcgen::Certificate, key: &KeyPair, above: &str) -> Self {
        let mut fingerprint = String::from("sha256:");
        for byte in Sha256::digest(certificate.der()) {
            write!(fingerprint, "{byte:02x}").expect("a string takes any text");
        }
        Self {
            chain_pem: certificate.pem() + above,
            key_pem: key.serialize_pem(),
            fingerprint,
        }
    }
}
