//! Whole runs of popfetch against a real Dovecot, through a relay that adds latency, beside the limit: the same mail asked
//! for at once and thrown away. `tests/bench/run --help` says what may be chosen.
//!
//! It owns the order of things and the table. Ratios of one table compare; figures of two machines do not.
//! popfetch and the limit take turns, so that a machine that is busy for a while is so for both. What Dovecot keeps of a
//! maildrop is made before anything is measured.
#![expect(clippy::print_stdout, reason = "it prints a table")]
#![expect(clippy::unwrap_used, reason = "in a benchmark a panic is the report")]

#[path = "../corpus.rs"]
mod corpus; // mail that is the same in each run
mod home; // where popfetch runs
mod limit; // the fastest client there can be
mod measured; // what a program takes
mod relay; // latency, and who waits for whom
#[path = "../../it/support/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    clippy::wildcard_imports,
    reason = "most of it is for tests, and its own tests are not compiled here"
)]
mod support; // a real POP3 server, and certificates
mod workload; // what lies on the server

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::{Parser, ValueEnum as _};
use tempfile::TempDir;

use home::{Access, Deliver, Home};
use measured::Figures;
use relay::Relay;
use support::certificates::{Authority, Leaf};
use support::dovecot::{Dovecot, PASSWORD};
use workload::{Extent, Workload};

/// Whole runs of popfetch against a private Dovecot, beside the fastest client there can be.
#[derive(Debug, Parser)]
#[command(name = "tests/bench/run")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
struct Options {
    /// What is on the server; without any, each once with --quick
    workloads: Vec<Workload>,
    /// The time that a question and its answer take on the way, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    rtt: u64,
    /// How many runs the medians are of [default: 5, or 1 with --quick]
    #[arg(long, value_name = "N")]
    runs: Option<usize>,
    /// Where popfetch puts the mail
    #[arg(long, default_value = "maildir")]
    deliver: Deliver,
    /// Less of everything, to see in seconds that all is well
    #[arg(long)]
    quick: bool,
    /// No TLS
    #[arg(long)]
    cleartext: bool,
    /// The server does not announce PIPELINING, and keeps its input all the same; without TLS
    #[arg(long)]
    hide_pipelining: bool,
    /// The program to measure, in place of the one just built
    #[arg(long, value_name = "FILE", default_value = env!("CARGO_BIN_EXE_popfetch"))]
    popfetch: PathBuf,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().collect();
    match &arguments[..] {
        [_, role, rest @ ..] if role == measured::ROLE => return measured::act(rest),
        [_, role, rest @ ..] if role == limit::ROLE => return limit::act(rest),
        _ => {}
    }
    let mut options = Options::parse();
    if !options.bench {
        println!("nothing is measured: this is for `cargo bench`");
        return ExitCode::SUCCESS;
    }
    if options.workloads.is_empty() {
        options.workloads = Workload::value_variants().to_vec();
        options.quick = true;
    }
    let bench = Bench::new(options);
    let all_well = bench.options.workloads.iter().fold(true, |well, workload| {
        let rows = bench.measure(*workload);
        bench.print(*workload, &rows);
        well && rows.iter().all(|row| row.is_well)
    });
    if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A server, the way to it, and what is to be done.
struct Bench {
    options: Options,
    server: Dovecot,
    relay: Relay,
    /// The authority's certificate.
    authority: TempDir,
}

/// What came of a client's runs.
struct Row {
    client: &'static str,
    runs: Vec<Figures>,
    flights: u32,
    messages: usize,
    is_well: bool,
}

impl Bench {
    fn new(mut options: Options) -> Self {
        options.cleartext |= options.hide_pipelining;
        let authority = Authority::new();
        let identity = authority.issue(Leaf::Good);
        let server = Dovecot::start(&identity.chain_pem, &identity.key_pem);
        let port = if options.cleartext {
            server.port_pop3()
        } else {
            server.port_pop3s()
        };
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        Self {
            relay: Relay::start(port, options.hide_pipelining),
            options,
            server,
            authority: folder,
        }
    }

    fn extent(&self) -> Extent {
        if self.options.quick {
            Extent::Quick
        } else {
            Extent::Full
        }
    }

    fn runs(&self) -> usize {
        let usual = if self.options.quick { 1 } else { 5 };
        self.options.runs.unwrap_or(usual).max(1)
    }

