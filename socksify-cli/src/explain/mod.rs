//! `--explain`: what would become of one call of a program, and why. Nothing is sent, not even a name look-up.

mod lookup;
mod report;
mod target;

use crate::args::Arguments;
use crate::environment::Environment;
use crate::error::Error;
use crate::{configuration, exit, message, program, search, sys};
use lookup::Lookup;
use report::Report;
use socks_conf::{Command, Config, Host, Process, Protocol, Question, User};
use std::ffi::OsStr;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
pub(crate) use target::Target;

/// Prints the explanation; the exit status is that of a success whatever the answer is.
pub(crate) fn run(arguments: &Arguments, target: &str, environment: &mut Environment) -> Result<u8, Error> {
    let config = configuration::load(environment)?;
    let target = Target::read(target).ok_or_else(|| Error::Target(target.to_owned()))?;
    let from = match &arguments.from {
        Some(from) => socket_address(from).ok_or_else(|| Error::From(from.clone()))?,
        None => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0),
    };
    let program = arguments.program.as_deref().map(|name| find(name, environment)).transpose()?;
    let executable = program.as_deref().and_then(|path| path.canonicalize().ok());
    let process = Process {
        // An empty path is a program that no route names.
        started_as: Some(program.as_deref().unwrap_or(Path::new(""))),
        executable: executable.as_deref(),
        user: Some(arguments.user.as_deref().map_or(Ok(sys::user()), user)?),
    };
    let lookup = Lookup::of(&config, &target, process);
    let question = question(arguments, &target, from, process);
    let search_path = environment.variable("PATH");
    let suspect = program.as_deref().map(|path| program::suspect(path, search_path.as_deref()));
    let report = Report { arguments, config: &config, target: &target, lookup, question, program: suspect };
    let text = if arguments.json { report.json() } else { report.to_string() };
    message::print(text.as_bytes())?;
    Ok(exit::SUCCESS)
}

fn question<'a>(
    arguments: &Arguments,
    target: &'a Target,
    from: SocketAddr,
    process: Process<'a>,
) -> Question<'a> {
    let (command, protocol) = match arguments {
        Arguments { udp: true, .. } => (Command::UdpAssociate, Protocol::Udp),
        Arguments { bind: true, .. } => (Command::Bind, Protocol::Tcp),
        _ => (Command::Connect, Protocol::Tcp),
    };
    let to = match target.address {
        Some(address) => Host::Ip(address),
        None => Host::Name(&target.host),
    };
    Question { command, protocol, from, to, port: target.port, process }
}

/// `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT`.
fn socket_address(text: &str) -> Option<SocketAddr> {
    let plain = || text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, 0));
    text.parse().ok().or_else(plain)
}

/// The user ID that a name or a number stands for.
fn user(text: &str) -> Result<u32, Error> {
    let passwd = || std::fs::read("/etc/passwd").unwrap_or_default();
    let id = text.parse().ok().or_else(|| User::find(&passwd(), text));
    id.ok_or_else(|| Error::User(text.to_owned()))
}

fn find(name: &OsStr, environment: &Environment) -> Result<PathBuf, Error> {
    search::find(name, environment.variable("PATH")).map_err(|absence| match absence {
        search::Absence::NotFound => Error::NotFound(name.to_owned()),
        search::Absence::NotExecutable(path, error) => Error::NotExecutable(path, error),
    })
}

/// Whether the configuration makes the library answer look-ups with stand-ins.
fn names_have_stand_ins(config: &Config) -> bool {
    config.resolveprotocol == socks_conf::ResolveProtocol::Fake
}
