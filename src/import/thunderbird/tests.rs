//! What profiles mean.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::{read, understand};
use crate::import::{Account, Error, Found, Leave, Proof, Surroundings, Tls};
use crate::mail::Octets;

const DAY: u64 = 24 * 60 * 60;

fn at(home: &Path) -> Surroundings<'_> {
    Surroundings {
        home,
        login: "jo",
        variable: &|_| None,
    }
}

fn found(text: &str) -> Found {
    understand(Path::new("/p/prefs.js"), text, &at(Path::new("/home/jo")))
}

/// A line for each `KEY VALUE` of a server.
fn server(key: &str, settings: &[&str]) -> String {
    let line = |setting: &&str| {
        let (name, value) = setting.split_once(' ').unwrap();
        format!("user_pref(\"mail.server.{key}.{name}\", {value});\n")
    };
    settings.iter().map(line).collect()
}

const SERVER: [&str; 3] = [
    "type \"pop3\"",
    "hostname \"pop.example.net\"",
    "userName \"jo\"",
];

fn account(settings: &[&str]) -> Account {
    let text = server("server1", &SERVER) + &server("server1", settings);
    let mut found = found(&text);
    assert_eq!(found.accounts.len(), 1, "{found:?}");
    found.accounts.remove(0)
}

fn left_out(settings: &[&str]) -> Vec<(usize, String)> {
    let text = server("server1", &SERVER) + &server("server1", settings);
    let left = found(&text).left_out.into_iter();
    left.map(|left| (left.line, left.what)).collect()
}

fn says(account: &Account, word: &str) -> bool {
    account.remarks.iter().any(|remark| remark.contains(word))
}

#[test]
fn an_account_is_a_server_and_a_user() {
    let account = account(&["name \"Jo's \\\"mail\\\"\"", "port 8995", "socketType 3"]);
    assert_eq!((account.name.as_str(), account.line), ("Jo's \"mail\"", 1));
    assert_eq!(
        (account.host.as_str(), account.port),
        ("pop.example.net", Some(8995))
    );
    assert_eq!((account.user.as_str(), account.tls), ("jo", Tls::Implicit));
    assert_eq!((account.auth, &account.proof), (None, &Proof::Unstated));
    assert_eq!(account.deliver, []);
    assert!(says(&account, "popfetch login") && says(&account, "Maildir"));
    let bare = self::account(&[
        "realhostname \"new.example.net\"",
        "realuserName \"j\"",
        "port -1",
    ]);
    assert_eq!(bare.name, "j@new.example.net");
    assert_eq!(
        (bare.host.as_str(), bare.user.as_str(), bare.port),
        ("new.example.net", "j", None)
    );
}

#[test]
fn an_account_without_a_name_has_that_of_its_address() {
    let address = account(&["userName \"jo@example.org\""]);
    assert_eq!(address.name, "jo@example.org");
}

#[test]
fn a_connection_is_never_less_protected_than_it_was() {
    for (settings, tls, remark) in [
        (&["socketType 3"][..], Tls::Implicit, ""),
        (&["socketType 2"], Tls::StartTls, ""),
        (&["socketType 1"], Tls::StartTls, "insists"),
        (&["socketType 0"], Tls::StartTls, "allow-cleartext"),
        (&[], Tls::StartTls, "allow-cleartext"),
        (&["isSecure true"], Tls::Implicit, ""),
        (&["hostname \"localhost\""], Tls::None, ""),
        (
            &["hostname \"127.0.0.1\"", "socketType 2"],
            Tls::StartTls,
            "",
        ),
    ] {
        let account = account(settings);
        assert_eq!(account.tls, tls, "{settings:?}");
        assert!(says(&account, remark), "{settings:?}");
        assert_eq!(says(&account, "TLS"), !remark.is_empty(), "{settings:?}");
    }
}

#[test]
fn how_it_logs_in_is_carried_over_or_named() {
    for (settings, auth, count) in [
        (&["authMethod 3"][..], None, 0),
        (&["authMethod 9"], None, 0),
        (&["authMethod 2"], Some("user-pass"), 0),
        (&["authMethod 4"], Some("cram-md5"), 0),
        (&["useSecAuth true"], Some("cram-md5"), 0),
        (&["authMethod 3", "useSecAuth true"], None, 0),
        (&["authMethod 10"], None, 0),
        (&["authMethod 1"], None, 1),
        (&["authMethod 5"], None, 1),
        (&["authMethod 6"], None, 1),
        (&["authMethod 7"], None, 1),
    ] {
        assert_eq!(account(settings).auth, auth, "{settings:?}");
        assert_eq!(left_out(settings).len(), count, "{settings:?}");
    }
    let token = account(&["authMethod 10"]);
    assert!(says(&token, "`oauth`") && !says(&token, "encrypted"));
}

