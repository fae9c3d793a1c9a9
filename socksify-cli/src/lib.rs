//! `socksify COMMAND`: everything that is done before the command runs.
//!
//! The library we preload can only fail closed, silently, inside a program that knows nothing of proxies. Here there
//! is still a user to talk to: so configuration, library and command are all checked first, and whatever is wrong is
//! said with its place and its remedy. Then this process becomes the command and costs nothing more.
//!
//! This crate is internal to the package: the program, its tests and the makers of its manual page use it.
#![deny(unsafe_code)]

pub mod args;
mod attended;
mod check;
mod configuration;
mod convert;
mod diagnosis;
mod embedded;
mod environment;
mod error;
mod exit;
mod explain;
pub mod guide;
mod launch;
mod library;
mod message;
mod names;
mod printable;
mod program;
mod proxy_log;
mod quote;
mod search;
#[allow(unsafe_code)]
mod sys;
mod trace;

use args::Arguments;
use attended::Attended;
use diagnosis::Style;
use embedded::Embedded;
use environment::{Environment, ON_UNHOOKABLE, PRELOAD};
use error::Error;
use launch::Launch;
use socks_conf::{Config, Warning};
use std::ffi::OsString;
use std::path::PathBuf;
use trace::Trace;

/// Does what the command line says, program name first. Returns an exit status, unless the process became the command.
pub fn run(words: impl IntoIterator<Item = OsString>) -> u8 {
    match Arguments::read(words) {
        Ok(arguments) => act(&arguments).unwrap_or_else(|error| {
            message::fail(&error);
            error.status()
        }),
        Err(usage) => {
            let _ = usage.print();
            if usage.use_stderr() { exit::OUR_FAILURE } else { exit::SUCCESS }
        }
    }
}

fn act(arguments: &Arguments) -> Result<u8, Error> {
    if let Some(target) = &arguments.probe {
        return Ok(check::probe(target));
    }
    if let Some(file) = &arguments.convert {
        return convert::run(file).map(|()| exit::SUCCESS);
    }
    configuration::check_urls(&arguments.proxies)?;
    let mut environment = Environment::of(arguments).map_err(Error::Directory)?;
    if arguments.check.is_some() {
        return check::run(arguments, &mut environment);
    }
    if arguments.names {
        return names::print(arguments, &environment);
    }
    if let Some(target) = &arguments.explain {
        return explain::run(arguments, target, &mut environment);
    }
    let attended = (arguments.embedded || arguments.trace.is_some()).then(Attended::prepare).transpose()?;
    let embedded = arguments.embedded.then(|| Embedded::start(arguments)).transpose()?;
    if let Some(embedded) = &embedded {
        environment.name_proxies(embedded.url());
    }
    let config = prepare(arguments, &mut environment)?;
    if arguments.print_env {
        // The session outlives this process, to which a table would belong: it shares the user's.
        message::print(&environment.shell_commands())?;
        return Ok(exit::SUCCESS);
    }
    name_table(arguments, &mut environment);
    let launch = Launch::prepare(arguments, &environment)?;
    if arguments.verbose > 0 {
        tell(&configuration::origin(arguments, &config), &launch, &environment);
    }
    match attended {
        Some(attended) => attend(arguments, &attended, &launch, environment),
        None => Err(launch.exec(&environment)),
    }
}

/// Stays with the command, for its proxy or to tell what it does.
fn attend(
    arguments: &Arguments,
    attended: &Attended,
    launch: &Launch,
    mut environment: Environment,
) -> Result<u8, Error> {
    let start = |file: &Option<PathBuf>| Trace::start(file.as_deref(), arguments.json, &mut environment);
    let trace = arguments.trace.as_ref().map(start).transpose()?;
    let status = attended.run(launch, &environment);
    trace.into_iter().for_each(Trace::finish);
    status
}

/// Everything that must be right whatever the command is.
fn prepare(arguments: &Arguments, environment: &mut Environment) -> Result<Config, Error> {
    if let Some(file) = &arguments.log {
        message::open_log(file)?;
    }
    let library = library::find(&|name| environment.variable(name)).map_err(Error::Library)?;
    let config = configuration::load(environment)?;
    environment.set(PRELOAD, library::preload(&library, environment.variable(PRELOAD)));
    environment.set(ON_UNHOOKABLE, if arguments.allow_bypass { "warn" } else { "refuse" });
    tell_warnings(arguments, &config);
    Ok(config)
}

/// What changes the meaning of a configuration is said unless nothing is to be; what is merely superfluous, on request.
fn tell_warnings(arguments: &Arguments, config: &Config) {
    let told = |warning: &&Warning| match arguments {
        Arguments { quiet: true, .. } => false,
        Arguments { verbose, .. } => *verbose > 0 || warning.caution.changes_meaning(),
    };
    let style = Style::of_messages();
    let warnings = config.warnings.iter().filter(told);
    warnings.for_each(|warning| message::note(&diagnosis::warning(warning, style)));
}

/// Without a table of its own the command uses the one of the user, or of each process: worse, but not wrong.
fn name_table(arguments: &Arguments, environment: &mut Environment) {
    if let Err(error) = names::prepare(environment)
        && !arguments.quiet
    {
        message::warn(&format_args!("no table of names for this run: {error}"));
    }
}

fn tell(origin: &str, launch: &Launch, environment: &Environment) {
    let library = environment.variable(PRELOAD).unwrap_or_default();
    message::note(&format_args!(
        "running {} as {origin} says, with {}",
        launch.program().display(),
        library.display()
    ));
}
