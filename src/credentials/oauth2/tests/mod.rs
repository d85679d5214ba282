//! Tests of what the parts do together, against a server in this process.

use super::*;

/// A client of the server at `base`.
pub(super) fn client(base: &str) -> Client {
    Client {
        id: "popfetch-test".to_owned(),
        secret: None,
        authorisation_url: format!("{base}/authorise"),
        token_url: format!("{base}/token"),
        device_url: Some(format!("{base}/device")),
        scope: "mail offline".to_owned(),
        parameters: vec![("prompt".to_owned(), "consent".to_owned())],
        redirect_host: "127.0.0.1".to_owned(),
        proxy: None,
    }
}
