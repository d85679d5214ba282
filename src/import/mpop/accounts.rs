//! mpop's accounts: which lines are each one's, its own, those it takes over from others and those of the defaults.
//!
//! It refuses to know what the lines mean together. Invariants: of two lines the later one counts, and an account's before
//! the defaults'; each line that is left out is named once, however many accounts take it over.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::rc::Rc;

use super::super::LeftOut;
use super::commands::{self, Command, Verdict};
use super::lines::{self, Line};
use super::shown::shown;

/// What was given to a command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given<'t> {
    pub(super) line: usize,
    pub(super) argument: &'t str,
    /// Whether it is left out: nothing is as if said, not even what it took the place of.
    left_out: bool,
}

type Settings<'t> = BTreeMap<Command, Given<'t>>;

/// An account as it stands in the file.
#[derive(Clone, Debug)]
pub(super) struct Draft<'t> {
    /// Its name.
    pub(super) name: &'t str,
    /// Where it begins.
    pub(super) line: usize,
    own: Settings<'t>,
    defaults: Rc<Settings<'t>>,
    /// The first of the lines that only a program could have said.
    pub(super) eval: Option<usize>,
    /// The account that it is once more, under another name.
    pub(super) again: Option<&'t str>,
}

impl<'t> Draft<'t> {
    /// What was said for it, or is the default.
    pub(super) fn get(&self, command: Command) -> Option<Given<'t>> {
        let given = self.own.get(&command).or(self.defaults.get(&command));
        given.copied().filter(|given| !given.left_out)
    }

    /// The argument alone, where it is more than nothing.
    pub(super) fn text(&self, command: Command) -> Option<&'t str> {
        let argument = self.get(command)?.argument;
        Some(argument).filter(|argument| !argument.is_empty())
    }

    /// Whether something was said, even if it is left out.
    pub(super) fn says(&self, command: Command) -> bool {
        self.own.contains_key(&command) || self.defaults.contains_key(&command)
    }
}

/// What is not carried over.
pub(super) struct Aside<'f> {
    file: &'f Path,
    pub(super) lines: Vec<LeftOut>,
}

impl<'f> Aside<'f> {
    pub(super) fn of(file: &'f Path) -> Self {
        let lines = Vec::new();
        Self { file, lines }
    }

    pub(super) fn put(&mut self, line: usize, what: impl Into<String>, why: impl Into<String>) {
        self.lines.push(LeftOut {
            file: self.file.to_owned(),
            line,
            what: what.into(),
            why: why.into(),
        });
    }
}

/// Reads the file's accounts.
pub(super) fn accounts<'t>(text: &'t str, aside: &mut Aside<'_>) -> Vec<Draft<'t>> {
    let mut reader = Reader::default();
    for line in lines::lines(text) {
        match line.command {
            "account" => reader.account(&line, aside),
            "defaults" => reader.defaults(&line, aside),
            _ => reader.setting(&line, aside),
        }
    }
    reader.end();
    if text.split('\n').nth(lines::MOST).is_some() {
        let what = "the rest of the file";
        aside.put(lines::MOST + 1, what, "no such file has so many lines");
    }
    reader.accounts
}

#[derive(Default)]
struct Reader<'t> {
    accounts: Vec<Draft<'t>>,
    names: HashMap<&'t str, usize>,
    defaults: Rc<Settings<'t>>,
    default_eval: Option<usize>,
    place: Place<'t>,
}

/// What a line belongs to.
#[derive(Default)]
enum Place<'t> {
    /// To nothing: there was no account yet.
    #[default]
    Start,
    Defaults,
    Account(Draft<'t>),
    /// To an account that is left out.
    Nowhere,
}

impl<'t> Reader<'t> {
    fn account(&mut self, line: &Line<'t>, aside: &mut Aside<'_>) {
        self.end();
        let what = || shown(line);
        let (name, parents) = match line.argument.split_once(':') {
            Some((name, parents)) => (name, Some(parents)),
            None => (line.argument, None),
        };
        let name = name.trim();
        self.place = Place::Nowhere;
        let nameless = || name.is_empty().then_some("an account without a name");
        if let Some(why) = line.oddity().or_else(nameless) {
            let why = format!("{why}; what follows it is left out with it");
            return aside.put(line.number, what(), why);
        }
        if self.names.contains_key(name) {
            let why =
                "there was an account of this name before; what follows it is left out with it";
            return aside.put(line.number, what(), why);
        }
        let mut draft = Draft {
            name,
            line: line.number,
            own: Settings::new(),
            defaults: Rc::clone(&self.defaults),
            eval: self.default_eval,
            again: None,
        };
        let parents = parents.into_iter().flat_map(|parents| parents.split(','));
        let mut missing = false;
        for parent in parents.map(str::trim) {
            let Some(parent) = self.names.get(parent).map(|at| &self.accounts[*at]) else {
                missing = true;
                continue;
            };
            draft.own.extend(&parent.own);
            draft.eval = draft.eval.or(parent.eval);
            draft.again = Some(parent.name);
        }
        if missing {
            let why = "no account before it has the name that it names; it is read without that";
            aside.put(line.number, what(), why);
        }
        self.place = Place::Account(draft);
    }

    fn defaults(&mut self, line: &Line<'t>, aside: &mut Aside<'_>) {
        self.end();
        if !line.argument.is_empty() {
            let why = "mpop takes no argument here, nor does it fetch with such a file";
            aside.put(line.number, shown(line), why);
        }
        self.place = Place::Defaults;
    }

    fn setting(&mut self, line: &Line<'t>, aside: &mut Aside<'_>) {
        let what = || shown(line);
        let verdict = commands::judge(line);
        let (settings, eval) = match &mut self.place {
            Place::Start => {
                let why = "it stands before the first account, where mpop takes nothing";
                return aside.put(line.number, what(), why);
            }
            Place::Nowhere => return,
            Place::Defaults => (Rc::make_mut(&mut self.defaults), &mut self.default_eval),
            Place::Account(draft) => {
                draft.again = None;
                (&mut draft.own, &mut draft.eval)
            }
        };
        if line.command == "eval" {
            eval.get_or_insert(line.number);
        }
        let mut set = |command, left_out| {
            let given = Given {
                line: line.number,
                argument: line.argument,
                left_out,
            };
            settings.insert(command, given);
        };
        match verdict {
            Verdict::Carried(command) => set(command, false),
            Verdict::Unset(command, why) => {
                set(command, true);
                aside.put(line.number, what(), why);
            }
            Verdict::LeftOut(why) => aside.put(line.number, what(), why),
            Verdict::Nothing => {}
        }
    }

    /// The account that was read until here is whole.
    fn end(&mut self) {
        if let Place::Account(mut draft) = std::mem::take(&mut self.place) {
            let same = draft.again.and_then(|name| self.names.get(name));
            let same = same.map(|at| &self.accounts[*at]);
            draft.again = draft
                .again
                .filter(|_| same.is_some_and(|same| same.is(&draft)));
            self.names.insert(draft.name, self.accounts.len());
            self.accounts.push(draft);
        }
    }
}

impl Draft<'_> {
    /// Whether the same lines count for both.
    fn is(&self, other: &Self) -> bool {
        let lines = |draft: &Self| {
            let commands = draft.own.keys().chain(draft.defaults.keys()).copied();
            let lines = commands.map(|command| (command, draft.line_of(command)));
            lines.collect::<BTreeMap<_, _>>()
        };
        lines(self) == lines(other)
    }

    fn line_of(&self, command: Command) -> Option<usize> {
        let given = self.own.get(&command).or(self.defaults.get(&command));
        given.map(|given| given.line)
    }
}
