//! Makes of an account what a check is to know, and has it checked.
//!
//! It refuses to know how what is found is shown: the wizard asks here, too.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::super::exit::Status;
use super::super::secrets::{Secrets, Typed};
use super::super::surroundings;
use super::cron;
use crate::check::{Event, Mark, Scope, Subject, Trouble};
use crate::config::{Account, Folders};
use crate::credentials::{self, Source};
use crate::pop3::Patience;
use crate::providers;
use crate::secret::Secret;

/// Where popfetch runs.
pub(in crate::cli) struct Place<'p> {
    pub(in crate::cli) folders: &'p Folders,
    /// The configuration file, where the account is in it already.
    pub(in crate::cli) file: Option<&'p Path>,
    /// Set when the check is to end.
    pub(in crate::cli) stop: Arc<AtomicBool>,
}

/// Checks an account, and tells what is found as it is found; with `given` in place of what its source has. The status is
/// that of the worst that keeps mail from coming, and [`Status::Later`] where the check was told to end.
pub(in crate::cli) fn account(
    account: &Account,
    given: Option<Secret>,
    scope: Scope,
    place: &Place<'_>,
    tell: &mut dyn FnMut(Event<'_>),
) -> Status {
    let now = Timestamp::now();
    let (folders, stop) = (place.folders, &place.stop);
    let is_given = given.is_some();
    let secrets: RefCell<Option<Secrets>> = RefCell::default();
    let find = move |secrets: &RefCell<Option<Secrets>>| {
        if let Some(secret) = &given {
            return Ok((secret.clone(), "as given".to_owned()));
        }
        let typed = Typed::default();
        let found = Secrets::new(
            &[account],
            &folders.state,
            now,
            Arc::clone(stop),
            &typed,
            None,
        );
        let secret = found.find(account)?;
        let origin = origin(&account.secret, &account.name, typed.has_any());
        secrets.replace(Some(found));
        Ok((secret, origin))
    };
    let renew = |refused: &Secret| match &*secrets.borrow() {
        Some(secrets) => secrets.renew(account, refused),
        None => Ok(None),
    };
    let file = place.file.filter(|_| !is_given);
    let under_cron = || match file {
        Some(file) => cron::find(&account.name, file, &folders.home, stop),
        None => Err(Trouble::Credentials(credentials::Error::Stopped)),
    };
    let differs = file.is_some() && cron::may_differ(&account.secret);
    let path = std::env::var_os("PATH");
    let provider = account.provider.and_then(providers::by_key);
    let subject = Subject {
        endpoint: &account.endpoint,
        user: &account.user,
        auth: account.auth,
        need: account.need,
        provider,
        secret: &|| find(&secrets),
        renew: &renew,
        unattended: if differs { Some(&under_cron) } else { None },
        nonce: &surroundings::nonce,
        destinations: &account.destinations,
        limits: account.limits,
        retention: account.retention,
        patience: Patience::new(account.endpoint.timeout, Arc::clone(stop)),
        now,
        state: &folders.state,
        path: path.as_deref(),
        host: &surroundings::host_name(),
    };
    let mut worst = Status::Well;
    let mut note = |event: Event<'_>| {
        if let Event::Found(finding) = event
            && let (Mark::Fail, Some(trouble)) = (finding.mark, &finding.trouble)
        {
            worst = worst.max(trouble.into());
        }
        tell(event);
    };
    let is_done = crate::check::check(&subject, scope, &mut note);
    if is_done && !stop.load(Ordering::Relaxed) {
        worst
    } else {
        worst.max(Status::Later)
    }
}

/// Where a secret was found, in words.
fn origin(source: &Source, account: &str, was_asked_for: bool) -> String {
    match source {
        Source::Literal(_) => "the password is in the configuration".to_owned(),
        Source::Command(argv) => format!("password-command {} gives it", argv[0]),
        Source::File(path) => format!("the password is in {}", path.display()),
        Source::TokenCommand(argv) => format!("token-command {} gives it", argv[0]),
        Source::OAuth2(_) => "there is a token of the OAuth2 login".to_owned(),
        Source::NotNeeded => "none is needed: a certificate logs in".to_owned(),
        Source::Unstated if was_asked_for => "it was typed here".to_owned(),
        Source::Unstated => {
            let is_systemds = surroundings::credentials_folder()
                .is_some_and(|folder| folder.join(format!("popfetch.{account}")).exists());
            if is_systemds {
                "the password is among systemd's credentials".to_owned()
            } else {
                "the password is in the keyring".to_owned()
            }
        }
    }
}
