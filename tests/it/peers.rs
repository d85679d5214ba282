//! The cases in which fetchmail, mpop, getmail6 and fdm were tried out, each with a test of its name: what popfetch makes
//! of it.
//!
//! It refuses to go into detail, which belongs to the modules named for the promises. A case that a destination could
//! spoil is played to a Maildir, an mbox and a program.

mod kills; // kill -9 after k of n mails

use std::fs;

use super::support::mailbox::{Mailbox, PASSWORD, USER};
use super::support::maildrop::{Maildrop, Message};
use super::support::mbox;
use super::support::options::{Act, Fault, Options, Tls};
use super::support::sandbox::Sandbox;

/// Where mail goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Maildir,
    Mbox,
    Pipe,
}

const KINDS: [Kind; 3] = [Kind::Maildir, Kind::Mbox, Kind::Pipe];

/// Keeps what a program is given as files in `kept/`; before that it may fail or wait.
const KEEP: &str = "mkdir -p \"$HOME/kept\"\nhidden=$(mktemp -p \"$HOME\")\ncat > \"$hidden\"\n\
    echo >> \"$HOME/calls\"\n";
const KEPT: &str = "mv \"$hidden\" \"$HOME/kept/\"\n";

impl Kind {
    /// Writes the configuration: mail goes there, and the account has these lines more.
    fn configure(self, mailbox: &Mailbox, lines: &str) {
        self.configure_with(mailbox, "", lines);
    }

    /// The same, and the program does this with each message, `$hidden`, before and that after it is kept.
    fn configure_with(self, mailbox: &Mailbox, before: &str, lines: &str) {
        let deliver = match self {
            Self::Maildir => "{ maildir = \"~/Mail/work\" }".to_owned(),
            Self::Mbox => "{ mbox = \"~/mbox\" }".to_owned(),
            Self::Pipe => {
                let script = format!("{KEEP}{before}{KEPT}");
                let path = mailbox.sandbox.write("home/program.sh", script);
                format!("{{ pipe = [\"sh\", \"{}\"] }}", path.display())
            }
        };
        mailbox.configure_delivery(&deliver, lines);
    }

    /// What is there, sorted by content.
    fn delivered(self, mailbox: &Mailbox) -> Vec<Vec<u8>> {
        match self {
            Self::Maildir => mailbox.here(),
            Self::Mbox => mbox::messages(&mailbox.sandbox.home("mbox")),
            Self::Pipe => {
                let Ok(kept) = fs::read_dir(mailbox.sandbox.home("kept")) else {
                    return Vec::new();
                };
                let mut kept: Vec<_> = kept
                    .map(|entry| fs::read(entry.unwrap().path()).unwrap())
                    .collect();
                kept.sort();
                kept
            }
        }
    }
}

/// Short letters with the subjects 0, 1, 2 and so on.
fn letters(count: usize) -> Mailbox {
    let letter = |n| {
        Message::new(
            format!("uid-{n}"),
            format!("Subject: {n}\r\n\r\nletter {n}\r\n"),
        )
    };
    with((0..count).map(letter).collect())
}

/// This mail on a server.
fn with(mail: Maildrop) -> Mailbox {
    let options = Options::new(Tls::None).user(USER, PASSWORD, mail);
    Mailbox::of(Sandbox::new(), options)
}

/// A run in which all is well.
#[track_caller]
fn sync_well(mailbox: &Mailbox) {
    let out = mailbox.sync();
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
}

/// Asserts that each of these messages is there once and nothing else.
#[track_caller]
fn assert_delivered(kind: Kind, mailbox: &Mailbox, sent: &[Vec<u8>]) {
    let delivered = kind.delivered(mailbox);
    assert_eq!(delivered.len(), sent.len(), "{kind:?}");
    assert!(delivered == sent, "{kind:?}: not what was sent");
}

/// What happens in the middle of the sixth of eight messages, the longest by far, before and after which others come.
fn interrupted(fault: impl Fn(u64) -> Fault, says: &str) {
    const COUNT: usize = 8;
    for kind in KINDS {
        let mailbox = Mailbox::new(COUNT);
        kind.configure(&mailbox, "pipelining = false\ntimeout = \"1s\"");
        let sent = mailbox.there();
        let mail = mailbox.server.maildrop(USER);
        let octets = |message: &Message| message.raw.len() as u64;
        let before: u64 = mail.messages()[..5]
            .iter()
            .map(|message| octets(message))
            .sum();
        let middle = before + octets(&mail.messages()[5]) / 2;
        mailbox.server.set_faults(vec![fault(middle)]);
        let out = mailbox.sync();
        assert_eq!(out.code, 75, "{}", out.stderr);
        assert!(out.stderr.contains(says), "{}", out.stderr);
        let delivered = kind.delivered(&mailbox);
        assert_eq!(delivered.len(), 5, "{kind:?}");
        assert!(
            delivered.iter().all(|message| sent.contains(message)),
            "{kind:?}: a half"
        );

        mailbox.server.set_faults(Vec::new());
        sync_well(&mailbox);
        assert_delivered(kind, &mailbox, &sent);
        assert_eq!(mailbox.server.count("RETR"), COUNT + 1, "{kind:?}");
    }
}

