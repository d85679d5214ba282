//! What is understood of the corpus.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use super::super::{Account, Error, Found, Leave, Proof, Surroundings, Tls};
use crate::mail::Octets;
use crate::state::Likeness;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/moving/corpus/claws/folder")
}

fn read(path: Option<&Path>, home: &Path) -> Result<Found, Error> {
    let around = Surroundings {
        home,
        login: "me",
        variable: &|_| None,
    };
    super::read(path, &around)
}

fn understand(text: &str) -> Found {
    super::accounts::accounts(Path::new("/accountrc"), text).unwrap_or_default()
}

fn account<'f>(found: &'f Found, name: &str) -> &'f Account {
    let mut accounts = found.accounts.iter();
    accounts.find(|account| account.name == name).unwrap()
}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

fn uids(account: &Account) -> Vec<String> {
    let taken = account.records.iter().flat_map(|record| &record.taken);
    taken.map(|taken| taken.uid.to_string()).collect()
}

#[test]
fn accounts_are_carried_over_with_their_uids() {
    let found = read(Some(&corpus()), Path::new("/home/me")).unwrap();
    let names: Vec<&str> = found.accounts.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(names, ["me@example.org", "isp", "kept", "old"]);
    let first = account(&found, "me@example.org");
    assert_eq!((first.host.as_str(), first.line), ("pop.example.org", 1));
    assert_eq!(
        (first.tls, first.port, first.auth),
        (Tls::Implicit, None, None)
    );
    assert_eq!(first.leave, Leave::For(hours(14 * 24 + 6)));
    assert_eq!(first.max_size, Some(Octets(2048 * 1024)));
    assert_eq!((first.enabled, &first.proof), (true, &Proof::Unstated));
    assert!(first.deliver.is_empty());
    assert_eq!(uids(first), ["uid-1", "uid-4", "uid-5"]);
    assert_eq!(first.records[0].likeness, Likeness::CutAtSpace);
    let second = account(&found, "isp");
    assert_eq!(
        (second.tls, second.port, second.auth),
        (Tls::StartTls, Some(1110), Some("apop"))
    );
    assert_eq!(
        (second.leave, second.leave_is_default),
        (Leave::Nothing, false)
    );
    assert_eq!((second.enabled, second.max_size), (false, None));
    assert_eq!(second.proxy.as_deref(), Some("socks5://127.0.0.1:9050"));
    assert_eq!(uids(second), ["42", "43"]);
    let kept = account(&found, "kept");
    assert_eq!(
        (kept.leave, kept.tls, kept.records.len()),
        (Leave::All, Tls::None, 0)
    );
    let old = account(&found, "old");
    assert_eq!(
        (old.leave, old.leave_is_default),
        (Leave::For(hours(7 * 24)), true)
    );
    let strays: Vec<_> = found
        .strays
        .iter()
        .map(|s| (s.host.as_str(), s.user.as_str()))
        .collect();
    assert_eq!(strays, [("pop.gone.example", "joe-doe")]);
}

#[test]
fn what_is_not_carried_over_is_named() {
    let found = read(Some(&corpus().join("accountrc")), Path::new("/home/me")).unwrap();
    let lines: Vec<_> = found
        .left_out
        .iter()
        .map(|one| (one.line, one.what.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            (38, "ssl_certs_auto_accept=1"),
            (39, "in_ssl_client_cert_file=/home/me/me.p12"),
            (44, "gnutls_priority=NORMAL"),
            (52, "account lists"),
            (66, "pop_auth_method=8"),
            (68, "use_default_proxy=1"),
            (78, "proxy_host=socks4.example"),
            (81, "account empty"),
        ]
    );
    let shown = format!("{found:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn claws_mails_folder_is_found_at_home() {
    let home = TempDir::new().unwrap();
    let Err(Error::Nothing { looked, .. }) = read(None, home.path()) else {
        panic!("there is nothing");
    };
    let places = [".claws-mail", ".config/claws-mail"];
    assert_eq!(looked, places.map(|place| home.path().join(place)));
    for place in places.iter().rev() {
        let place = home.path().join(place);
        fs::create_dir_all(&place).unwrap();
        fs::copy(corpus().join("accountrc"), place.join("accountrc")).unwrap();
        let found = read(None, home.path()).unwrap();
        assert_eq!(found.files, [place.join("accountrc")]);
        assert_eq!(uids(&found.accounts[0]), [""; 0]);
    }
}

#[test]
fn uids_can_be_read_alone() {
    let home = TempDir::new().unwrap();
    let uidl = corpus().join("uidl");
    let found = read(Some(&uidl), home.path()).unwrap();
    // One of the three begins as a list of the oldest versions does, and any text does.
    assert_eq!((found.strays.len(), found.accounts.len()), (2, 0));
    let file = uidl.join("pop.gone.example-joe-doe");
    assert_eq!(read(Some(&file), home.path()).unwrap().strays.len(), 1);
    fs::write(home.path().join("letter"), "Dear Claws").unwrap();
    for path in ["letter", ""] {
        let error = read(Some(&home.path().join(path)), home.path()).unwrap_err();
        assert!(matches!(error, Error::NotItsOwn { .. }), "{path}: {error}");
    }
}

/// A part of an `accountrc`, or something else.
fn part() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "[Account: 1]",
        "[",
        "]",
        "=",
        "\n",
        "\n",
        "\n",
        "\r",
        "protocol=",
        "receive_server=",
        "user_id=",
        "ssl_pop=",
        "set_popport=",
        "pop_port=",
        "remove_mail=",
        "message_leave_time=",
        "message_leave_hour=",
        "enable_size_limit=",
        "size_limit=",
        "use_proxy=",
        "proxy_host=",
        "proxy_port=",
        "use_pop_auth=",
        "pop_auth_method=",
        "0",
        "1",
        "2",
        "99999999999999999999",
        "18446744073709551615",
        "-1",
        "a.example",
        "me",
        "\t",
    ];
    prop_oneof![
        9 => proptest::sample::select(PARTS).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    #[test]
    fn any_text_is_survived(parts in proptest::collection::vec(part(), 0..200), bytes in any::<Vec<u8>>(), name in any::<String>()) {
        understand(&parts.concat());
        super::records(Path::new(&name), &bytes);
        super::records(Path::new(&name), parts.concat().as_bytes());
    }

    #[test]
    fn a_file_is_found_by_the_name_that_it_got(host in "[a-z]{1,5}(\\.[a-z]{2,5}){1,3}", user in "[a-z]{1,9}(-[a-z]{1,3})?(@[a-z-]{1,5}\\.[a-z]{2,3})?") {
        let path = Path::new("/uidl").join(super::uidl::name(&host, &user));
        let records = super::records(&path, b"uid\t1784000000\t0\n");
        prop_assert_eq!(&records[0].host, &host);
        prop_assert_eq!(&records[0].user, &user);
    }
}
