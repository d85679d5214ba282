//! The completion scripts in the shells themselves: bash, zsh and fish complete a line as they do for a person.
//!
//! A stand-in for popfetch gives the accounts' names, so that what is asked of it is seen.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use clap_complete::Shell;

use super::super::support::sandbox::{Running, Sandbox};
use super::completions::script;

/// What the scripts ask for: two accounts, or others where a configuration is named.
const STAND_IN: &str = r#"#!/bin/sh
case "$*" in
'account list --names') printf 'work\nweekend mail\nhome\n' ;;
'--config '*'/other.toml account list --names') echo wonder ;;
*) echo "$*" >> "$HOME/misunderstood" ;;
esac
"#;

/// A shell with a script, and popfetch in PATH.
struct Completer {
    sandbox: Sandbox,
    shell: Shell,
}

impl Completer {
    fn new(shell: Shell) -> Self {
        let sandbox = Sandbox::new();
        let stand_in = sandbox.write("home/bin/popfetch", STAND_IN);
        fs::set_permissions(stand_in, Permissions::from_mode(0o755)).unwrap();
        sandbox.write("home/other.toml", "");
        sandbox.write("home/script", script(shell));
        Self { sandbox, shell }
    }

    /// What the shell offers at the end of this line, sorted.
    fn offers(&self, line: &str) -> Vec<String> {
        let (program, arguments) = match self.shell {
            Shell::Bash => (
                "bash",
                vec!["--norc".to_owned(), "-c".to_owned(), BASH.to_owned()],
            ),
            Shell::Zsh => (
                "zsh",
                vec!["-f".to_owned(), "-c".to_owned(), ZSH.to_owned()],
            ),
            _ => (
                "fish",
                vec!["--no-config".to_owned(), "-c".to_owned(), FISH.to_owned()],
            ),
        };
        let mut command = Command::new(program);
        let popfetch = self.sandbox.command();
        let variables = popfetch
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?)));
        command.args(arguments).env_clear().envs(variables);
        let bin = self.sandbox.home("bin");
        command
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("LINE", line)
            .env("LC_ALL", "C.UTF-8")
            .current_dir(self.sandbox.path("home"));
        let out = Running::new(command).finish();
        let mut offers: Vec<_> = out
            .stdout
            .lines()
            // fish puts what a word means behind a tab.
            .map(|offer| offer.split('\t').next().unwrap().trim().to_owned())
            .filter(|offer| !offer.is_empty())
            .collect();
        offers.sort();
        offers
    }
}

