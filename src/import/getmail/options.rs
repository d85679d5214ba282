//! `[options]`: what is fetched, and what stays on the server.
//!
//! It refuses to know the server and the destinations. Invariant: where getmail would delete, and only there, it is said
//! that mail is to be deleted.

use std::time::Duration;

use super::ini::{Section, Setting};
use super::page::Page;
use crate::import::{Account, Leave};
use crate::mail::Octets;

const DAY: u64 = 24 * 60 * 60;

/// The section, and what `[DEFAULT]` says, which getmail takes for this section alone.
pub(super) fn translate(page: &mut Page<'_>, account: &mut Account) {
    let ini = page.ini;
    let empty = Section::default();
    let options = ini.section("options");
    let defaults = ini.section("DEFAULT").unwrap_or(&empty);
    if options.is_none() {
        for setting in &defaults.settings {
            let why = "getmail takes [DEFAULT] for [options] only, which is not there";
            page.leave_name(setting, why);
        }
    }
    let section = options.unwrap_or(&empty);
    let mut wanted = Wanted::default();
    for setting in &section.settings {
        wanted.take(page, setting, section, account);
    }
    for setting in defaults.settings.iter().filter(|_| options.is_some()) {
        if section.get(&setting.name).is_none() {
            wanted.take(page, setting, section, account);
        }
    }
    wanted.conclude(page, account);
}

/// What depends on several settings.
#[derive(Default)]
struct Wanted<'i> {
    delete: Option<bool>,
    days: Option<u64>,
    read_all: Option<(bool, &'i Setting)>,
    bigger: Option<&'i Setting>,
    is_said: bool,
}

impl<'i> Wanted<'i> {
    fn take(
        &mut self,
        page: &mut Page<'_>,
        setting: &'i Setting,
        section: &Section,
        account: &mut Account,
    ) {
        match setting.name.as_str() {
            "delete" => {
                self.delete = Some(page.truth(setting));
                self.is_said = true;
            }
            "delete_after" => {
                self.days = page.number(setting);
                self.is_said = true;
            }
            "delete_bigger_than" if page.number(setting).is_some() => self.bigger = Some(setting),
            "read_all" => self.read_all = Some((page.truth(setting), setting)),
            "max_message_size" => account.max_size = page.number(setting).map(Octets),
            "max_messages_per_session" => {
                let most = page.number(setting);
                account.max_messages = most.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
            }
            "max_bytes_per_session" if page.number(setting).is_some() => {
                let why = "popfetch bounds a run by the number of messages, with `max-messages`";
                page.leave_out(setting, why);
            }
            "delivered_to" | "received" if page.truth(setting) => {
                page.leave_out(setting, "popfetch adds no header to a message");
            }
            "use_netrc" if page.truth(setting) => netrc(page, setting),
            "netrc_file" => netrc(page, setting),
            "message_log" | "logfile" if !setting.value.is_empty() => {
                let why = "`popfetch history` tells what came when; `--log-file` writes a log";
                page.leave_out(setting, why);
            }
            "message_log_syslog" if page.truth(setting) => {
                page.leave_out(
                    setting,
                    "popfetch writes to no syslog; cron and systemd keep what it prints",
                );
            }
            // They are off or say only how much getmail talks, and how often it saves, which popfetch does at once.
            "delete_bigger_than"
            | "max_bytes_per_session"
            | "delivered_to"
            | "received"
            | "use_netrc"
            | "message_log"
            | "logfile"
            | "message_log_syslog"
            | "message_log_verbose"
            | "verbose"
            | "to_oldmail_on_each_mail"
            | "skip_imap_fetch_size"
            | "fingerprint" => {}
            _ => page.leave_unknown(setting, section),
        }
    }

    fn conclude(self, page: &mut Page<'_>, account: &mut Account) {
        let is_deleting = self.delete == Some(true);
        account.leave_is_default = !self.is_said;
        account.leave = match self.days {
            _ if is_deleting => Leave::Nothing,
            Some(days) => Leave::For(Duration::from_secs(days.saturating_mul(DAY))),
            None => Leave::All,
        };
        if let Some(setting) = self.bigger.filter(|_| !is_deleting) {
            let why = "popfetch deletes by age, not by size, so that large messages stay as long as others";
            page.leave_out(setting, why);
        }
        match self.read_all {
            Some((true, setting)) if !is_deleting => {
                page.leave_out(setting, "popfetch fetches what is new, and `popfetch refetch` again what it is told to");
            }
            None if !is_deleting => page.remark(
                "getmail fetched all that is on the server in each run, since `read_all` was not switched off; popfetch \
                 fetches what is new",
            ),
            _ => {}
        }
    }
}

fn netrc(page: &mut Page<'_>, setting: &Setting) {
    let why = "popfetch reads no netrc; `popfetch login` puts the password into the keyring";
    page.leave_out(setting, why);
}
