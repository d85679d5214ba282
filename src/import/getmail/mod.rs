//! getmail 5 and getmail6: a folder of getmailrc files, one for each account, with a file of uids beside each.
//!
//! ```text
//! $XDG_CONFIG_HOME/getmail  or  ~/.getmail
//! ├── getmailrc                       ini ─▶ page ─▶ retriever, destination, options ─▶ Account
//! └── oldmail-SERVER-PORT-USER        oldmail ─────────────────────────────────────────▶ Record
//! ```
//!
//! It refuses to evaluate what getmail hands to Python: literals are read, and nothing else. Invariant: each setting is
//! carried over, is known to change nothing here, or is left out by name.

mod destination;
mod folder;
mod ini;
mod literal;
mod oldmail;
mod options;
mod page;
mod retriever;
#[cfg(test)]
mod tests;

use std::path::Path;

pub(super) use folder::read;
pub(super) use oldmail::records;

use super::{Account, Found, Surroundings};
use destination::Destinations;
use ini::{Ini, Section};
use page::Page;

/// The port that getmail used, by which its file of uids is named, stays beside the account.
struct Understood {
    found: Found,
    port: u16,
}

pub(super) fn understand(file: &Path, text: &str, around: &Surroundings<'_>) -> Found {
    translate(file, text, around).found
}

fn translate(file: &Path, text: &str, around: &Surroundings<'_>) -> Understood {
    let ini = Ini::read(text);
    let mut page = Page {
        file,
        around,
        ini: &ini,
        left_out: Vec::new(),
        remarks: Vec::new(),
    };
    for fault in &ini.faults {
        page.leave(fault.line, fault.what.clone(), fault.why);
    }
    let (account, port) = match account(&mut page) {
        Some((account, port)) => (Some(account), port),
        None => (None, 0),
    };
    let mut left_out = page.left_out;
    left_out.sort_by_key(|left| left.line);
    left_out.dedup();
    Understood {
        found: Found {
            files: vec![file.to_owned()],
            accounts: account.into_iter().collect(),
            strays: Vec::new(),
            left_out,
        },
        port,
    }
}

fn account(page: &mut Page<'_>) -> Option<(Account, u16)> {
    let ini = page.ini;
    let Some(section) = ini.section("retriever") else {
        let why = "it has no section [retriever], so that it is none of getmail's";
        page.leave(1, "the file", why);
        return None;
    };
    let name = account_name(page.file, section);
    let retriever = retriever::translate(page, section, &name)?;
    let mut account = retriever.account;
    let mut destinations = Destinations::new(retriever.is_multidrop);
    match ini.section("destination") {
        Some(section) => destinations.section(page, section),
        None => page.remark("there is no section [destination]: say where mail is to go"),
    }
    account.deliver = destinations.found;
    options::translate(page, &mut account);
    for section in &ini.sections {
        let what = format!("[{}]", section.name);
        match section.name.as_str() {
            "retriever" | "destination" | "options" | "DEFAULT" => {}
            name if name.starts_with("filter-") => {
                let why = "popfetch filters nothing; let `deliver` pipe mail to a program that does. What the filter \
                     dropped or changed is delivered as it is";
                page.leave(section.line, what, why);
            }
            _ if destinations.used.contains(&section.line) => {}
            _ => page.leave(
                section.line,
                what,
                "no destination that is carried over names it",
            ),
        }
    }
    account.remarks = std::mem::take(&mut page.remarks);
    account.remarks.dedup();
    Some((account, retriever.port))
}

/// What tells the file from those beside it, or the user.
fn account_name(file: &Path, retriever: &Section) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let own = name.strip_prefix("getmailrc").unwrap_or(&name);
    let own = ["getmailrc", "rc", "conf"]
        .iter()
        .find_map(|end| own.strip_suffix(end)?.strip_suffix(['.', '-', '_']))
        .unwrap_or(own);
    let own = own.trim_matches(['.', '-', '_', ' ']);
    if !own.is_empty() && own != "rc" {
        return own.to_owned();
    }
    let user = retriever.get("username").map(|user| user.value.to_string());
    user.filter(|user| !user.is_empty())
        .unwrap_or_else(|| "getmail".to_owned())
}
