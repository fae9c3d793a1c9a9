//! What a host name means to the application: an address literal, a host known on this machine, a name the routes
//! send direct, or a remote name that only the proxy may resolve and that gets a fake address here.

use std::ffi::CStr;
use std::net::{IpAddr, SocketAddr};
use std::ptr;

use libc::{addrinfo, c_char, c_int};
use socket2::SockAddr;
use socks_conf::{Command, Decision, Host, Protocol, Question, ResolveProtocol};

use crate::configuration::runtime;
use crate::hooks::real;
use crate::hosts::{self, Known};
use crate::interpose::in_the_open;
use crate::runtime::{Runtime, names};
use crate::{address, policy, trace};

/// How a name is to be looked up.
pub(crate) enum Lookup {
    /// An address literal.
    Literal(IpAddr),
    /// By libc, whom the routes let ask.
    Libc,
    /// Known on this machine.
    Known(Known),
    /// Remote: the index of its fake address.
    Fake(u32),
    /// Remote: its real addresses are to be asked for, through the proxy.
    Asked,
    /// There is no such name, and nobody has to be asked to know it.
    Nonexistent,
    /// No fake address is left.
    Again,
    /// There is no usable configuration: nobody may be asked.
    Refused,
}

/// Decides how `name` is looked up; `port` is what the application wants it for, where that is known.
pub(crate) fn look_up(name: &CStr, port: Option<u16>) -> Lookup {
    let lookup = decide(name, port);
    if trace::is_on() {
        lookup.tell(name.to_bytes());
    }
    lookup
}

impl Lookup {
    fn tell(&self, name: &[u8]) {
        match self {
            Lookup::Literal(_) => {}
            Lookup::Libc => trace::lookup(name, "direct", None),
            Lookup::Known(_) => trace::lookup(name, "local", None),
            Lookup::Fake(index) => trace::lookup(name, "stand-in", fake(*index, libc::AF_INET)),
            Lookup::Asked => trace::lookup(name, "asked", None),
            Lookup::Nonexistent => trace::lookup(name, "nonexistent", None),
            Lookup::Again => trace::lookup(name, "failed", None),
            Lookup::Refused => trace::lookup(name, "refused", None),
        }
    }
}

fn decide(name: &CStr, port: Option<u16>) -> Lookup {
    let bytes = name.to_bytes();
    // libc would ask a name server for the domains that resolv.conf(5) appends to nothing; the second is the word of
    // getaddrinfo(3), and no other's, for any address.
    if bytes.is_empty() || bytes == b"*" {
        return Lookup::Nonexistent;
    }
    if let Some(ip) = literal(name) {
        return Lookup::Literal(ip);
    }
    if is_scoped(bytes) {
        return Lookup::Nonexistent;
    }
    if let Some(known) = hosts::by_name(bytes) {
        return Lookup::Known(known);
    }
    let Some(runtime) = runtime() else { return Lookup::Refused };
    let Some(name) = well_formed(bytes) else { return Lookup::Nonexistent };
    match route(runtime, Host::Name(name), port) {
        Decision::Direct(_) => return Lookup::Libc,
        // Nobody is asked; connecting to what stands for the name has the errno of the route.
        Decision::Block(_) => {}
        _ if policy::names_are_local(runtime) => return Lookup::Libc,
        _ if asks_for_addresses(runtime) => return Lookup::Asked,
        _ => {}
    }
    let Some(table) = names() else { return Lookup::Again };
    match table.insert(name.as_bytes()) {
        Ok(index) => Lookup::Fake(index),
        Err(error) => {
            log::error!("no address for {name}: {error}");
            Lookup::Again
        }
    }
}

/// Whether remote names get their real addresses, instead of some that stand for them.
pub(crate) fn asks_for_addresses(runtime: &Runtime) -> bool {
    use ResolveProtocol::{Tcp, Tor, Udp};
    [Tcp, Udp, Tor].contains(&runtime.config.resolveprotocol)
}

/// Whether libc may send a query about any name at all.
pub(crate) fn is_local() -> bool {
    runtime().is_some_and(policy::names_are_local)
}

/// Whether libc may send a query about this name.
pub(crate) fn may_be_asked_for(name: &[u8]) -> bool {
    let name = well_formed(name);
    runtime().is_some_and(|runtime| match name.map(|name| route(runtime, Host::Name(name), None)) {
        Some(Decision::Direct(_)) => true,
        Some(Decision::Block(_)) => false,
        _ => policy::names_are_local(runtime),
    })
}

/// Whether the name of an address may be asked for by libc.
pub(crate) fn reverse_goes_direct(ip: IpAddr) -> bool {
    runtime().is_some_and(|runtime| {
        policy::names_are_local(runtime) || matches!(route(runtime, Host::Ip(ip), None), Decision::Direct(_))
    })
}

/// Whether nobody may be asked for the addresses of this name.
pub(crate) fn is_blocked(runtime: &Runtime, name: &str) -> bool {
    matches!(route(runtime, Host::Name(name), None), Decision::Block(_))
}

fn route<'a>(runtime: &'a Runtime, to: Host<'_>, port: Option<u16>) -> Decision<'a> {
    let (command, protocol, from) = (Command::Connect, Protocol::Tcp, address::UNBOUND);
    let process = runtime.process();
    runtime.config.route(&Question { command, protocol, from, to, port, process })
}