#[test]
fn retention_is_what_thunderbird_did() {
    let left = |settings: &[&str]| {
        let account = account(settings);
        (account.leave, account.leave_is_default)
    };
    let days = |days| Duration::from_secs(days * DAY);
    let (aged, gone) = (
        "delete_by_age_from_server true",
        "delete_mail_left_on_server true",
    );
    let (on, number) = ("leave_on_server true", "num_days_to_leave_on_server 14");
    assert_eq!(left(&[]), (Leave::Nothing, true));
    assert_eq!(
        left(&["leave_on_server false", aged]),
        (Leave::Nothing, false)
    );
    assert_eq!(left(&[on]), (Leave::All, false));
    assert_eq!(left(&[on, number]), (Leave::All, false));
    assert_eq!(left(&[on, aged]), (Leave::For(days(7)), false));
    assert_eq!(left(&[on, gone]), (Leave::UntilDeleted, false));
    assert_eq!(
        left(&[on, aged, gone, number]),
        (Leave::UntilDeletedFor(days(14)), false)
    );
    assert_eq!(
        left(&[on, aged, "num_days_to_leave_on_server 0"]),
        (Leave::All, false)
    );
    let general = server("server1", &SERVER) + &server("default", &[on]);
    assert_eq!(found(&general).accounts[0].leave, Leave::All);
}

#[test]
fn limits_are_carried_over_or_named() {
    let limited = account(&["limit_offline_message_size true", "max_size 300"]);
    assert_eq!(limited.max_size, Some(Octets(300 * 1024)));
    assert_eq!(
        account(&["limit_offline_message_size true"]).max_size,
        Some(Octets(50 * 1024))
    );
    assert_eq!(account(&["max_size 300"]).max_size, None);
    let left = left_out(&["headers_only true", "check_new_mail true", "check_time 5"]);
    let what = |key: &str| format!("mail.server.server1.{key}");
    assert_eq!(
        left,
        [(4, what("headers_only")), (5, what("check_new_mail"))]
    );
    assert_eq!(
        left_out(&["headers_only false", "check_new_mail false"]),
        []
    );
    let text = server("server1", &SERVER) + "user_pref(\"mailnews.tcptimeout\", 30);\n";
    assert_eq!(
        found(&text).accounts[0].timeout,
        Some(Duration::from_secs(30))
    );
}

#[test]
fn a_socks_proxy_is_carried_over() {
    let proxied = |lines: &[&str]| {
        let line = |line: &&str| {
            let (name, value) = line.split_once(' ').unwrap();
            format!("user_pref(\"network.proxy.{name}\", {value});\n")
        };
        let lines: String = lines.iter().map(line).collect();
        let found = found(&(server("server1", &SERVER) + &lines));
        (found.accounts[0].proxy.clone(), found.left_out.len())
    };
    let (on, host) = ("type 1", "socks \"proxy\"");
    let at = |proxy: &str| Some(format!("socks5://{proxy}"));
    assert_eq!(
        proxied(&[on, host, "socks_port 9050"]),
        (at("proxy:9050"), 0)
    );
    assert_eq!(
        proxied(&[on, "socks \"::1\"", "socks_port 9"]),
        (at("[::1]:9"), 0)
    );
    assert_eq!(proxied(&[on, host, "socks_port 0"]), (at("proxy"), 0));
    assert_eq!(proxied(&[on, host, "socks_version 4"]), (None, 1));
    assert_eq!(proxied(&["type 5", host]), (None, 0));
    assert_eq!(proxied(&["type 2", host]), (None, 1));
    assert_eq!(proxied(&[on, "socks \"\""]), (None, 0));
}

#[test]
fn accounts_come_in_thunderbirds_order_and_others_are_named() {
    let pop = |key: &str| server(key, &SERVER) + &server(key, &[&format!("name \"{key}\"")]);
    let text = [
        pop("server1"),
        server("server2", &["type \"imap\"", "hostname \"i\"", "userName \"u\"", "name \"I\""]),
        server("server3", &["type \"none\""]),
        pop("server4"),
        pop("server5"),
        server("server6", &["type \"pop3\""]),
        "user_pref(\"mail.accountmanager.accounts\", \"account9, account1,account2,account3,account6,gone\");\n\
         user_pref(\"mail.account.account9.server\", \"server4\");\n"
            .to_owned(),
        [1, 2, 3, 6].map(|n| format!("user_pref(\"mail.account.account{n}.server\", \"server{n}\");\n")).concat(),
        "user_pref(\"mail.server.server1.port\", 1 + 1);\n".to_owned(),
    ]
    .concat();
    let found = found(&text);
    let names: Vec<_> = found
        .accounts
        .iter()
        .map(|account| &*account.name)
        .collect();
    assert_eq!(names, ["server4", "server1"]);
    let left: Vec<_> = found
        .left_out
        .iter()
        .map(|left| (left.line, &*left.what))
        .collect();
    assert_eq!(
        left,
        [
            (5, "mail.server.server2"),
            (14, "mail.server.server5"),
            (18, "mail.server.server6"),
            (25, "a setting")
        ]
    );
    assert_eq!(
        found.left_out[0].why,
        "account I: popfetch fetches by POP3 only"
    );
}

