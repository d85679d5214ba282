//! Reads a config-v1.1.xml as its publisher's word, and believes only what can be.
//!
//! It refuses to know where the document is from. Invariants: no entity is expanded and nothing else fetched; what is no
//! plausible host, port or user makes its server none; what comes out has no control character.

use roxmltree::{Document, Node, ParsingOptions};

use super::error::Error;
use super::names::is_host;
use super::{Found, Server, Tls};

/// More elements than any provider has need of.
const MAX_NODES: u32 = 10_000;

/// How many servers are believed: nobody chooses among more.
const MAX_SERVERS: usize = 8;

/// The longest text that is shown or written: an address may have 254 octets (RFC 5321 §4.5.3.1).
const MAX_TEXT: usize = 254;

/// What the document, which `told_by` sent, says for this address.
pub(super) fn read(content: &[u8], told_by: &str, address: &str) -> Result<Found, Error> {
    let refuse = |reason: &str| Error::Document {
        server: told_by.to_owned(),
        reason: reason.to_owned(),
    };
    let text = std::str::from_utf8(content).map_err(|_| refuse("it is not UTF-8"))?;
    let options = ParsingOptions {
        // A document type could declare entities, of which a few lines make gigabytes.
        allow_dtd: false,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    let text = text.trim_start_matches('\u{feff}').trim();
    let document = Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => refuse("it declares a document type"),
        roxmltree::Error::NodesLimitReached => refuse("it is too long"),
        _ => refuse("it is no XML"),
    })?;
    let root = document.root_element();
    if root.tag_name().name() != "clientConfig" {
        return Err(refuse("it is about something else"));
    }
    let provider = child(root, "emailProvider").ok_or_else(|| refuse("it names no provider"))?;
    let mut servers: Vec<Server> = provider
        .children()
        .filter(|node| {
            node.has_tag_name("incomingServer")
                && node
                    .attribute("type")
                    .is_some_and(|kind| kind.eq_ignore_ascii_case("pop3"))
        })
        .filter_map(|node| server(node, address))
        .take(MAX_SERVERS)
        .collect();
    if servers.is_empty() {
        return Err(Error::NoPop3 {
            server: told_by.to_owned(),
        });
    }
    // Stable: the publisher's order holds among equals.
    servers.sort_by_key(|server| server.tls);
    Ok(Found {
        told_by: told_by.to_owned(),
        name: said(provider, "displayName").filter(|name| is_plain(name)),
        servers,
        page: page(provider),
    })
}

fn server(node: Node<'_, '_>, address: &str) -> Option<Server> {
    let host = filled(&said(node, "hostname")?, address);
    let tls = match said(node, "socketType")?.to_ascii_lowercase().as_str() {
        "ssl" | "tls" => Tls::Implicit,
        "starttls" => Tls::StartTls,
        "plain" => Tls::None,
        _ => return None,
    };
    let port = said(node, "port")?.parse().ok().filter(|port| *port > 0)?;
    let user = said(node, "username").unwrap_or_else(|| "%EMAILADDRESS%".to_owned());
    let user = filled(&user, address);
    let ways: Vec<String> = node
        .children()
        .filter(|child| child.has_tag_name("authentication"))
        .filter_map(|child| child.text())
        .map(|way| way.trim().to_ascii_lowercase())
        .collect();
    let is_any = |words: &[&str]| ways.iter().any(|way| words.contains(&way.as_str()));
    let server = Server {
        host: host.to_ascii_lowercase(),
        port,
        tls,
        user,
        takes_password: ways.is_empty()
            || is_any(&[
                "password-cleartext",
                "plain",
                "password-encrypted",
                "secure",
            ]),
        takes_oauth2: is_any(&["oauth2"]),
    };
    (is_host(&server.host) && is_plain(&server.user)).then_some(server)
}

/// A page for people about this service: the first that is in HTTPS.
fn page(provider: Node<'_, '_>) -> Option<String> {
    let links = provider.children().filter_map(|node| {
        let attribute = match node.tag_name().name() {
            "enable" => "visiturl",
            "documentation" => "url",
            _ => return None,
        };
        node.attribute(attribute)
    });
    let mut links = links.filter(|link| link.starts_with("https://") && is_plain(link));
    links.find(|link| !link.contains(' ')).map(str::to_owned)
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.has_tag_name(name))
}

