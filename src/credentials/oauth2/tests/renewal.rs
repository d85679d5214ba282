//! An access token is taken from what is kept, or renewed and kept first.

use std::fs;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::ring::{Memory, Mood};
use super::server::{Server, grants, refuses, says};
use super::*;

/// Asks for a token where these are kept in the keyring, and says what is kept then.
fn ask(
    client: &Client,
    kept: &Tokens,
    freshness: &Freshness,
) -> (Result<Secret, Error>, Option<Tokens>) {
    let folder = tempfile::tempdir().unwrap();
    let ring = Memory::new(Mood::Works);
    let keeper = keeper(folder.path(), &ring);
    keeper.save(kept, &NO_STOP).unwrap();
    let token = access_token(client, &keeper, freshness, noon(), &NO_STOP);
    (token, keeper.load(&NO_STOP).unwrap())
}

#[test]
fn a_token_that_lives_is_used_and_nobody_asked() {
    let server = Server::saying(refuses("invalid_grant", ""));
    let kept = tokens("old", Some("r1"), 120);
    let (token, _) = ask(&client(&server.base), &kept, &Freshness::Kept);
    assert_eq!(token.unwrap().expose(), "old");
    let endless = Tokens {
        expires: None,
        ..kept
    };
    let (token, _) = ask(&client(&server.base), &endless, &Freshness::Kept);
    assert_eq!(token.unwrap().expose(), "old");
    assert!(server.asked().is_empty());
}

#[test]
fn a_token_that_ends_soon_is_renewed_and_the_rotated_one_kept() {
    let server = Server::saying(grants("new", Some("r2")));
    let client = Client {
        secret: Some(ClientSecret::Command(vec![
            "echo".to_owned(),
            "not so secret".to_owned(),
        ])),
        ..client(&server.base)
    };
    let kept = tokens("old", Some("r1"), 119);
    let (token, kept) = ask(&client, &kept, &Freshness::Kept);
    assert_eq!(token.unwrap().expose(), "new");
    assert_eq!(kept, Some(tokens("new", Some("r2"), 3600)));
    let [asked] = &server.asked()[..] else {
        panic!("asked once");
    };
    let form = [
        ("client_id", "popfetch-test"),
        ("client_secret", "not so secret"),
        ("grant_type", "refresh_token"),
        ("refresh_token", "r1"),
    ];
    let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(asked.form, form.into());
    let head = asked.head.to_lowercase();
    assert!(head.starts_with("post /token http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nuser-agent: popfetch/"), "{head}");
    assert!(head.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"));
}

#[test]
fn a_server_that_does_not_rotate_leaves_the_refresh_token() {
    let server = Server::saying(grants("new", None));
    let kept = tokens("old", Some("r1"), 0);
    let (_, kept) = ask(&client(&server.base), &kept, &Freshness::Kept);
    assert_eq!(kept, Some(tokens("new", Some("r1"), 3600)));
}

#[test]
fn a_refused_token_is_renewed_unless_another_is_there_already() {
    let server = Server::saying(grants("new", Some("r2")));
    let client = client(&server.base);
    let kept = tokens("old", Some("r1"), 3000);
    let (token, _) = ask(&client, &kept, &Freshness::Renewed(Secret::new("older")));
    assert_eq!(token.unwrap().expose(), "old");
    assert!(server.asked().is_empty());
    let (token, _) = ask(&client, &kept, &Freshness::Renewed(Secret::new("old")));
    assert_eq!(token.unwrap().expose(), "new");
}

#[test]
fn what_cannot_be_kept_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::saying(grants("new", Some("r2")));
    let ring = Memory::new(Mood::Works);
    let keeper = keeper(folder.path(), &ring).in_file();
    keeper
        .save(&tokens("old", Some("r1"), 0), &NO_STOP)
        .unwrap();
    // Nothing can be written where a folder is in the way.
    let file = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|kind| kind == "json"))
        .unwrap();
    fs::create_dir(file.with_extension("new")).unwrap();
    let client = client(&server.base);
    let token = access_token(&client, &keeper, &Freshness::Kept, noon(), &NO_STOP);
    assert!(matches!(token, Err(Error::File { .. })), "{token:?}");
}

#[test]
fn a_rotated_token_that_the_keyring_does_not_take_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::saying(grants("new", Some("r2")));
    let mut ring = Memory::new(Mood::Works);
    let old = tokens("old", Some("r1"), 0);
    keeper(folder.path(), &ring).save(&old, &NO_STOP).unwrap();
    ring.mood = Mood::TakesNothing;
    let keeper = keeper(folder.path(), &ring);
    let client = client(&server.base);
    let token = access_token(&client, &keeper, &Freshness::Kept, noon(), &NO_STOP);
    assert_eq!(token.unwrap().expose(), "new");
    // The keyring still has the old ones.
    assert_eq!(ring.entries.lock().unwrap().len(), 1);
    assert_eq!(
        keeper.load(&NO_STOP).unwrap(),
        Some(tokens("new", Some("r2"), 3600))
    );
}

