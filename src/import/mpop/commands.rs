//! mpop's commands: which there are, and what popfetch takes over of each line.
//!
//! It refuses to know accounts. Invariants: every command of mpop up to 1.4.23 is here; an argument that may hold a secret
//! is in no reason.

use std::net::IpAddr;

use super::lines::Line;
use super::values::{self, Limit};
use crate::autoconfig::is_host;

/// A command whose argument is carried over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Command {
    Auth,
    Delivery,
    Host,
    Keep,
    Password,
    PasswordEval,
    Pipelining,
    Port,
    ProxyHost,
    ProxyPort,
    SkipSize,
    SourceIp,
    Timeout,
    Tls,
    TlsCertFile,
    TlsFingerprint,
    TlsKeyFile,
    TlsStartTls,
    TlsTrustFile,
    UidlsFile,
    User,
}

const CARRIED: [(&str, Command); 21] = [
    ("auth", Command::Auth),
    ("delivery", Command::Delivery),
    ("host", Command::Host),
    ("keep", Command::Keep),
    ("password", Command::Password),
    ("passwordeval", Command::PasswordEval),
    ("pipelining", Command::Pipelining),
    ("port", Command::Port),
    ("proxy_host", Command::ProxyHost),
    ("proxy_port", Command::ProxyPort),
    ("skipsize", Command::SkipSize),
    ("source_ip", Command::SourceIp),
    ("timeout", Command::Timeout),
    ("tls", Command::Tls),
    ("tls_cert_file", Command::TlsCertFile),
    ("tls_fingerprint", Command::TlsFingerprint),
    ("tls_key_file", Command::TlsKeyFile),
    ("tls_starttls", Command::TlsStartTls),
    ("tls_trust_file", Command::TlsTrustFile),
    ("uidls_file", Command::UidlsFile),
    ("user", Command::User),
];

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is carried over.
    Carried(Command),
    /// The same, but what it said is left out: to popfetch it is as if nothing were said.
    Unset(Command, &'static str),
    /// It is left out, and changes nothing of what is carried over.
    LeftOut(&'static str),
    /// It says what popfetch does anyway.
    Nothing,
}

/// The reason for what mpop itself refuses.
const INVALID: &str = "mpop does not take this argument, nor does it fetch with such a file";

/// The reason for what keeps a certificate from being verified.
const UNVERIFIED: &str =
    "popfetch always verifies the server's certificate; `tls-fingerprint` trusts a single one";

pub(super) fn judge(line: &Line<'_>) -> Verdict {
    if let Some(why) = line.oddity() {
        return Verdict::LeftOut(why);
    }
    let found = CARRIED.iter().find(|(name, _)| *name == line.command);
    match found {
        Some((_, command)) => carried(*command, line.argument),
        None => other(line.command, line.argument),
    }
}

fn carried(command: Command, argument: &str) -> Verdict {
    let unset = |why| Verdict::Unset(command, why);
    let valid = match command {
        Command::Auth => match values::auth(argument) {
            values::Auth::Known(_) => true,
            values::Auth::Bound => {
                return unset(
                    "popfetch binds no login to the TLS connection; it takes the best way that the server offers",
                );
            }
            values::Auth::Foreign => {
                return unset(
                    "popfetch does not log in this way; it takes the best one that the server offers",
                );
            }
            values::Auth::Unknown => false,
        },
        Command::Delivery => match argument.split_once([' ', '\t']) {
            Some(("mda" | "maildir" | "mbox", _)) => true,
            Some(("exchange", _)) => {
                return unset(
                    "popfetch does not write into a pickup folder of Exchange: name a Maildir, an mbox, a program or an LMTP server in `deliver`",
                );
            }
            _ => false,
        },
        Command::Host => !argument.is_empty(),
        Command::Keep => values::keep(argument).is_some(),
        Command::Tls | Command::TlsStartTls => values::flag(argument).is_some(),
        Command::Pipelining => argument == "auto" || values::flag(argument).is_some(),
        Command::Port => values::port(argument).is_some(),
        Command::ProxyPort => argument.is_empty() || values::port(argument).is_some(),
        Command::ProxyHost if argument.is_empty() || is_host(argument) => true,
        Command::ProxyHost => return unset("it is not the name or the address of a host"),
        Command::SkipSize => match values::size(argument) {
            Some(Limit::At(0)) => return unset("it would leave all mail on the server"),
            size => size.is_some(),
        },
        Command::SourceIp if argument.is_empty() || argument.parse::<IpAddr>().is_ok() => true,
        Command::SourceIp => return unset("`source-address` is an IP address and nothing more"),
        Command::Timeout => match values::timeout(argument) {
            Some(Limit::Off) => {
                return unset(
                    "popfetch never waits without end; `timeout` says how long a server may be silent",
                );
            }
            timeout => timeout.is_some(),
        },
        Command::TlsFingerprint => match values::fingerprint(argument) {
            Some(32 | 0) => true,
            Some(_) => {
                return unset(
                    "only a SHA-256 fingerprint can tell a certificate: write it as `tls-fingerprint`",
                );
            }
            None => false,
        },
        Command::TlsTrustFile if argument.is_empty() => {
            return unset(UNVERIFIED);
        }
        Command::TlsCertFile | Command::TlsKeyFile if argument.starts_with("pkcs11:") => {
            return unset("popfetch reads certificates and keys from files alone");
        }
        Command::Password
        | Command::PasswordEval
        | Command::TlsCertFile
        | Command::TlsKeyFile
        | Command::TlsTrustFile
        | Command::UidlsFile
        | Command::User => true,
    };
    if valid {
        Verdict::Carried(command)
    } else {
        Verdict::LeftOut(INVALID)
    }
}

/// A command that has no like in popfetch.
fn other(command: &str, argument: &str) -> Verdict {
    let flag = values::flag(argument);
    let is_nothing = match command {
        "filter"
        | "socket"
        | "ntlmdomain"
        | "tls_priorities"
        | "tls_host_override"
        | "tls_crl_file"
        | "tls_min_dh_prime_bits" => argument.is_empty(),
        "killsize" | "received_header" => argument == "off",
        "only_new" | "tls_certcheck" => flag == Some(true),
        _ => false,
    };
    if is_nothing {
        return Verdict::Nothing;
    }
    Verdict::LeftOut(match command {
        "eval" => "popfetch runs nothing to read a configuration: write what the command prints",
        "filter" => {
            "popfetch looks into no mail before it is fetched: sort it where it is delivered"
        }
        "killsize" => {
            "popfetch deletes nothing that it has not fetched: `max-size` leaves large mail on the server"
        }
        "only_new" | "received_header" | "tls_certcheck" if flag.is_none() => INVALID,
        "only_new" => "popfetch fetches a message once; `popfetch refetch` fetches one again",
        "received_header" => "popfetch adds no header: mail arrives as the server sent it",
        "tls_certcheck" => UNVERIFIED,
        "socket" => "popfetch connects by TCP alone",
        "ntlmdomain" => "popfetch does not log in by NTLM",
        "tls_crl_file" => "popfetch reads no revocation lists",
        "tls_priorities" | "tls_min_dh_prime_bits" => {
            "which ciphers TLS takes is for the TLS library to say"
        }
        "tls_host_override" => {
            "popfetch verifies the name that it connects to; `tls-fingerprint` trusts a single certificate"
        }
        "tls_force_sslv3" => "it has no effect in mpop any more",
        _ => "mpop does not know it either",
    })
}

/// Whether the command's argument is carried over.
pub(super) fn is_carried(command: &str) -> bool {
    CARRIED.iter().any(|(name, _)| *name == command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line<'t>(command: &'t str, argument: &'t str) -> Line<'t> {
        Line {
            number: 1,
            command,
            argument,
        }
    }

    #[test]
    fn what_popfetch_does_anyway_is_not_worth_a_word() {
        for (command, argument) in [
            ("only_new", "on"),
            ("only_new", ""),
            ("received_header", "off"),
            ("tls_certcheck", "on"),
            ("killsize", "off"),
            ("filter", ""),
            ("tls_crl_file", ""),
            ("socket", ""),
        ] {
            let verdict = judge(&line(command, argument));
            assert_eq!(verdict, Verdict::Nothing, "{command} {argument}");
        }
    }

    #[test]
    fn what_mpop_refuses_is_left_out() {
        for (command, argument) in [
            ("tls", "yes"),
            ("tls_starttls", "On"),
            ("port", "pop3s"),
            ("timeout", "10s"),
            ("skipsize", "10K"),
            ("keep", "forever"),
            ("auth", "PLAIN"),
            ("auth", "off"),
            ("pipelining", "maybe"),
            ("tls_fingerprint", "abc"),
            ("delivery", "maildir"),
            ("delivery", "MBOX x"),
            ("host", ""),
            ("only_new", "maybe"),
            ("received_header", "maybe"),
            ("tls_certcheck", "maybe"),
            ("proxy_port", "x"),
        ] {
            let verdict = judge(&line(command, argument));
            assert_eq!(verdict, Verdict::LeftOut(INVALID), "{command} {argument}");
        }
    }

    #[test]
    fn what_is_not_carried_over_unsets_what_it_took_the_place_of() {
        for (name, argument, command) in [
            ("auth", "gssapi", Command::Auth),
            ("auth", "ntlm", Command::Auth),
            ("auth", "digest-md5", Command::Auth),
            ("auth", "scram-sha-256-plus", Command::Auth),
            ("delivery", "exchange c:\\pickup", Command::Delivery),
            ("proxy_host", "a/b", Command::ProxyHost),
            ("skipsize", "0", Command::SkipSize),
            ("source_ip", "fe80::1%eth0", Command::SourceIp),
            ("timeout", "off", Command::Timeout),
            (
                "tls_fingerprint",
                "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33",
                Command::TlsFingerprint,
            ),
            ("tls_trust_file", "", Command::TlsTrustFile),
            ("tls_key_file", "pkcs11:id=1", Command::TlsKeyFile),
        ] {
            let verdict = judge(&line(name, argument));
            let Verdict::Unset(unset, _) = verdict else {
                panic!("{name} {argument} is {verdict:?}");
            };
            assert_eq!(unset, command);
        }
    }

    #[test]
    fn a_line_with_a_control_character_or_without_end_is_left_out() {
        for odd in ["a\0b", &"a".repeat(100_000)] {
            let verdict = judge(&line("user", odd));
            assert!(matches!(verdict, Verdict::LeftOut(_)));
        }
        let verdict = judge(&line("delivery", "mda\tcat"));
        assert_eq!(verdict, Verdict::Carried(Command::Delivery));
    }
}
