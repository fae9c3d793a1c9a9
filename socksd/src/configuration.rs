//! From a configuration file to the proxy's options.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use log::warn;
use socks_conf::LogTarget;
use socks_conf::sockd::{self, Families, Family, Listen, Local, Method, Sockd};
use socksd::{External, Follow, Options, Rules, interface_addresses};

use crate::error::Error;
use crate::files;
use crate::settings::{count, limit};

/// What stands for no limit where there must be one.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads a file.
pub(crate) fn read(file: &Path) -> Result<(Options, Process), Error> {
    let sockd = parse(file)?;
    let process = Process {
        unprivileged: sockd.unprivileged.clone(),
        logoutput: sockd.logoutput.clone(),
        errorlog: sockd.errorlog.clone(),
        debug: sockd.debug > 0,
    };
    Ok((options(sockd)?, process))
}

/// What a file says, with what in it may not mean what its author thinks said in the log.
pub(crate) fn parse(file: &Path) -> Result<Sockd, Error> {
    let text = files::bytes(file)?;
    let sockd = sockd::parse(&text, file).map_err(Error::Configuration)?;
    for warning in &sockd.warnings {
        let text = warning.to_string();
        warn!("{}", text.replacen("warning: ", "", 1));
    }
    Ok(sockd)
}

/// What is about the process rather than what it serves.
#[derive(Debug, Default)]
pub(crate) struct Process {
    /// Whom it becomes once everything is open.
    pub(crate) unprivileged: Option<String>,
    /// Where the log goes.
    pub(crate) logoutput: Vec<LogTarget>,
    /// Where warnings and errors go in addition.
    pub(crate) errorlog: Vec<LogTarget>,
    /// Whether names looked up and addresses tried are logged, too.
    pub(crate) debug: bool,
}

/// A method that needs users, without any, lets nobody in; who wrote the file should know.
pub(crate) fn warn_of_missing_users(options: &Options) {
    let needs_users = options.socksmethods.iter().flatten().any(|method| *method == Method::Username);
    if needs_users && options.users.is_empty() {
        warn!("the method username lets nobody in, for there are no users: see --users");
    }
}

/// Modules of PAM that read what only root may read find nothing in a process that is somebody else.
pub(crate) fn warn_of_powerless_modules(options: &Options, process: &Process) {
    if let Some(user) = &process.unprivileged
        && uses_pam(options)
    {
        warn!(
            "the modules of PAM will run as {user}; those for accounts of the system, such as pam_unix, want root"
        );
    }
}

fn uses_pam(options: &Options) -> bool {
    options.socksmethods.iter().flatten().any(|method| *method == Method::PamUsername)
}

fn options(sockd: Sockd) -> Result<Options, Error> {
    let mut options = Options::default();
    if !sockd.internal.is_empty() {
        options.listen = listening(&sockd.internal, sockd.internal_families)?;
        options.follow = followed(&sockd.internal, sockd.internal_families);
    }
    options.external = External {
        locals: sockd.external.into_iter().flat_map(outside).collect(),
        families: sockd.external_families,
        rotation: sockd.rotation,
    };
    options.clientmethods = sockd.clientmethods;
    // Without the key Dante turns everybody away, and so do we.
    options.socksmethods = Some(sockd.socksmethods.unwrap_or_default());
    if uses_pam(&options) && cfg!(not(feature = "pam")) {
        return Err(Error::NoPam);
    }
    if let Some(file) = &sockd.users {
        files::add_users(&mut options.users, file)?;
    }
    options.rules = Some(Rules::new(sockd.client_rules, sockd.socks_rules).map_err(Error::Group)?);
    set(&mut options.handshake_timeout, sockd.timeout_negotiate);
    set(&mut options.connect_timeout, sockd.timeout_connect);
    options.idle_timeout = sockd.timeout_io_tcp.and_then(limit);
    options.udp_idle_timeout = sockd.timeout_io_udp.and_then(limit);
    if let Some(timeout) = sockd.timeout_tcp_fin_wait {
        options.half_closed_timeout = limit(timeout);
    }
    if let Some(most) = sockd.connections_total {
        options.max_connections = count(most as usize);
    }
    if let Some(most) = sockd.connections_client {
        options.max_connections_per_host = count(most as usize);
    }
    Ok(options)
}

fn set(option: &mut Duration, said: Option<Duration>) {
    if let Some(said) = said {
        *option = limit(said).unwrap_or(A_DAY);
    }
}

fn listening(internal: &[Listen], families: Families) -> Result<Vec<SocketAddr>, Error> {
    let mut addresses = Vec::new();
    for Listen { local, port } in internal {
        let found = match local {
            Local::Ip(address) => vec![*address],
            Local::Name(name) => inside(name).ok_or_else(|| Error::NoSuchPlace(name.clone()))?,
        };
        let wanted = found.into_iter().filter(|address| is_of(*address, families));
        addresses.extend(wanted.map(|address| SocketAddr::new(address, *port)));
    }
    if addresses.is_empty() { Err(Error::NowhereToListen) } else { Ok(addresses) }
}

/// The interfaces among the places to listen.
fn followed(internal: &[Listen], families: Families) -> Vec<Follow> {
    let interfaces = internal.iter().filter_map(|Listen { local, port }| match local {
        Local::Name(name) if interface_addresses(name).is_some() => {
            Some(Follow { interface: name.clone(), port: *port, families })
        }
        _ => None,
    });
    interfaces.collect()
}

/// The addresses of an interface, or else of a host.
fn inside(name: &str) -> Option<Vec<IpAddr>> {
    match interface_addresses(name) {
        Some(addresses) => Some(addresses.into_iter().filter(|address| !is_link_local(*address)).collect()),
        None => host_addresses(name),
    }
}

/// An interface stays a name, for its addresses may change; a host's are those it has now. What is neither may be an
/// interface that comes later, such as that of a tunnel.
fn outside(local: Local) -> Vec<Local> {
    match local {
        Local::Name(name) if interface_addresses(&name).is_none() => match host_addresses(&name) {
            Some(addresses) => addresses.into_iter().map(Local::Ip).collect(),
            None => {
                warn!("external: {name} is no interface and no host for now");
                vec![Local::Name(name)]
            }
        },
        local => vec![local],
    }
}

fn host_addresses(name: &str) -> Option<Vec<IpAddr>> {
    let addresses = (name, 0).to_socket_addrs().ok()?;
    Some(addresses.map(|address| address.ip()).collect())
}

fn is_of(address: IpAddr, families: Families) -> bool {
    let family = if address.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
    families.is_empty() || families.contains(family)
}

/// Such an address is reached only by saying through which interface.
fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}