    /// Puts a workload's mail on the server, lets both clients fetch it in turn, and removes it.
    fn measure(&self, workload: Workload) -> [Row; 2] {
        let extent = self.extent();
        let users = workload.users(extent);
        for (number, user) in (0..).zip(&users) {
            self.server.fill(user, workload.messages(number, extent));
            settle(&self.server.maildir(user)).unwrap();
        }
        rustix::fs::sync();
        let expected = users.len() * workload.count(extent);
        let is_idle = workload == Workload::Idle;
        let limit = self.limit(
            &users,
            if is_idle {
                limit::UIDS
            } else {
                limit::MESSAGES
            },
        );
        self.relay.set_round_trip(Duration::ZERO);
        measured::run(&limit);
        let known = is_idle.then(|| {
            let home = self.home(&users);
            measured::run(&home.sync(&self.options.popfetch));
            home
        });
        self.relay
            .set_round_trip(Duration::from_millis(self.options.rtt));
        let mut rows = ["limit", "popfetch"].map(|client| Row {
            client,
            runs: Vec::new(),
            flights: 0,
            messages: expected,
            is_well: true,
        });
        for _ in 0..self.runs() {
            let said = self.run(&limit, &mut rows[0]);
            rows[0].note(said.trim().parse().unwrap_or(0), expected);
            let fresh = known.is_none().then(|| self.home(&users));
            if let Some(home) = known.as_ref().or(fresh.as_ref()) {
                self.run(&home.sync(&self.options.popfetch), &mut rows[1]);
                rows[1].note(home.count(&users), expected);
            }
        }
        for user in &users {
            self.server.expunge_all(user);
        }
        rows
    }

    /// One run, after the disk has come to rest; gives what the client printed.
    fn run(&self, command: &Command, row: &mut Row) -> String {
        rustix::fs::sync();
        self.relay.take_flights();
        let (said, figures) = measured::run(command);
        row.flights = row.flights.max(self.relay.take_flights());
        row.is_well &= figures.is_well;
        row.runs.push(figures);
        said
    }

    fn home(&self, users: &[String]) -> Home {
        let authority = self.authority();
        let access = Access {
            port: self.relay.port(),
            authority: authority.as_deref(),
            password: PASSWORD,
        };
        Home::new(&access, users, self.options.deliver)
    }

    fn limit(&self, users: &[String], wanted: &str) -> Command {
        let authority = self.authority();
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args([limit::ROLE, &self.relay.port().to_string()])
            .arg(authority.as_deref().unwrap_or(Path::new(limit::CLEARTEXT)))
            .args([wanted, PASSWORD])
            .args(users);
        command
    }

    /// The authority's certificate; none if there is no TLS.
    fn authority(&self) -> Option<PathBuf> {
        (!self.options.cleartext).then(|| self.authority.path().join("ca.pem"))
    }

    fn print(&self, workload: Workload, rows: &[Row]) {
        let Options { rtt, deliver, .. } = self.options;
        let users = workload.users(self.extent()).len();
        let count = workload.count(self.extent());
        let line = match (self.options.hide_pipelining, self.options.cleartext) {
            (true, _) => "cleartext, PIPELINING kept secret",
            (false, true) => "cleartext",
            (false, false) => "TLS",
        };
        println!(
            "\n{workload:?}: {users} × {count} messages, {rtt} ms round trip, {line}, {deliver:?}, medians of {}",
            self.runs()
        );
        println!(
            "client      wall s        (min – max)   × limit    CPU s   peak MiB   flights   messages"
        );
        let base = median(&rows[0].runs, |run| run.wall);
        for row in rows {
            row.print(base);
        }
    }
}

impl Row {
    /// Takes up how many messages a run had.
    fn note(&mut self, messages: usize, expected: usize) {
        if messages != expected {
            self.messages = messages;
            self.is_well = false;
        }
    }

    fn print(&self, base: Duration) {
        let wall = median(&self.runs, |run| run.wall);
        let walls = || self.runs.iter().map(|run| run.wall);
        println!(
            "{:<9} {:>8.3} {:>8.3} – {:<8.3} {:>8.2} {:>8.2} {:>10} {:>9} {:>10}{}",
            self.client,
            wall.as_secs_f64(),
            walls().min().unwrap_or_default().as_secs_f64(),
            walls().max().unwrap_or_default().as_secs_f64(),
            wall.div_duration_f64(base),
            median(&self.runs, |run| run.cpu).as_secs_f64(),
            self.runs.iter().map(|run| run.peak).max().unwrap_or(0) / 1024,
            self.flights,
            self.messages,
            if self.is_well { "" } else { "   FAILED" },
        );
    }
}

/// Gives messages on the server the names that they would have in the end: read, with their sizes on disk and on the line.
/// Otherwise Dovecot opens and renames each of them in the first sessions, and that would be measured.
fn settle(maildir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(maildir.join("new"))? {
        let path = entry?.path();
        let content = fs::read(&path)?;
        let lines = memchr::memchr_iter(b'\n', &content).count();
        let name = path.file_name().unwrap_or_default().display();
        let (size, on_line) = (content.len(), content.len() + lines);
        let name = format!("{name},S={size},W={on_line}:2,S");
        fs::rename(&path, maildir.join("cur").join(name))?;
    }
    Ok(())
}

/// The middle one; of an even number the higher of the two.
fn median(runs: &[Figures], of: impl Fn(&Figures) -> Duration) -> Duration {
    let mut durations: Vec<Duration> = runs.iter().map(of).collect();
    durations.sort_unstable();
    durations[durations.len() / 2]
}
