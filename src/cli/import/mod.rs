//! `popfetch import`: takes the place of another mail program.
//!
//! ```text
//! read ─▶ plan ─▶ show ─▶ ask ─▶ uids into the ledger ─▶ passwords ─▶ configuration
//! ```
//!
//! It refuses to know the other programs' files. Invariants: nothing is written before it was shown and agreed to; the
//! uids are on record before the account is in the configuration, so that no run between the two fetches all of it.

mod entry;
mod json;
mod plan;
mod show;

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use jiff::Timestamp;

use super::account::ask::Asker;
use super::account::keep;
use super::account::words::tilde;
use super::args::{Global, Import, Source};
use super::exit::Status;
use super::usage::{Cancelled, OfAccount, Usage};
use super::{accounts, login, report, surroundings};
use crate::config::{Account, Draft, Folders};
use crate::import::{self, Found, Proof};
use crate::state::{Ledger, TakenOver};
use crate::{config, credentials, sync};
pub(super) use json::Fault;
use plan::{Passwords, Plan, Planned};

/// Takes over from another program.
pub(super) fn import(options: &Import, global: &Global) -> anyhow::Result<Status> {
    Usage::no_json(global)?;
    let source = match options.source {
        Source::Fetchmail => import::Source::Fetchmail,
        Source::Mpop => import::Source::Mpop,
        Source::Getmail => import::Source::Getmail,
        Source::Fdm => import::Source::Fdm,
        Source::Thunderbird => import::Source::Thunderbird,
        Source::Claws => import::Source::Claws,
        Source::Json => return json::import(options, global),
    };
    let folders = Folders::find()?;
    let path = options.path.as_deref().map(std::path::absolute);
    let path = path.transpose().context("cannot tell where this is")?;
    let around = import::Surroundings {
        home: &folders.home,
        login: &surroundings::login_name(),
        variable: &|name| std::env::var(name).ok(),
    };
    let found = import::read(source, path.as_deref(), &around)?;
    let asker = Asker::new(surroundings::stop_flag()?, options.yes, global.quiet);
    let work = Work {
        options,
        config: global.config.clone().unwrap_or(folders.config_file.clone()),
        folders,
        asker,
    };
    work.run(source, found)
}

struct Work<'w> {
    options: &'w Import,
    config: PathBuf,
    folders: Folders,
    asker: Asker,
}

