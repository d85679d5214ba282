//! What a user may write, exactly: the tables of the file and the keys of an account.
//!
//! Nothing here has a default and nothing is combined; that is [`super::resolve`]'s. Every value keeps its place in the
//! file. Invariant: a value that is here is of the right type and within its own bounds.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;

use crate::credentials::oauth2;
use crate::mail::Octets;
use crate::providers::Provider;
use crate::secret::Secret;
use crate::{delivery, pop3, retention};

/// The tables of a file.
#[derive(Debug, Default)]
pub(super) struct File {
    /// `[defaults]`.
    pub(super) defaults: Settings,
    /// `[accounts.NAME]`, in the file's order.
    pub(super) accounts: Vec<Account>,
}

impl File {
    /// Whether a password, the proxy's included, is written in the file itself.
    pub(super) fn holds_password(&self) -> bool {
        let accounts = self.accounts.iter().map(|account| &account.settings);
        accounts
            .chain([&self.defaults])
            .any(|settings| settings.written.contains("password") || settings.holds_secret())
    }
}

/// `[accounts.NAME]`.
#[derive(Debug)]
pub(super) struct Account {
    /// `NAME`.
    pub(super) name: String,
    /// The table's header.
    pub(super) span: Range<usize>,
    /// What the table holds.
    pub(super) settings: Settings,
}

/// A key that is given, or not.
#[derive(Debug)]
pub(super) struct Setting<T>(pub(super) Option<Spanned<T>>);

impl<T> Setting<T> {
    /// The value.
    pub(super) fn get(&self) -> Option<T>
    where
        T: Clone,
    {
        self.0.as_ref().map(|spanned| spanned.get_ref().clone())
    }

    /// Where the value is.
    pub(super) fn place(&self) -> Option<Range<usize>> {
        self.0.as_ref().map(Spanned::span)
    }

    /// This one, or that of the defaults.
    pub(super) fn or<'s>(&'s self, defaults: &'s Self) -> &'s Self {
        if self.0.is_some() { self } else { defaults }
    }
}

impl<T> Default for Setting<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// The keys of `[accounts.NAME]` and of `[defaults]`, named as they are written.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// Every key that is written, also where it is misspelt or its value was refused: it is not missing.
    pub(super) written: BTreeSet<&'static str>,
    pub(super) provider: Setting<&'static Provider>,
    pub(super) host: Setting<String>,
    pub(super) port: Setting<u16>,
    pub(super) tls: Setting<Protection>,
    pub(super) allow_cleartext: Setting<bool>,
    pub(super) tls_ca_file: Setting<PathBuf>,
    pub(super) tls_fingerprint: Setting<pop3::Fingerprint>,
    pub(super) tls_client_cert: Setting<PathBuf>,
    pub(super) tls_client_key: Setting<PathBuf>,
    pub(super) proxy: Setting<Option<pop3::Proxy>>,
    pub(super) source_address: Setting<IpAddr>,
    pub(super) ip_version: Setting<pop3::Family>,
    pub(super) timeout: Setting<Duration>,
    pub(super) user: Setting<String>,
    pub(super) auth: Setting<pop3::Auth>,
    pub(super) password: Setting<Secret>,
    pub(super) password_command: Setting<Vec<String>>,
    pub(super) password_file: Setting<PathBuf>,
    pub(super) token_command: Setting<Vec<String>>,
    pub(super) oauth: Setting<OAuth>,
    pub(super) deliver: Setting<Vec<Deliver>>,
    pub(super) leave_on_server: Setting<retention::Policy>,
    pub(super) max_size: Setting<Octets>,
    pub(super) max_messages: Setting<usize>,
    pub(super) pipelining: Setting<pop3::Pipelining>,
    pub(super) after_sync: Setting<Vec<String>>,
    pub(super) enabled: Setting<bool>,
}

impl Settings {
    /// Whether the secret of an OAuth2 client, or a proxy's password, is written here.
    fn holds_secret(&self) -> bool {
        let client = self.oauth.get().and_then(|oauth| oauth.secret);
        let proxy = self.proxy.get().flatten();
        matches!(client, Some(oauth2::ClientSecret::Literal(_)))
            || proxy.is_some_and(|proxy| proxy.login.is_some())
    }
}

/// A table of `deliver`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deliver {
    /// `{ maildir = … }`
    Maildir(PathBuf),
    /// `{ mbox = … }`
    Mbox(delivery::Mbox),
    /// `{ pipe = … }`
    Pipe(delivery::Program),
    /// `{ lmtp = … }`; without recipients it is the account's user.
    Lmtp {
        /// The server.
        address: delivery::LmtpAddress,
        /// Who gets the mail there.
        recipients: Vec<delivery::Recipient>,
        /// How long it may be silent.
        timeout: Option<Duration>,
    },
}

/// The table `oauth`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OAuth {
    /// `client-id`
    pub(super) id: String,
    /// `client-secret` or `client-secret-command`
    pub(super) secret: Option<oauth2::ClientSecret>,
    /// `tenant`
    pub(super) tenant: Option<String>,
    /// `authorization-url`
    pub(super) authorisation_url: Option<String>,
    /// `token-url`
    pub(super) token_url: Option<String>,
    /// `device-url`
    pub(super) device_url: Option<String>,
    /// `scope`
    pub(super) scope: Option<String>,
}

/// The values of `tls`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protection {
    /// `"implicit"`
    Implicit,
    /// `"starttls"`
    StartTls,
    /// `"none"`
    None,
}
