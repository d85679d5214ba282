//! What the built-in OAuth2 login must know of a provider.
//!
//! It refuses to know clients: their ids and secrets are the user's. Invariants: every URL is https, and only that of
//! Microsoft holds a place to fill in, `{tenant}`.

/// A provider's authorisation server (RFC 6749).
#[derive(Debug, PartialEq, Eq)]
pub struct OAuth {
    /// Where the user agrees (RFC 6749 section 3.1).
    pub authorisation_url: &'static str,
    /// Where a code or a refresh token becomes an access token (RFC 6749 section 3.2).
    pub token_url: &'static str,
    /// Where a login by device code begins (RFC 8628 section 3.1). `None`: mail cannot be asked for in this way.
    pub device_url: Option<&'static str>,
    /// What is asked for.
    pub scope: &'static str,
    /// What the authorisation URL gets besides the standard's own parameters.
    pub parameters: &'static [(&'static str, &'static str)],
    /// How the redirect URL names this machine: servers compare it as text.
    pub redirect_host: &'static str,
    /// Its clients have a secret, even programs that cannot keep one.
    pub needs_secret: bool,
    /// What is to be known before a client is registered.
    pub note: Option<&'static str>,
}

/// The address that RFC 8252 section 7.3 recommends over the name.
const LOOPBACK: &str = "127.0.0.1";

/// Google, for Gmail and Google Workspace.
pub(super) const GOOGLE: OAuth = OAuth {
    authorisation_url: "https://accounts.google.com/o/oauth2/v2/auth",
    token_url: "https://oauth2.googleapis.com/token",
    // It has an address for device codes, and refuses the mail scope there.
    device_url: None,
    scope: "https://mail.google.com/",
    // Without the first there is no refresh token, without the second only at the first login.
    parameters: &[("access_type", "offline"), ("prompt", "consent")],
    redirect_host: LOOPBACK,
    needs_secret: true,
    note: Some(
        "Refresh tokens of a client whose consent screen is in testing end after seven days: publish it.",
    ),
};

/// Microsoft, for Outlook.com and Microsoft 365.
pub(super) const MICROSOFT: OAuth = OAuth {
    authorisation_url: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
    token_url: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
    device_url: Some("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode"),
    scope: "https://outlook.office.com/POP.AccessAsUser.All offline_access",
    parameters: &[],
    // Its page for clients takes http://localhost, which fits every port, and not 127.0.0.1.
    redirect_host: "localhost",
    needs_secret: false,
    note: Some("An organisation can forbid its users to agree: its administrator must then."),
};

/// Yahoo.
pub(super) const YAHOO: OAuth = OAuth {
    authorisation_url: "https://api.login.yahoo.com/oauth2/request_auth",
    token_url: "https://api.login.yahoo.com/oauth2/get_token",
    device_url: None,
    scope: "mail-w",
    parameters: &[],
    redirect_host: LOOPBACK,
    needs_secret: true,
    note: Some("Yahoo accepts no new clients for mail: without an old one, use an app password."),
};

/// AOL, by the same company.
pub(super) const AOL: OAuth = OAuth {
    authorisation_url: "https://api.login.aol.com/oauth2/request_auth",
    token_url: "https://api.login.aol.com/oauth2/get_token",
    note: Some("AOL accepts no new clients for mail: without an old one, use an app password."),
    ..YAHOO
};

/// Fastmail.
pub(super) const FASTMAIL: OAuth = OAuth {
    authorisation_url: "https://api.fastmail.com/oauth/authorize",
    token_url: "https://api.fastmail.com/oauth/refresh",
    device_url: None,
    scope: "https://www.fastmail.com/dev/protocol-pop",
    parameters: &[],
    redirect_host: "localhost",
    needs_secret: false,
    note: Some("Fastmail registers clients by hand, after a mail to its developers."),
};

/// Comcast.
pub(super) const COMCAST: OAuth = OAuth {
    authorisation_url: "https://oauth.xfinity.com/oauth/authorize",
    token_url: "https://oauth.xfinity.com/oauth/token",
    device_url: None,
    scope: "https://email.comcast.net/ profile openid",
    parameters: &[],
    redirect_host: LOOPBACK,
    needs_secret: true,
    note: None,
};
