//! The table of mail providers: where their POP3 servers are, how a program logs in there, and what surprises.
//!
//! It refuses to know accounts, connections and what a server says: it is data, the ways to look it up, and the one
//! sentence that helps after a refused login. What is not certain is left out. Invariants, held by tests: a key and a
//! domain stand in one row only; hosts and domains are in lower case; no text has control characters; a row with an
//! OAuth2 preset can log in by OAuth2.

mod domains;
mod europe;
mod oauth;
mod worldwide;

use std::sync::LazyLock;

pub use oauth::OAuth;

/// A mail provider.
#[derive(Clone, Debug)]
pub struct Provider {
    /// What `provider` says in the configuration: `gmail`.
    pub key: &'static str,
    /// What it calls itself: `Gmail`.
    pub name: &'static str,
    /// The domains of its addresses. None where its customers bring their own.
    pub domains: &'static [&'static str],
    /// How its mail is fetched, if it can be.
    pub access: Access,
}

/// Whether a provider has POP3.
#[derive(Clone, Debug)]
pub enum Access {
    /// It has.
    Pop3(Pop3),
    /// It has not: what there is instead, as an error says it.
    None(&'static str),
}

/// A provider's POP3 service.
#[derive(Clone, Debug)]
pub struct Pop3 {
    /// The server. Each here listens on the usual port: 995, or 110 where TLS begins by STLS.
    pub host: &'static str,
    /// Other names of it, and its sisters in other countries: an account that names one is recognised.
    pub further_hosts: &'static [&'static str],
    /// TLS begins by STLS and not with the first byte.
    pub starttls: bool,
    /// What the server takes for a user's name.
    pub user: UserForm,
    /// How one can log in, the best way first.
    pub logins: &'static [Login],
    /// Where POP is switched on. `None`: it is always on, or that is not known.
    pub switch: Option<&'static str>,
    /// The page, or the way through the menus, where an app password is made.
    pub app_password: Option<&'static str>,
    /// What the built-in OAuth2 login needs to know. `None` does not rule out a token from elsewhere.
    pub oauth: Option<&'static OAuth>,
    /// Limits and surprises, a sentence each.
    pub notes: &'static [&'static str],
    /// Where it differs from other servers in a way that a program can act on.
    pub quirks: Quirks,
}

/// What stands in `user`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserForm {
    /// The whole address.
    Address,
    /// What comes before the `@`.
    LocalPart,
}

/// A way to log in. Where a row has both passwords, the account's own serves until two-factor login is switched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// The account's own password.
    Password,
    /// A password for programs, made at the provider's, whatever it is called there.
    AppPassword,
    /// An access token.
    OAuth2,
}

/// What a server does otherwise than others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Quirks {
    /// It lists about 250 messages at a time, and hides what was fetched once the session has ended with QUIT.
    pub pages_listing: bool,
    /// It announces a LOGIN-DELAY (RFC 2449 section 6.5) and holds nobody to it.
    pub ignores_login_delay: bool,
    /// DELE has no effect.
    pub keeps_deleted: bool,
    /// It switches POP off again after long disuse.
    pub switches_off: bool,
    /// It may refuse a login that comes fewer minutes than this after the last.
    pub minutes_between_logins: Option<u16>,
}

/// The rows, in the order in which they are shown.
static TABLE: LazyLock<Vec<Provider>> = LazyLock::new(|| [worldwide::ROWS, europe::ROWS].concat());

/// Every provider.
#[must_use]
pub fn all() -> &'static [Provider] {
    &TABLE
}

/// The provider that `provider = "key"` means.
#[must_use]
pub fn by_key(key: &str) -> Option<&'static Provider> {
    all().iter().find(|provider| provider.key == key)
}

/// The provider of addresses in this domain.
#[must_use]
pub fn by_domain(domain: &str) -> Option<&'static Provider> {
    all().iter().find(|provider| provider.owns(domain))
}

/// The provider with this server. Where two share it, the one with addresses of its own: Gmail, not Google Workspace.
#[must_use]
pub fn by_host(host: &str) -> Option<&'static Provider> {
    at_host(host).next()
}

