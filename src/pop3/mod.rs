//! Speaks POP3, and nothing else: it refuses to know what a message is for, where it goes or what was seen before.
//!
//! ```text
//!   Connection::open ──▶ Connection ──open_maildrop(self)──▶ Opening ──finish(self)──▶ Session ──quit(self)──▶ gone
//!   TCP, TLS, greeting,   AUTHORIZATION                login, LIST, UIDL               TRANSACTION             UPDATE
//!   CAPA, STLS            state                        on their way                    state                   state
//! ```
//!
//! Transitions consume, so that no command can be sent in a state that does not know it (RFC 1939 §3). A dropped
//! `Session` closes the line without QUIT, and the server forgets every DELE (RFC 1939 §6).
//!
//! | RFC | what of it |
//! |---|---|
//! | 1928, 1929 | the way through a SOCKS5 proxy |
//! | 1939 | the protocol; USER/PASS, APOP |
//! | 2449 | CAPA, pipelining, response codes |
//! | 2595, 8314 | STLS, TLS from the first byte |
//! | 3206 | the response codes `SYS/TEMP`, `SYS/PERM`, `AUTH` |
//! | 5034 | AUTH, with the mechanisms that `auth` lists |
//! | 8305 | which address is tried when |

mod auth;
mod body;
mod capability;
mod certificate;
mod channel;
mod command;
mod connect;
mod connection;
mod endpoint;
mod error;
mod identity;
mod listing;
mod opening;
mod pace;
mod pipeline;
mod reachability;
mod reply;
mod retrieval;
mod session;
mod silence;
mod socks;
mod tls;
mod transport;
mod way;

pub use auth::{Auth, AuthError, Credentials, Login, Mechanism, Need, Proof};
pub use body::{Piece, Unstuffer};
pub use capability::Capabilities;
pub use certificate::Leaf;
pub use command::{Argument, ArgumentError, Command};
pub use connection::Connection;
pub use endpoint::{Endpoint, Fingerprint, FingerprintError, Security, Trust};
pub use error::{Error, Violation};
pub use identity::ClientCertificate;
pub use listing::{SizeListing, UidListing};
pub use opening::{Listings, Opening};
pub use pipeline::{Ahead, Pipelining};
pub use reachability::reach_each;
pub use reply::{Code, Reply};
pub use retrieval::{Body, Retrieval, Retrieved};
pub use session::{Probed, Session};
pub use socks::{Failure as ProxyFailure, Refusal, connect as ask_proxy};
pub use transport::{Line, Patience};
pub use way::{Family, Proxy, ProxyLogin, Way};
