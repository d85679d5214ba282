//! Makes a name for an account from its address.
//!
//! It refuses to know which names are taken.

use crate::providers::Provider;

/// What an account is called after: its provider, or the part of its domain that people say.
pub(super) fn of_address(address: &str, provider: Option<&Provider>) -> String {
    if let Some(provider) = provider {
        return provider.key.to_owned();
    }
    let domain = address.rsplit('@').next().unwrap_or_default();
    let labels: Vec<&str> = domain.split('.').collect();
    let own = &labels[..labels.len().saturating_sub(1).max(1)];
    let longest = own.iter().rev().max_by_key(|label| label.len());
    let name = longest.map_or_else(String::new, |label| label.to_lowercase());
    // An address of digits says nothing to anybody.
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name
    } else {
        "mail".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_called_after_what_people_say() {
        for (address, name) in [
            ("me@example.org", "example"),
            ("me@mail.example.co.uk", "example"),
            ("me@Example.ORG", "example"),
            ("me@localhost", "localhost"),
            ("me@127.0.0.1", "mail"),
        ] {
            assert_eq!(of_address(address, None), name, "{address}");
        }
        let gmx = crate::providers::by_key("gmx");
        assert_eq!(of_address("me@gmx.net", gmx), "gmx");
    }
}
