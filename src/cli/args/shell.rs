//! The options of what serves the shell.

use clap::ValueEnum;

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Examples:
  popfetch completions bash > ~/.local/share/bash-completion/completions/popfetch   For bash
  popfetch completions zsh > ~/.zfunc/_popfetch                                     For zsh, with ~/.zfunc in fpath
  popfetch completions fish > ~/.config/fish/completions/popfetch.fish              For fish
")]
pub(in crate::cli) struct Completions {
    /// The shell
    #[arg(value_name = "bash|zsh|fish", hide_possible_values = true)]
    pub(in crate::cli) shell: Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Shell {
    Bash,
    Zsh,
    Fish,
}
