//! `socksd`: the companion proxy as a program.
#![forbid(unsafe_code)]

mod error;
mod files;
mod settings;
mod stderr;

use std::process::ExitCode;

use clap::Parser;
use log::{LevelFilter, error};
use socksd::args::Args;
use socksd::{Server, interrupted, raise_descriptor_limit};

use crate::error::Error;
use crate::stderr::log_to_stderr;

fn main() -> ExitCode {
    let args = Args::parse();
    log_to_stderr(level(&args));
    match run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("{error}");
            error.exit_code()
        }
    }
}

fn level(args: &Args) -> LevelFilter {
    match (args.quiet, args.verbose) {
        (true, _) => LevelFilter::Warn,
        (_, true) => LevelFilter::Debug,
        _ => LevelFilter::Info,
    }
}

fn run(args: Args) -> Result<(), Error> {
    let check = args.check;
    let options = settings::options(args)?;
    if check {
        return Ok(());
    }
    raise_descriptor_limit();
    Server::bind(options)?.run_blocking(interrupted()).map_err(Error::Run)
}
