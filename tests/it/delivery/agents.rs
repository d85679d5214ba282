//! Two hundred messages of every kind through each delivery agent that Debian has: none lost, none twice, none changed
//! but where the agent itself changes mail.
//!
//! It owns the agents' own files: a rc file, a filter, a private Dovecot.

use super::super::support::certificates::self_signed;
use super::super::support::dovecot::Dovecot;
use super::super::support::mailbox::Mailbox;
use super::super::support::mbox;
use super::{assert_quiet, assert_same, configure, letters, spooled};

const COUNT: usize = 200;

/// Fetches all through this destination and deletes it from the server; then again, when there is nothing. Gives what
/// was sent, as a store should hold it.
fn deliver_all(mailbox: &Mailbox, deliver: &str) -> Vec<Vec<u8>> {
    let sent = mailbox.there();
    assert_eq!(sent.len(), COUNT);
    configure(mailbox, deliver, "leave-on-server = false");
    for _ in 0..2 {
        assert_quiet(&mailbox.sync());
        assert!(mailbox.there().is_empty(), "something is still there");
        assert_eq!(spooled(mailbox), 0, "something is still in the spool");
    }
    assert_eq!(mailbox.server.count("RETR"), COUNT);
    sent
}

/// The messages as Dovecot has them: it puts header lines before a message, and takes a CR before an LF for the line
/// end's.
fn as_dovecot_keeps(messages: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    const FIRST: &[u8] = b"From: Sender ";
    let plain = |message: Vec<u8>| {
        let start = message.windows(FIRST.len()).position(|part| part == FIRST);
        let message = &message[start.expect("it begins like every sample")..];
        let ends = message.iter().zip(message[1..].iter().chain([&0]));
        let kept = ends.filter(|pair| *pair != (&b'\r', &b'\n'));
        kept.map(|(byte, _)| *byte).collect()
    };
    let mut messages: Vec<Vec<u8>> = messages.into_iter().map(plain).collect();
    messages.sort();
    messages
}

fn dovecot() -> Dovecot {
    let leaf = self_signed();
    Dovecot::start(&leaf.chain_pem, &leaf.key_pem)
}

#[test]
fn procmail_puts_two_hundred_messages_into_its_maildir() {
    let mailbox = Mailbox::new(COUNT);
    let maildir = mailbox.sandbox.home("procmail");
    let rules = format!("DEFAULT={}/\n", maildir.display());
    let rules = mailbox.sandbox.write("rules", rules);
    let deliver = format!("{{ pipe = [\"procmail\", \"{}\"] }}", rules.display());
    let sent = deliver_all(&mailbox, &deliver);
    assert_same(&mailbox.sandbox.mail("procmail"), &sent);
}

#[test]
fn procmail_appends_two_hundred_messages_to_its_mbox() {
    let mailbox = letters(COUNT);
    let path = mailbox.sandbox.home("inbox");
    let rules = format!("DEFAULT={}\n", path.display());
    let rules = mailbox.sandbox.write("rules", rules);
    let deliver = format!(
        "{{ pipe = \"procmail '{}'\", unix-from = true }}",
        rules.display()
    );
    let sent = deliver_all(&mailbox, &deliver);
    assert_same(&mbox::messages(&path), &sent);
}

#[test]
fn maildrop_puts_two_hundred_messages_into_its_maildir() {
    let mailbox = Mailbox::new(COUNT);
    let maildir = mailbox.sandbox.home("maildrop");
    for folder in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(maildir.join(folder)).unwrap();
    }
    // The agent has a HOME of its own: that of the password database.
    let filter = format!("to \"{}\"\n", maildir.display());
    let filter = mailbox.sandbox.write("filter", filter);
    let deliver = format!("{{ pipe = [\"maildrop\", \"{}\"] }}", filter.display());
    let sent = deliver_all(&mailbox, &deliver);
    assert_same(&mailbox.sandbox.mail("maildrop"), &sent);
}

#[test]
fn dovecot_lda_puts_two_hundred_messages_into_its_maildir() {
    let (mailbox, dovecot) = (Mailbox::new(COUNT), dovecot());
    let mut agent = dovecot.delivery_agent("ann");
    agent.extend(["-f", "sender@example.org"].map(str::to_owned));
    let sent = deliver_all(&mailbox, &format!("{{ pipe = {agent:?} }}"));
    assert_same(
        &as_dovecot_keeps(dovecot.contents("ann")),
        &as_dovecot_keeps(sent),
    );
}

#[test]
fn dovecot_takes_two_hundred_messages_by_lmtp_on_a_socket() {
    let (mailbox, dovecot) = (Mailbox::new(COUNT), dovecot());
    let socket = dovecot.socket_lmtp();
    let deliver = format!(
        "{{ lmtp = \"unix:{}\", recipient = \"ann\" }}",
        socket.display()
    );
    let sent = deliver_all(&mailbox, &deliver);
    assert_same(
        &as_dovecot_keeps(dovecot.contents("ann")),
        &as_dovecot_keeps(sent),
    );
}

#[test]
fn dovecot_takes_two_hundred_messages_by_lmtp_on_a_port_for_two_recipients() {
    let (mailbox, dovecot) = (Mailbox::new(COUNT), dovecot());
    let deliver = format!(
        "{{ lmtp = \"127.0.0.1:{}\", recipient = [\"ann\", \"bob\"] }}",
        dovecot.port_lmtp()
    );
    let sent = as_dovecot_keeps(deliver_all(&mailbox, &deliver));
    for user in ["ann", "bob"] {
        assert_same(&as_dovecot_keeps(dovecot.contents(user)), &sent);
    }
}
