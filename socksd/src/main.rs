//! `socksd`: the companion proxy as a program.
#![forbid(unsafe_code)]

mod configuration;
mod error;
mod files;
mod seeing;
mod settings;
mod stderr;

use std::io::stdin;
use std::process::ExitCode;

use clap::Parser;
use log::{LevelFilter, error, info};
use socksd::args::Args;
use socksd::{Server, UserError, hash_password, interrupted, raise_descriptor_limit};

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
    if args.hash_password {
        return print_hash();
    }
    if args.connections {
        return seeing::show(&args);
    }
    let options = settings::options(&args)?;
    if args.check {
        return Ok(());
    }
    raise_descriptor_limit();
    let mut server = Server::bind(options)?;
    seeing::open(&mut server, &args)?;
    if let Some(address) = args.metrics {
        info!("metrics at http://{}/metrics", server.metrics(address)?);
    }
    let reloader = server.reloader();
    let until_interrupted = async {
        tokio::select! {
            () = interrupted() => {}
            () = reloader.on_hangup(move || settings::options(&args)) => {}
        }
    };
    server.run_blocking(until_interrupted).map_err(Error::Run)
}

/// Prints the hash of the password in the first line of standard input.
fn print_hash() -> Result<(), Error> {
    let mut password = String::new();
    stdin().read_line(&mut password).map_err(Error::Input)?;
    let password = password.trim_end_matches(['\r', '\n']);
    if !(1..=255).contains(&password.len()) {
        return Err(Error::User(UserError::PasswordLength));
    }
    println!("{}", hash_password(password).ok_or(Error::NoRandomness)?);
    Ok(())
}
