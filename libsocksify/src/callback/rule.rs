//! When a proxy is asked to listen in the application's place.
//!
//! RFC 1928 has BIND for protocols that call back, and lets the request name the host of the primary connection. FTP is the
//! one in use: a listener waits at the proxy if this process has a control connection of FTP open through a proxy, to whose
//! very address it is bound, or to any on a port of the kernel's choice (nobody calls it before he is told). Everything
//! else is a server of this machine: programs that tell their neighbours, or themselves, where they listen have connections
//! through a proxy, too, and wait for others than the far end of those. A route about `bind` alone, or `bind = always`,
//! says otherwise.
//!
//! Of several connections it is the latest: a program that talks to several FTP servers at a time may have the wrong one named,
//! and the proxy then turns away the right one.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;

use libc::c_int;
use socks_conf::{BindPolicy, Command, Route};

use crate::configuration::runtime;
use crate::policy::{self, Passage, Path};
use crate::sys::{self, Kind};
use crate::{address, descriptors, process, replacement};

/// Where a listener waits.
pub(crate) enum Place {
    /// On this machine.
    Here,
    /// At a proxy.
    Proxy(Ask),
    /// Nowhere; the application is told this errno.
    Nowhere(c_int),
}

/// What a proxy is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) passage: Passage,
    /// AF_INET or AF_INET6: the listener.
    pub(crate) family: c_int,
    /// What the listener is bound to on this machine.
    pub(crate) own: SocketAddr,
    /// The port is the kernel's choice, or meant for the far end of a connection: nobody on this machine is to call it.
    pub(crate) is_secret: bool,
    /// The connection that the callers are told about, where it and not the listener says what address to call.
    pub(crate) spokesman: Option<u64>,
}

/// The ports of FTP servers: plain, and over TLS from the start.
const FTP: [u16; 2] = [21, 990];

/// Whether an application announces the address of its connection to this target to the target itself, and BIND can be
/// asked for.
pub(super) fn is_announced(target: SocketAddr) -> bool {
    speaks_ftp(target) && runtime().is_some_and(|runtime| runtime.config.bind != BindPolicy::Never)
}

/// Whether a target is an FTP server.
fn speaks_ftp(target: SocketAddr) -> bool {
    FTP.contains(&target.port())
}

/// A connection through a proxy.
#[derive(Clone, Copy)]
struct Primary {
    fd: RawFd,
    target: SocketAddr,
    own: SocketAddr,
}

/// Decides about a socket that is bound, or is about to be.
pub(crate) fn place(fd: RawFd) -> Place {
    let (Ok(kind), Some(own)) = (Kind::of(fd), sys::own_address(fd)) else { return Place::Here };
    if process::runs_on_borrowed_memory()
        || !kind.is_tcp()
        || sys::is_listening(fd)
        // Of loopback addresses, only that of a connection to a proxy on this machine, asked for by the name it has there.
        || (own.ip().to_canonical().is_loopback() && !descriptors::is_bound(fd))
    {
        return Place::Here;
    }
    let is_secret = own.port() == 0 || descriptors::is_bound(fd);
    let Some(policy) = runtime().map(|runtime| runtime.config.bind) else { return Place::Here };
    if policy == BindPolicy::Never || sys::connected_to(fd).is_some() {
        return Place::Here;
    }
    let primary = if is_secret { primary(own.ip()) } else { None };
    let guess = || (policy == BindPolicy::Always && is_secret).then(|| latest(|_| true)).flatten();
    let primary = primary.or_else(guess);
    let target = primary.map_or_else(|| anybody(own, is_secret), |primary| primary.target);
    match policy::of_listener(address::unmapped(own), target) {
        Path::Proxied(passage) if is_asked(policy, primary, passage.route) => Place::Proxy(Ask {
            passage,
            family: kind.domain,
            own,
            is_secret,
            spokesman: primary.filter(|_| own.ip().to_canonical().is_unspecified()).and_then(Primary::cookie),
        }),
        Path::Refused(errno) if primary.is_some_and(Primary::is_of_ftp) => Place::Nowhere(errno),
        _ => Place::Here,
    }
}

/// No host in particular. The port of such a request is the one the application would like best.
fn anybody(own: SocketAddr, is_secret: bool) -> SocketAddr {
    let mut any = address::anywhere(own);
    if is_secret {
        any.set_port(0);
    }
    any
}

fn is_asked(policy: BindPolicy, primary: Option<Primary>, route: &Route) -> bool {
    let is_rule = route.commands.contains(Command::Bind) && !route.commands.contains(Command::Connect);
    is_rule || primary.is_some() || policy == BindPolicy::Always
}

/// The connection on whose behalf a listener with this address waits.
fn primary(own: IpAddr) -> Option<Primary> {
    let own = own.to_canonical();
    latest(|primary| primary.is_of_ftp() && (own.is_unspecified() || primary.own.ip().to_canonical() == own))
}

/// Whether a control connection of FTP has this address: who is bound there, on whatever port, waits for its target.
pub(crate) fn is_of_a_primary(own: IpAddr) -> bool {
    !own.to_canonical().is_unspecified() && !process::runs_on_borrowed_memory() && primary(own).is_some()
}

fn latest(serves: impl Fn(&Primary) -> bool) -> Option<Primary> {
    let open = descriptors::with_targets().filter_map(|(order, fd, target)| {
        let own = replacement::own_address(fd).or_else(|| sys::own_address(fd))?;
        let primary = Primary { fd, target, own };
        let is_open = sys::connected_to(fd).is_some();
        (is_open && serves(&primary) && policy::leads_to_a_proxy(target)).then_some((order, primary))
    });
    open.max_by_key(|(order, primary)| (primary.is_of_ftp(), *order)).map(|(_, primary)| primary)
}

impl Primary {
    fn is_of_ftp(self) -> bool {
        speaks_ftp(self.target)
    }

    fn cookie(self) -> Option<u64> {
        sys::cookie(self.fd).ok()
    }
}
