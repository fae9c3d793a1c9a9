//! connect(2): TCP goes through a proxy on the application's own socket; what no proxy can carry goes nowhere unless
//! a route sends it direct.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use libc::{c_int, sockaddr, socklen_t};
use socket2::SockAddr;
use socks_proto::Name;

use crate::attempt::Attempt;
use crate::descriptors::Identity;
use crate::hooks::real;
use crate::interpose::{self, Verdict};
use crate::parking::{self, Status};
use crate::policy::{self, Passage, Path};
use crate::sys::Kind;
use crate::wait::Wait;
use crate::{address, descriptors, replacement, resolver, sys};

/// How far a call of connect(2) is: it may sleep several times.
#[derive(Default)]
pub(crate) enum Progress {
    /// Nothing is decided.
    #[default]
    Fresh,
    /// A proxy is being asked, while the application waits.
    Asking(Call),
}

/// A blocking call.
pub(crate) struct Call {
    attempt: Attempt,
    /// SO_SNDTIMEO: how long the application waits; the attempt may last longer.
    until: Option<Instant>,
    interrupted: bool,
}

impl interpose::Progress for Progress {
    fn woken(&mut self, interrupted: bool) {
        if let Progress::Asking(call) = self {
            call.interrupted |= interrupted;
        }
    }
}

/// Decides about a connect(2), or goes on with one.
pub(crate) fn connect(
    progress: &mut Progress,
    fd: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> Verdict<c_int> {
    // SAFETY: the application's own pointer and length.
    match (unsafe { address::internet(address, length) }, &progress) {
        (Some(target), Progress::Asking(_)) => go_on(progress, fd, target),
        (target, _) => begin(progress, fd, target),
    }
}

fn begin(progress: &mut Progress, fd: c_int, target: Option<SocketAddr>) -> Verdict<c_int> {
    if let Some(verdict) = still_connecting(fd, target) {
        return verdict;
    }
    let Some(target) = target else {
        descriptors::forget(fd);
        return Verdict::Direct;
    };
    if address::is_local(target.ip()) {
        return Verdict::Direct;
    }
    let Ok(kind) = Kind::of(fd) else { return Verdict::Direct };
    if !kind.is_tcp() {
        return other(fd, kind, target);
    }
    // Connected already, or of the wrong family: the kernel refuses, and knows the right errno.
    if sys::connected_to(fd).is_some() || is_refused_by_kernel(fd, kind, target) {
        return Verdict::Direct;
    }
    match policy::of_stream(fd, target) {
        Path::Direct => Verdict::Direct,
        Path::DirectByName(name) => directly_by_name(fd, kind, &name, target),
        Path::Refused(errno) => refuse(target, errno),
        Path::Proxied(passage) => through_proxy(progress, fd, kind, passage, target),
    }
}

/// What connect(2) says on a socket whose dialogue with a proxy goes on or has failed.
fn still_connecting(fd: c_int, target: Option<SocketAddr>) -> Option<Verdict<c_int>> {
    if !parking::concerns(fd) {
        return None;
    }
    if target.is_none() {
        // AF_UNSPEC dissolves the attempt; what else the kernel thinks of the address it says itself.
        parking::abort(fd);
        return None;
    }
    match parking::status(fd) {
        Status::Plain => None,
        Status::Failed(errno) => Some(Verdict::Fail(errno)),
        Status::Open(_) if sys::is_nonblocking(fd) => Some(Verdict::Fail(libc::EALREADY)),
        Status::Open(done) => Some(Verdict::Wait(parking::until_done(done))),
    }
}

fn through_proxy(
    progress: &mut Progress,
    fd: c_int,
    kind: Kind,
    passage: Passage,
    target: SocketAddr,
) -> Verdict<c_int> {
    descriptors::forget(fd);
    let needs_ipv6 = kind.domain == libc::AF_INET && !passage.is_reachable_by_ipv4();
    let domain = if needs_ipv6 && replacement::with_ipv6(fd) { libc::AF_INET6 } else { kind.domain };
    let attempt = Attempt::new(domain, passage);
    if sys::is_nonblocking(fd) {
        return park(progress, attempt, fd, target, libc::EINPROGRESS);
    }
    let until = sys::send_timeout(fd).and_then(|limit| Instant::now().checked_add(limit));
    *progress = Progress::Asking(Call { attempt, until, interrupted: false });
    go_on(progress, fd, target)
}

/// Lets the attempt go on without the application, which is told `errno`. Where there is no room for that, it has to
/// wait after all.
fn park(
    progress: &mut Progress,
    mut attempt: Attempt,
    fd: c_int,
    target: SocketAddr,
    errno: c_int,
) -> Verdict<c_int> {
    let Some(place) = parking::reserve(fd) else {
        *progress = Progress::Asking(Call { attempt, until: None, interrupted: false });
        return go_on(progress, fd, target);
    };
    let verdict = attempt.advance(place.socket());
    let Verdict::Wait(wait) = verdict else {
        place.cancel();
        return concluded(verdict, fd, attempt.identity(target));
    };
    match place.hand_over(attempt, target, wait.events()) {
        None => Verdict::Fail(errno),
        Some(attempt) => {
            *progress = Progress::Asking(Call { attempt, until: None, interrupted: false });
            Verdict::Wait(wait)
        }
    }
}

fn go_on(progress: &mut Progress, fd: c_int, target: SocketAddr) -> Verdict<c_int> {
    let Progress::Asking(call) = progress else { return Verdict::Fail(libc::EACCES) };
    let verdict = call.attempt.advance(fd);
    let Verdict::Wait(wait) = verdict else { return concluded(verdict, fd, call.attempt.identity(target)) };
    let Some(errno) = call.runs_out() else { return Verdict::Wait(call.within(wait)) };
    match std::mem::take(progress) {
        Progress::Asking(call) => park(progress, call.attempt, fd, target, errno),
        Progress::Fresh => Verdict::Fail(errno),
    }
}

fn concluded(verdict: Verdict<c_int>, fd: c_int, identity: Identity) -> Verdict<c_int> {
    if let Verdict::Done(_) = verdict {
        descriptors::remember(fd, identity);
    }
    verdict
}

impl Call {
    /// Why the application does not wait any longer, while the attempt goes on: connect(2), EINTR and, for
    /// SO_SNDTIMEO, EINPROGRESS (socket(7)).
    fn runs_out(&mut self) -> Option<c_int> {
        if std::mem::take(&mut self.interrupted) && sys::some_handler_interrupts() {
            return Some(libc::EINTR);
        }
        self.until.is_some_and(|until| Instant::now() >= until).then_some(libc::EINPROGRESS)
    }

    fn within(&self, wait: Wait) -> Wait {
        let until = [wait.until, self.until].into_iter().flatten().min();
        Wait { until, ..wait }
    }
}

/// A TCP socket connects to addresses of its own family only; tcp(7), ipv6(7).
fn is_refused_by_kernel(fd: c_int, kind: Kind, target: SocketAddr) -> bool {
    target.is_ipv4() != (kind.domain == libc::AF_INET || descriptors::is_replaced(fd))
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