#[test]
fn stall_in_mid_message_until_timeout_is_not_delivered_and_only_that_one_comes_again() {
    interrupted(Fault::StallAfterBytes, "silent for too long");
}

#[test]
fn fin_in_mid_message_is_not_delivered_and_only_that_one_comes_again() {
    interrupted(Fault::CutAfterBytes, "closed the connection");
}

#[test]
fn fin_before_quit_reply_and_the_deletes_are_resumed() {
    for kind in KINDS {
        for act in [Act::Cut, Act::DoneThenCut] {
            let mailbox = letters(6);
            kind.configure(&mailbox, "leave-on-server = false");
            let sent = mailbox.there();
            mailbox.server.set_faults(vec![Fault::At("QUIT", 1, act)]);
            assert_eq!(mailbox.sync().code, 75);
            mailbox.server.set_faults(Vec::new());
            for _ in 0..2 {
                sync_well(&mailbox);
                assert!(mailbox.there().is_empty());
                assert_delivered(kind, &mailbox, &sent);
            }
            assert_eq!(mailbox.server.count("RETR"), 6);
        }
    }
}

#[test]
fn mda_fails_for_one_mail_the_others_arrive_and_that_one_is_tried_again_after_a_pause() {
    let mailbox = letters(10);
    let sent = mailbox.there();
    let calls = || fs::read(mailbox.sandbox.home("calls")).unwrap().len();
    let failing = "grep -q '^Subject: 3$' \"$hidden\" && echo no room for it >&2 && exit 1\n";
    Kind::Pipe.configure_with(&mailbox, failing, "leave-on-server = false");
    let out = mailbox.sync();
    assert_eq!(out.code, 74, "{}", out.stderr);
    assert!(out.stderr.contains("no room for it"), "{}", out.stderr);
    assert_eq!((Kind::Pipe.delivered(&mailbox).len(), calls()), (9, 10));
    assert_eq!(mailbox.there(), [b"Subject: 3\n\nletter 3\n"]);

    assert_eq!(mailbox.sync().code, 74);
    assert_eq!(calls(), 10, "its pause is not over");
    mailbox.deposit("later");
    assert_eq!(mailbox.sync().code, 74);
    assert_eq!((Kind::Pipe.delivered(&mailbox).len(), calls()), (10, 11));

    Kind::Pipe.configure(&mailbox, "leave-on-server = false");
    let out = mailbox.sandbox.run(["retry"]);
    assert_eq!(out.code, 0, "{}", out.stderr);
    sync_well(&mailbox);
    assert!(mailbox.there().is_empty());
    let mut all = [sent, vec![b"Subject: later\n\nlater\n".to_vec()]].concat();
    all.sort();
    assert_delivered(Kind::Pipe, &mailbox, &all);
    assert_eq!((mailbox.server.count("RETR"), calls()), (11, 12));
}

/// Asserts that the mail of this mailbox comes all and once, that nothing is asked for again, and that all of it can be
/// deleted. The first run may have something to say.
fn comes_once_and_goes(mailbox: &Mailbox) {
    let sent = mailbox.there();
    let out = mailbox.sync();
    assert_eq!(out.code, 0, "{}", out.stderr);
    let asked = mailbox.server.count("RETR");
    sync_well(mailbox);
    assert_delivered(Kind::Maildir, mailbox, &sent);
    mailbox.configure("leave-on-server = false");
    sync_well(mailbox);
    assert!(mailbox.there().is_empty());
    sync_well(mailbox);
    assert_delivered(Kind::Maildir, mailbox, &sent);
    assert_eq!(mailbox.server.count("RETR"), asked);
}

#[test]
fn duplicate_uids_listed_are_fine() {
    let uids = ["same", "own", "same", "same"].iter().enumerate();
    let message =
        |(n, uid): (usize, &&str)| Message::new(uid, format!("Subject: {n}\r\n\r\n{n}\r\n"));
    comes_once_and_goes(&with(uids.map(message).collect()));
}