/// A profile with an account whose uids are in `Mail/pop`.
fn profile(folder: &Path, directory: &str) {
    fs::create_dir_all(folder.join("Mail/pop")).unwrap();
    let text = server("server1", &SERVER) + &server("server1", &[directory]);
    fs::write(folder.join("prefs.js"), text).unwrap();
    let uids = "# POP3 State File\n\n*old.example.net jo\nk a 5\nd b 6\n";
    fs::write(folder.join("Mail/pop/popstate.dat"), uids).unwrap();
}

#[test]
fn the_uids_are_in_the_accounts_own_folder() {
    let home = tempfile::tempdir().unwrap();
    let absolute = format!("directory \"{}/Mail/pop\"", home.path().display());
    for directory in [
        "directory-rel \"[ProfD]Mail/pop\"",
        "directory-rel \"[Home]Mail/pop\"",
        &absolute,
    ] {
        profile(home.path(), directory);
        for path in [home.path().to_owned(), home.path().join("prefs.js")] {
            let found = read(Some(&path), &at(home.path())).unwrap();
            let account = &found.accounts[0];
            assert_eq!(
                (account.records.len(), account.records[0].taken.len()),
                (1, 2),
                "{directory}"
            );
            assert_eq!(account.records[0].host, "pop.example.net");
            assert_eq!((found.files.len(), found.strays.len()), (2, 0));
        }
    }
    let uids = home.path().join("Mail/pop/popstate.dat");
    let alone = read(Some(&uids), &at(home.path())).unwrap();
    assert_eq!(
        (alone.accounts.len(), &*alone.strays[0].host),
        (0, "old.example.net")
    );
    let renamed = home.path().join("uids");
    fs::rename(uids, &renamed).unwrap();
    assert_eq!(
        read(Some(&renamed), &at(home.path())).unwrap().strays.len(),
        1
    );
}

#[test]
fn the_profile_that_thunderbird_starts_with_is_read_and_others_are_named() {
    let home = tempfile::tempdir().unwrap();
    let base = home.path().join("snap/thunderbird/common/.thunderbird");
    for name in ["a.default", "b.default-release", "P/c"] {
        profile(&base.join(name), "directory-rel \"[ProfD]Mail/pop\"");
    }
    let first = |ini: &str| -> PathBuf {
        fs::write(base.join("profiles.ini"), ini).unwrap();
        let found = read(None, &at(home.path())).unwrap();
        assert_eq!(found.accounts.len(), 1);
        assert_eq!(found.left_out.len(), 2, "{found:?}");
        let profile = found.files[0].parent().unwrap();
        profile.strip_prefix(&base).unwrap().to_owned()
    };
    let profiles = "[Profile1]\nName=x\nIsRelative=1\nPath=a.default\nDefault=1\n\n[Profile0]\r\n\
        Path=b.default-release\r\n[Profile2]\nPath=P/c\n[Profile3]\nPath=gone\n[General]\nVersion=2\n";
    assert_eq!(first(profiles), Path::new("a.default"));
    let installed = format!("[InstallFDC34C9F024745EB]\nDefault=P/c\nLocked=1\n\n{profiles}");
    assert_eq!(first(&installed), Path::new("P/c"));
    fs::remove_file(base.join("profiles.ini")).unwrap();
    let found = read(Some(&base), &at(home.path())).unwrap();
    assert_eq!((found.accounts.len(), found.left_out.len()), (1, 1));
}

#[test]
fn where_nothing_is_the_places_are_named() {
    let home = tempfile::tempdir().unwrap();
    let nothing = read(None, &at(home.path())).unwrap_err().to_string();
    assert!(nothing.contains("/.thunderbird nor "), "{nothing}");
    let empty = read(Some(home.path()), &at(home.path()));
    assert!(matches!(empty, Err(Error::NotItsOwn { .. })), "{empty:?}");
    let other = home.path().join("other");
    fs::write(&other, "no pref\n").unwrap();
    let other = read(Some(&other), &at(home.path()));
    assert!(matches!(other, Err(Error::NotItsOwn { .. })), "{other:?}");
}

proptest! {
    #[test]
    fn any_text_is_survived(text in any::<String>(), octets in any::<Vec<u8>>()) {
        let _ = found(&text);
        let _ = found(&format!("user_pref(\"{text}"));
        let _ = super::records(Path::new("/popstate.dat"), &octets);
    }

    #[test]
    fn any_order_of_a_profiles_words_is_survived(words in prop::collection::vec(prop::sample::select(vec![
        "user_pref(", "\"mail.server.server1.", "\"mail.server.default.", "type\"", "hostname\"", "\"pop3\"", "\"", ",",
        ");\n", "\\", "\\x4", "\\ud8", "1", "-", "true", "name\"", "userName\"", "\"mail.accountmanager.accounts\"", "*",
        "k ", "d ", "\n", " ", "9999999999999999999", "max_size\"",
    ]), 0..80)) {
        let text = words.concat();
        let _ = found(&(server("server1", &SERVER) + &text));
        let _ = super::records(Path::new("/popstate.dat"), text.as_bytes());
    }
}
