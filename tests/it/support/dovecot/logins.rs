//! Who may log in to the private Dovecot, and in which ways, in both of its languages.
//!
//! It owns mechanisms, passwords, and the OAuth2 provider that is asked about tokens. It refuses to know ports, mail and
//! which certificate the server shows. Invariant: if no other provider is asked, a token is good if it is the user's
//! password.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Syntax;
use super::tokens::Tokens;

/// Who may log in, and how.
#[derive(Clone)]
pub(crate) struct Logins {
    mechanisms: String,
    /// None if any name may log in with the fixture's password.
    users: Option<Vec<(String, String)>>,
    introspection: Option<String>,
    client_authority: Option<String>,
    is_demanding: bool,
}

impl Logins {
    /// Any name, by PLAIN or LOGIN.
    pub(super) fn any_name() -> Self {
        Self {
            users: None,
            ..Self::by("plain login")
        }
    }

    /// Nobody yet, by these mechanisms as Dovecot names them.
    pub(crate) fn by(mechanisms: &str) -> Self {
        Self {
            mechanisms: mechanisms.to_owned(),
            users: Some(Vec::new()),
            introspection: None,
            client_authority: None,
            is_demanding: false,
        }
    }

    /// One more user, with any name that has no colon, slash, quote or line end.
    pub(crate) fn user(mut self, name: &str, password: &str) -> Self {
        let users = self.users.get_or_insert_default();
        users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// Whoever has a token of which the provider at this address says that it is active: its subject is the user.
    pub(crate) fn tokens_of(mut self, introspection: &str) -> Self {
        self.introspection = Some(introspection.to_owned());
        self
    }

    /// Nobody without a certificate of this authority (PEM text).
    pub(super) fn demanding(self, authority: &str) -> Self {
        Self {
            client_authority: Some(authority.to_owned()),
            is_demanding: true,
            ..self
        }
    }

    /// By EXTERNAL, whoever shows a certificate of this authority (PEM text): its common name is the user.
    pub(crate) fn certificates_of(mut self, authority: &str) -> Self {
        self.client_authority = Some(authority.to_owned());
        self
    }

    /// Whom Dovecot is to ask about tokens, if there are any and nobody else is to be asked.
    pub(super) fn provider(&self) -> Option<Tokens> {
        let has_tokens =
            self.mechanisms.contains("xoauth2") || self.mechanisms.contains("oauthbearer");
        let users = self.users.as_ref()?;
        (has_tokens && self.introspection.is_none()).then(|| Tokens::of(users.clone()))
    }

    /// The files, by their names in Dovecot's folder, to which the configuration refers.
    pub(super) fn files(&self) -> Vec<(&'static str, String)> {
        let mut files = Vec::new();
        if let Some(users) = &self.users {
            let mut text = String::new();
            for (name, password) in users {
                // Dovecot 2.3 looks for quotes with a backslash before them, in the file and in folders.
                let is_name = !name.contains([':', '/', '\n', '\\', '"', '\'']);
                assert!(is_name, "{name:?} is no user name");
                // In base64 a password may have any bytes.
                let password = BASE64.encode(password);
                writeln!(text, "{name}:{{PLAIN.b64}}{password}").expect("a string takes any text");
            }
            files.push(("users", text));
        }
        if let Some(introspection) = &self.introspection {
            files.push(("oauth2.conf.ext", oauth2(introspection)));
        }
        if let Some(authority) = &self.client_authority {
            files.push(("clients.pem", authority.clone()));
        }
        files
    }

    /// Dovecot's settings. What the fixture fills in later is in braces.
    pub(super) fn configuration(&self, syntax: Syntax) -> String {
        let mut settings = format!("auth_mechanisms = {}\n", self.mechanisms);
        if self.client_authority.is_some() {
            settings += match syntax {
                Syntax::V2_3 => CERTIFICATES_2_3,
                Syntax::V2_4 => CERTIFICATES_2_4,
            };
            settings += match (self.is_demanding, syntax) {
                (true, _) => "auth_ssl_require_client_cert = yes\n",
                (false, Syntax::V2_3) => EXTERNAL_2_3,
                (false, Syntax::V2_4) => EXTERNAL_2_4,
            };
        }
        if let Some(introspection) = &self.introspection {
            settings += &match syntax {
                Syntax::V2_3 => TOKENS_2_3.to_owned(),
                Syntax::V2_4 => tokens_2_4(introspection),
            };
        }
        settings += match (&self.users, syntax) {
            (None, Syntax::V2_3) => ANY_NAME_2_3,
            (None, Syntax::V2_4) => ANY_NAME_2_4,
            (Some(_), Syntax::V2_3) => USERS_2_3,
            (Some(_), Syntax::V2_4) => USERS_2_4,
        };
        settings
    }
}

/// What 2.3 reads of the provider from a file of its own.
fn oauth2(introspection: &str) -> String {
    format!("introspection_url = {introspection}\n{INTROSPECTION}")
}

fn tokens_2_4(introspection: &str) -> String {
    format!(
        "oauth2 {{\nintrospection_url = {introspection}\n{INTROSPECTION}}}\n\
         passdb oauth2 {{\nmechanisms_filter = xoauth2 oauthbearer\n}}\n"
    )
}

/// RFC 7662: the token in the body of a request, `active` and `sub` in the answer.
const INTROSPECTION: &str = "introspection_mode = post\nusername_attribute = sub\nactive_attribute = active\n\
                             active_value = true\n";

const TOKENS_2_3: &str = "passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf.ext
}
";

const CERTIFICATES_2_3: &str = "ssl_ca = <{folder}/clients.pem
ssl_verify_client_cert = yes
ssl_require_crl = no
";

const EXTERNAL_2_3: &str = "auth_ssl_username_from_cert = yes
passdb {
  driver = static
  mechanisms = external
  args = nopassword=y
}
";

const CERTIFICATES_2_4: &str = "ssl_server_ca_file = {folder}/clients.pem
ssl_server_require_crl = no
ssl_server_request_client_cert = yes
";

const EXTERNAL_2_4: &str = "auth_ssl_username_from_cert = yes
passdb static {
  mechanisms_filter = external
  fields {
    nopassword = yes
  }
}
";

const ANY_NAME_2_3: &str = "passdb {
  driver = static
  args = password={password}
}
";

const ANY_NAME_2_4: &str = "passdb static {
  password = {password}
}
";

/// Names are taken as they are: Dovecot would fold them, and refuse most characters.
const USERS_2_3: &str = "auth_verbose = yes
auth_username_chars =
auth_username_format = %u
passdb {
  driver = passwd-file
  args = username_format=%u {folder}/users
}
";

const USERS_2_4: &str = "auth_verbose = yes
auth_username_chars =
auth_username_format = %{user}
passdb passwd-file {
  passwd_file_path = {folder}/users
}
";
