//! What the integration tests stand on. It refuses to use popfetch's own code, but for
//! `engine`, which drives it: what is tested must not judge itself.

pub(crate) mod certificates; // an authority, and leaves good and bad
pub(crate) mod clock; // another time of day for popfetch
mod connection; // one connection of the fake server
pub(crate) mod daemon; // a background process that ends with its test
pub(crate) mod dovecot; // a real POP3 server
pub(crate) mod engine; // popfetch as a library, with any clock
pub(crate) mod keyring; // a real keyring
pub(crate) mod lmtp; // a server that takes mail, or refuses it as told
pub(crate) mod mailbox; // a server, an account, a sandbox
pub(crate) mod maildrop; // what lies on the fake server
pub(crate) mod mbox; // what an mbox holds
pub(crate) mod options; // what the fake server is to be, and its faults
mod protocol; // POP3 as the RFCs have it
pub(crate) mod proxy; // real and false SOCKS5 proxies
pub(crate) mod sandbox; // where popfetch runs
pub(crate) mod screen; // what popfetch shows on a terminal of some width
pub(crate) mod server; // the fake server
mod server_tests; // that it is right, and wrong only as told
pub(crate) mod service; // popfetch that stays in the foreground
pub(crate) mod transcript; // sessions as S: and C: lines
mod users; // who may have which maildrop
