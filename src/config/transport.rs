//! The keys of the way to the server and of this client's certificate: judges their values, and combines them.
//!
//! It refuses to know whether a proxy or a file is there. Invariants: no problem holds a part of a proxy's address, which
//! may be its password; the account's own certificate and key stand together in place of those of the defaults.

use std::borrow::Cow;
use std::net::IpAddr;

use toml::de::DeValue;

use super::problem::Problem;
use super::schema::Settings;
use super::values::{self, Value};
use crate::pop3::{ClientCertificate, Family, Proxy, ProxyLogin, Way};
use crate::secret::Secret;

/// The value of `proxy`: one, or none where the defaults have one.
pub(super) fn proxy(value: &Value<'_>) -> Result<Option<Proxy>, Problem> {
    let text = values::line("proxy", value)?;
    let refuse = |found: &str| Problem::wrong_value("proxy", value, found);
    if text == "none" {
        return Ok(None);
    }
    let rest = match text.split_once("://") {
        // Both leave names to the proxy here: who looks them up at home tells the network where mail is fetched.
        Some(("socks5" | "socks5h", rest)) => rest,
        Some(_) => return Err(refuse("of another kind")),
        None => return Err(refuse("something else")),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (login, place) = match rest.rsplit_once('@') {
        None => (None, rest),
        Some((login, place)) => {
            let login = self::login(login).ok_or_else(|| {
                refuse("one with a login that cannot be used").help(
                    "user and password have up to 255 octets each; write `%3A` for a colon in them, `%40` for an @, `%2F` for a slash and `%25` for a percent sign",
                )
            })?;
            (Some(login), place)
        }
    };
    let (host, port) = host_and_port(place).ok_or_else(|| refuse("one without a host and port"))?;
    Ok(Some(Proxy { host, port, login }))
}

/// `user:password`, each percent-encoded (RFC 3986 §3.2.1).
fn login(text: &str) -> Option<ProxyLogin> {
    let (user, password) = text.split_once(':')?;
    if password.contains([':', '@', '/']) || user.contains(['@', '/']) {
        return None;
    }
    let password = Secret::new(decoded(password)?.into_owned());
    ProxyLogin::new(decoded(user)?.into_owned(), password)
}

/// A name or an address, the latter in brackets if it is of IPv6, and perhaps a port.
fn host_and_port(text: &str) -> Option<(String, u16)> {
    let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    let port = |port: &str| port.parse().ok().filter(|p| *p > 0 && is_port(port));
    let (host, after) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, after)
        }
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_host = !host.is_empty() && !host.contains([' ', '/', '@', '[', ']', '?', '#', '%']);
    let port = match after {
        "" => Proxy::PORT,
        after => port(after.strip_prefix(':')?)?,
    };
    is_host.then(|| (host.to_owned(), port))
}

/// The text without its percent-encoding (RFC 3986 §2.1).
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(text.into());
    }
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let value = digit()? * 16 + digit()?;
            octets.push(u8::try_from(value).ok()?);
        } else {
            octets.push(octet);
        }
    }
    String::from_utf8(octets).ok().map(Cow::Owned)
}

pub(super) fn source_address(value: &Value<'_>) -> Result<IpAddr, Problem> {
    const KEY: &str = "source-address";
    let found = |_| Problem::wrong_value(KEY, value, "something else");
    values::string(KEY, value)?.parse().map_err(found)
}

pub(super) fn ip_version(value: &Value<'_>) -> Result<Family, Problem> {
    const KEY: &str = "ip-version";
    match value.get_ref() {
        DeValue::Integer(number) => match number.as_str() {
            "4" => Ok(Family::V4),
            "6" => Ok(Family::V6),
            _ => Err(Problem::wrong_value(KEY, value, "another number")),
        },
        DeValue::String(text) if text == "4" || text == "6" => {
            Err(Problem::wrong_value(KEY, value, "a string")
                .help(format!("without quotes: `{KEY} = {text}`")))
        }
        _ => Err(Problem::wrong_type(KEY, value)),
    }
}

