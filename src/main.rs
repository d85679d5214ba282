//! Hands the arguments to [`popfetch::cli::run`], and its status to the system.

use std::process::ExitCode;

fn main() -> ExitCode {
    popfetch::cli::run(std::env::args_os())
}
