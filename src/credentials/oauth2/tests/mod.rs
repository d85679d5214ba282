//! Tests of what the parts do together, against a server in this process.

mod answers;
mod browser;
mod device;
mod keeping;
mod renewal;
mod ring;
mod server;

use super::keeper::Ring;
use super::*;
use crate::credentials::Owner;

const ANN: Owner<'_> = Owner {
    server: "pop.example.com",
    user: "ann",
};

static NO_STOP: AtomicBool = AtomicBool::new(false);

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

/// A moment.
fn noon() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

/// Tokens that end so many seconds after noon.
fn tokens(access: &str, refresh: Option<&str>, left: i64) -> Tokens {
    Tokens {
        client: "popfetch-test".to_owned(),
        access: Secret::new(access),
        expires: Some(noon() + SignedDuration::from_secs(left)),
        refresh: refresh.map(Secret::new),
    }
}

/// A keeper of Ann's tokens.
fn keeper<'k>(folder: &std::path::Path, ring: &'k dyn Ring) -> Keeper<'k> {
    Keeper::with_ring(ANN, folder, ring)
}
