//! Finds passwords in `~/.netrc`, where fetchmail looks for those that its own file does not have.
//!
//! It refuses to know accounts. Invariants: a password is given only for the machine and the login that stand before it;
//! `default` gives none, for it is meant for any machine.

use zeroize::Zeroizing;

use crate::secret::Secret;

/// A password and whose it is.
pub(super) struct Login {
    machine: String,
    user: String,
    password: Secret,
}

/// All that the text says in full.
pub(super) fn logins(text: &str) -> Vec<Login> {
    let mut logins = Vec::new();
    let (mut machine, mut login): (Option<String>, Option<String>) = (None, None);
    let mut password: Option<Secret> = None;
    let mut words = Words(text);
    loop {
        let word = words.next();
        let begins = matches!(
            word.as_ref().map(|word| word.as_str()),
            None | Some("machine" | "default" | "macdef")
        );
        if begins
            && let (Some(machine), Some(login), Some(password)) =
                (machine.take(), login.take(), password.take())
        {
            logins.push(Login {
                machine,
                user: login,
                password,
            });
        }
        let Some(word) = word else { return logins };
        let mut value = || words.next().map(|word| word.to_string());
        match word.as_str() {
            "machine" => (machine, login, password) = (value(), None, None),
            "default" => machine = None,
            "login" => login = value(),
            "password" | "passwd" => password = words.next().map(|word| Secret::new(word.as_str())),
            "account" => drop(words.next()),
            "macdef" => words.skip_macro(),
            _ => {}
        }
    }
}

/// The password for this login at the first of these machines that has it.
pub(super) fn find<'l>(logins: &'l [Login], machines: &[&str], user: &str) -> Option<&'l Secret> {
    machines.iter().find_map(|machine| {
        let fits =
            |login: &&Login| login.machine.eq_ignore_ascii_case(machine) && login.user == user;
        logins.iter().find(fits).map(|login| &login.password)
    })
}

/// Words between blanks, or between double quotes, where a backslash takes the next letter as it is.
struct Words<'t>(&'t str);

impl Words<'_> {
    /// A macro ends with an empty line.
    fn skip_macro(&mut self) {
        self.0 = self.0.split_once("\n\n").map_or("", |(_, after)| after);
    }
}

impl Iterator for Words<'_> {
    type Item = Zeroizing<String>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0 = self.0.trim_start();
        while self.0.starts_with('#') {
            let comment = self.0.find('\n').unwrap_or(self.0.len());
            self.0 = self.0[comment..].trim_start();
        }
        if self.0.is_empty() {
            return None;
        }
        let quoted = self.0.starts_with('"');
        let text = &self.0[usize::from(quoted)..];
        let mut word = Zeroizing::new(String::with_capacity(32));
        let mut letters = text.char_indices();
        while let Some((at, letter)) = letters.next() {
            let ends = if quoted {
                letter == '"'
            } else {
                letter.is_ascii_whitespace()
            };
            if ends {
                self.0 = &text[at + 1..];
                return Some(word);
            }
            match letter {
                '\\' => word.extend(letters.next().map(|(_, letter)| letter)),
                letter => word.push(letter),
            }
        }
        self.0 = "";
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# mine\nmachine pop.example\n  login me\n  password \"a b\\\"c\"\nmachine pop.example login you account x password two\n\
        macdef init\nmachine pop.example login m password macro\n\nmachine half login me\nmachine late password p login me\n\
        default login any password any\n";

    #[test]
    fn a_password_is_found_by_machine_and_login() {
        let logins = logins(TEXT);
        let find = |machines: &[&str], user| find(&logins, machines, user).map(Secret::expose);
        assert_eq!(find(&["POP.example"], "me"), Some("a b\"c"));
        assert_eq!(find(&["label", "pop.example"], "you"), Some("two"));
        assert_eq!(find(&["late"], "me"), Some("p"));
        assert_eq!(find(&["pop.example"], "Me"), None);
        assert_eq!(find(&["pop.example"], "m"), None);
        assert_eq!(find(&["half"], "me"), None);
        assert_eq!(find(&["other"], "any"), None);
    }
}
