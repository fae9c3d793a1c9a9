//! `--explain`: what would become of one call of a program, and why. Nothing is sent, not even a name look-up.

mod lookup;
mod report;
mod target;

use crate::args::Arguments;
use crate::environment::Environment;
use crate::error::Error;
use crate::program::Suspect;
use crate::{configuration, exit, message, program, search};
use lookup::Lookup;
use report::Report;
use socks_conf::{Command, Config, Host, Protocol, Question};
use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
pub(crate) use target::Target;

/// Prints the explanation; the exit status is that of a success whatever the answer is.
pub(crate) fn run(arguments: &Arguments, target: &str, environment: &mut Environment) -> Result<u8, Error> {
    let config = configuration::load(environment)?;
    let target = Target::read(target).ok_or_else(|| Error::Target(target.to_owned()))?;
    let from = match &arguments.from {
        Some(from) => socket_address(from).ok_or_else(|| Error::From(from.clone()))?,
        None => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
    };
    let program = arguments.program.as_deref().map(|name| judge(name, environment)).transpose()?;
    let lookup = Lookup::of(&config, &target);
    let question = question(arguments, &target, from);
    let report = Report { arguments, config: &config, target: &target, lookup, question, program };
    let text = if arguments.json { report.json() } else { report.to_string() };
    message::print(text.as_bytes())?;
    Ok(exit::SUCCESS)
}

fn question<'a>(arguments: &Arguments, target: &'a Target, from: SocketAddr) -> Question<'a> {
    let (command, protocol) = match arguments {
        Arguments { udp: true, .. } => (Command::UdpAssociate, Protocol::Udp),
        Arguments { bind: true, .. } => (Command::Bind, Protocol::Tcp),
        _ => (Command::Connect, Protocol::Tcp),
    };
    let to = match target.address {
        Some(address) => Host::Ip(address),
        None => Host::Name(&target.host),
    };
    Question { command, protocol, from, to, port: target.port }
}

/// `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`.
fn socket_address(text: &str) -> Option<SocketAddr> {
    let plain = || text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, 0));
    text.parse().ok().or_else(plain)
}

/// What would keep the library out of a program.
fn judge(name: &OsStr, environment: &Environment) -> Result<Option<Suspect>, Error> {
    let search_path = environment.variable("PATH");
    let path = search::find(name, search_path.clone()).map_err(|absence| match absence {
        search::Absence::NotFound => Error::NotFound(name.to_owned()),
        search::Absence::NotExecutable(path, error) => Error::NotExecutable(path, error),
    })?;
    Ok(program::suspect(&path, search_path.as_deref()))
}

/// Whether the configuration makes the library answer look-ups with stand-ins.
fn names_have_stand_ins(config: &Config) -> bool {
    config.resolveprotocol == socks_conf::ResolveProtocol::Fake
}
