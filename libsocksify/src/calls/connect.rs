//! connect(2): TCP goes through a proxy on the application's own socket; what no proxy can carry goes nowhere unless
//! a route sends it direct.

use std::net::{IpAddr, SocketAddr};

use libc::{c_int, sockaddr, socklen_t};
use socket2::SockAddr;
use socks_proto::Name;

use crate::attempt::Attempt;
use crate::hooks::real;
use crate::interpose::Verdict;
use crate::policy::{self, Path};
use crate::sys::Kind;
use crate::{address, descriptors, resolver, sys};

/// How far a call of connect(2) is: it may sleep several times.
#[derive(Default)]
pub(crate) enum Progress {
    /// Nothing is decided.
    #[default]
    Fresh,
    /// A proxy is being asked.
    Asking(Attempt),
}

/// Decides about a connect(2), or goes on with one.
pub(crate) fn connect(
    progress: &mut Progress,
    fd: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> Verdict<c_int> {
    // SAFETY: the application's own pointer and length.
    let target = unsafe { address::internet(address, length) };
    let Progress::Asking(attempt) = progress else { return begin(progress, fd, target) };
    let verdict = attempt.advance(fd);
    if let (Verdict::Done(_), Some(target)) = (&verdict, target) {
        descriptors::remember(fd, target);
    }
    verdict
}

fn begin(progress: &mut Progress, fd: c_int, target: Option<SocketAddr>) -> Verdict<c_int> {
    descriptors::forget(fd);
    let Some(target) = target else { return Verdict::Direct };
    if address::is_local(target.ip()) {
        return Verdict::Direct;
    }
    let Ok(kind) = Kind::of(fd) else { return Verdict::Direct };
    if !kind.is_tcp() {
        return other(fd, kind, target);
    }
    // Connected already, or of the wrong family: the kernel refuses, and knows the right errno.
    if sys::connected_to(fd).is_some() || is_refused_by_kernel(kind, target) {
        return Verdict::Direct;
    }
    match policy::of_stream(fd, target) {
        Path::Direct => Verdict::Direct,
        Path::DirectByName(name) => directly_by_name(fd, kind, &name, target),
        Path::Refused(errno) => refuse(target, errno),
        Path::Proxied(passage) => {
            *progress = Progress::Asking(Attempt::new(fd, kind.domain, passage));
            // Nothing to wait for yet: the shell comes straight back.
            connect_again(progress, fd, target)
        }
    }
}

fn connect_again(progress: &mut Progress, fd: c_int, target: SocketAddr) -> Verdict<c_int> {
    let target = SockAddr::from(target);
    connect(progress, fd, target.as_ptr().cast(), target.len())
}

/// A TCP socket connects to addresses of its own family only; tcp(7), ipv6(7).
fn is_refused_by_kernel(kind: Kind, target: SocketAddr) -> bool {
    target.is_ipv4() != (kind.domain == libc::AF_INET)
}

/// Everything that is not TCP: UDP, raw, SCTP, and socket families that borrow internet addresses.
fn other(fd: c_int, kind: Kind, target: SocketAddr) -> Verdict<c_int> {
    if kind.domain == libc::AF_UNIX {
        return Verdict::Direct;
    }
    match policy::of_datagram(fd, target) {
        Path::Refused(errno) => refuse(target, errno),
        _ => Verdict::Direct,
    }
}

fn refuse(target: SocketAddr, errno: c_int) -> Verdict<c_int> {
    log::info!("connect to {target} refused: {}", std::io::Error::from_raw_os_error(errno));
    Verdict::Fail(errno)
}

/// A name with a route that sends it direct, behind a fake address because the port was not known when it was
/// looked up: resolved now, by libc.
fn directly_by_name(fd: c_int, kind: Kind, name: &Name, target: SocketAddr) -> Verdict<c_int> {
    let name = String::from_utf8_lossy(name.as_bytes());
    let usable = |ip: IpAddr| address::for_family(SocketAddr::new(ip, target.port()), kind.domain);
    let Some(address) = resolver::locally(&name).into_iter().find_map(usable) else {
        return Verdict::Fail(libc::EHOSTUNREACH);
    };
    let address = SockAddr::from(address);
    // SAFETY: pointer and length of one address.
    match unsafe { real::connect(fd, address.as_ptr().cast(), address.len()) } {
        0 => {
            descriptors::remember(fd, target);
            Verdict::Done(0)
        }
        _ => Verdict::Fail(crate::errno::current()),
    }
}
