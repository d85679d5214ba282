//! The examples in each command's help: lines of two spaces, the command, at least three spaces, what it does.

use clap::Command;

use super::{commands, definition};

/// A command and what it does.
pub(super) struct Example {
    pub(super) line: String,
    pub(super) does: String,
}

/// The examples in a command's help.
pub(super) fn of(command: &Command) -> Vec<Example> {
    let Some(help) = command.get_after_long_help() else {
        return Vec::new();
    };
    let help = help.to_string();
    let lines = help.strip_prefix("Examples:\n").unwrap_or_else(|| {
        panic!("{}: help ends with something else", command.get_name());
    });
    let example = |line: &str| {
        let halves = line
            .strip_prefix("  ")
            .and_then(|line| line.split_once("   "));
        let (line, does) = halves.unwrap_or_else(|| panic!("no example: {line:?}"));
        Example {
            line: line.trim().to_owned(),
            does: does.trim().to_owned(),
        }
    };
    lines.lines().map(example).collect()
}

/// The words of a line as a shell would read them, up to where it sends the output.
fn words(line: &str) -> Vec<String> {
    let words = shell_words::split(line).unwrap();
    let is_own = |word: &String| !matches!(word.as_str(), ">" | "|" | "&&" | ";");
    words.into_iter().take_while(is_own).collect()
}

#[test]
fn every_example_is_a_command_line_that_popfetch_takes() {
    let definition = definition();
    let mut all = commands(&definition);
    all.push(&definition);
    for command in all {
        for example in of(command) {
            let words = words(&example.line);
            let parsed = popfetch::cli::command().try_get_matches_from(&words);
            assert!(parsed.is_ok(), "{}: {}", example.line, parsed.unwrap_err());
            let own = command.get_bin_name().unwrap_or("popfetch");
            assert!(
                example.line.starts_with(own),
                "{}: not an example of {own}",
                example.line
            );
            assert!(!example.does.is_empty(), "{}", example.line);
        }
    }
}

#[test]
fn every_command_shows_its_use() {
    let definition = definition();
    let lacking = commands(&definition).into_iter().filter(|command| {
        // One that only holds others is shown by theirs.
        !command.has_subcommands() && of(command).is_empty()
    });
    let lacking: Vec<_> = lacking.filter_map(Command::get_bin_name).collect();
    assert!(lacking.is_empty(), "no examples: {lacking:?}");
}