/// The address a name is a literal of, in any of the forms inet_aton(3) knows, as libc reads it.
fn literal(name: &CStr) -> Option<IpAddr> {
    // SAFETY: an all-zero addrinfo is valid hints.
    let hints = addrinfo { ai_flags: libc::AI_NUMERICHOST, ..unsafe { std::mem::zeroed() } };
    let mut found = ptr::null_mut();
    // SAFETY: the name ends in NUL; the list is freed here and nothing of it kept.
    unsafe {
        if real::getaddrinfo(name.as_ptr(), ptr::null(), &hints, &mut found) != 0 {
            return None;
        }
        let address = address::internet((*found).ai_addr, (*found).ai_addrlen);
        libc::freeaddrinfo(found);
        address.map(|address| address.ip())
    }
}

/// An IPv6 literal with a scope, which is none of this machine's where the whole is no literal.
fn is_scoped(name: &[u8]) -> bool {
    let literal = name.split(|byte| *byte == b'%').next().and_then(|text| std::str::from_utf8(text).ok());
    name.contains(&b'%') && literal.is_some_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok())
}

/// A name as it goes to the proxy: without its final dot; `None` where no name server could know it (RFC 1035,
/// 2.3.4: labels of 1 to 63 bytes, 253 in all) or where it is not text.
pub(crate) fn well_formed(name: &[u8]) -> Option<&str> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    let labels = name.split(|byte| *byte == b'.').all(|label| (1..=63).contains(&label.len()));
    let printable = name.iter().all(|byte| *byte > b' ' && *byte != 0x7f && *byte != b'/');
    (labels && printable && name.len() <= 253).then(|| std::str::from_utf8(name).ok()).flatten()
}

/// The fake address with this index, in the family asked for.
pub(crate) fn fake(index: u32, family: c_int) -> Option<IpAddr> {
    let range = names()?.range();
    Some(if family == libc::AF_INET6 { range.v6(index).into() } else { range.v4(index).into() })
}

/// The name of an address by libc's own resolver, for addresses with a direct route.
pub(crate) fn name_by_libc(address: SocketAddr) -> Option<Vec<u8>> {
    let address = SockAddr::from(address);
    let mut name = vec![0_u8; 1025];
    // SAFETY: pointers and lengths of an address and of a vector; no service is asked for.
    let code = unsafe {
        let size = name.len() as libc::socklen_t;
        real::getnameinfo(
            address.as_ptr().cast(),
            address.len(),
            name.as_mut_ptr().cast(),
            size,
            ptr::null_mut(),
            0,
            libc::NI_NAMEREQD,
        )
    };
    name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(0));
    (code == 0).then_some(name)
}

/// Addresses of a name by libc's own resolver: for a proxy's name, and for names with a direct route.
pub(crate) fn locally(name: &str) -> Vec<IpAddr> {
    let Ok(name) = std::ffi::CString::new(name) else { return Vec::new() };
    // SAFETY: an all-zero addrinfo is valid hints.
    let hints = addrinfo { ai_socktype: libc::SOCK_STREAM, ..unsafe { std::mem::zeroed() } };
    let mut found = ptr::null_mut();
    // SAFETY: the name ends in NUL; the list is walked as libc built it and freed once.
    let code = in_the_open(|| unsafe {
        real::getaddrinfo(name.as_ptr(), ptr::null::<c_char>(), &hints, &raw mut found)
    });
    if code != 0 {
        return Vec::new();
    }
    // SAFETY: the list libc has just built.
    unsafe {
        let mut addresses = Vec::new();
        let mut next: *const addrinfo = found;
        while let Some(entry) = next.as_ref() {
            addresses.extend(address::internet(entry.ai_addr, entry.ai_addrlen).map(|address| address.ip()));
            next = entry.ai_next;
        }
        libc::freeaddrinfo(found);
        addresses
    }
}

/// What libc's resolver says to a DNS query, for names with a direct route; res_send(3).
pub(crate) fn query_locally(query: &[u8]) -> Option<Vec<u8>> {
    let mut answer = vec![0_u8; 65_535];
    let (length, size) = (c_int::try_from(query.len()).ok()?, c_int::try_from(answer.len()).ok()?);
    // SAFETY: pointers and lengths of a slice and a vector.
    let length = in_the_open(|| unsafe { real::res_send(query.as_ptr(), length, answer.as_mut_ptr(), size) });
    answer.truncate(usize::try_from(length).ok().filter(|length| *length > 0)?);
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_can_exist() {
        let longest = format!("{}.{}.{}.{}", "a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61));
        for name in ["www.example.org", "a", "_sip._tcp.example", "b\u{fc}cher.example", longest.as_str()] {
            assert_eq!(well_formed(name.as_bytes()), Some(name));
        }
        assert_eq!(well_formed(b"www.Example.org."), Some("www.Example.org"));
    }

    #[test]
    fn names_that_cannot() {
        let long_label = "a".repeat(64);
        let too_long = format!("{longest}.{longest}.{longest}.{longest}", longest = "a".repeat(63));
        for name in ["..", "a..b", ".a", "with blank", "tab\there", "a/b", &long_label, &too_long] {
            assert_eq!(well_formed(name.as_bytes()), None, "{name}");
        }
        assert_eq!(well_formed(b"latin1-\xfc"), None);
    }
}
