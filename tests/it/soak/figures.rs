//! What a campaign adds up: one line in the end.

use std::collections::BTreeMap;
use std::fmt;

/// The figures of a campaign, or of a part of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Figures {
    /// How often `popfetch sync` was run, the rounds of one that stays included.
    pub(super) syncs: u64,
    /// How often each kind of fault struck.
    pub(super) faults: BTreeMap<&'static str, u64>,
    /// How many runs with a fault ended with each status.
    pub(super) statuses: BTreeMap<i32, u64>,
    pub(super) messages: u64,
    pub(super) delivered: u64,
    pub(super) deleted: u64,
    /// The most that was seen of each, with its unit.
    most: BTreeMap<&'static str, (u64, &'static str)>,
    /// What a process that stays held after its warm-up, and in the end.
    pub(super) lasting: Vec<String>,
}

impl Figures {
    pub(super) fn strikes(&mut self, fault: &'static str) {
        *self.faults.entry(fault).or_default() += 1;
    }

    /// Notes the size of something.
    pub(super) fn see(&mut self, what: &'static str, size: u64, unit: &'static str) {
        let most = self.most.entry(what).or_insert((0, unit));
        most.0 = most.0.max(size);
    }

    pub(super) fn add(&mut self, other: Self) {
        self.syncs += other.syncs;
        self.messages += other.messages;
        self.delivered += other.delivered;
        self.deleted += other.deleted;
        for (fault, count) in other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        for (what, (size, unit)) in other.most {
            self.see(what, size, unit);
        }
        self.lasting.extend(other.lasting);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} syncs", self.syncs)?;
        for (fault, count) in &self.faults {
            write!(f, ", {count} {fault}")?;
        }
        write!(f, "; struck runs ended with")?;
        for (status, count) in &self.statuses {
            write!(f, " {status} ({count})")?;
        }
        write!(
            f,
            "; {} messages, {} delivered, {} deleted",
            self.messages, self.delivered, self.deleted
        )?;
        for (what, (size, unit)) in &self.most {
            write!(f, "; at most {size} {unit} {what}")?;
        }
        self.lasting.iter().try_for_each(|it| write!(f, "; {it}"))
    }
}