/// The way to the server.
pub(super) fn way(own: &Settings, defaults: &Settings, problems: &mut Vec<Problem>) -> Way {
    let source = own.source_address.or(&defaults.source_address);
    let family = own.ip_version.or(&defaults.ip_version);
    let way = Way {
        proxy: own.proxy.or(&defaults.proxy).get().flatten(),
        source: source.get(),
        family: family.get(),
    };
    if let (Some(address), Some(wanted)) = (way.source, way.family)
        && Family::of(address) != wanted
        && let Some(place) = source.place()
    {
        let message =
            format!("`source-address` is no {wanted} address, but `ip-version` asks for one");
        problems.push(Problem::new(place, message).help("remove one of the two"));
    }
    way
}

/// What TLS shows of this client.
pub(super) fn client(
    own: &Settings,
    defaults: &Settings,
    problems: &mut Vec<Problem>,
) -> Option<ClientCertificate> {
    let of = |settings: &Settings| {
        settings
            .tls_client_cert
            .get()
            .map(|chain| ClientCertificate {
                chain,
                key: settings.tls_client_key.get(),
            })
    };
    let certificate = of(own);
    if let Some(place) = own.tls_client_key.place()
        && !own.written.contains("tls-client-cert")
    {
        let message = "`tls-client-key` means nothing without `tls-client-cert` beside it";
        problems.push(Problem::new(place, message).help("name the certificate, too"));
    }
    certificate.or_else(|| of(defaults))
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::*;

    fn read(address: &str) -> Result<Option<Proxy>, Problem> {
        let text = format!("proxy = \"{address}\"");
        let table = DeTable::parse(&text).unwrap();
        proxy(table.get_ref().get("proxy").unwrap())
    }

    fn login_of(user: &str, password: &str) -> Option<ProxyLogin> {
        ProxyLogin::new(user.to_owned(), Secret::new(password))
    }

    #[test]
    fn a_proxy_is_a_host_with_or_without_port_and_login() {
        for (address, host, port, login) in [
            ("socks5://proxy.example", "proxy.example", 1080, None),
            ("socks5://127.0.0.1:9050", "127.0.0.1", 9050, None),
            ("socks5h://[::1]:9050/", "::1", 9050, None),
            ("socks5://[2001:db8::1]", "2001:db8::1", 1080, None),
            ("socks5://me:pw@h:1", "h", 1, login_of("me", "pw")),
            (
                "socks5://m%40x:p%3Aw%25%c3%A4@[::1]",
                "::1",
                1080,
                login_of("m@x", "p:w%ä"),
            ),
        ] {
            let proxy = read(address).unwrap().unwrap();
            let expected = Proxy {
                host: host.to_owned(),
                port,
                login,
            };
            assert_eq!(proxy, expected, "{address}");
        }
        assert_eq!(read("none"), Ok(None));
    }

    #[test]
    fn an_address_that_is_no_proxys_is_refused_without_being_repeated() {
        for address in [
            "",
            "proxy.example:1080",
            "http://hunter2",
            "socks4://hunter2",
            "socks5://",
            "socks5://:1080",
            "socks5://h:0",
            "socks5://h:+1",
            "socks5://h:65536",
            "socks5://h:hunter2",
            "socks5://::1:1080",
            "socks5://[h]:1080",
            "socks5://[::1",
            "socks5://[::1]1080",
            "socks5://h/hunter2",
            "socks5://hunter2@h",
            "socks5://:hunter2@h",
            "socks5://me:@h",
            "socks5://me:hunter2%@h",
            "socks5://me:hunter2%4@h",
            "socks5://me:hunter2%zz@h",
            "socks5://me:%ffhunter2@h",
            "socks5://me:hunter2:x@h",
            "socks5://me:hunter2@x@h",
            "socks5://me:hunter2/x@h",
        ] {
            let problem = read(address).unwrap_err();
            assert!(!format!("{problem:?}").contains("hunter2"), "{problem:?}");
        }
    }
}
