//! What an fdm configuration says, as values: settings, accounts, actions, rules.
//!
//! It refuses to know how it is written and what popfetch makes of it. Nothing here has a `Debug`: passwords are in it.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::values::Value;
use crate::import::LeftOut;

/// Where something stands.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) file: Rc<Path>,
    pub(super) line: usize,
}

impl Place {
    /// What stands here is not carried over, for this reason.
    pub(super) fn left_out(&self, what: impl Into<String>, why: impl Into<String>) -> LeftOut {
        LeftOut {
            file: self.file.to_path_buf(),
            line: self.line,
            what: what.into(),
            why: why.into(),
        }
    }
}

/// A configuration.
#[derive(Default)]
pub(super) struct Script {
    pub(super) settings: Settings,
    pub(super) accounts: Vec<AccountLine>,
    pub(super) actions: Vec<ActionLine>,
    pub(super) rules: Vec<Rule>,
    pub(super) left_out: Vec<LeftOut>,
    /// Whether something was not understood that may say what stays on the server.
    pub(super) is_partial: bool,
    /// How many statements were read.
    pub(super) statements: usize,
    /// How many rules, tests and actions there are.
    pub(super) parts: usize,
}

/// What `set` says.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) maximum_size: Option<u64>,
    pub(super) timeout: Option<Duration>,
    /// Whether fdm locks an mbox with flock(2); it does if nothing is said.
    pub(super) no_flock: bool,
    pub(super) proxy: Option<String>,
    pub(super) verifies: bool,
    pub(super) default_user: Option<(Place, Value)>,
    /// Whether mail that no rule takes stays on the server; it does if nothing is said.
    pub(super) keeps_unmatched: Option<bool>,
}

/// An account.
pub(super) struct AccountLine {
    pub(super) place: Place,
    pub(super) name: Value,
    pub(super) users: Vec<Value>,
    pub(super) disabled: bool,
    pub(super) server: Server,
    pub(super) host: Value,
    pub(super) port: Option<(Place, Port)>,
    pub(super) user: Option<(Place, Value)>,
    pub(super) pass: Option<(Place, Value)>,
    pub(super) only: Only,
    pub(super) no_apop: bool,
    /// Whether `no-verify` or `verify` says otherwise than the settings.
    pub(super) verify: Option<bool>,
    pub(super) keep: bool,
}

/// What an account speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    Pop3,
    /// POP3, with TLS by STLS.
    StartTls,
    Pop3s,
    /// POP3 with a program in place of a connection.
    Pipe,
}

/// A server's port.
pub(super) enum Port {
    Number(u64),
    Service(Value),
}

/// Which messages an account fetches.
pub(super) enum Only {
    All,
    /// Those that its cache does not have.
    New(Place, Value),
    /// Those that its cache has.
    Old,
}

/// A named action.
pub(super) struct ActionLine {
    pub(super) name: Value,
    pub(super) users: Vec<Value>,
    pub(super) items: Vec<Item>,
}

/// One thing that is done with a message.
pub(super) struct Item {
    pub(super) place: Place,
    pub(super) deed: Deed,
}

pub(super) enum Deed {
    Maildir(Value),
    Mbox {
        path: Value,
        compress: bool,
    },
    Pipe(Value),
    Lmtp {
        host: Option<Value>,
        port: Option<Port>,
        socket: Option<Value>,
        to: Option<Value>,
    },
    /// What the action of this name does.
    Named(Value),
    Keep,
    Drop,
    /// Something popfetch does not do, with its keyword.
    Other(&'static str),
}

/// A rule.
pub(super) struct Rule {
    pub(super) place: Place,
    /// Each test, how it joins those before it, and whether it is turned around.
    pub(super) tests: Vec<Test>,
    pub(super) users: Vec<Value>,
    pub(super) then: Then,
}

pub(super) struct Test {
    pub(super) is_or: bool,
    pub(super) is_not: bool,
    pub(super) kind: TestKind,
}

pub(super) enum TestKind {
    All,
    Matched,
    Unmatched,
    /// The account's name is like one of these.
    Account(Vec<Value>),
    /// Something of the message, named so.
    Message(&'static str),
}

pub(super) enum Then {
    Do { items: Vec<Item>, go_on: bool },
    Rules(Vec<Rule>),
}
