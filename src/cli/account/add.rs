//! `popfetch account add`: the wizard, and the same by options alone.
//!
//! It refuses to know how each question is put. Invariants: what an option says is not asked; a broken file is told before
//! the first question; the file is written last, whole, and only what was tested or is wanted untested.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::ask::Asker;
use super::secret::{self, Keep};
use super::server::{self, Server};
use super::trial::{self, Trial};
use super::words::{self, tilde};
use super::{keep, name, wishes};
use crate::autoconfig::is_host;
use crate::cli::args::{AccountAdd, Global, Login};
use crate::cli::exit::Status;
use crate::cli::usage::{OfAccount, Usage};
use crate::cli::{authorise, login, report, surroundings, visible};
use crate::config::{Account, Draft, Entry, Folders, Setting};
use crate::credentials::{self, Source};
use crate::secret::Secret;

/// What is known of the account that is to be.
struct Wizard<'w> {
    options: &'w AccountAdd,
    is_quiet: bool,
    folders: Folders,
    path: PathBuf,
    draft: Draft,
    asker: Asker,
    /// The password that was piped in.
    piped: Option<Secret>,
}

/// Adds an account.
pub(super) fn add(options: &AccountAdd, global: &Global) -> anyhow::Result<Status> {
    Usage::no_json(global)?;
    let folders = Folders::find()?;
    let path = global.config.clone();
    let path = path.unwrap_or_else(|| folders.config_file.clone());
    let draft = Draft::open(&path, &folders.home)?;
    if !surroundings::is_attended() {
        all_is_said(options)?;
    }
    // While a pipe is read a signal ends the program at once; a terminal is to be restored first.
    let piped = if options.keyring && !io::stdin().is_terminal() {
        Some(login::read_line()?)
    } else {
        None
    };
    let wizard = Wizard {
        options,
        is_quiet: global.quiet,
        folders,
        path,
        draft,
        asker: Asker::new(surroundings::stop_flag()?, options.yes, global.quiet),
        piped,
    };
    wizard.run()
}

/// That nothing has to be asked, where nobody can be.
fn all_is_said(options: &AccountAdd) -> Result<(), Usage> {
    let mut flags = Vec::new();
    let mut lacks = |lacks: bool, flag: &str| {
        if lacks {
            flags.push(flag.to_owned());
        }
    };
    lacks(options.address.is_none(), "ADDRESS");
    let is_known = server::is_known(options, options.address.as_deref());
    lacks(!is_known && !options.yes, "--host HOST");
    let has_secret = options.keyring
        || options.password_command.is_some()
        || options.password_file.is_some()
        || options.client_id.is_some();
    lacks(
        !has_secret,
        "--password-command COMMAND, --password-file FILE or --keyring",
    );
    let has_destination = options.maildir.is_some()
        || options.mbox.is_some()
        || options.pipe.is_some()
        || options.lmtp.is_some();
    lacks(!has_destination && !options.yes, "--maildir DIR (or --yes)");
    lacks(
        options.leave_on_server.is_none() && !options.yes,
        "--leave-on-server VALUE (or --yes)",
    );
    if flags.is_empty() {
        Ok(())
    } else {
        Err(Usage::Missing { flags })
    }
}

