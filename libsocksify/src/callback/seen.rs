//! Connections that have another address behind the proxy than here.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;

use socks_proto::{Address, Host};

use crate::sys::Kind;
use crate::{address, replacement, sys};

/// One of them.
pub(super) struct Seen {
    fd: RawFd,
    pub(super) cookie: u64,
    pub(super) as_address: SocketAddr,
}

/// More than so many at a time are not remembered: the oldest go.
const MOST: usize = 256;

impl Seen {
    /// Whether the connection it was learnt of is open.
    pub(super) fn is_open(&self) -> bool {
        sys::cookie(self.fd).is_ok_and(|cookie| cookie == self.cookie)
    }

    /// Its address on this machine, in its family.
    pub(super) fn own_address(&self) -> Option<IpAddr> {
        replacement::own_address(self.fd).or_else(|| sys::own_address(self.fd)).map(|own| own.ip())
    }
}

/// A connection is seen with this address.
pub(super) fn remember(all: &mut Vec<Seen>, fd: RawFd, as_address: SocketAddr) {
    let Ok(cookie) = sys::cookie(fd) else { return };
    all.retain(|seen| seen.is_open() && seen.cookie != cookie);
    if all.len() >= MOST {
        all.remove(0);
    }
    all.push(Seen { fd, cookie, as_address });
}

/// A proxy said where it connected from, if it did.
pub(super) fn from(all: &mut Vec<Seen>, fd: RawFd, bnd: Address) {
    let Host::Ip(ip) = bnd.canonical().host else { return };
    let Ok(kind) = Kind::of(fd) else { return };
    let port = if bnd.port == 0 { sys::own_address(fd).map_or(0, |own| own.port()) } else { bnd.port };
    let as_address = address::for_family(SocketAddr::new(ip, port), kind.domain);
    if let Some(as_address) = as_address.filter(|_| !ip.is_unspecified() && !ip.is_loopback()) {
        remember(all, fd, as_address);
    }
}