/// The provider of an account, by its server and its user. Where two share the server, the user's domain decides.
#[must_use]
pub fn recognise(host: &str, user: &str) -> Option<&'static Provider> {
    let Some((_, domain)) = user.rsplit_once('@') else {
        return by_host(host);
    };
    let own = at_host(host).find(|provider| provider.owns(domain));
    let brought = || at_host(host).find(|provider| provider.domains.is_empty());
    own.or_else(brought).or_else(|| by_host(host))
}

fn at_host(host: &str) -> impl Iterator<Item = &'static Provider> {
    all()
        .iter()
        .filter(move |provider| provider.pop3().is_some_and(|pop3| pop3.answers_to(host)))
}

impl Provider {
    /// Its POP3 service, if it has one.
    #[must_use]
    pub fn pop3(&self) -> Option<&Pop3> {
        match &self.access {
            Access::Pop3(pop3) => Some(pop3),
            Access::None(_) => None,
        }
    }

    /// What to say after this user's login was refused: a clause without a full stop, as the cures of errors are.
    #[must_use]
    pub fn login_hint(&self, user: &str) -> String {
        let pop3 = match &self.access {
            Access::Pop3(pop3) => pop3,
            Access::None(instead) => return (*instead).to_owned(),
        };
        let wrong_form = match (pop3.user, user.contains('@')) {
            (UserForm::Address, false) => Some("user is the whole address"),
            (UserForm::LocalPart, true) => Some("user is what comes before the @"),
            _ => None,
        };
        let app_passwords = |place| format!("app passwords are made at {place}");
        let apart = |minutes| format!("logins less than {minutes} minutes apart may be refused");
        let clauses = [
            Some(format!("{} needs {}", self.name, pop3.needs())),
            wrong_form.map(str::to_owned),
            pop3.app_password.map(app_passwords),
            pop3.quirks.minutes_between_logins.map(apart),
        ];
        clauses.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    fn owns(&self, domain: &str) -> bool {
        self.domains
            .iter()
            .any(|own| own.eq_ignore_ascii_case(domain))
    }
}

impl Pop3 {
    /// The common case, which a row changes where it differs.
    const fn at(host: &'static str) -> Self {
        Self {
            host,
            further_hosts: &[],
            starttls: false,
            user: UserForm::Address,
            logins: &[Login::Password],
            switch: None,
            app_password: None,
            oauth: None,
            notes: &[],
            quirks: Quirks::NONE,
        }
    }

    /// Whether one can log in this way.
    #[must_use]
    pub fn takes(&self, login: Login) -> bool {
        self.logins.contains(&login)
    }

    fn answers_to(&self, host: &str) -> bool {
        // A name may end with the dot of the root (RFC 1034 section 3.1).
        let host = host.strip_suffix('.').unwrap_or(host);
        let mut names = self.further_hosts.iter().chain([&self.host]);
        names.any(|name| name.eq_ignore_ascii_case(host))
    }

    /// What a login takes, in words.
    fn needs(&self) -> String {
        let has = |login| self.takes(login);
        let password = match (has(Login::Password), has(Login::AppPassword)) {
            (true, true) => {
                Some("the account's password (an app password where two-factor login is on)")
            }
            (true, false) => Some("the account's password"),
            (false, true) => Some("an app password"),
            (false, false) => None,
        };
        let ways = [password, has(Login::OAuth2).then_some("OAuth2")];
        let ways = ways.into_iter().flatten().collect::<Vec<_>>().join(" or ");
        let Some(place) = self.switch else {
            return ways;
        };
        let lapses = if self.quirks.switches_off {
            " (it is switched off again after long disuse)"
        } else {
            ""
        };
        format!("{ways}, and POP switched on under {place}{lapses}")
    }
}

impl UserForm {
    /// The user of an address.
    #[must_use]
    pub fn of(self, address: &str) -> &str {
        match self {
            Self::Address => address,
            Self::LocalPart => address.rsplit_once('@').map_or(address, |(local, _)| local),
        }
    }
}

impl Quirks {
    /// What most servers have. [`Default`] cannot be asked while the table is made.
    const NONE: Self = Self {
        pages_listing: false,
        ignores_login_delay: false,
        keeps_deleted: false,
        switches_off: false,
        minutes_between_logins: None,
    };
}

#[cfg(test)]
mod tests;
