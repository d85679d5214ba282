//! A server, three accounts with their destinations, a clock, and popfetch among them.
//!
//! It owns what the accounts are, and what must hold after a run without faults. It refuses to know which faults there are.
//! Invariants: relays outlive the server, so that an account's address stays the same; no popfetch is left running.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::super::support::certificates::{Authority, Leaf};
use super::super::support::clock;
use super::super::support::dovecot::{self, Dovecot};
use super::super::support::sandbox::{Finished, Running, Sandbox};
use super::bounds;
use super::chance::Chance;
use super::figures::Figures;
use super::relay::Relay;
use super::store::{Kind, Store, message};

/// When the clock begins: 2026-11-02 00:00:00 UTC.
const BEGINNING: i64 = 1_793_577_600;

/// For so long mail is left on the server of those that leave it there.
const LEFT: SignedDuration = SignedDuration::from_hours(48);

/// Between two looks through the whole database there are so many runs without a fault.
const BETWEEN_LOOKS: u64 = 40;

/// How long popfetch waits for a server that is well.
const TIMEOUT: &str = "60s";

/// An account: where its mail lies on the server, and where it goes.
pub(super) struct Account {
    name: &'static str,
    /// Mail stays on the server for two days, or not at all.
    is_left: bool,
    encrypted: bool,
    sent: u64,
    stores: Vec<Store>,
}

impl Account {
    fn new(name: &'static str, is_left: bool, encrypted: bool, kinds: &[Kind]) -> Self {
        let stores = kinds.iter().map(|kind| Store::new(*kind, name)).collect();
        Self {
            name,
            is_left,
            encrypted,
            sent: 0,
            stores,
        }
    }
}

