//! Questions that the proxy itself answers, by Tor's commands RESOLVE and RESOLVE_PTR: each gets one address or one name.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use socks_dns::{Refusal, is_host_name};
use socks_proto::client::Failure as Reply;
use socks_proto::socks5::Rep;
use socks_proto::{Command, Host, Name};

use super::Failure;
use super::line::Line;
use crate::policy;

/// For the whole dialogue, where the configuration sets no limit.
const PATIENCE: Duration = Duration::from_secs(120);

/// An address of a name, in the family the proxy prefers.
pub(super) fn resolve(name: &[u8]) -> Result<IpAddr, Failure> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    let host = Host::Name(Name::new(name).map_err(|_| Failure::NoName)?);
    match asked(Command::Resolve, host)? {
        Host::Ip(ip) => Ok(ip.to_canonical()),
        Host::Name(_) => Err(Failure::NoName),
    }
}

/// The name of an address.
pub(super) fn resolve_ptr(ip: IpAddr) -> Result<Vec<u8>, Failure> {
    match asked(Command::ResolvePtr, Host::Ip(ip))? {
        Host::Name(name) if is_host_name(name.as_bytes()) => Ok(name.as_bytes().to_vec()),
        Host::Name(_) | Host::Ip(_) => Err(Failure::NoName),
    }
}

/// The answer to a DNS query, if it is about what the proxy can be asked for.
pub(super) fn answer(query: &[u8]) -> Option<Vec<u8>> {
    if let Some(name) = socks_dns::asked_for_addresses(query) {
        return match resolve(&name) {
            Ok(ip) => socks_dns::with_addresses(query, &[ip]),
            Err(failure) => socks_dns::refusal(query, refusal(failure)),
        };
    }
    match resolve_ptr(socks_dns::asked_address(query)?) {
        Ok(name) => socks_dns::with_name(query, &name),
        Err(failure) => socks_dns::refusal(query, refusal(failure)),
    }
}

fn refusal(failure: Failure) -> Refusal {
    match failure {
        Failure::NoName => Refusal::NxDomain,
        Failure::NoData => Refusal::NoData,
        Failure::Again | Failure::Fatal => Refusal::ServFail,
    }
}

fn asked(command: Command, host: Host) -> Result<Host, Failure> {
    let passage = policy::of_question(host).ok_or(Failure::Fatal)?;
    let limit = passage.runtime.config.timeout_connect.unwrap_or(PATIENCE);
    Line::answer(&passage, command, Instant::now() + limit).map_err(|reply| match reply {
        Some(Reply::Reply(Rep::HOST_UNREACHABLE)) => Failure::NoName,
        Some(Reply::Reply(Rep::TTL_EXPIRED)) | None => Failure::Again,
        Some(_) => Failure::Fatal,
    })
}
