//! Each way to log in, with real and with lying servers: what is sent, what is believed, how often it is tried.
//!
//! It owns the mechanisms of SASL, APOP and USER/PASS, and the sources of their secrets under cron. OAuth2 with a
//! provider is `oauth`'s. Invariant: a refused secret is never sent twice.

mod bearer; // tokens, their refusals, and a server that is not quite right
mod certificate; // EXTERNAL
mod choice; // which mechanism `auto` takes
mod codes; // what a refusal means, and delays between logins
mod dialogue; // a server that says what a test has it say
mod mechanisms; // each with a Dovecot, good and bad
pub(crate) mod place; // a Dovecot and a popfetch that is to log in
pub(crate) mod private; // nothing of a secret is anywhere else
mod scram; // servers that lie in SCRAM
mod spelling; // names and passwords of any characters and lengths
mod unattended; // each source of a secret, where there is no session

/// Each mechanism that has a password.
const PASSWORDED: [&str; 7] = [
    "user-pass",
    "apop",
    "plain",
    "login",
    "cram-md5",
    "scram-sha-1",
    "scram-sha-256",
];

/// … and each that has a token.
const BEARERS: [&str; 2] = ["xoauth2", "oauthbearer"];
