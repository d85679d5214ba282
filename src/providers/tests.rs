//! Checks of the table as a whole, and of what is said of some of its rows.

use std::collections::HashSet;

use super::*;

fn services() -> impl Iterator<Item = (&'static str, &'static Pop3)> {
    all().iter().filter_map(|row| Some((row.key, row.pop3()?)))
}

fn is_host(name: &str) -> bool {
    let label = |label: &str| {
        let letters = label
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        letters && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    name.contains('.') && name.split('.').all(label)
}

/// Every text of a row that is shown.
fn texts(row: &'static Provider) -> Vec<&'static str> {
    let mut texts = vec![row.key, row.name];
    texts.extend(row.domains);
    match &row.access {
        Access::None(instead) => texts.push(instead),
        Access::Pop3(pop3) => {
            texts.push(pop3.host);
            texts.extend(pop3.further_hosts);
            texts.extend(pop3.switch);
            texts.extend(pop3.app_password);
            texts.extend(pop3.notes);
            if let Some(oauth) = pop3.oauth {
                texts.extend([oauth.scope, oauth.redirect_host]);
                texts.extend(urls(oauth));
                texts.extend(
                    oauth
                        .parameters
                        .iter()
                        .flat_map(|(name, value)| [*name, *value]),
                );
                texts.extend(oauth.note);
            }
        }
    }
    texts
}

fn urls(oauth: &'static OAuth) -> impl Iterator<Item = &'static str> {
    [oauth.authorisation_url, oauth.token_url]
        .into_iter()
        .chain(oauth.device_url)
}

fn hint(key: &str, user: &str) -> String {
    by_key(key).unwrap().login_hint(user)
}

#[test]
fn there_are_some_fifty_rows() {
    assert!((40..=60).contains(&all().len()), "{}", all().len());
}

#[test]
fn keys_are_unique_and_kebab_case() {
    let mut seen = HashSet::new();
    for row in all() {
        assert!(seen.insert(row.key), "{} is there twice", row.key);
        assert!(
            !row.key.contains('.') && is_host(&format!("{}.x", row.key)),
            "{}",
            row.key
        );
        assert!(!row.name.is_empty(), "{}", row.key);
    }
}

#[test]
fn domains_are_unique_and_look_like_domains() {
    let mut seen = HashSet::new();
    for row in all() {
        for domain in row.domains {
            assert!(seen.insert(domain), "{domain} is there twice");
            assert!(is_host(domain), "{}: {domain}", row.key);
        }
    }
}

#[test]
fn hosts_look_like_hosts_and_stand_once_in_a_row() {
    for (key, pop3) in services() {
        let mut seen = HashSet::new();
        for host in pop3.further_hosts.iter().chain([&pop3.host]) {
            assert!(seen.insert(host), "{key}: {host} is there twice");
            assert!(is_host(host), "{key}: {host}");
        }
    }
}

#[test]
fn only_google_and_microsoft_have_two_rows_for_a_server() {
    let mut owners: Vec<(&str, &str)> = Vec::new();
    let mut shared = HashSet::new();
    for (key, pop3) in services() {
        for host in pop3.further_hosts.iter().chain([&pop3.host]) {
            match owners.iter().find(|(known, _)| known == host) {
                Some((_, first)) => _ = shared.insert((*first, key)),
                None => owners.push((host, key)),
            }
        }
    }
    let expected = [("gmail", "google-workspace"), ("outlook", "microsoft-365")];
    assert_eq!(shared, HashSet::from(expected));
}

#[test]
fn every_service_has_ways_to_log_in_that_fit_the_rest_of_its_row() {
    for (key, pop3) in services() {
        let logins: Vec<_> = pop3
            .logins
            .iter()
            .map(|login| format!("{login:?}"))
            .collect();
        let unique: HashSet<_> = logins.iter().collect();
        assert!(
            !logins.is_empty() && unique.len() == logins.len(),
            "{key}: {logins:?}"
        );
        assert!(pop3.oauth.is_none() || pop3.takes(Login::OAuth2), "{key}");
        assert!(
            pop3.app_password.is_none() || pop3.takes(Login::AppPassword),
            "{key}"
        );
        assert!(!pop3.quirks.switches_off || pop3.switch.is_some(), "{key}");
    }
}

#[test]
fn urls_are_https_and_only_those_of_microsoft_have_a_tenant_to_fill_in() {
    for (key, pop3) in services() {
        let microsoft = pop3.host == "outlook.office365.com";
        for url in pop3.oauth.into_iter().flat_map(urls) {
            assert!(url.starts_with("https://"), "{key}: {url}");
            assert_eq!(url.contains("{tenant}"), microsoft, "{key}: {url}");
            assert_eq!(
                url.matches(['{', '}', ' ']).count(),
                if microsoft { 2 } else { 0 },
                "{url}"
            );
        }
    }
    for text in all()
        .iter()
        .flat_map(texts)
        .filter(|text| text.contains("://"))
    {
        assert!(text.starts_with("https://"), "{text}");
    }
}

#[test]
fn redirects_name_this_machine() {
    for oauth in services().filter_map(|(_, pop3)| pop3.oauth) {
        assert!(
            ["127.0.0.1", "localhost"].contains(&oauth.redirect_host),
            "{oauth:?}"
        );
    }
}

#[test]
fn no_text_is_empty_or_has_control_characters_or_blanks_around_it() {
    for text in all().iter().flat_map(texts) {
        assert!(!text.is_empty() && text == text.trim(), "{text:?}");
        assert!(!text.contains(char::is_control), "{text:?}");
        assert!(!text.contains("  "), "{text:?}");
    }
}

#[test]
fn notes_are_sentences_and_what_stands_within_one_is_none() {
    for row in all() {
        let notes = row
            .pop3()
            .map_or(&[][..], |pop3| pop3.notes)
            .iter()
            .copied();
        let oauth = row.pop3().and_then(|pop3| pop3.oauth?.note);
        for note in notes.chain(oauth) {
            assert!(note.ends_with('.'), "{note}");
        }
        for user in ["me", "me@example.com"] {
            let hint = row.login_hint(user);
            assert!(hint.contains(' ') && !hint.ends_with('.'), "{hint}");
        }
    }
}

#[test]
fn a_row_is_found_by_its_key() {
    for row in all() {
        assert_eq!(by_key(row.key).unwrap().name, row.name);
    }
    assert!(by_key("Gmail").is_none());
    assert!(by_key("").is_none());
}

#[test]
fn a_domain_is_found_in_whatever_case_and_only_whole() {
    assert_eq!(by_domain("gmail.com").unwrap().key, "gmail");
    assert_eq!(by_domain("Hotmail.COM").unwrap().key, "outlook");
    assert_eq!(by_domain("verizon.net").unwrap().key, "aol");
    assert!(by_domain("notgmail.com").is_none());
    assert!(by_domain("mail.gmail.com").is_none());
    assert!(by_domain("").is_none());
}

#[test]
fn a_server_is_found_in_whatever_case_and_by_its_other_names() {
    assert_eq!(by_host("POP.GMX.net").unwrap().key, "gmx");
    assert_eq!(by_host("pop.gmx.net.").unwrap().key, "gmx");
    assert_eq!(by_host("pop-mail.outlook.com").unwrap().key, "outlook");
    assert_eq!(by_host("poppro.zoho.eu").unwrap().key, "zoho-domain");
    assert!(by_host("gmx.net").is_none());
    assert!(by_host("evil-pop.gmx.net").is_none());
    assert!(by_host("").is_none());
}

#[test]
fn of_two_on_one_server_the_domain_of_the_user_decides() {
    let key = |host, user| recognise(host, user).map(|row| row.key);
    assert_eq!(key("pop.gmail.com", "recent:me@gmail.com"), Some("gmail"));
    assert_eq!(
        key("pop.gmail.com", "me@example.com"),
        Some("google-workspace")
    );
    assert_eq!(key("pop.gmail.com", "me"), Some("gmail"));
    assert_eq!(
        key("outlook.office365.com", "me@Hotmail.com"),
        Some("outlook")
    );
    assert_eq!(
        key("outlook.office365.com", "me@example.com"),
        Some("microsoft-365")
    );
    assert_eq!(key("pop.gmx.net", "me@example.com"), Some("gmx"));
    assert_eq!(key("pop.example.com", "me@gmail.com"), None);
}

#[test]
fn a_user_is_the_address_or_what_comes_before_its_last_at_sign() {
    assert_eq!(UserForm::Address.of("me@web.de"), "me@web.de");
    assert_eq!(UserForm::LocalPart.of("me@web.de"), "me");
    assert_eq!(UserForm::LocalPart.of("\"a@b\"@web.de"), "\"a@b\"");
    assert_eq!(UserForm::LocalPart.of("me"), "me");
}

#[test]
fn a_refused_login_at_gmail_is_told_of_app_passwords_and_oauth2_and_the_switch() {
    assert_eq!(
        hint("gmail", "me@gmail.com"),
        "Gmail needs an app password or OAuth2, and POP switched on under Settings → See all settings → Forwarding and POP/IMAP; app passwords are made at https://myaccount.google.com/apppasswords"
    );
}

#[test]
fn a_refused_login_at_outlook_is_told_of_oauth2_and_the_switch() {
    assert_eq!(
        hint("outlook", "me@outlook.com"),
        "Outlook.com needs OAuth2, and POP switched on under Settings → Mail → Forwarding and IMAP"
    );
}

#[test]
fn a_refused_login_at_gmx_is_told_that_pop_is_switched_off_again() {
    assert_eq!(
        hint("gmx", "me@gmx.de"),
        "GMX needs the account's password (an app password where two-factor login is on), and POP switched on under E-Mail → Einstellungen → POP3/IMAP Abruf (it is switched off again after long disuse); app passwords are made at Mein Account → Sicherheit → Anwendungsspezifische Passwörter"
    );
}

#[test]
fn a_refused_login_is_told_when_the_user_has_the_wrong_form() {
    assert_eq!(
        hint("web-de", "me@web.de"),
        "WEB.DE needs the account's password (an app password where two-factor login is on), and POP switched on under E-Mail → Einstellungen → POP3/IMAP Abruf; user is what comes before the @; logins less than 15 minutes apart may be refused"
    );
    assert_eq!(
        hint("strato", "me"),
        "Strato needs the account's password; user is the whole address"
    );
    assert_eq!(
        hint("strato", "me@example.com"),
        "Strato needs the account's password"
    );
}

#[test]
fn a_provider_without_pop_says_what_it_has() {
    let icloud = by_domain("icloud.com").unwrap();
    assert!(icloud.pop3().is_none());
    assert_eq!(icloud.login_hint("me"), "iCloud Mail offers IMAP only");
}

#[test]
fn what_is_special_at_gmail_and_yandex_is_data() {
    let quirks = |key| by_key(key).unwrap().pop3().unwrap().quirks;
    assert!(quirks("gmail").pages_listing && quirks("gmail").ignores_login_delay);
    assert!(quirks("google-workspace").pages_listing);
    assert!(quirks("yandex").keeps_deleted);
    assert_eq!(quirks("strato"), Quirks::default());
}
