//! What can be done where a password or token cannot be had.

use crate::credentials::{self, oauth2};

/// The cure of an error in finding an account's secret.
pub(in crate::cli) fn of_credentials(error: &credentials::Error, account: &str) -> Option<String> {
    use credentials::Error;
    Some(match error {
        Error::Nowhere { .. } => format!(
            "store one with `popfetch login {account}`, or set password-command or password-file"
        ),
        Error::Exposed { path, .. } => format!("make it private: chmod 600 '{}'", path.display()),
        Error::Command { key, .. } => {
            format!("correct {key}; no shell runs, so name the program with its path")
        }
        Error::NoToken { .. } => {
            "run it by hand: the token is the first line; the next run asks it again".to_owned()
        }
        Error::Empty { .. } => "the password is the first line, as UTF-8".to_owned(),
        Error::File { .. } => "correct password-file".to_owned(),
        Error::Led { .. } => "name the file itself in password-file".to_owned(),
        Error::Keyring { .. } => {
            "use password-command or password-file where there is no keyring".to_owned()
        }
        Error::CommandFailed { .. } => {
            "run it by hand; from cron it has no terminal and few variables".to_owned()
        }
        Error::OAuth2(error) => return of_oauth2(error, account),
        Error::CommandTimedOut { .. } | Error::Prompt { .. } | Error::Stopped => return None,
    })
}

/// The cure of an error in finding an account's token.
fn of_oauth2(error: &oauth2::Error, account: &str) -> Option<String> {
    use oauth2::Error;
    Some(match error {
        Error::NotLoggedIn | Error::Expired | Error::Revoked { .. } | Error::Damaged { .. } => {
            format!("log in with `popfetch login {account}`")
        }
        Error::Denied { .. } | Error::TimedOut { .. } | Error::Pasted { .. } => {
            format!("begin again with `popfetch login {account}`")
        }
        Error::Keyring { .. } => format!(
            "under cron there may be no keyring: `popfetch login {account} --no-keyring` keeps the tokens in a file that only you can read"
        ),
        // RFC 6749 §5.2: the code, for tokens are taken back in other words.
        Error::Refused { error, .. } if error == "invalid_grant" => format!(
            "the code was wrong, used before or too old: begin again with `popfetch login {account}`"
        ),
        Error::Refused { .. } => {
            "check client-id, the client's secret, tenant and scope in oauth".to_owned()
        }
        Error::ClientSecret { source } => return of_credentials(source, account),
        Error::Address { .. } | Error::Insecure { .. } => "correct oauth".to_owned(),
        Error::NoDevice => "leave --device out".to_owned(),
        Error::Exposed { path, .. } => format!("make it private: chmod 600 '{}'", path.display()),
        Error::File { .. } => "check that the disk has room and that it is yours".to_owned(),
        Error::Unreachable { .. } => "is the network up? The next run tries again".to_owned(),
        Error::Busy | Error::Nonsense { .. } | Error::Unavailable { .. } => "try later".to_owned(),
        Error::Listen { .. } | Error::Stopped => return None,
    })
}
