//! What getmailrc files mean.

mod destinations;
mod folders;

use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::understand;
use crate::import::{Account, Found, Leave, Proof, Surroundings, Tls};
use crate::mail::Octets;
use crate::secret::Secret;

const HEAD: &str =
    "[retriever]\ntype = SimplePOP3SSLRetriever\nserver = pop.example.net\nusername = jo\n";
const OPTIONS: &str = "[options]\n";
const SAFE: &str = "[options]\nread_all = false\n";

fn at(home: &Path) -> Surroundings<'_> {
    Surroundings {
        home,
        login: "jo",
        variable: &|_| None,
    }
}

fn found(text: &str) -> Found {
    understand(Path::new("/g/getmailrc"), text, &at(Path::new("/home/jo")))
}

fn account(text: &str) -> Account {
    let mut found = found(text);
    assert_eq!(found.accounts.len(), 1, "{found:?}");
    found.accounts.remove(0)
}

/// The lines that are left out of what follows a sound head, counted from 1.
fn left_out(rest: &str) -> Vec<(usize, String)> {
    let left = found(&format!("{HEAD}{rest}")).left_out;
    left.into_iter().map(|l| (l.line - 4, l.what)).collect()
}

#[test]
fn a_retriever_is_a_server_and_a_login() {
    let text =
        format!("{HEAD}port = 8995\npassword = a%b; c\ntimeout = 120\nca_certs = ~/ca\n{SAFE}");
    let account = account(&text);
    assert_eq!(account.name, "jo");
    assert_eq!(
        (account.host.as_str(), account.port),
        ("pop.example.net", Some(8995))
    );
    assert_eq!((account.tls, account.user.as_str()), (Tls::Implicit, "jo"));
    assert_eq!(account.proof, Proof::Password(Secret::new("a%b; c")));
    assert_eq!(account.timeout, Some(Duration::from_secs(120)));
    assert_eq!(account.ca_file, Some(PathBuf::from("/home/jo/ca")));
    assert_eq!(
        (account.auth, account.line, account.enabled),
        (None, 1, true)
    );
    assert_eq!(
        account.remarks,
        ["there is no section [destination]: say where mail is to go"]
    );
    assert_eq!(found(&text).left_out, []);
}

#[test]
fn a_connection_is_never_less_protected_than_it_was() {
    let of = |kind: &str, server: &str| {
        account(&format!(
            "[retriever]\ntype = {kind}\nserver = {server}\nusername = jo\n"
        ))
    };
    let plain = of("SimplePOP3Retriever", "pop.example.net");
    assert_eq!(plain.tls, Tls::StartTls);
    assert!(plain.remarks.iter().any(|r| r.contains("allow-cleartext")));
    for here in ["localhost", "127.0.0.1", "::1"] {
        assert_eq!(of("BrokenUIDLPOP3Retriever", here).tls, Tls::None);
    }
    let verified = of("MultidropPOP3SSLRetriever", "localhost");
    assert_eq!(verified.tls, Tls::Implicit);
    assert!(
        verified
            .remarks
            .iter()
            .any(|r| r.contains("did not verify"))
    );
    let broken = of("BrokenUIDLPOP3SSLRetriever", "x");
    assert!(broken.remarks.iter().any(|r| r.contains("mark-seen")));
}

#[test]
fn only_pop3_is_carried_over() {
    for kind in [
        "SimpleIMAPRetriever",
        "MultidropSDPSRetriever",
        "MultidropIMAPSSLRetriever",
    ] {
        let found = found(&format!(
            "\n[retriever]\ntype = {kind}\nserver = x\nusername = y\n"
        ));
        assert_eq!(found.accounts, []);
        assert_eq!(found.left_out[0].line, 3);
        assert_eq!(
            found.left_out[0].why,
            "account y: popfetch fetches by POP3 only"
        );
    }
    for text in [
        "[retriever]\ntype = POP3\nserver = x\nusername = y\n",
        "[retriever]\n",
        "",
    ] {
        assert_eq!(found(text).accounts, []);
        assert_eq!(found(text).left_out.len(), 1, "{text}");
    }
}

