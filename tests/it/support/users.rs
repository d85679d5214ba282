//! The fake server's users: who may have which maildrop, and what a session leaves of it.
//!
//! It owns passwords, maildrops and locks, and Gmail's way of hiding what was popped. It refuses to know commands and
//! replies. Invariants: one session at a time holds a maildrop; only the end by QUIT takes messages out of it or hides them.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::maildrop::{Maildrop, Message};

/// How long a login waits for the session before it, whose client may be dead and its socket not yet closed.
const HANDOVER: Duration = Duration::from_secs(5);

/// What Gmail has before the name of a user who wants to see also what was popped.
const RECENT: &str = "recent:";

/// The users of a server, each with a password and a maildrop.
#[derive(Debug)]
pub(super) struct Users {
    /// Gmail's way: so many messages are listed in a session, and what was popped never again.
    page: Option<usize>,
    mailboxes: Mutex<BTreeMap<String, Mailbox>>,
    released: Condvar,
}

#[derive(Debug)]
struct Mailbox {
    password: String,
    maildrop: Maildrop,
    /// What was popped of it.
    hidden: Maildrop,
    locked: bool,
}

impl Users {
    /// No users yet, of a server that has Gmail's way with pages of this size, or has not.
    pub(super) fn new(page: Option<usize>) -> Self {
        Self {
            page,
            mailboxes: Mutex::default(),
            released: Condvar::new(),
        }
    }

    /// Adds a user.
    pub(super) fn add(&self, user: &str, password: &str, maildrop: Maildrop) {
        let mailbox = Mailbox {
            password: password.to_owned(),
            maildrop,
            hidden: Maildrop::default(),
            locked: false,
        };
        self.mailboxes
            .lock()
            .unwrap()
            .insert(user.to_owned(), mailbox);
    }

    /// What is in this user's maildrop now.
    pub(super) fn maildrop(&self, user: &str) -> Maildrop {
        self.mailboxes.lock().unwrap()[user].maildrop.clone()
    }

    /// What was popped of this user's maildrop.
    pub(super) fn hidden(&self, user: &str) -> Maildrop {
        self.mailboxes.lock().unwrap()[user].hidden.clone()
    }

    /// Changes this user's maildrop; a session that is open does not see it.
    pub(super) fn change(&self, user: &str, change: impl FnOnce(&mut Maildrop)) {
        let mut mailboxes = self.mailboxes.lock().unwrap();
        let mailbox = mailboxes.get_mut(user).expect("a user of this server");
        change(&mut mailbox.maildrop);
    }

    /// Locks this user's maildrop, or gives the reply that says why not.
    pub(super) fn login(
        self: &Arc<Self>,
        user: &str,
        password: &str,
    ) -> Result<Session, &'static str> {
        let recent = self.page.and_then(|_| user.strip_prefix(RECENT));
        let user = recent.unwrap_or(user);
        let page = self.page.filter(|_| recent.is_none());
        let mut mailboxes = self.mailboxes.lock().unwrap();
        if mailboxes
            .get(user)
            .is_none_or(|mailbox| mailbox.password != password)
        {
            return Err("-ERR [AUTH] invalid user or password"); // RFC 3206 §4
        }
        (mailboxes, _) = self
            .released
            .wait_timeout_while(mailboxes, HANDOVER, |mailboxes| mailboxes[user].locked)
            .unwrap();
        let mailbox = mailboxes.get_mut(user).expect("users are never removed");
        if mailbox.locked {
            return Err("-ERR [IN-USE] the maildrop is locked"); // RFC 2449 §8.1.1
        }
        mailbox.locked = true;
        let mut listed = mailbox.maildrop.clone();
        if page.is_some() {
            listed.remove(mailbox.hidden.messages().iter());
        }
        let messages: Vec<_> = listed
            .messages()
            .iter()
            .take(page.unwrap_or(usize::MAX))
            .cloned()
            .collect();
        let (deleted, retrieved) = (vec![false; messages.len()], vec![false; messages.len()]);
        Ok(Session {
            users: Arc::clone(self),
            user: user.to_owned(),
            hides: page.is_some(),
            messages,
            deleted,
            retrieved,
        })
    }
}

/// The TRANSACTION state: a locked maildrop as it was at login. Dropping it unlocks and deletes nothing.
#[derive(Debug)]
pub(super) struct Session {
    users: Arc<Users>,
    user: String,
    /// What is retrieved is hidden in the end.
    hides: bool,
    pub(super) messages: Vec<Arc<Message>>,
    pub(super) deleted: Vec<bool>,
    pub(super) retrieved: Vec<bool>,
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Ok(mut mailboxes) = self.users.mailboxes.lock() {
            mailboxes
                .get_mut(&self.user)
                .expect("users are never removed")
                .locked = false;
        }
        self.users.released.notify_all();
    }
}

impl Session {
    /// The UPDATE state (RFC 1939 §6).
    pub(super) fn update(self) {
        let mut mailboxes = self.users.mailboxes.lock().unwrap();
        let mailbox = mailboxes
            .get_mut(&self.user)
            .expect("users are never removed");
        if self.hides {
            let popped = marked(&self.messages, &self.retrieved);
            mailbox.hidden.extend(popped.cloned());
        }
        let gone = marked(&self.messages, &self.deleted);
        mailbox.maildrop.remove(gone);
    }
}

/// Those of the messages that are marked.
fn marked<'m>(
    messages: &'m [Arc<Message>],
    marks: &[bool],
) -> impl Iterator<Item = &'m Arc<Message>> {
    let marked = messages.iter().zip(marks);
    marked.filter_map(|(message, mark)| mark.then_some(message))
}
