//! `socksd`: the companion proxy as a program.
#![forbid(unsafe_code)]

mod configuration;
mod error;
mod files;
mod journal;
mod privileges;
mod seeing;
mod settings;

use std::io::stdin;
use std::process::ExitCode;

use clap::Parser;
use listenfd::ListenFd;
use log::{LevelFilter, error, info};
use socksd::args::Args;
use socksd::nft::ruleset;
use socksd::{Options, Server, UserError, hash_password, interrupted, raise_descriptor_limit};

use crate::error::Error;
use crate::journal::log_to_stderr;
use crate::privileges::become_user;

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
    if let Some(file) = &args.nft {
        print!("{}", ruleset(&configuration::parse(file)?));
        return Ok(());
    }
    if args.connections {
        return seeing::show(&args);
    }
    let (options, process) = settings::settings(&args)?;
    if args.check {
        return Ok(());
    }
    journal::log_to(&process.logoutput, &process.errorlog);
    if process.debug {
        log::set_max_level(LevelFilter::Debug);
    }
    raise_descriptor_limit();
    let mut server = open(options)?;
    seeing::open(&mut server, &args)?;
    if let Some(address) = args.metrics {
        info!("metrics at http://{}/metrics", server.metrics(address)?);
    }
    if let Some(user) = &process.unprivileged {
        become_user(user)?;
    }
    let reloader = server.reloader();
    let until_interrupted = async {
        tokio::select! {
            () = interrupted() => {}
            () = reloader.on_hangup(move || reload(&args)) => {}
        }
    };
    server.run_blocking(until_interrupted).map_err(Error::Run)
}

/// A proxy on the sockets that systemd hands over (sd_listen_fds(3)), or on its own.
fn open(options: Options) -> Result<Server, Error> {
    let mut handed = ListenFd::from_env();
    let mut listeners = Vec::new();
    for index in 0..handed.len() {
        listeners.extend(handed.take_tcp_listener(index).map_err(Error::Inherited)?);
    }
    match listeners.is_empty() {
        true => Ok(Server::bind(options)?),
        false => Server::from_listeners(listeners, options).map_err(Error::Inherited),
    }
}

fn reload(args: &Args) -> Result<Options, Error> {
    let (options, process) = settings::settings(args)?;
    journal::log_to(&process.logoutput, &process.errorlog);
    Ok(options)
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