#[test]
fn a_command_gives_the_password_or_the_token_unless_the_password_is_there() {
    let command = "password_command = ('pass', '~/x', \"it's\")\n";
    let argv = || ["pass", "~/x", "it's"].map(str::to_owned).to_vec();
    let proof = |lines: &str| account(&format!("{HEAD}{lines}")).proof;
    assert_eq!(proof(command), Proof::Command(argv()));
    let token = account(&format!("{HEAD}{command}use_xoauth2 = yes\n"));
    assert_eq!(
        (token.proof, token.auth),
        (Proof::Token(argv()), Some("xoauth2"))
    );
    let both = format!("{command}password = x\n");
    assert_eq!(proof(&both), Proof::Password(Secret::new("x")));
    assert_eq!(left_out(&both), [(1, "password_command".to_owned())]);
    assert_eq!(proof(""), Proof::Unstated);
    assert_eq!(account(&format!("{HEAD}use_apop = 1\n")).auth, Some("apop"));
}

#[test]
fn what_means_nothing_alone_is_left_out() {
    let text = "use_xoauth2 = yes\nkeyfile = /k\npassword = x\n";
    let lone = account(&format!("{HEAD}{text}"));
    assert_eq!((lone.auth, lone.client_key), (None, None));
    let lines: Vec<_> = left_out(text).into_iter().map(|left| left.0).collect();
    assert_eq!(lines, [1, 2]);
    let pair = account(&format!("{HEAD}keyfile = /k\ncertfile = ~/c\n"));
    assert_eq!(pair.client_key, Some(PathBuf::from("/k")));
    assert_eq!(pair.client_cert, Some(PathBuf::from("/home/jo/c")));
}

#[test]
fn no_secret_is_told_even_where_it_cannot_be_read() {
    let text = format!(
        "{HEAD}password = sec-ret\n  sec-ret\npasswrod = sec-ret\npassword_command = (\"sec-ret\"\n\
         PASSWORD = sec-ret\nstray sec-ret\n= sec-ret\n[retriever]\npassword = sec-ret\n"
    );
    let found = found(&text);
    assert_eq!(found.accounts[0].proof, Proof::Unstated);
    let shown = format!("{found:?}");
    assert!(!shown.contains("sec-ret"), "{shown}");
    let lines: Vec<_> = found.left_out.iter().map(|left| left.line).collect();
    assert_eq!(lines, [5, 7, 8, 9, 10, 11, 12, 13]);
    let alone = format!("{HEAD}password_command = echo sec-ret\n");
    assert!(!format!("{:?}", self::found(&alone)).contains("sec-ret"));
}

#[test]
fn one_fingerprint_is_carried_over_where_there_are_no_authorities() {
    let digits = "AB:".repeat(31) + "cd";
    let pinned = |lines: String| account(&format!("{HEAD}{lines}")).fingerprint;
    let sound = format!("sha256:{}cd", "ab".repeat(31));
    assert_eq!(
        pinned(format!("ssl_fingerprints = ('{digits}',)\n")),
        Some(sound)
    );
    for lines in [
        format!("ssl_fingerprints = ('{digits}',)\nca_certs = /ca\n"),
        format!("ssl_fingerprints = ('{digits}', '{digits}')\n"),
        "ssl_fingerprints = ('ab',)\n".to_owned(),
        "ssl_fingerprints = 'ab'\n".to_owned(),
    ] {
        assert_eq!(left_out(&lines).len(), 1, "{lines}");
        assert_eq!(pinned(lines), None);
    }
    assert_eq!(
        left_out("ssl_version = tlsv1\nssl_ciphers = x\nca_certs = /etc/\n").len(),
        3
    );
}

#[test]
fn retention_is_what_getmail_did() {
    let left = |lines: &str| {
        let account = account(&format!("{HEAD}{OPTIONS}{lines}"));
        (account.leave, account.leave_is_default)
    };
    assert_eq!(left(""), (Leave::All, true));
    assert_eq!(left("delete = no\n"), (Leave::All, false));
    assert_eq!(
        left("delete = yes\ndelete_after = 3\n"),
        (Leave::Nothing, false)
    );
    let days = Duration::from_secs(3 * 24 * 60 * 60);
    assert_eq!(left("delete_after = 3\n"), (Leave::For(days), false));
    assert_eq!(left("delete_after = 0\n"), (Leave::All, false));
    assert_eq!(left("delete = maybe\n"), (Leave::All, false));
}