#[test]
fn uid_with_space_8_bit_or_more_than_70_chars_is_fine() {
    let uids = [
        b"a b".to_vec(),
        b"a".to_vec(),
        b"\xfc\xdf".to_vec(),
        vec![b'x'; 71],
        vec![b'x'; 70],
    ];
    let message = |(n, uid)| Message::new(uid, format!("Subject: {n}\r\n\r\n{n}\r\n"));
    let mailbox = with(uids.into_iter().enumerate().map(message).collect());
    comes_once_and_goes(&mailbox);
    assert_eq!(
        mailbox.server.count("TOP"),
        0,
        "all of each uid is told apart"
    );
}

#[test]
fn empty_listing_once_and_the_state_is_kept() {
    let mailbox = letters(6);
    sync_well(&mailbox);
    let none = Act::reply("+OK\r\n.");
    mailbox.server.set_faults(vec![
        Fault::Each("LIST", none.clone()),
        Fault::Each("UIDL", none),
        Fault::Each("STAT", Act::reply("+OK 0 0")),
    ]);
    sync_well(&mailbox);
    mailbox.server.set_faults(Vec::new());
    comes_once_and_goes(&mailbox);
    assert_eq!(mailbox.server.count("RETR"), 6);
}

#[test]
fn no_uidl_on_server_and_mail_is_told_apart_by_its_headers() {
    let mail: Maildrop = [0, 1, 2, 1]
        .map(|n| Message::new("", format!("Subject: {n}\r\n\r\n{n}\r\n")))
        .into_iter()
        .collect();
    let options = Options::new(Tls::None).user(USER, PASSWORD, mail);
    comes_once_and_goes(&Mailbox::of(Sandbox::new(), options.without("UIDL")));
}

#[test]
fn in_use_and_sys_temp_are_temporary_and_auth_is_a_refused_login() {
    let refusals = [
        ("-ERR [IN-USE] the maildrop is locked", 75),
        ("-ERR [SYS/TEMP] come back later", 75),
        ("-ERR [AUTH] invalid password", 77),
    ];
    for (refusal, code) in refusals {
        let mailbox = letters(3);
        mailbox
            .server
            .set_faults(vec![Fault::Each("PASS", Act::reply(refusal))]);
        let out = mailbox.sync();
        assert_eq!(out.code, code, "{}", out.stderr);
        let text = refusal.rsplit("] ").next().unwrap();
        assert!(out.stderr.contains(text), "{}", out.stderr);
        mailbox.server.set_faults(Vec::new());
        sync_well(&mailbox);
        assert_delivered(Kind::Maildir, &mailbox, &mailbox.there());
    }
}

#[test]
fn write_error_in_mbox_is_truncated_back_and_tried_again() {
    const LIMIT: usize = 1 << 20;
    let filler = |size: usize| b"0123456789abcdef0123456789abcde\n".repeat(size / 32);
    // How much of the new mail fits in before the error: nothing, half a message, some messages and a half.
    for room in [0, 600, 3_000] {
        let mail = (0..5).map(|n| {
            let body = String::from_utf8(filler(1_000))
                .unwrap()
                .replace('\n', "\r\n");
            Message::new(format!("uid-{n}"), format!("Subject: {n}\r\n\r\n{body}"))
        });
        let mailbox = with(mail.collect());
        let sent = mailbox.there();
        Kind::Mbox.configure(&mailbox, "leave-on-server = false");
        let path = mailbox.sandbox.home("mbox");
        let mut old = [b"Subject: old\n\n".to_vec(), filler(LIMIT - room - 4_000)].concat();
        let rest =
            LIMIT - room - old.len() - "From sender@example.org Mon Jan  1 00:00:00 2024\n\n".len();
        old.extend(vec![b'x'; rest - 1]);
        old.push(b'\n');
        mbox::write(&path, std::slice::from_ref(&old));
        let before = fs::read(&path).unwrap();
        assert_eq!(before.len(), LIMIT - room);

        // POSIX: the limit is in units of 512 bytes, and beyond it write(2) fails where the signal is ignored.
        let limited = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\"";
        let out = mailbox.sandbox.sync_through("sh", &["-c", limited]);
        assert_eq!(out.code, 74, "{}", out.stderr);
        assert!(out.stderr.contains("mbox"), "{}", out.stderr);
        assert!(fs::read(&path).unwrap() == before, "it is not as it was");
        assert_eq!(mailbox.there().len(), 5);

        sync_well(&mailbox);
        let mut all = [sent, vec![old]].concat();
        all.sort();
        assert_delivered(Kind::Mbox, &mailbox, &all);
        assert_eq!(mailbox.server.count("RETR"), 5);
        sync_well(&mailbox);
        assert!(mailbox.there().is_empty());
    }
}
