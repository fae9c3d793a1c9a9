//! From the command line to the proxy's options, with the files read that it names.

use std::time::Duration;

use socks_conf::LogTarget;
use socksd::Options;
use socksd::args::Args;

use crate::configuration::{self, Process};
use crate::error::Error;
use crate::files;

/// The options that the command line stands for, and what it says about the process; it wins over the configuration
/// file it names.
pub(crate) fn settings(args: &Args) -> Result<(Options, Process), Error> {
    let (mut options, mut process) = match &args.config {
        Some(file) => configuration::read(file)?,
        None => Default::default(),
    };
    if args.run_as.is_some() {
        process.unprivileged.clone_from(&args.run_as);
    }
    if !args.log.is_empty() {
        process.logoutput = args.log.iter().map(|word| LogTarget::from_bytes(word.as_bytes())).collect();
    }
    if !args.listen.is_empty() {
        options.listen.clone_from(&args.listen);
        options.follow.clear();
    }
    options.allow.clone_from(&args.allow);
    options.reach.clone_from(&args.reach);
    options.bind_timeout = args.bind_timeout;
    options.grace = args.grace;
    set(&mut options.handshake_timeout, args.handshake_timeout);
    set(&mut options.connect_timeout, args.connect_timeout);
    if let Some(timeout) = args.idle_timeout {
        options.idle_timeout = limit(timeout);
        options.udp_idle_timeout = limit(timeout);
    }
    if let Some(timeout) = args.half_closed_timeout {
        options.half_closed_timeout = limit(timeout);
    }
    if let Some(most) = args.max_connections {
        options.max_connections = count(most);
    }
    if let Some(most) = args.max_connections_per_host {
        options.max_connections_per_host = count(most);
    }
    // Not a value parser, for its message would show the password.
    for user in &args.user {
        options.users.add(user.parse().map_err(Error::User)?);
    }
    for file in &args.users {
        files::add_users(&mut options.users, file)?;
    }
    for pair in &args.resolve {
        options.hosts.add_pair(pair).map_err(|error| Error::Resolve { pair: pair.clone(), error })?;
    }
    for file in &args.hosts {
        files::add_hosts(&mut options.hosts, file)?;
    }
    configuration::warn_of_missing_users(&options);
    configuration::warn_of_powerless_modules(&options, &process);
    Ok((options, process))
}

fn set(option: &mut Duration, said: Option<Duration>) {
    *option = said.unwrap_or(*option);
}

/// Zero is any number.
pub(crate) fn count(most: usize) -> Option<usize> {
    Some(most).filter(|most| *most != 0)
}

/// Zero is no limit.
pub(crate) fn limit(timeout: Duration) -> Option<Duration> {
    Some(timeout).filter(|timeout| !timeout.is_zero())
}