#[test]
fn that_all_was_fetched_again_each_time_is_said() {
    let says = |lines: &str| {
        let account = account(&format!("{HEAD}{lines}"));
        account
            .remarks
            .iter()
            .any(|remark| remark.contains("`read_all`"))
    };
    assert!(says(""));
    assert!(!says("[options]\nread_all = off\n"));
    assert!(!says("[options]\ndelete = on\n"));
    let line = (2, "read_all = true".to_owned());
    assert_eq!(left_out("[options]\nread_all = true\n"), [line]);
}

#[test]
fn options_are_carried_over_or_named() {
    let limits = account(&format!(
        "{HEAD}[options]\nmax_message_size = 1_000\nmax_messages_per_session = 5\n"
    ));
    assert_eq!(limits.max_size, Some(Octets(1000)));
    assert_eq!(limits.max_messages, Some(5));
    let named = "[options]\nread_all=0\nmax_bytes_per_session = 1\ndelete_bigger_than = 2\n\
        delivered_to = yes\nreceived = on\nmessage_log = x\nmessage_log_syslog = 1\nuse_netrc = 1\n\
        netrc_file = y\nnosuch = secret\nmax_message_size = 0x1\n";
    let lines: Vec<_> = left_out(named).into_iter().map(|left| left.0).collect();
    assert_eq!(lines, (3..=12).collect::<Vec<_>>());
    assert_eq!(left_out(named)[8].1, "nosuch");
    let silent = "[options]\nread_all=0\nverbose = 2\nmax_bytes_per_session = 0\ndelete_bigger_than = 0\n\
        received = no\nmessage_log =\nmessage_log_verbose = 1\nto_oldmail_on_each_mail = 1\n\
        skip_imap_fetch_size = 1\nuse_netrc = 0\nmax_message_size = 0\n";
    assert_eq!(left_out(silent), []);
}

#[test]
fn defaults_are_for_the_options_alone() {
    let text = format!("[DEFAULT]\ndelete = on\nport = 7\n{HEAD}");
    let nowhere = account(&text);
    assert_eq!((nowhere.leave, nowhere.port), (Leave::All, None));
    assert_eq!(found(&text).left_out.len(), 2);
    let there = format!("{text}[options]\n");
    assert_eq!(account(&there).leave, Leave::Nothing);
    assert_eq!(found(&there).left_out[0].line, 3);
    assert_eq!(account(&format!("{there}delete = off\n")).leave, Leave::All);
}

#[test]
fn filters_are_left_out_by_name() {
    let left = left_out("[filter-1]\ntype = Filter_TMDA\n[other]\n[options]\nread_all=0\n");
    assert_eq!(
        left,
        [(1, "[filter-1]".to_owned()), (3, "[other]".to_owned())]
    );
}

#[test]
fn an_account_is_named_for_its_file_or_its_user() {
    for (file, name) in [
        ("getmailrc", "jo"),
        ("getmailrc-work", "work"),
        ("getmailrc.home", "home"),
        ("work.getmailrc", "work"),
        ("work.rc", "work"),
        ("rc", "jo"),
        ("gmail", "gmail"),
    ] {
        let file = Path::new("/g").join(file);
        let found = understand(&file, HEAD, &at(Path::new("/home/jo")));
        assert_eq!(found.accounts[0].name, name);
    }
}

proptest! {
    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        let _ = found(&text);
        let _ = found(&format!("{HEAD}{text}"));
    }

    #[test]
    fn any_order_of_a_getmailrcs_words_is_survived(words in prop::collection::vec(prop::sample::select(vec![
        "[retriever]\n", "[destination]\n", "[options]\n", "[filter-1]\n", "[DEFAULT]\n", "[x]\n", "[", "]", "\n", " ",
        "type", "=", ":", "SimplePOP3SSLRetriever", "MultiDestination", "MDA_external", "MultiSorter", "destinations",
        "default", "path", "arguments", "server", "username", "password", "password_command", "delete_after",
        "(", ")", ",", "'", "\"", "'''", "\\", "r'", "[x]", "~", "$", "${", "}", "%(sender)", "#", ";", "9", "\u{0}",
    ]), 0..60)) {
        let _ = found(&words.concat());
        let _ = found(&format!("{HEAD}[destination]\ntype = MultiDestination\ndestinations = {}", words.concat()));
    }
}
