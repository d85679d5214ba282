//! Lines as they can be shown.
//!
//! It refuses to know why they are. Invariants: an argument that may hold a secret is not shown, nor is a word that may be
//! one itself; nothing is longer than a line.

use super::commands;
use super::lines::Line;

/// The most of an argument that is shown.
const MOST_SHOWN: usize = 60;

pub(super) fn shown(line: &Line<'_>) -> String {
    let known = commands::is_carried(line.command);
    let Line {
        command, argument, ..
    } = line;
    match *command {
        "eval" => {
            let program = argument.split([' ', '\t']).next().unwrap_or_default();
            let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
            let program = Some(program).filter(|program| program.chars().all(plain));
            let shown = format!("eval {}", program.unwrap_or_default());
            shown.trim_end().to_owned()
        }
        "password" | "passwordeval" | "filter" | "proxy_host" => (*command).to_owned(),
        "delivery" if !argument.starts_with("exchange") => {
            let method = argument.split([' ', '\t']).next();
            let method = method.filter(|word| ["mda", "maildir", "mbox"].contains(word));
            format!("delivery {}", method.unwrap_or_default())
                .trim_end()
                .to_owned()
        }
        _ if known || KNOWN.contains(command) => clipped(&format!("{command} {argument}")),
        // What follows may be a password whose command was misspelt, and a word alone may be one.
        _ if is_word(command) && (!argument.is_empty() || command.contains('_')) => {
            clipped(command)
        }
        _ => "a line that is no command".to_owned(),
    }
}

/// The commands beside those that are carried over whose arguments are no secrets.
const KNOWN: [&str; 13] = [
    "account",
    "defaults",
    "killsize",
    "ntlmdomain",
    "only_new",
    "received_header",
    "socket",
    "tls_certcheck",
    "tls_crl_file",
    "tls_force_sslv3",
    "tls_host_override",
    "tls_min_dh_prime_bits",
    "tls_priorities",
];

fn is_word(command: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    command.bytes().all(letter)
}

fn clipped(text: &str) -> String {
    let text = text.trim_end();
    match text.char_indices().nth(MOST_SHOWN) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        for (command, argument, shown) in [
            ("password", "hunter2", "password"),
            ("passwordeval", "echo hunter2", "passwordeval"),
            ("pasword", "hunter2", "pasword"),
            ("hunter2", "x", "a line that is no command"),
            ("hunter", "", "a line that is no command"),
            ("Host", "x", "Host"),
            ("filter", "/bin/x --token hunter2", "filter"),
            ("proxy_host", "u:hunter2@h", "proxy_host"),
            ("delivery", "mda x --password hunter2", "delivery mda"),
            ("delivery", "hunter2 x", "delivery"),
            ("eval", "gpg -d x hunter2", "eval gpg"),
            ("eval", "PW=hunter2 x", "eval"),
            ("eval", "", "eval"),
            ("killsize", "10k", "killsize 10k"),
            ("tls", "", "tls"),
        ] {
            assert_eq!(
                super::shown(&Line {
                    number: 1,
                    command,
                    argument
                }),
                shown
            );
        }
        let long = "ä".repeat(500);
        assert!(
            super::shown(&Line {
                number: 1,
                command: "host",
                argument: &long
            })
            .chars()
            .count()
                <= MOST_SHOWN + 1
        );
    }
}
