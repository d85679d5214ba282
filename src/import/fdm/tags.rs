//! Replaces the tags in texts, `%[home]` or `%h`, where they are known before mail comes.
//!
//! It refuses to guess: a text whose tags are a message's, or the time's, has no value here.

use std::path::{Path, PathBuf};

/// No tag has a longer name.
const LONGEST_NAME: usize = 64;

/// What tags stand for.
#[derive(Clone, Copy)]
pub(super) struct Tags<'t> {
    /// The home folder of the user that mail is delivered as, if it is known.
    pub(super) home: Option<&'t Path>,
    /// That user, if it is one.
    pub(super) user: Option<&'t str>,
    /// The account's name.
    pub(super) account: Option<&'t str>,
    /// The account's server.
    pub(super) server: Option<&'t str>,
    /// The action that is run, where it has a name.
    pub(super) action: Option<&'t str>,
}

impl Tags<'_> {
    fn known(&self, name: &str) -> Option<&str> {
        match name {
            "home" => self.home.and_then(Path::to_str),
            "user" => self.user,
            "account" => self.account,
            "server" => self.server,
            "action" => self.action,
            _ => None,
        }
    }

    /// The text with its tags replaced, or the tag that is not known.
    pub(super) fn replace(&self, text: &str) -> Result<String, String> {
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            replaced.push_str(before);
            if let Some((name, after)) = named(after) {
                let known = self.known(name).ok_or_else(|| format!("%[{name}]"))?;
                replaced.push_str(known);
                rest = after;
                continue;
            }
            let Some(letter) = after.chars().next() else {
                replaced.push('%');
                return Ok(replaced);
            };
            rest = &after[letter.len_utf8()..];
            match letter {
                '%' => replaced.push('%'),
                '[' => replaced.push_str("%["),
                _ => {
                    if let Some(name) = name_of(letter) {
                        let known = self.known(name).ok_or_else(|| format!("%{letter}"))?;
                        replaced.push_str(known);
                    }
                }
            }
        }
        replaced.push_str(rest);
        Ok(replaced)
    }

    /// The text as a path or a command: a `~` that it begins with is the home folder, too.
    pub(super) fn expand(&self, text: &str) -> Result<String, String> {
        let replaced = self.replace(text)?;
        let Some(rest) = replaced.strip_prefix('~') else {
            return Ok(replaced);
        };
        let user = rest.split(['/', ' ']).next().unwrap_or_default();
        match self.home.and_then(Path::to_str) {
            Some(home) if user.is_empty() => Ok(format!("{home}{rest}")),
            _ => Err(format!("~{user}")),
        }
    }

    /// The text as a path, from the home folder if it is not absolute.
    pub(super) fn path(&self, text: &str) -> Result<PathBuf, String> {
        let expanded = PathBuf::from(self.expand(text)?);
        match self.home {
            _ if expanded.is_absolute() => Ok(expanded),
            // fdm takes the folder that it is started in, which under cron is this one.
            Some(home) => Ok(home.join(expanded)),
            None => Err("~".to_owned()),
        }
    }
}

/// The name of `[name]` at the start, and what follows it.
fn named(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('[')?;
    let end = text.bytes().take(LONGEST_NAME).position(|b| b == b']')?;
    Some((&text[..end], &text[end + 1..]))
}

/// The tag that a letter is short for; fdm puts nothing for any other.
fn name_of(letter: char) -> Option<&'static str> {
    Some(match letter {
        'a' => "account",
        'h' => "home",
        't' => "action",
        'u' => "user",
        'n' => "uid",
        'H' => "hour",
        'M' => "minute",
        'S' => "second",
        'd' => "day",
        'm' => "month",
        'y' => "year",
        'W' => "dayofweek",
        'Y' => "dayofyear",
        'Q' => "quarter",
        '0'..='9' => "bracket",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags() -> Tags<'static> {
        Tags {
            home: Some(Path::new("/home/me")),
            user: Some("me"),
            account: Some("work"),
            server: Some("pop.example.com"),
            action: None,
        }
    }

    #[test]
    fn what_is_known_before_mail_comes_is_replaced() {
        let replaced = tags().replace("%h/%[account]-%u%%%z-%[server]%");
        assert_eq!(replaced.unwrap(), "/home/me/work-me%-pop.example.com%");
        assert_eq!(tags().replace("a%[b").unwrap(), "a%[b");
    }

    #[test]
    fn what_is_not_known_is_named() {
        for tag in ["%y", "%1", "%[year2]", "%[mine]", "%t", "%n"] {
            let replaced = tags().replace(&format!("%h/{tag}/%h"));
            assert_eq!(replaced, Err(tag.to_owned()));
        }
    }

    #[test]
    fn a_path_may_begin_with_a_tilde_or_nowhere() {
        let path = |text| tags().path(text);
        assert_eq!(path("~/a").unwrap(), Path::new("/home/me/a"));
        assert_eq!(path("~").unwrap(), Path::new("/home/me"));
        assert_eq!(path("a/~").unwrap(), Path::new("/home/me/a/~"));
        assert_eq!(path("/a").unwrap(), Path::new("/a"));
        assert_eq!(path("~bob/a"), Err("~bob".to_owned()));
        let homeless = Tags {
            home: None,
            ..tags()
        };
        assert_eq!(homeless.path("~/a"), Err("~".to_owned()));
        assert_eq!(homeless.path("%h/a"), Err("%h".to_owned()));
        assert!(homeless.path("a").is_err());
    }
}