/// The text of a child, which is not empty.
fn said(node: Node<'_, '_>, name: &str) -> Option<String> {
    let text = child(node, name)?.text()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A text with what it says of the address filled in.
fn filled(text: &str, address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    // From the first to the last character, so that nothing in the address is taken for a place to fill in.
    let mut filled = String::new();
    let mut rest = text;
    let places = [
        ("%EMAILADDRESS%", address),
        ("%EMAILLOCALPART%", local),
        ("%EMAILDOMAIN%", domain),
    ];
    while let Some(c) = rest.chars().next() {
        let place = places.iter().find(|(place, _)| rest.starts_with(place));
        let (length, with) = match place {
            Some((place, with)) => (place.len(), *with),
            None => (c.len_utf8(), &rest[..c.len_utf8()]),
        };
        filled.push_str(with);
        rest = &rest[length..];
    }
    filled
}

fn is_plain(text: &str) -> bool {
    text.len() <= MAX_TEXT && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "ann.%EMAILDOMAIN%@example.org";

    fn document(servers: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<clientConfig version=\"1.1\"><emailProvider id=\"example.org\">\
             <displayName>Example Mail</displayName>{servers}</emailProvider></clientConfig>"
        )
    }

    fn pop3(host: &str, port: &str, socket: &str, user: &str) -> String {
        format!(
            "<incomingServer type=\"pop3\"><hostname>{host}</hostname><port>{port}</port>\
             <socketType>{socket}</socketType><username>{user}</username>\
             <authentication>password-cleartext</authentication></incomingServer>"
        )
    }

    fn found(text: &str) -> Result<Found, Error> {
        read(text.as_bytes(), "autoconfig.example.org", ADDRESS)
    }

    #[test]
    fn servers_come_best_protected_first_with_the_address_filled_in() {
        let servers = [
            pop3("plain.example.org", "110", "plain", "%EMAILADDRESS%"),
            "<incomingServer type=\"imap\"><hostname>imap.example.org</hostname></incomingServer>"
                .to_owned(),
            pop3("pop.%EMAILDOMAIN%", "110", "STARTTLS", "%EMAILLOCALPART%"),
            pop3(
                "POP.example.org",
                "995",
                "SSL",
                "%EMAILDOMAIN%/%EMAILLOCALPART%",
            ),
            "<documentation url=\"http://a.example\"/><documentation url=\"https://b.example/x\"/>"
                .to_owned(),
        ];
        let found = found(&document(&servers.concat())).unwrap();
        let ports: Vec<_> = found.servers.iter().map(|s| (s.port, s.tls)).collect();
        assert_eq!(
            ports,
            [(995, Tls::Implicit), (110, Tls::StartTls), (110, Tls::None)]
        );
        assert_eq!(found.servers[0].host, "pop.example.org");
        assert_eq!(found.servers[0].user, "example.org/ann.%EMAILDOMAIN%");
        assert_eq!(found.servers[1].host, "pop.example.org");
        assert_eq!(found.servers[1].user, "ann.%EMAILDOMAIN%");
        assert_eq!(found.servers[2].user, ADDRESS);
        assert!(found.servers[0].takes_password && !found.servers[0].takes_oauth2);
        assert_eq!(found.name.as_deref(), Some("Example Mail"));
        assert_eq!(found.page.as_deref(), Some("https://b.example/x"));
    }

    #[test]
    fn what_cannot_be_a_server_is_none() {
        for (host, port, socket, user) in [
            ("pop example", "995", "SSL", "ann"),
            ("pop.example.org/x", "995", "SSL", "ann"),
            ("", "995", "SSL", "ann"),
            ("pop.example.org", "0", "SSL", "ann"),
            ("pop.example.org", "65536", "SSL", "ann"),
            ("pop.example.org", "995", "maybe", "ann"),
            ("pop.example.org", "995", "SSL", "ann&#13;DELE 1"),
            ("pop.&#9;example.org", "995", "SSL", "ann"),
        ] {
            let text = document(&pop3(host, port, socket, user));
            let error = found(&text).unwrap_err();
            assert!(matches!(error, Error::NoPop3 { .. }), "{host}: {error}");
        }
        let long = document(&pop3(
            "pop.example.org",
            "995",
            "SSL",
            &"a".repeat(MAX_TEXT + 1),
        ));
        assert!(found(&long).is_err());
    }

    #[test]
    fn a_name_or_a_link_that_would_steer_a_terminal_is_left_out() {
        let odd = "<documentation url=\"https://x/&#10;y\"/>";
        let text = document(&(pop3("pop.example.org", "995", "SSL", "ann") + odd));
        let text = text.replace("Example Mail", "a&#x85;x");
        let found = found(&text).unwrap();
        assert_eq!((found.name, found.page), (None, None));
    }

    #[test]
    fn hostile_documents_are_refused_and_end_soon() {
        let laughs = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>"
            .to_owned()
            + "<clientConfig>&b;</clientConfig>";
        let outside = "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><clientConfig>&a;</clientConfig>";
        let deep = "<a>".repeat(80_000);
        let closed = "<clientConfig>".to_owned()
            + &"<a>".repeat(30_000)
            + &"</a>".repeat(30_000)
            + "</clientConfig>";
        let wide = document(&"<a/>".repeat(50_000));
        let many = document(&format!(
            "<a {}/>",
            (0..20_000)
                .map(|n| format!("a{n}='' "))
                .collect::<Vec<_>>()
                .concat()
        ));
        for text in [
            laughs.as_str(),
            outside,
            &deep,
            &closed,
            &wide,
            &many,
            "",
            "<html><body>Not found</body></html>",
            "<clientConfig/>",
            "{\"pop3\": 1}",
        ] {
            let error = found(text).unwrap_err();
            let start: String = text.chars().take(40).collect();
            assert!(error.is_near(), "{start}: {error}");
        }
        for text in [&laughs, outside] {
            let error = found(text).unwrap_err().to_string();
            assert!(error.ends_with("declares a document type"), "{error}");
        }
        assert!(read(b"\xff\xfe<\0", "x", ADDRESS).is_err());
        let crowd = document(&pop3("pop.example.org", "995", "SSL", "ann").repeat(50));
        assert_eq!(found(&crowd).unwrap().servers.len(), MAX_SERVERS);
    }
}