impl Work<'_> {
    fn run(&self, source: import::Source, found: Found) -> anyhow::Result<Status> {
        let home = &self.folders.home;
        let plan = if let Some(name) = &self.options.account {
            let config = config::load(&self.config, home)?;
            plan::plan_for(source, found, accounts::named(&config, name)?)?
        } else {
            let mut draft = Draft::open(&self.config, home)?;
            let passwords = self.passwords(&found);
            plan::plan(source, found, &mut draft, passwords, &self.asker, home)?
        };
        let lines = show::lines(&plan, home);
        if self.options.dry_run {
            lines.iter().try_for_each(|line| report::data(line))?;
            return Ok(Status::Well);
        }
        if !self.asker.is_quiet() {
            for line in &lines {
                report::say(line);
            }
        }
        if plan.is_empty() {
            return Ok(Status::Well);
        }
        if !self.options.yes && !self.asker.is_attended() {
            let flags = vec!["--yes (or --dry-run)".to_owned()];
            return Err(Usage::Missing { flags }.into());
        }
        self.asker.tell("");
        let program = source.name();
        self.asker.tell(&format!(
            "Stop {program} first, its timer or daemon too: what it fetches from now on comes twice."
        ));
        if plan.new_accounts() > 0 {
            let shown = tilde(&self.config, home);
            self.asker.tell(&format!("Accounts go to {shown}."));
        }
        if !self.asker.agree(&Self::question(&plan), true)? {
            return Err(Cancelled.into());
        }
        let over = self.take_over(&plan)?;
        let mut new_files = Vec::new();
        let written = self
            .keep_passwords(&plan, &mut new_files)
            .and_then(|()| self.add_accounts(&plan));
        if written.is_err() {
            for file in new_files {
                // No configuration names it.
                let _ = fs::remove_file(file);
            }
        }
        written?;
        self.says_what_is_next(&plan, over);
        Ok(Status::Well)
    }

    fn question(plan: &Plan) -> String {
        let accounts = match plan.new_accounts() {
            0 => None,
            1 => Some("one account".to_owned()),
            count => Some(format!("{count} accounts")),
        };
        let accounts = accounts.map(|accounts| format!("Write {accounts}"));
        let uids = (plan.uids() > 0).then(|| show::messages(plan.uids()));
        match (accounts, uids) {
            (Some(accounts), Some(uids)) => format!("{accounts}, and put {uids} on record?"),
            (Some(accounts), None) => format!("{accounts}?"),
            (None, uids) => format!("Put {} on record?", uids.unwrap_or_default()),
        }
    }

    /// Where passwords go.
    fn passwords(&self, found: &Found) -> Passwords {
        let with_password = found.accounts.iter();
        let mut with_password =
            with_password.filter(|account| matches!(account.proof, Proof::Password(_)));
        let Some(account) = with_password.next().filter(|_| !self.options.no_passwords) else {
            return Passwords::Out;
        };
        let owner = credentials::Owner {
            server: &account.host,
            user: &account.user,
        };
        match credentials::is_there(owner, &self.asker.stop) {
            Ok(()) => Passwords::Keyring,
            Err(_) => Passwords::Files,
        }
    }

    /// Puts on record what the other program has.
    fn take_over(&self, plan: &Plan) -> anyhow::Result<TakenOver> {
        let mut over = TakenOver::default();
        if plan.uids() == 0 {
            return Ok(over);
        }
        let state = &self.folders.state;
        let ledger = Ledger::open(state, self.asker.stop.clone())?;
        let now = Timestamp::now();
        let draft = Draft::open(&self.config, &self.folders.home)?;
        let others = draft.accounts().iter();
        let claimed: Vec<(String, String)> = others
            .map(|account| (account.endpoint.server(), account.user.clone()))
            .collect();
        for planned in plan.accounts.iter().filter(|planned| planned.uids() > 0) {
            let maildrop = (&planned.account.endpoint, planned.account.user.as_str());
            let (_lock, rows) = sync::open_maildrop(&ledger, state, maildrop, &claimed, now)?;
            for record in &planned.records {
                let program = plan.source.name();
                let came = rows.take_over(program, record.likeness, &record.taken, now)?;
                over.new += came.new;
                over.known += came.known;
            }
        }
        Ok(over)
    }

    /// Keeps passwords, and adds the files that were made for them.
    fn keep_passwords(&self, plan: &Plan, new_files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
        for Planned {
            account, password, ..
        } in &plan.accounts
        {
            let Some(secret) = password else {
                continue;
            };
            if let credentials::Source::File(path) = &account.secret {
                keep::in_file(path, secret)?;
                new_files.push(path.clone());
                continue;
            }
            let server = account.endpoint.server();
            let owner = login::owner(account, &server);
            credentials::store(owner, secret.clone(), &self.asker.stop)
                .map_err(OfAccount::of(&account.name))?;
        }
        Ok(())
    }

    /// Writes the accounts into the file as it is now: somebody may have changed it while the question was asked.
    fn add_accounts(&self, plan: &Plan) -> anyhow::Result<()> {
        if plan.new_accounts() == 0 {
            return Ok(());
        }
        let mut draft = Draft::open(&self.config, &self.folders.home)?;
        for entry in plan.accounts.iter().filter_map(|it| it.entry.as_ref()) {
            draft.add(entry)?;
        }
        Ok(draft.write()?)
    }

    fn says_what_is_next(&self, plan: &Plan, over: TakenOver) {
        let accounts = match plan.new_accounts() {
            0 => None,
            1 => Some("One account written".to_owned()),
            count => Some(format!("{count} accounts written")),
        };
        let known = match over.known {
            0 => String::new(),
            known => format!("; {known} were on record already"),
        };
        let uids =
            (plan.uids() > 0).then(|| format!("{} put on record{known}", show::messages(over.new)));
        let done: Vec<String> = accounts.into_iter().chain(uids).collect();
        self.asker.tell("");
        let mut commands = self.logins(plan);
        self.asker.tell(&format!("{}. Next:", done.join(", ")));
        let name = match plan.accounts.as_slice() {
            [only] => format!(" {}", shell_words::quote(&only.account.name)),
            _ => String::new(),
        };
        commands.extend([
            (
                format!("popfetch check{name}"),
                "tries the server, the login and the destination".to_owned(),
            ),
            (
                format!("popfetch sync --dry-run{name}"),
                "shows what would be fetched and deleted".to_owned(),
            ),
            (
                format!("popfetch sync{name}"),
                "fetches what is new".to_owned(),
            ),
        ]);
        let width = commands.iter().map(|(command, _)| command.len()).max();
        for (command, does) in commands {
            let width = width.unwrap_or(0);
            self.asker
                .tell_behind(&format!("  {command:width$}   "), &does);
        }
    }

    /// The logins that new accounts have need of, where there is a keyring for their passwords.
    fn logins(&self, plan: &Plan) -> Vec<(String, String)> {
        let accounts = plan.accounts.iter().filter(|planned| {
            let is_new = planned.entry.is_some() && planned.password.is_none();
            is_new && planned.account.secret == credentials::Source::Unstated
        });
        let accounts: Vec<_> = accounts.map(|planned| &planned.account).collect();
        let Some(first) = accounts.first() else {
            return Vec::new();
        };
        let server = first.endpoint.server();
        if credentials::is_there(login::owner(first, &server), &self.asker.stop).is_err() {
            self.asker.tell(
                "No keyring answers here: give each account without a password its `password-file` or `password-command` in the configuration.",
            );
            return Vec::new();
        }
        let login = |account: &&Account| {
            let name = shell_words::quote(&account.name);
            (
                format!("popfetch login {name}"),
                "puts its password into the keyring".to_owned(),
            )
        };
        accounts.iter().map(login).collect()
    }
}
