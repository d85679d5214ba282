//! The completion scripts: what clap writes, and the names of the accounts where a command wants one.
//!
//! clap knows no names that change. Each script is given a function that asks popfetch for them, with the configuration
//! that the line names, and calls it where the definition has an argument `ACCOUNT`.

use std::fmt::Write as _;

use clap::{Arg, Command};
use clap_complete::Shell;

use super::{commands, definition, hold};

/// An argument of this name is an account's name.
const ACCOUNT: &str = "ACCOUNT";

/// A command that wants accounts.
struct Taker {
    /// Its words, without `popfetch`.
    path: String,
    /// How many arguments come before the first account.
    before: usize,
    /// Whether all that follow are accounts, too.
    many: bool,
}

fn takers(definition: &Command) -> Vec<Taker> {
    let taker = |command: &&Command| {
        let arguments: Vec<&Arg> = command.get_positionals().collect();
        let before = arguments.iter().position(|argument| is_account(argument))?;
        Some(Taker {
            path: path(command),
            before,
            many: arguments[before]
                .get_num_args()
                .is_some_and(|many| many.max_values() > 1),
        })
    };
    commands(definition).iter().filter_map(taker).collect()
}

/// The words of a command, without `popfetch`.
fn path(command: &Command) -> String {
    let words = command.get_bin_name().unwrap().split_once(' ');
    words.map_or("", |(_, path)| path).to_owned()
}

fn is_account(argument: &Arg) -> bool {
    let names = argument.get_value_names().unwrap_or_default();
    names.iter().any(|name| name == ACCOUNT)
}

/// The options that have a value, of all commands, as they are written.
fn valued(definition: &Command) -> Vec<String> {
    let mut options: Vec<String> = [vec![definition], commands(definition)]
        .concat()
        .into_iter()
        .flat_map(Command::get_opts)
        .flat_map(|option| {
            let long = option.get_long().map(|long| format!("--{long}"));
            let short = option.get_short().map(|short| format!("-{short}"));
            [long, short]
        })
        .flatten()
        .collect();
    options.sort();
    options.dedup();
    options
}

fn generated(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut popfetch::cli::command(),
        "popfetch",
        &mut script,
    );
    String::from_utf8(script).unwrap()
}

/// The script of a shell.
pub(super) fn script(shell: Shell) -> String {
    let definition = definition();
    match shell {
        Shell::Bash => bash(&definition),
        Shell::Zsh => zsh(&definition),
        Shell::Fish => fish(&definition),
        _ => panic!("no script for {shell}"),
    }
}

/// Replaces what must be there once at least.
fn replace(script: &str, from: &str, to: &str) -> String {
    assert!(script.contains(from), "clap no longer writes {from:?}");
    script.replace(from, to)
}

fn bash(definition: &Command) -> String {
    let mut script = String::new();
    for line in generated(Shell::Bash).lines() {
        // What stands for a value is no word to type.
        let line = match line.split_once("opts=\"") {
            Some((before, words)) => {
                let words = words.trim_end_matches('"').split(' ');
                let words: Vec<_> = words.filter(|word| !word.starts_with(['[', '<'])).collect();
                format!("{before}opts=\"{}\"", words.join(" "))
            }
            None => line.to_owned(),
        };
        writeln!(script, "{line}").unwrap();
    }
    let mut takers_of = String::new();
    for Taker { path, before, many } in takers(definition) {
        let test = if many { "-ge" } else { "-eq" };
        writeln!(
            takers_of,
            "        \"{path}\") [[ $count {test} {before} ]] || return 0 ;;"
        )
        .unwrap();
    }
    let paths: Vec<_> = commands(definition).into_iter().map(path).collect();
    let paths = paths
        .iter()
        .map(|path| format!("\"{path}\""))
        .collect::<Vec<_>>();
    let (paths, valued) = (paths.join("|"), valued(definition).join("|"));
    let accounts = format!(
        r#"
# Adds the names of the accounts where the command wants one.
_popfetch_accounts() {{
    _popfetch "$@"
    [[ $2 == -* ]] && return 0
    local word value="" path="" count=0 config="" name names=() i
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${{COMP_WORDS[i]}}
        if [[ -n $value ]]; then
            # Between an option and its value, bash takes the sign for a word.
            [[ $word == = ]] && continue
            [[ $value == --config ]] && config=${{word/#\~/$HOME}}
            value=""
            continue
        fi
        case $word in
            {valued}) value=$word ;;
            -*) ;;
            *)
                case ${{path:+$path }}$word in
                    {paths}) path=${{path:+$path }}$word ;;
                    *) count=$((count + 1)) ;;
                esac
                ;;
        esac
    done
    [[ -z $value ]] || return 0
    case $path in
{takers_of}        *) return 0 ;;
    esac
    while IFS= read -r name; do
        printf -v name %q "$name"
        [[ $name == "$2"* ]] && names+=("$name")
    done < <("${{1/#\~/$HOME}}" ${{config:+--config "$config"}} account list --names 2>/dev/null)
    COMPREPLY=("${{names[@]}}")
}}
"#
    );
    let end = "\nif [[ \"${BASH_VERSINFO[0]}\" -eq 4";
    let script = replace(&script, end, &(accounts + end));
    replace(
        &script,
        "complete -F _popfetch ",
        "complete -F _popfetch_accounts ",
    )
}

