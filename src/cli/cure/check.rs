//! What can be done about what only a check finds.

use super::{Whose, of_credentials, of_delivery, of_pop3, of_state};
use crate::check::Trouble;
use crate::providers::Provider;

/// The cure of what a check found, where there is one.
pub(in crate::cli) fn of_trouble(trouble: &Trouble, whose: &Whose<'_>) -> Option<String> {
    let account = whose.account;
    Some(match trouble {
        Trouble::Credentials(error) => return of_credentials(error, account),
        Trouble::Delivery(error) => return of_delivery(error),
        Trouble::Pop3(error) => return of_pop3(error, whose),
        Trouble::State(error) => of_state(error),
        Trouble::Writable { path, .. } => format!(
            "others could have programs run as you: chmod go-w '{}'",
            path.display()
        ),
        Trouble::Elsewhere { variable, path } => format!(
            "`popfetch schedule` writes it along; else set it for what runs popfetch (in a crontab: a line {variable}={})",
            path.parent().unwrap_or(path).display()
        ),
        Trouble::Unsendable { what, .. } => format!("correct the {what}"),
        Trouble::Unattended { .. } => {
            "cron gives programs no terminal, no keyring of a desktop and few variables: have the command set what it needs, or keep the password in password-file (mode 0600)".to_owned()
        }
        Trouble::Silent { .. } => {
            "another address answers, so mail comes, at times later; ip-version = 4 or 6 tries one kind alone".to_owned()
        }
        Trouble::Cleartext => {
            "try tls = \"implicit\" with port = 995, or tls = \"starttls\"".to_owned()
        }
        Trouble::EndsSoon { .. } => {
            "no mail comes after that day unless the server gets a new one: ask whoever runs it".to_owned()
        }
        Trouble::OutOfTime { .. } => {
            "if the clock here is right, the server is due for a new one; then the pin changes, too".to_owned()
        }
        Trouble::TooSoon { .. } => "run popfetch less often for this account".to_owned(),
        Trouble::Running { .. } => {
            "let it end, then check again; if it never ends, look what it waits for".to_owned()
        }
        Trouble::NoUidl { .. } => {
            "ask the provider for UIDL or TOP; nothing can be fetched without".to_owned()
        }
        Trouble::HeadersOnly { .. } => {
            "nothing has to be done; each run asks for all headers, which takes longer".to_owned()
        }
        Trouble::Unidentified { .. } => {
            "the server is at fault: ask whoever runs it; the other messages come".to_owned()
        }
        Trouble::Alike { .. } => {
            "nothing has to be done; the server breaks RFC 1939, which says that they differ".to_owned()
        }
        Trouble::Empty => of_empty(whose.provider),
        Trouble::KeepsDeleted { .. } => {
            "delete it in its web mail; leave-on-server changes nothing there".to_owned()
        }
        Trouble::HidesFetched { .. } => {
            "its own web settings say what becomes of mail that was fetched by POP; leave-on-server = false deletes each message at once".to_owned()
        }
        Trouble::Waiting { .. } => {
            format!("mend what refuses them; `popfetch retry {account}` hands them over now")
        }
        Trouble::TooLarge { .. } => "raise max-size, or leave it out, to fetch them".to_owned(),
        Trouble::NoRoom { .. } => "make room; the mail is still on the server".to_owned(),
        Trouble::LittleRoom { .. } => "make room before the disk is full".to_owned(),
        Trouble::Gone { path } => format!(
            "is its disk mounted? If you removed it on purpose, make it again (mkdir -p '{}/new')",
            path.display()
        ),
        Trouble::NotInCron { .. } => {
            "name it with its whole path in deliver".to_owned()
        }
        // It has its own.
        Trouble::LastRun { .. } => return None,
        Trouble::ByHand => {
            "`popfetch schedule cron --install`, or systemd or launchd in place of cron, has it run every 10 minutes".to_owned()
        }
        Trouble::WrongClock { .. } => {
            "set the clock, for example with `timedatectl set-ntp true`".to_owned()
        }
        Trouble::OtherClock { .. } => {
            "if it is a network disk, set the clocks of both machines; ages of mail are counted by the one here".to_owned()
        }
    })
}

/// Why a maildrop may be empty although there is mail.
fn of_empty(provider: Option<&Provider>) -> String {
    let Some((provider, pop3)) = provider.and_then(|it| Some((it, it.pop3()?))) else {
        return "if its web mail shows mail: is POP switched on there, and for mail that is there already, too? Is the mail in the inbox, which is all that POP shows? Does another program fetch and delete it?"
            .to_owned();
    };
    let mut clauses = Vec::new();
    if let Some(place) = pop3.switch {
        clauses.push(format!(
            "is POP switched on under {place}, and for mail that is there already, too?"
        ));
    }
    if pop3.quirks.switches_off {
        clauses.push(format!(
            "{} switches it off again after long disuse",
            provider.name
        ));
    }
    if pop3.quirks.pages_listing {
        clauses.push(
            "what another program fetched is hidden: log in as recent:USER to see the last 30 days"
                .to_owned(),
        );
    }
    if clauses.is_empty() {
        return of_empty(None);
    }
    clauses.join("; ")
}