/// Splits the line as readline does, calls what is registered, and prints what it replies.
const BASH: &str = r#"
source ./script
COMP_LINE=$LINE COMP_POINT=${#LINE}
read -ra COMP_WORDS <<< "$LINE"
[[ $LINE == *' ' ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
function=$(complete -p popfetch | sed 's/.*-F \([^ ]*\).*/\1/')
compopt() { :; }
"$function" popfetch "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
"#;

/// A zsh of its own on a pseudo-terminal, whose completion is told to write what it would show.
const ZSH: &str = r#"
zmodload zsh/zpty
rm -f found finished ready
mkdir -p fpath && cp script fpath/_popfetch
zpty -b shell zsh -f -i
zpty -w shell 'PROMPT=; RPROMPT=; stty -echo; unsetopt zle; setopt zle; fpath=($PWD/fpath $fpath)'
zpty -w shell 'autoload -Uz compinit; compinit -u -d $PWD/dump'
zpty -w shell 'compadd() { local -a found; builtin compadd -O found "$@"; print -rl -- $found >> $HOME/found; builtin compadd "$@" }'
zpty -w shell 'offer() { LBUFFER=$LINE; zle complete-word; BUFFER=; print done > $HOME/finished; }'
zpty -w shell 'zle -N offer; bindkey "^X^O" offer; print ready > $HOME/ready'
for i in {1..1000}; do [[ -e ready ]] && break; sleep 0.01; done
zpty -n -w shell $'\x18\x0f'
for i in {1..1000}; do [[ -e finished ]] && break; zpty -r -t shell output; sleep 0.01; done
zpty -d shell
sort -u found
"#;

const FISH: &str = "source ./script; complete -C \"$LINE\"";

fn each() -> [Completer; 3] {
    [Shell::Bash, Shell::Zsh, Shell::Fish].map(Completer::new)
}

/// As bash and zsh quote a blank or leave it.
fn plain(offers: Vec<String>) -> Vec<String> {
    offers
        .into_iter()
        .map(|offer| offer.replace('\\', ""))
        .collect()
}

#[test]
fn a_shell_completes_commands_and_options() {
    for completer in each() {
        let shell = completer.shell;
        assert_eq!(completer.offers("popfetch sy"), ["sync"], "{shell}");
        assert_eq!(
            completer.offers("popfetch sync --dry"),
            ["--dry-run"],
            "{shell}"
        );
        let colors = completer.offers("popfetch sync --color a");
        assert_eq!(colors, ["always", "auto"], "{shell}");
    }
}

#[test]
fn a_shell_completes_the_names_of_accounts() {
    for completer in each() {
        let shell = completer.shell;
        let names = |line| plain(completer.offers(line));
        assert_eq!(names("popfetch sync wo"), ["work"], "{shell}");
        assert_eq!(
            names("popfetch sync w"),
            ["weekend mail", "work"],
            "{shell}"
        );
        assert_eq!(
            names("popfetch -q sync --jobs 2 home w"),
            ["weekend mail", "work"],
            "{shell}"
        );
        assert_eq!(names("popfetch list wo"), ["work"], "{shell}");
        assert_eq!(names("popfetch schedule cron wo"), ["work"], "{shell}");
        let misunderstood = fs::read_to_string(completer.sandbox.home("misunderstood"));
        assert_eq!(misunderstood.ok(), None, "{shell}");
    }
}

#[test]
fn a_command_in_a_command_is_completed_as_any_other() {
    for completer in each() {
        let shell = completer.shell;
        assert_eq!(
            completer.offers("popfetch account rem"),
            ["remove"],
            "{shell}"
        );
        for line in [
            "popfetch account remove wo",
            "popfetch account -q remove wo",
        ] {
            assert_eq!(completer.offers(line), ["work"], "{shell}: {line}");
        }
        let one = completer.offers("popfetch account remove home wo");
        assert!(!one.contains(&"work".to_owned()), "{shell}: {one:?}");
    }
}

#[test]
fn what_the_scripts_ask_for_is_what_the_program_gives() {
    let line = [
        "popfetch", "--config", "x.toml", "account", "list", "--names",
    ];
    assert!(popfetch::cli::command().try_get_matches_from(line).is_ok());
}

#[test]
fn no_account_is_offered_where_none_is_wanted() {
    for completer in each() {
        let shell = completer.shell;
        for line in [
            "popfetch wo",
            "popfetch schedule wo",
            "popfetch completions wo",
            "popfetch sync --jobs wo",
        ] {
            assert!(
                !completer.offers(line).contains(&"work".to_owned()),
                "{shell}: {line}"
            );
        }
    }
}

#[test]
fn a_configuration_on_the_line_is_the_one_that_is_asked() {
    for completer in each() {
        let shell = completer.shell;
        for line in [
            "popfetch --config ./other.toml sync w",
            "popfetch sync --config ./other.toml w",
        ] {
            assert_eq!(completer.offers(line), ["wonder"], "{shell}: {line}");
        }
    }
}

#[test]
fn a_configuration_is_a_file() {
    for completer in each() {
        let shell = completer.shell;
        let offers = completer.offers("popfetch sync --config oth");
        assert_eq!(offers, ["other.toml"], "{shell}");
    }
}