/// Everything that a run of popfetch meets.
pub(super) struct World {
    pub(super) sandbox: Sandbox,
    pub(super) dovecot: Dovecot,
    pub(super) chance: Chance,
    pub(super) figures: Figures,
    pub(super) wrong: Vec<String>,
    pub(super) now: Timestamp,
    /// How long a run takes that nothing happens to.
    pub(super) usual: Duration,
    /// Mail may wait for the program, which makes a run end with 74 or 75.
    pub(super) waits: bool,
    relays: [Relay; 2],
    ca: PathBuf,
    accounts: [Account; 3],
    settled: u64,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let authority = Authority::new();
        let identity = authority.issue(Leaf::Good);
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.home("Piped")).unwrap();
        let ca = sandbox.write("ca.pem", authority.pem());
        let world = Self {
            dovecot: Dovecot::start(&identity.chain_pem, &identity.key_pem),
            chance: Chance::new(seed),
            figures: Figures::default(),
            wrong: Vec::new(),
            now: Timestamp::from_second(BEGINNING).unwrap(),
            usual: Duration::from_millis(100),
            waits: false,
            relays: [Relay::start(), Relay::start()],
            accounts: [
                Account::new("ann", true, true, &[Kind::Maildir]),
                Account::new("bob", false, false, &[Kind::Mbox, Kind::Maildir]),
                Account::new("cyd", true, true, &[Kind::Pipe, Kind::Mbox]),
            ],
            settled: 0,
            sandbox,
            ca,
        };
        world.lead();
        world.configure(TIMEOUT);
        world
    }

    /// Writes the configuration, with this patience.
    pub(super) fn configure(&self, timeout: &str) {
        let mut config = format!("[defaults]\ntimeout = \"{timeout}\"\n");
        for account in &self.accounts {
            let (port, tls) = if account.encrypted {
                let ca = self.ca.display();
                (self.relays[0].port(), format!("tls-ca-file = \"{ca}\""))
            } else {
                (self.relays[1].port(), "tls = \"none\"".to_owned())
            };
            let left = if account.is_left { "\"2d\"" } else { "false" };
            let stores: Vec<_> = account.stores.iter().map(Store::table).collect();
            write!(
                config,
                "[accounts.{0}]\nhost = \"127.0.0.1\"\nport = {port}\n{tls}\nuser = \"{0}\"\npassword = \"{1}\"\n\
                 leave-on-server = {left}\ndeliver = [{2}]\n",
                account.name,
                dovecot::PASSWORD,
                stores.join(", "),
            )
            .expect("a string takes any text");
        }
        self.sandbox.config(&config);
    }

    /// Has the relays lead to the server.
    pub(super) fn lead(&self) {
        self.relays[0].lead_to(self.dovecot.port_pop3s());
        self.relays[1].lead_to(self.dovecot.port_pop3());
    }

    pub(super) fn relays(&self) -> &[Relay; 2] {
        &self.relays
    }

    /// Has the program refuse mail with this status, for some time (75) or for good.
    pub(super) fn refuse(&mut self, status: u8) {
        self.waits = true;
        let flag = self.sandbox.home("refuse");
        fs::write(flag, status.to_string()).unwrap();
    }

    /// Mail comes to some of the accounts.
    pub(super) fn mail_arrives(&mut self) {
        for account in &mut self.accounts {
            if self.chance.once_in(3) {
                continue;
            }
            for _ in 0..self.chance.below(4) {
                let content = message(account.name, account.sent);
                self.dovecot.fill(account.name, [content]);
                account.sent += 1;
                self.figures.messages += 1;
            }
        }
    }

    /// The clock goes on, or jumps days ahead or back.
    pub(super) fn time_passes(&mut self) -> bool {
        let jump = match self.chance.below(24) {
            0 => SignedDuration::from_hours(-72),
            1..=3 => SignedDuration::from_hours(72),
            _ => SignedDuration::from_mins(30),
        };
        let part = i32::try_from(1 + self.chance.below(60)).expect("it is small");
        self.now += jump / 60 * part;
        jump.abs() > SignedDuration::from_hours(1)
    }

    /// The command `popfetch sync`, at this world's time.
    pub(super) fn command(&self) -> Command {
        let mut command = self.sandbox.command();
        clock::set(&mut command, self.now);
        command.arg("sync");
        command
    }

    /// Notes a run that has ended: its memory, and what it has left.
    pub(super) fn note(&mut self, run: &Finished) {
        self.figures.syncs += 1;
        let memory = bounds::memory(run.peak, &mut self.figures);
        self.wrong.extend(memory);
        if run.stderr.contains("panicked") {
            self.wrong.push(run.stderr.clone());
        }
    }

    /// What must hold behind a fault: nothing is here twice, half or changed.
    pub(super) fn look(&mut self) {
        let state = self.state();
        for account in &mut self.accounts {
            for store in &mut account.stores {
                if store.is_always_whole() {
                    let found = store.judge(&self.sandbox, account.sent, false);
                    self.wrong.extend(found);
                }
            }
        }
        self.wrong
            .extend(bounds::after_any(&state, &mut self.figures));
    }

    /// A run without a fault, and what must hold behind it.
    pub(super) fn settle(&mut self) {
        self.heal();
        self.now += SignedDuration::from_mins(30);
        let started = Instant::now();
        let mut run = Running::new(self.command()).finish();
        self.usual = started.elapsed();
        self.note(&run);
        // What a program has refused waits for some minutes, or until somebody asks.
        if run.code == 74 && run.stderr.contains("exited with status") {
            self.retry();
            run = Running::new(self.command()).finish();
            self.note(&run);
        }
        self.expect_quiet("a run without a fault", &run);
        self.waits = false;
        self.judge();
    }

    /// Has popfetch try again what a program has refused.
    pub(super) fn retry(&mut self) {
        let mut retry = self.sandbox.command();
        clock::set(&mut retry, self.now);
        retry.arg("retry");
        let retry = Running::new(retry).finish();
        self.expect_quiet("a retry", &retry);
    }

    /// What must hold behind a run without a fault.
    pub(super) fn judge(&mut self) {
        self.settled += 1;
        let state = self.state();
        let (mut sent, mut deliveries) = (0, 0);
        for account in &mut self.accounts {
            sent += account.sent;
            for store in &mut account.stores {
                deliveries += account.sent;
                self.wrong
                    .extend(store.judge(&self.sandbox, account.sent, true));
            }
            let here = self.dovecot.messages(account.name);
            if !account.is_left && here > 0 {
                self.wrong
                    .push(format!("{}: {here} are left on the server", account.name));
            }
            let before = (self.now - LEFT).as_second();
            let overdue = bounds::overdue(&state, account.name, before);
            if account.is_left && overdue > 0 {
                self.wrong
                    .push(format!("{}: {overdue} are overdue", account.name));
            }
        }
        let bounds = bounds::judge(&state, sent, deliveries, &mut self.figures);
        self.wrong.extend(bounds);
        if self.settled.is_multiple_of(BETWEEN_LOOKS) {
            self.wrong.extend(bounds::integrity(&state));
        }
    }

    /// Takes away whatever is wrong with the world.
    pub(super) fn heal(&self) {
        for relay in &self.relays {
            relay.set_break(None);
        }
        let _ = fs::remove_file(self.sandbox.home("refuse"));
        self.configure(TIMEOUT);
    }

    /// The last look, and the figures.
    pub(super) fn end(mut self) -> (Figures, Vec<String>) {
        self.wrong.extend(bounds::integrity(&self.state()));
        for account in &self.accounts {
            let left = self.dovecot.messages(account.name) as u64;
            self.figures.deleted += account.sent - left;
            for store in &account.stores {
                self.figures.delivered += store.deliveries(&self.sandbox);
            }
        }
        (self.figures, self.wrong)
    }

    pub(super) fn state(&self) -> PathBuf {
        self.sandbox.path("state/popfetch")
    }

    fn expect_quiet(&mut self, which: &str, run: &Finished) {
        if run.code != 0 || !run.stderr.is_empty() || !run.stdout.is_empty() {
            let said = format!("{which} ended with {}: {}", run.code, run.stderr);
            self.wrong.push(said);
        }
    }
}

/// The files that libfaketime leaves in memory when its process is killed.
pub(super) fn clear_away_clock(id: u32) {
    for name in ["faketime_shm", "sem.faketime_sem"] {
        let _ = fs::remove_file(Path::new("/dev/shm").join(format!("{name}_{id}")));
    }
}