impl Wizard<'_> {
    fn run(mut self) -> anyhow::Result<Status> {
        let home = self.folders.home.clone();
        if let Some(name) = &self.options.name
            && self.draft.account(name).is_some()
        {
            return Err(Usage::NameTaken { name: name.clone() }.into());
        }
        let address = self.address()?;
        let server = server::find(self.options, &address, &self.asker)?;
        let name = self.name(&address, &server);
        // What is no account whatever is answered is told before more is asked.
        let placeholder = secret::placeholder(&server);
        let usual = wishes::usual_destination(&name);
        let entry = |keep: &Keep, file: &str, deliver: &Setting, leave: &Setting| Entry {
            name: name.clone(),
            settings: [
                server.settings(),
                keep.settings(file),
                vec![
                    ("deliver", deliver.clone()),
                    ("leave-on-server", leave.clone()),
                ],
            ]
            .concat(),
        };
        let kept = Setting::Flag(true);
        let account = self
            .draft
            .preview(&entry(&placeholder, "-", &usual, &kept))?;
        if let Some(provider) = server.provider {
            let provider = provider.name;
            self.asker.tell(&format!(
                "{provider}: {}; user {}",
                words::server(&account),
                visible::text(&account.user)
            ));
        }
        let keep = secret::ask(self.options, &server, &account, &home, &self.asker)?;
        let typed = match &self.piped {
            Some(piped) if piped.expose().is_empty() => {
                let source_name = "standard input".to_owned();
                let error = credentials::Error::Empty { source_name };
                return Err(OfAccount::of(&name)(error).into());
            }
            Some(piped) => Some(piped.clone()),
            None if keep.is_typed() => Some(secret::password(&server, &account, &self.asker)?),
            None => None,
        };
        let folder = self.draft.path().parent().unwrap_or(Path::new("/"));
        let folder = folder.to_owned();
        let file = keep::new_file_name(&folder, &name);
        let deliver =
            self.destination(&name, &home, |deliver| entry(&keep, &file, deliver, &kept))?;
        let leave = self.retention(&deliver, |leave| entry(&keep, &file, &deliver, leave))?;
        let mut entry = entry(&keep, &file, &deliver, &leave);
        let account = self.draft.preview(&entry)?;
        if let Keep::OAuth2 { .. } = keep {
            return self.finish_with_tokens(&entry, &account);
        }
        let trial = self.trial(&server, &account, typed)?;
        let (Trial::Passed(typed) | Trial::Waived(typed)) = trial else {
            return Ok(self.gives_up(&trial));
        };
        self.asker.goes_on()?;
        let mut new_file = None;
        if let Some(secret) = typed {
            let keep = self.stored(&keep, &account, &secret)?;
            if keep == Keep::NewFile {
                let path = folder.join(&file);
                keep::in_file(&path, &secret)?;
                new_file = Some(path);
                if !entry
                    .settings
                    .iter()
                    .any(|(key, _)| *key == "password-file")
                {
                    entry.settings.extend(keep.settings(&file));
                }
            }
        }
        let written = self.write(&entry);
        if let (Err(_), Some(path)) = (&written, new_file) {
            // No configuration names it.
            let _ = std::fs::remove_file(path);
        }
        written?;
        self.says_what_is_next(&name, account.secret == Source::Unstated);
        Ok(Status::Well)
    }

    fn address(&self) -> anyhow::Result<String> {
        let judge = |address: &str| {
            let (local, domain) = address.rsplit_once('@')?;
            let is_local =
                !local.is_empty() && !local.contains(|c: char| c.is_whitespace() || c.is_control());
            (is_local && is_host(domain)).then(|| address.to_owned())
        };
        let refuse = |address: &str| Usage::NoAddress {
            address: visible::text(address),
        };
        if let Some(address) = &self.options.address {
            let address = address.trim();
            return Ok(judge(address).ok_or_else(|| refuse(address))?);
        }
        loop {
            let answer = self.asker.line("Your e-mail address", None)?;
            if let Some(address) = judge(&answer) {
                return Ok(address);
            }
            report::say(&format!("{}.", refuse(&answer)));
        }
    }

    /// The name that was given, or one that no account has.
    fn name(&self, address: &str, server: &Server) -> String {
        if let Some(name) = &self.options.name {
            return name.clone();
        }
        let base = name::of_address(address, server.provider);
        let numbered = |number: u32| match number {
            1 => base.clone(),
            number => format!("{base}-{number}"),
        };
        let is_free = |name: &String| self.draft.account(name).is_none();
        let free = (1..=u32::MAX).map(numbered).find(is_free);
        free.unwrap_or(base.clone())
    }

    fn destination(
        &self,
        name: &str,
        home: &Path,
        entry: impl Fn(&Setting) -> Entry,
    ) -> anyhow::Result<Setting> {
        if let Some(given) = wishes::given_destination(self.options, home) {
            return Ok(given);
        }
        if !self.asker.chooses() {
            return Ok(wishes::usual_destination(name));
        }
        loop {
            let answer = wishes::destination(name, home, &self.asker)?;
            match self.draft.preview(&entry(&answer)) {
                Ok(_) => return Ok(answer),
                Err(error) => report::failure(&error.into()),
            }
        }
    }

    fn retention(
        &self,
        deliver: &Setting,
        entry: impl Fn(&Setting) -> Entry,
    ) -> anyhow::Result<Setting> {
        if let Some(word) = &self.options.leave_on_server {
            return Ok(wishes::retention_of(word));
        }
        if !self.asker.chooses() {
            return Ok(Setting::Flag(true));
        }
        loop {
            let answer = wishes::retention(deliver, &self.asker)?;
            match self.draft.preview(&entry(&answer)) {
                Ok(_) => return Ok(answer),
                Err(error) => report::failure(&error.into()),
            }
        }
    }

    /// Tests the account, unless that is not wanted.
    fn trial(
        &self,
        server: &Server,
        account: &Account,
        typed: Option<Secret>,
    ) -> anyhow::Result<Trial> {
        if self.options.no_test {
            return Ok(Trial::Waived(typed));
        }
        let again = || secret::password(server, account, &self.asker);
        trial::run(account, typed, &self.folders, &self.asker, &again)
    }

    /// Says that nothing was written, and why that is the end.
    fn gives_up(&self, trial: &Trial) -> Status {
        report::say(&"Nothing was written.");
        if !self.asker.chooses() {
            report::say(&"With --no-test the account is written all the same.");
        }
        match trial {
            Trial::Failed(status) => *status,
            Trial::Passed(_) | Trial::Waived(_) => Status::Well,
        }
    }

    /// Puts the password into the keyring, or finds out that it has to go into a file.
    fn stored(&self, keep: &Keep, account: &Account, secret: &Secret) -> anyhow::Result<Keep> {
        if *keep != Keep::Keyring {
            return Ok(keep.clone());
        }
        let server = account.endpoint.server();
        let owner = login::owner(account, &server);
        match credentials::store(owner, secret.clone(), &self.asker.stop) {
            Ok(()) => Ok(Keep::Keyring),
            Err(error @ credentials::Error::Keyring { .. }) if self.asker.chooses() => {
                report::say(&format!("{error}."));
                if self
                    .asker
                    .agree("Keep it in a file that only you can read?", true)?
                {
                    return Ok(Keep::NewFile);
                }
                Err(OfAccount::of(&account.name)(error).into())
            }
            Err(error) => Err(OfAccount::of(&account.name)(error).into()),
        }
    }

    /// Writes the account into the file as it is now: somebody may have changed it while the questions were answered.
    fn write(&mut self, entry: &Entry) -> anyhow::Result<()> {
        self.draft = Draft::open(&self.path, &self.folders.home)?;
        self.draft.add(entry)?;
        self.draft.write()?;
        Ok(())
    }

    /// Tokens belong to an account that is there: it is written, and then logs in.
    fn finish_with_tokens(mut self, entry: &Entry, account: &Account) -> anyhow::Result<Status> {
        self.write(entry)?;
        let name = &account.name;
        let Source::OAuth2(client) = &account.secret else {
            self.says_what_is_next(name, false);
            return Ok(Status::Well);
        };
        if !self.asker.is_attended() || self.options.no_test {
            self.says_what_is_next(name, false);
            report::say(&format!(
                "  popfetch login {name}    logs in, which comes first"
            ));
            return Ok(Status::Well);
        }
        self.asker.tell("");
        let login = Login {
            account: name.clone(),
            device: false,
            no_keyring: false,
        };
        authorise::login(account, client, &self.folders.state, &login, self.is_quiet)?;
        let status = trial::once(account, None, &self.folders, &self.asker);
        self.says_what_is_next(name, false);
        Ok(status)
    }

    fn says_what_is_next(&self, name: &str, uses_keyring: bool) {
        let path = tilde(self.draft.path(), &self.folders.home);
        self.asker.tell("");
        self.asker
            .tell(&format!("Account {name} is in {path}. Next:"));
        let kind = match (cfg!(target_os = "macos"), uses_keyring) {
            (true, _) => "launchd",
            // cron has no session, and so no keyring.
            (_, true) => "systemd",
            _ => "cron",
        };
        let commands = [
            (format!("popfetch sync {name}"), "fetches the mail"),
            (
                format!("popfetch schedule {kind} --install"),
                "fetches it every 10 minutes",
            ),
        ];
        let width = commands.iter().map(|(command, _)| command.len()).max();
        for (command, does) in commands {
            let width = width.unwrap_or(0);
            self.asker
                .tell_behind(&format!("  {command:width$}   "), does);
        }
    }
}
