//! RESOLVE and RESOLVE_PTR: tells the address of a name, or the name of an address, and connects to nothing.
//!
//! The commands are Tor's. An answer has room for one address. Who is told one wants to connect to it, and so the rules for CONNECT decide,
//! whatever port they speak of.

use std::io;
use std::net::{IpAddr, SocketAddr};

use nix::libc::{NI_NAMEREQD, NI_NUMERICSERV};
use socks_proto::server::{Request, Version};
use socks_proto::{Command, Host, Name};
use tokio::time::timeout;

use crate::gate::Gate;
use crate::lookup::{host_name, in_turn, resolve};
use crate::outgoing::source_for;
use crate::refusal::Refusal;
use crate::site::Site;

/// What there is to answer to `request`, within the time for a connection.
pub(crate) async fn answer(request: &Request, site: &Site, gate: &Gate) -> Result<Host, Refusal> {
    let found = async {
        match (request.command, request.address.canonical().host) {
            (Ok(Command::Resolve), _) => address(request, site, gate).await.map(Host::Ip),
            (Ok(Command::ResolvePtr), Host::Ip(ip)) => name(ip, site, gate).await.map(Host::Name),
            (Ok(Command::ResolvePtr), Host::Name(_)) => Err(Refusal::NoAddress),
            _ => Err(Refusal::Command),
        }
    };
    timeout(site.options.connect_timeout, found).await.unwrap_or(Err(Refusal::LookupTimedOut))
}

/// The address that serves most applications: one that this host has a route to, IPv4 before IPv6.
async fn address(request: &Request, site: &Site, gate: &Gate) -> Result<IpAddr, Refusal> {
    let target = request.address.canonical();
    let name = match &target.host {
        Host::Name(name) => Some(name),
        Host::Ip(_) => None,
    };
    gate.answer(name, target.socket_address().map(|address| address.ip()))?;
    let mut refused = None;
    let mut admitted = Vec::new();
    for address in resolve(&target, &site.options.hosts, &site.turns(gate)).await? {
        match judge(request.version, name, address, gate) {
            Ok(()) => admitted.push(address),
            Err(refusal) => refused = Some(refusal),
        }
    }
    let best = admitted.iter().min_by_key(|address| (source_for(**address).is_err(), address.is_ipv6()));
    best.map(SocketAddr::ip)
        .ok_or_else(|| refused.unwrap_or_else(|| Refusal::UnknownName(io::ErrorKind::NotFound.into())))
}

/// Whether this address, for which the name may stand, can be told.
fn judge(version: Version, name: Option<&Name>, address: SocketAddr, gate: &Gate) -> Result<(), Refusal> {
    if address.ip().is_unspecified() {
        return Err(Refusal::Unspecified(address));
    }
    if version != Version::Socks5 && address.is_ipv6() {
        return Err(Refusal::FamilyImpossible(address));
    }
    gate.answer(name, Some(address.ip()))
}

async fn name(ip: IpAddr, site: &Site, gate: &Gate) -> Result<Name, Refusal> {
    gate.answer(None, Some(ip))?;
    let found = match site.options.hosts.name(ip) {
        Some(known) => known.to_owned(),
        None => in_turn(&site.turns(gate), move || ask_the_system(ip)).await.map_err(Refusal::UnknownName)?,
    };
    // Whoever owns an address writes its name, in any bytes.
    let name = Name::new(found.as_bytes()).map_err(|_| Refusal::Unspeakable)?.without_trailing_dot();
    host_name(&name).ok_or(Refusal::Unspeakable)?;
    Ok(name)
}

fn ask_the_system(ip: IpAddr) -> io::Result<String> {
    let flags = NI_NAMEREQD | NI_NUMERICSERV;
    let (name, _) = dns_lookup::getnameinfo(&SocketAddr::new(ip, 0), flags)?;
    Ok(name)
}
