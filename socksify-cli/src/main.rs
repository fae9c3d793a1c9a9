//! Runs a program with all its traffic through a SOCKS proxy.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(socksify_cli::run(std::env::args_os()))
}
