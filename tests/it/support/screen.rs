//! What popfetch shows on a terminal of some width.
//!
//! It refuses to obey the cursor: it is for commands that print lines.

use std::process::Command;

use console::measure_text_width;

use super::sandbox::Sandbox;

/// The lines that popfetch prints with these arguments, which a shell reads, on a terminal of so many columns.
pub(crate) fn lines(sandbox: &Sandbox, columns: usize, arguments: &str) -> Vec<String> {
    let popfetch = sandbox.command();
    let mut command = Command::new("/bin/sh");
    let script = format!("stty rows 30 cols {columns}; \"$popfetch\" {arguments}");
    command.args(["-c", &script]).env_clear();
    let variables = popfetch.get_envs();
    command.envs(variables.filter_map(|(name, value)| Some((name, value?))));
    command
        .env("TERM", "xterm")
        .env("popfetch", popfetch.get_program());
    let mut terminal = rexpect::session::spawn_command(command, Some(60_000)).unwrap();
    let shown = terminal.exp_eof().unwrap();
    terminal.process().wait().unwrap();
    // It gives a character for each byte.
    let bytes = shown.chars().map(|c| u8::try_from(c).unwrap());
    let shown = String::from_utf8(bytes.collect()).unwrap();
    let lines = shown.lines().map(|line| line.trim_end().to_owned());
    lines.collect()
}

/// Asserts that none of these is wider than so many columns, but for one that is a single word: a path is not cut.
#[track_caller]
pub(crate) fn fit(lines: &[String], columns: usize) {
    let is_word = |line: &str| !line.trim().contains(' ');
    let mut wide = lines
        .iter()
        .filter(|line| measure_text_width(line) > columns);
    let wide = wide.find(|line| !is_word(line));
    assert_eq!(wide, None, "wider than {columns}: {lines:#?}");
}
