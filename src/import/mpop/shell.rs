//! mpop's commands, all of which a shell runs, as programs and arguments.
//!
//! It refuses to run them. Invariants: a shell stays where one is needed; no part of a mail is put into a shell's text,
//! only the name of the variable that holds it.

/// What a shell does more with than to tell words apart.
const MEANING: &[char] = &[
    '$', '`', '|', '&', ';', '<', '>', '(', ')', '*', '?', '[', ']', '#', '~', '=', '%', '{', '}',
    '!', '\n',
];

/// Words that are a shell's own.
const OWN: [&str; 21] = [
    ".", ":", "[", "alias", "case", "cd", "command", "eval", "exec", "exit", "export", "for", "if",
    "read", "set", "trap", "ulimit", "umask", "unset", "until", "while",
];

/// Stands for the envelope's sender.
const SENDER: &str = "%F";

/// As the manual recommends to write it.
const QUOTED: &str = "'%F'";

/// The same for a program that popfetch runs; mpop has a word for mail that names none.
const VARIABLE: &str = "${POPFETCH_SENDER:-MAILER-DAEMON}";

/// The program and its arguments; the shell, where one is needed. Without a command, nothing.
pub(super) fn argv(command: &str) -> Vec<String> {
    if !command.contains(MEANING)
        && let Ok(words) = shell_words::split(command)
        && words.first().is_none_or(|word| !OWN.contains(&&**word))
    {
        return words;
    }
    ["sh", "-c", command].map(str::to_owned).into()
}

/// The same of a delivery's command, which may ask for the sender.
pub(super) fn delivery(command: &str) -> Vec<String> {
    if command.contains(SENDER) {
        ["sh", "-c", &with_variable(command)]
            .map(str::to_owned)
            .into()
    } else {
        argv(command)
    }
}

/// Writes the variable for the sender, so that a shell expands it and does not look into it, within quotes or without.
fn with_variable(command: &str) -> String {
    let mut quote = None;
    let mut written = String::with_capacity(command.len());
    let mut rest = command;
    while let Some(first) = rest.chars().next() {
        if let (None, Some(after)) = (quote, rest.strip_prefix(QUOTED)) {
            written.extend(["\"", VARIABLE, "\""]);
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix(SENDER) {
            let (before, behind) = match quote {
                None => ("\"", "\""),
                Some('"') => ("", ""),
                // A variable means nothing within single quotes, so they end before it and begin again.
                Some(_) => ("'\"", "\"'"),
            };
            written.extend([before, VARIABLE, behind]);
            rest = after;
            continue;
        }
        let escaped = first == '\\' && quote != Some('\'');
        let taken = rest.char_indices().nth(if escaped { 2 } else { 1 });
        let (part, after) = rest.split_at(taken.map_or(rest.len(), |(at, _)| at));
        match (first, quote) {
            ('\'' | '"', None) => quote = Some(first),
            (_, Some(open)) if open == first => quote = None,
            _ => {}
        }
        written.push_str(part);
        rest = after;
    }
    written
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_plain_command_needs_no_shell() {
        assert_eq!(
            argv("gpg2 --no-tty -q -d '/home/me/my pw.gpg'"),
            ["gpg2", "--no-tty", "-q", "-d", "/home/me/my pw.gpg"]
        );
        assert_eq!(argv(" "), [""; 0]);
    }

    #[test]
    fn a_shell_stays_where_one_is_needed() {
        for command in [
            "gpg -d ~/pw",
            "pass show a | head -1",
            "procmail -d $USER",
            "A=b c",
            "exec procmail",
            "if true; then cat; fi",
            "procmail 'open",
        ] {
            assert_eq!(argv(command), ["sh", "-c", command], "{command}");
        }
    }

    #[test]
    fn the_sender_is_a_variable_that_no_shell_looks_into() {
        let sender = "a b'\"$(exit 3)`exit 4`;*";
        for (command, printed) in [
            (r"printf '%%s|' %F", format!("{sender}|")),
            (r"printf '%%s|' '%F'", format!("{sender}|")),
            (r#"printf '%%s|' "%F""#, format!("{sender}|")),
            (
                r"printf '%%s|' '<%F>' --from=%F --from='%F'",
                format!("<{sender}>|--from={sender}|--from={sender}|"),
            ),
            (
                r#"printf '%%s|' "it's '%F'" \"%F\'"#,
                format!("it's '{sender}'|\"{sender}'|"),
            ),
        ] {
            let argv = delivery(&command.replace("%%", "%"));
            let output = Command::new(&argv[0])
                .args(&argv[1..])
                .env("POPFETCH_SENDER", sender)
                .output()
                .unwrap();
            assert_eq!(
                String::from_utf8(output.stdout).unwrap(),
                printed,
                "{argv:?}"
            );
        }
    }

    #[test]
    fn mail_without_a_sender_comes_from_the_mailer_daemon() {
        let argv = delivery("echo %F");
        let output = Command::new(&argv[0])
            .args(&argv[1..])
            .env("POPFETCH_SENDER", "")
            .output()
            .unwrap();
        assert_eq!(output.stdout, b"MAILER-DAEMON\n");
    }
}
