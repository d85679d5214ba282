//! Any octets as a config-v1.1.xml: what is believed of it can be a server, and can be shown.

use popfetch::autoconfig;

/// Reads it for an address.
pub fn survives(input: &[u8]) {
    let Ok(found) = autoconfig::understand(input, "autoconfig.example.org", "ann@example.org")
    else {
        return;
    };
    assert!(!found.servers.is_empty() && found.servers.len() <= 8);
    let mut last = None;
    for server in &found.servers {
        assert!(
            autoconfig::is_host(&server.host) || server.host.parse::<std::net::IpAddr>().is_ok()
        );
        assert!(server.port > 0);
        assert!(!server.user.chars().any(char::is_control) && server.user.len() <= 1024);
        assert!(last <= Some(server.tls), "the safest first");
        last = Some(server.tls);
    }
    for text in found.name.iter().chain(&found.page) {
        assert!(!text.chars().any(char::is_control));
    }
}