fn zsh(definition: &Command) -> String {
    let script = generated(Shell::Zsh);
    let all = commands(definition);
    let accounts = all.iter().flat_map(|command| command.get_positionals());
    let ids = accounts.filter(|argument| is_account(argument));
    let mut ids: Vec<_> = ids.map(|argument| argument.get_id().as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = 0;
    let mut lines = String::new();
    for line in script.lines() {
        let is_account = ids.iter().any(|id| {
            let name = line.trim_start_matches(['\'', '*', ':']);
            line.starts_with('\'') && name.starts_with(&format!("{id} -- "))
        });
        let line = match line.strip_suffix(":_default' \\") {
            Some(line) if is_account => {
                found += 1;
                format!("{line}:_popfetch_accounts' \\")
            }
            _ => line.to_owned(),
        };
        writeln!(lines, "{line}").unwrap();
    }
    assert_eq!(
        found,
        takers(definition).len(),
        "clap writes arguments in another way"
    );
    let local = "    local context curcontext=\"$curcontext\" state line\n";
    let words = "    # The whole line: below, each command sees its own part.\n    local -a popfetch_line=(\"${words[@]}\")\n";
    let script = replace(&lines, local, &format!("{local}{words}"));
    let accounts = r#"
# The names of the accounts, from the configuration that the line names.
(( $+functions[_popfetch_accounts] )) ||
_popfetch_accounts() {
    local -a config names
    local at=${popfetch_line[(i)--config]}
    if (( at < ${#popfetch_line} )); then
        config=(--config ${~${(Q)popfetch_line[at + 1]}})
    elif [[ -n ${popfetch_line[(r)--config=*]} ]]; then
        config=(--config ${~${(Q)${popfetch_line[(r)--config=*]}#--config=}})
    fi
    names=(${(f)"$(${~${(Q)popfetch_line[1]}} $config account list --names 2>/dev/null)"})
    compadd -a names
}
"#;
    let end = "\nif [ \"$funcstack[1]\" = \"_popfetch\" ]; then";
    replace(&script, end, &format!("{accounts}{end}"))
}

fn fish(definition: &Command) -> String {
    let mut script = generated(Shell::Fish);
    script += r#"
# The names of the accounts, from the configuration that the line names.
function __fish_popfetch_accounts
    set -l words (commandline -opc)
    set -l config
    for i in (seq (count $words))
        switch $words[$i]
            case --config
                set -l next (math $i + 1)
                set -q words[$next]
                and set config --config (string replace -r '^~/' $HOME/ -- $words[$next])
            case '--config=*'
                set config (string replace -- '=~/' =$HOME/ $words[$i])
        end
    end
    set -l popfetch (string replace -r '^~/' $HOME/ -- $words[1])
    $popfetch $config account list --names 2>/dev/null
end

# Whether the words before the cursor are those of a command that wants an account next.
function __fish_popfetch_wants
    set -l path (string split ' ' -- $argv[1])
    set -l words
    set -l value
    for word in (commandline -opc)[2..]
        if test -n "$value"
            set value
            continue
        end
        switch $word
            case VALUED
                set value $word
            case '-*'
            case '*'
                set -a words $word
        end
    end
    set -l depth (count $path)
    test -z "$value"; or return 1
    test (count $words) -ge $depth; or return 1
    test "$words[1..$depth]" = "$path"; or return 1
    set -l given (math (count $words) - $depth)
    test $given -eq $argv[2]; or test $given -gt $argv[2] -a $argv[3] = many
end

"#;
    let mut script = replace(&script, "VALUED", &valued(definition).join(" "));
    for Taker { path, before, many } in takers(definition) {
        let many = if many { "many" } else { "one" };
        writeln!(
            script,
            "complete -c popfetch -n \"__fish_popfetch_wants '{path}' {before} {many}\" -f -a \"(__fish_popfetch_accounts)\""
        )
        .unwrap();
    }
    script
}

#[test]
fn the_completions_know_what_the_program_knows() {
    let shells = [
        (Shell::Bash, "popfetch.bash"),
        (Shell::Zsh, "_popfetch"),
        (Shell::Fish, "popfetch.fish"),
    ];
    for (shell, file) in shells {
        hold(&format!("completions/{file}"), script(shell).as_bytes());
    }
}