#[test]
fn a_login_that_was_taken_back_is_told_from_a_wrong_client() {
    let kept = tokens("old", Some("1//refresh"), 60);
    let server = Server::saying(refuses("invalid_grant", "1//refresh has been revoked"));
    let (token, after) = ask(&client(&server.base), &kept, &Freshness::Kept);
    match token {
        Err(Error::Revoked { description }) => {
            assert_eq!(description, "**** has been revoked");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(after.as_ref(), Some(&kept));
    let server = Server::saying(says(
        "401 Unauthorized",
        r#"{"error":"invalid_client","error_description":"\u001bno"}"#,
    ));
    let (token, _) = ask(&client(&server.base), &kept, &Freshness::Kept);
    match token {
        Err(Error::Refused { error, description }) => {
            assert_eq!((&*error, &*description), ("invalid_client", r"\u{1b}no"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_in_trouble_means_later_and_a_token_that_still_lives_is_used() {
    let html = "<html>Sign in to the hotel's network</html>";
    let long = format!(r#"{{"token_type":"bearer","x":"{}"}}"#, "a".repeat(70_000));
    for answer in [
        says("503 Service Unavailable", r#"{"error":"invalid_grant"}"#),
        says("429 Too Many Requests", ""),
        says("400 Bad Request", r#"{"error":"temporarily_unavailable"}"#),
        says("200 OK", html),
        says("200 OK", "[]"),
        says("200 OK", &long),
        says("404 Not Found", html),
        "junk\r\n\r\n".to_owned(),
    ] {
        let server = Server::saying(answer.clone());
        let client = client(&server.base);
        let (token, _) = ask(&client, &tokens("old", Some("r1"), 60), &Freshness::Kept);
        assert_eq!(token.unwrap().expose(), "old", "{answer}");
        let ended = tokens("old", Some("r1"), 0);
        let (token, kept) = ask(&client, &ended, &Freshness::Kept);
        let error = token.unwrap_err();
        assert!(error.is_temporary(), "{answer}: {error}");
        assert_eq!(kept, Some(ended));
        let refused = Freshness::Renewed(Secret::new("old"));
        let (token, _) = ask(&client, &tokens("old", Some("r1"), 60), &refused);
        assert!(token.is_err(), "{answer}");
    }
}

#[test]
fn without_tokens_of_this_client_only_a_login_helps() {
    let folder = tempfile::tempdir().unwrap();
    let ring = Memory::new(Mood::Works);
    let client = client("http://127.0.0.1:1");
    let keeper = keeper(folder.path(), &ring);
    let token = access_token(&client, &keeper, &Freshness::Kept, noon(), &NO_STOP);
    assert!(matches!(token, Err(Error::NotLoggedIn)), "{token:?}");
    let (token, _) = ask(&client, &tokens("old", None, 0), &Freshness::Kept);
    assert!(matches!(token, Err(Error::Expired)), "{token:?}");
    let other = Tokens {
        client: "another".to_owned(),
        ..tokens("old", Some("r1"), 3600)
    };
    let (token, _) = ask(&client, &other, &Freshness::Kept);
    assert!(matches!(token, Err(Error::NotLoggedIn)), "{token:?}");
}

#[test]
fn of_several_processes_one_spends_the_refresh_token() {
    // A server that takes each refresh token once.
    let server = Server::start(|number, asked| {
        let expected = format!("r{}", number + 1);
        Some(if asked.form.get("refresh_token") == Some(&expected) {
            grants(
                &format!("a{}", number + 2),
                Some(&format!("r{}", number + 2)),
            )
        } else {
            refuses("invalid_grant", "spent")
        })
    });
    let folder = tempfile::tempdir().unwrap();
    let ring = Memory::new(Mood::Absent);
    let client = client(&server.base);
    let old = tokens("a1", Some("r1"), 0);
    keeper(folder.path(), &ring).save(&old, &NO_STOP).unwrap();
    let ask = || {
        let keeper = keeper(folder.path(), &ring);
        access_token(&client, &keeper, &Freshness::Kept, noon(), &NO_STOP)
            .unwrap()
            .expose()
            .to_owned()
    };
    thread::scope(|scope| {
        let runs = [(); 8].map(|()| scope.spawn(ask));
        for run in runs {
            assert_eq!(run.join().unwrap(), "a2");
        }
    });
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_stop_does_not_lose_what_the_server_has_just_rotated() {
    let server = Server::start(|_, _| {
        // The wait for it has been given up by then.
        thread::sleep(Duration::from_millis(300));
        Some(grants("new", Some("r2")))
    });
    let folder = tempfile::tempdir().unwrap();
    let ring = Memory::new(Mood::Works);
    let keeper = keeper(folder.path(), &ring);
    let old = tokens("old", Some("r1"), 0);
    keeper.save(&old, &NO_STOP).unwrap();
    let stop = AtomicBool::new(true);
    let _ = access_token(
        &client(&server.base),
        &keeper,
        &Freshness::Kept,
        noon(),
        &stop,
    );
    assert_eq!(
        keeper.load(&NO_STOP).unwrap(),
        Some(tokens("new", Some("r2"), 3600))
    );
}

#[test]
fn a_stop_ends_the_wait_for_a_silent_server() {
    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let asked = std::sync::Arc::clone(&stop);
    let server = Server::start(move |_, _| {
        asked.store(true, Ordering::SeqCst);
        None
    });
    let folder = tempfile::tempdir().unwrap();
    let ring = Memory::new(Mood::Works);
    let keeper = keeper(folder.path(), &ring);
    let old = tokens("old", Some("r1"), 0);
    keeper.save(&old, &NO_STOP).unwrap();
    let token = access_token(
        &client(&server.base),
        &keeper,
        &Freshness::Kept,
        noon(),
        &stop,
    );
    assert!(matches!(token, Err(Error::Stopped)), "{token:?}");
}
