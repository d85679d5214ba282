//! What a person at a terminal sees: the question for a password, the bars, the summary; and what is left behind there.
//!
//! It runs popfetch on a pseudo-terminal. It refuses to know how a bar looks, but for what it must not do.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rexpect::session::{PtySession, spawn_command};
use rustix::termios::{LocalModes, tcgetattr};

use super::support::mailbox::{Mailbox, PASSWORD, USER, account};
use super::support::maildrop::Maildrop;
use super::support::options::{Options, Tls};
use super::support::sandbox::Sandbox;
use super::support::server::Server;

/// How long a step may take before the test is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at the terminal's modes.
const GLANCE: Duration = Duration::from_millis(2);

/// The columns of the terminal.
const WIDTH: usize = 100;

/// A pseudo-terminal on which a shell runs `script`, with popfetch as `$popfetch`. The shell tells the status.
pub(super) struct Terminal(PtySession);

impl Terminal {
    pub(super) fn new(sandbox: &Sandbox, script: &str, variables: &[(&str, &str)]) -> Self {
        let popfetch = sandbox.command();
        let mut command = Command::new("/bin/sh");
        // The pseudo-terminal begins without echo; a person's has it.
        let script = format!("stty echo rows 30 cols {WIDTH}; {script}; echo \"ended with $?\"");
        command
            .args(["-c", &script])
            .env_clear()
            .env("TERM", "xterm-256color");
        command.envs(
            popfetch
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        command.env("popfetch", popfetch.get_program());
        command.envs(variables.iter().copied());
        command.current_dir(sandbox.path("home"));
        let patience = u64::try_from(PATIENCE.as_millis()).unwrap();
        Self(spawn_command(command, Some(patience)).unwrap())
    }

    /// Reads up to this text; gives what came before it.
    #[track_caller]
    pub(super) fn reads(&mut self, text: &str) -> String {
        self.0
            .exp_string(text)
            .unwrap_or_else(|error| panic!("no {text:?}: {error}"))
    }

    /// Types a line.
    pub(super) fn types(&mut self, line: &str) {
        self.0.send_line(line).unwrap();
    }

    /// Presses Ctrl-C.
    pub(super) fn interrupts(&mut self) {
        self.0.send_control('c').unwrap();
    }

    /// Whether what is typed now is shown.
    pub(super) fn echoes(&self) -> bool {
        let terminal = self.0.process().get_file_handle().unwrap();
        tcgetattr(&terminal)
            .unwrap()
            .local_modes
            .contains(LocalModes::ECHO)
    }

    /// Waits until what is typed is not shown, which is a moment after the question.
    #[track_caller]
    pub(super) fn hides(&self) {
        let started = Instant::now();
        while self.echoes() {
            assert!(started.elapsed() < PATIENCE, "it shows what is typed");
            thread::sleep(GLANCE);
        }
    }

    /// Reads to the end; gives popfetch's status and what was still to be read before it.
    #[track_caller]
    pub(super) fn ends(&mut self) -> (i32, String) {
        let before = self.reads("ended with ");
        let status = self.0.read_line().unwrap();
        self.0.exp_eof().unwrap();
        self.0.process().wait().unwrap();
        // It gives each byte as a character.
        let before = before.chars().map(|c| u8::try_from(c).unwrap()).collect();
        (
            status.trim().parse().unwrap(),
            String::from_utf8(before).unwrap(),
        )
    }
}

/// What a terminal of [`WIDTH`] columns shows in the end, line by line: the cursor's movements are obeyed.
fn left_on_screen(shown: &str) -> Vec<String> {
    let mut screen: Vec<Vec<char>> = vec![Vec::new()];
    let (mut row, mut column) = (0_usize, 0_usize);
    let mut rest = shown.chars();
    while let Some(c) = rest.next() {
        match c {
            '\r' => column = 0,
            '\n' => row += 1,
            '\u{1b}' => {
                // CSI, a parameter, a final letter (ECMA-48 §5.4).
                let sequence = rest.as_str().strip_prefix('[').expect("a known sequence");
                let end = sequence
                    .find(|c: char| c.is_ascii_alphabetic())
                    .expect("a letter");
                let number = sequence[..end].parse().ok();
                match &sequence[end..=end] {
                    "A" => row = row.saturating_sub(number.unwrap_or(1)),
                    "B" => row += number.unwrap_or(1),
                    "K" if number == Some(2) => screen[row].clear(),
                    "m" => {}
                    other => panic!("an unknown sequence: {other:?}"),
                }
                rest = sequence[end + 1..].chars();
            }
            c => {
                // A line that is full goes on in the next.
                row += column / WIDTH;
                column %= WIDTH;
                screen.resize(screen.len().max(row + 1), Vec::new());
                let length = screen[row].len().max(column + 1);
                screen[row].resize(length, ' ');
                screen[row][column] = c;
                column += 1;
            }
        }
        screen.resize(screen.len().max(row + 1), Vec::new());
    }
    let lines = screen.iter().map(|line| line.iter().collect::<String>());
    let lines = lines.map(|line| line.trim_end().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// Whether a sequence that colours is in it (ECMA-48 §8.3.117).
fn is_coloured(shown: &str) -> bool {
    let sequences = shown.split("\u{1b}[").skip(1);
    sequences.into_iter().any(|sequence| {
        sequence
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
            .starts_with('m')
    })
}

fn question(mailbox: &Mailbox) -> String {
    format!(
        "Password of {USER} at 127.0.0.1:{}: ",
        mailbox.server.port()
    )
}

/// An account that says nothing of its password.
fn unstated(count: usize) -> Mailbox {
    let mailbox = Mailbox::new(count);
    mailbox.configure_password("", "");
    mailbox
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_password_is_asked_for_on_the_terminal_and_not_shown() {
    let mailbox = unstated(3);
    let mut terminal = Terminal::new(&mailbox.sandbox, "$popfetch sync >out", &[]);
    terminal.reads(&question(&mailbox));
    terminal.hides();
    terminal.0.send_line(PASSWORD).unwrap();
    let (status, shown) = terminal.ends();
    assert_eq!(status, 0, "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
    assert!(
        left_on_screen(&shown)
            .last()
            .unwrap()
            .starts_with("work: 3 new ("),
        "{shown:?}"
    );
    assert_eq!(read(&mailbox.sandbox.home("out")), "");
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn a_person_is_asked_only_where_one_sits() {
    let mailbox = unstated(1);
    for elsewhere in ["</dev/null", "2>trouble"] {
        let script = format!("$popfetch sync {elsewhere}");
        let mut terminal = Terminal::new(&mailbox.sandbox, &script, &[]);
        let (status, shown) = terminal.ends();
        assert_eq!(status, 78, "{shown}");
        assert!(!shown.contains("Password of"), "{shown}");
    }
    let trouble = read(&mailbox.sandbox.home("trouble"));
    assert!(trouble.contains("popfetch login work"), "{trouble}");
}

#[test]
fn a_program_may_ask_on_the_terminal_wherever_standard_input_comes_from() {
    let mailbox = Mailbox::new(1);
    // As pinentry-tty does; what is not in the foreground of the terminal would be stopped.
    let ask = "stty -echo </dev/tty; printf 'PIN? ' >/dev/tty; read pin </dev/tty; stty echo </dev/tty; echo $pin";
    let command = format!("password-command = [\"sh\", \"-c\", \"{ask}\"]");
    mailbox.configure_password(&command, "");
    for input in ["/dev/tty", "/dev/null"] {
        let script = format!("$popfetch sync -q <{input}");
        let mut terminal = Terminal::new(&mailbox.sandbox, &script, &[]);
        terminal.reads("PIN? ");
        terminal.types(PASSWORD);
        let (status, shown) = terminal.ends();
        assert_eq!(status, 0, "{input}: {shown}");
    }
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn accounts_are_asked_for_one_after_another() {
    let mut options = Options::new(Tls::None);
    for user in ["one", "two"] {
        options = options.user(user, &format!("pw-{user}"), Maildrop::sample(user, 0, 1));
    }
    let server = Server::start(options);
    let sandbox = Sandbox::new();
    let tables = ["one", "two"].map(|user| account(user, server.port(), user));
    sandbox.config(&tables.concat());

    let mut terminal = Terminal::new(&sandbox, "$popfetch sync", &[]);
    for _ in 0..2 {
        terminal.reads("Password of ");
        let user = terminal.reads(" at 127.0.0.1:");
        terminal.reads(": ");
        terminal.hides();
        terminal.0.send_line(&format!("pw-{user}")).unwrap();
    }
    let (status, shown) = terminal.ends();
    assert_eq!(status, 0, "{shown}");
    for user in ["one", "two"] {
        let mail = sandbox.mail(&format!("Mail/{user}"));
        assert_eq!(mail, server.maildrop(user).stored());
    }
}

#[test]
fn questions_come_first_and_hold_up_nothing_that_has_begun() {
    let mut options = Options::new(Tls::None);
    for user in ["known", "asked"] {
        options = options.user(user, "pw", Maildrop::sample(user, 0, 2));
    }
    let server = Server::start(options);
    let sandbox = Sandbox::new();
    let [known, asked] = ["known", "asked"].map(|user| account(user, server.port(), user));
    sandbox.config(&format!("{known}password = \"pw\"\n{asked}"));

    let mut terminal = Terminal::new(&sandbox, "$popfetch sync", &[]);
    terminal.reads("Password of asked at ");
    terminal.hides();
    assert!(server.records().is_empty());
    terminal.0.send_line("pw").unwrap();
    assert_eq!(terminal.ends().0, 0);
    for user in ["known", "asked"] {
        let mail = sandbox.mail(&format!("Mail/{user}"));
        assert_eq!(mail, server.maildrop(user).stored());
    }
}

/// popfetch, which stays and can be signalled.
fn stays(sandbox: &Sandbox, arguments: &str) -> Terminal {
    let script = format!("sh -c 'echo $$ >pid; exec $popfetch sync --every 1h {arguments}'");
    Terminal::new(sandbox, &script, &[])
}

/// Sends it a signal.
fn signal(sandbox: &Sandbox, name: &str) {
    let id = read(&sandbox.home("pid"));
    let mut kill = Command::new("kill");
    let sent = kill.args(["-s", name, id.trim()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_question_of_who_stays_holds_up_no_other_account() {
    let mut options = Options::new(Tls::None);
    for user in ["asked", "known"] {
        options = options.user(user, "pw", Maildrop::sample(user, 0, 2));
    }
    let server = Server::start(options);
    let sandbox = Sandbox::new();
    let [asked, known] = ["asked", "known"].map(|user| account(user, server.port(), user));
    sandbox.config(&format!("{asked}{known}password = \"pw\"\n"));

    let mut terminal = stays(&sandbox, "");
    terminal.reads("Password of asked at ");
    terminal.hides();
    // While nobody answers.
    server.wait_until(0, |record| record.ended);
    assert_eq!(server.count("USER known"), 1);
    terminal.0.send_line("pw").unwrap();
    server.wait_until(1, |record| record.ended);
    terminal.reads("asked: 2 new");
    signal(&sandbox, "TERM");
    assert!([0, 75].contains(&terminal.ends().0));
    for user in ["asked", "known"] {
        let mail = sandbox.mail(&format!("Mail/{user}"));
        assert_eq!(mail, server.maildrop(user).stored());
    }
}

#[test]
fn a_stop_at_the_question_ends_with_75_and_the_terminal_echoes_again() {
    let mailbox = unstated(1);
    let pid = mailbox.sandbox.home("pid");
    for command in ["sync", "login work"] {
        for signal in ["INT", "TERM"] {
            // The shell waits behind it, so that the terminal can be looked at.
            let script = format!(
                "trap '' INT; sh -c 'echo $$ >pid; exec $popfetch {command}'; status=$?; echo done; read go; (exit $status)"
            );
            let mut terminal = Terminal::new(&mailbox.sandbox, &script, &[]);
            terminal.reads(&question(&mailbox));
            terminal.hides();
            if signal == "INT" {
                terminal.0.send_control('c').unwrap();
            } else {
                let mut kill = Command::new("kill");
                let told = kill.args(["-s", signal, read(&pid).trim()]).status();
                assert!(told.unwrap().success());
            }
            let said = terminal.reads("done");
            assert!(
                said.contains("popfetch: ") && said.contains("stopped"),
                "{said}"
            );
            assert!(terminal.echoes(), "{command}: {signal}");
            terminal.0.send_line("go").unwrap();
            assert_eq!(terminal.ends().0, 75, "{command}: {signal}: {said}");
        }
    }
    assert!(mailbox.server.records().is_empty());
}

#[test]
fn an_end_of_input_at_the_question_is_no_password() {
    let mailbox = unstated(1);
    let mut terminal = Terminal::new(&mailbox.sandbox, "$popfetch sync", &[]);
    terminal.reads(&question(&mailbox));
    terminal.hides();
    terminal.0.send_line("").unwrap();
    let (status, shown) = terminal.ends();
    assert_eq!(status, 78, "{shown}");
    assert!(shown.contains("gave no password"), "{shown}");
}

/// Two accounts, whose mail takes about a second.
fn slow() -> (Sandbox, Server) {
    let mut options = Options::new(Tls::None).pace(1 << 20);
    for user in ["one", "second"] {
        options = options.user(user, "pw", Maildrop::sample(user, 0, 60));
    }
    // Without number 17, of several megabytes, which is there to be large.
    let server = Server::start(options);
    let sandbox = Sandbox::new();
    let tables = ["one", "second"]
        .map(|user| account(user, server.port(), user) + "password = \"pw\"\nmax-size = \"1MB\"\n");
    sandbox.config(&tables.concat());
    (sandbox, server)
}

/// Runs popfetch on a slow server; gives all that the terminal got.
#[track_caller]
fn shown(arguments: &str, variables: &[(&str, &str)]) -> String {
    let (sandbox, _server) = slow();
    let script = format!("$popfetch sync {arguments}");
    let (status, shown) = Terminal::new(&sandbox, &script, variables).ends();
    assert_eq!(status, 0, "{shown}");
    shown
}

const BAR: char = '━';

#[test]
fn bars_are_drawn_while_mail_comes_and_a_summary_remains() {
    let shown = shown("", &[]);
    for part in ["total", "/59", "/s", &BAR.to_string()] {
        assert!(shown.contains(part), "no {part:?} in {shown:?}");
    }
    assert!(is_coloured(&shown));
    let mut left = left_on_screen(&shown);
    left.sort();
    assert_eq!(left.len(), 2, "{left:#?}");
    for (account, line) in ["one", "second"].into_iter().zip(&left) {
        assert!(line.starts_with(&format!("{account}: 59 new (")), "{line}");
        assert!(
            line.ends_with("1 larger than max-size left there"),
            "{line}"
        );
    }
}

#[test]
fn without_progress_there_are_plain_lines_and_nothing_moves() {
    for arguments in ["--progress never", "--progress never --color always"] {
        let shown = shown(arguments, &[]);
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
        for account in ["one", "second"] {
            let start = format!("{account}: ");
            let lines = shown.lines().filter(|line| line.starts_with(&start));
            let lines: Vec<&str> = lines.collect();
            assert_eq!(lines.len(), 2, "{shown:?}");
            assert!(lines[0].contains(": fetching 59 messages, "), "{shown:?}");
            assert!(lines[1].contains(": 59 new ("), "{shown:?}");
        }
        assert_eq!(shown.lines().count(), 4, "{shown:?}");
    }
}

#[test]
fn colours_can_be_had_or_not() {
    for (arguments, variables) in [
        ("", [("NO_COLOR", "1")]),
        ("--color never", [("LANG", "C")]),
    ] {
        let shown = shown(arguments, &variables);
        assert!(shown.contains(BAR), "{shown:?}");
        assert!(!is_coloured(&shown), "{arguments} {variables:?}");
    }
}

#[test]
fn quiet_shows_nothing_on_a_terminal_either() {
    assert_eq!(shown("--quiet", &[]), "");
}

#[test]
fn who_stays_in_the_foreground_is_asked_once_unless_the_server_refuses_it() {
    let mailbox = unstated(3);
    let mut terminal = stays(&mailbox.sandbox, "--progress never");
    let signal = |name| signal(&mailbox.sandbox, name);
    let types = |terminal: &mut Terminal, password: &str| {
        terminal.reads(&question(&mailbox));
        terminal.hides();
        terminal.0.send_line(password).unwrap();
    };
    // It may have been typed wrong.
    types(&mut terminal, "wrong");
    terminal.reads("refused");
    signal("USR1");
    types(&mut terminal, PASSWORD);
    terminal.reads("work: 3 new (");
    // What the rest of that line is.
    terminal.reads("on the server");
    for round in 1..=2 {
        mailbox.deposit(&format!("later-{round}"));
        signal("USR1");
        let shown = terminal.reads(&format!(", {} on the server", 3 + round));
        assert!(!shown.contains("Password of"), "{shown}");
    }
    signal("TERM");
    let (status, shown) = terminal.ends();
    assert_eq!(status, 0, "{shown}");
    assert!(!shown.contains("Password of"), "{shown}");
    assert_eq!(mailbox.server.count(&format!("PASS {PASSWORD}")), 3);
}
