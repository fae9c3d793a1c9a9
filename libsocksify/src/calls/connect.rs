//! connect(2): TCP goes through a proxy on the application's own socket; what no proxy can carry goes nowhere unless
//! a route sends it direct.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use libc::{c_int, sockaddr, socklen_t};
use socket2::SockAddr;
use socks_proto::Name;

use crate::attempt::Attempt;
use crate::calls::datagram::uninspectable;
use crate::held::Held;
use crate::hooks::real;
use crate::interpose::{self, Verdict, in_the_open};
use crate::parking::{self, Status};
use crate::policy::{self, Passage, Path};
use crate::sys::Kind;
use crate::wait::Wait;
use crate::{address, association, callback, descriptors, errno, resolver, stand_in, sys, trace};

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
    attempt: Held,
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

/// Whether a connect(2) has to be looked at: it may leave this machine, or dissolve something we know of.
///
/// # Safety
/// `address` is null or points to `length` readable bytes.
pub(crate) unsafe fn concerns(fd: c_int, address: *const sockaddr, length: socklen_t) -> bool {
    // SAFETY: forwarded.
    parking::concerns(fd)
        || association::concerns(fd)
        || unsafe { address::may_leave(address, length) || address::is_resolver(address, length) }
}

/// Decides about a connect(2), or goes on with one.
pub(crate) fn connect(
    progress: &mut Progress,
    fd: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> Verdict<c_int> {
    // SAFETY: the application's own pointer and length.
    let (target, dissolves) =
        unsafe { (address::internet(address, length), address::is_unspec(address, length)) };
    // SAFETY: the application's own pointer and length.
    if unsafe { address::is_resolver(address, length) } {
        return resolver_daemon();
    }
    match (target, &progress) {
        (Some(target), Progress::Fresh) => begin(progress, fd, target),
        (Some(target), Progress::Asking(_)) => go_on(progress, fd, target),
        (None, _) if dissolves => dissolve(fd),
        (None, _) => foreign(fd),
    }
}

/// A daemon that resolves names asks name servers, past every route: to programs it is not there, and they go on to
/// another source.
fn resolver_daemon() -> Verdict<c_int> {
    if resolver::is_local() {
        return Verdict::Direct;
    }
    log::info!("a daemon that resolves names is not asked: names belong to the proxy");
    Verdict::Fail(libc::ENOENT)
}

/// AF_UNSPEC: the connection, or the attempt, is given up.
fn dissolve(fd: c_int) -> Verdict<c_int> {
    parking::abort(fd);
    association::disconnected(fd, None);
    descriptors::forget(fd);
    Verdict::Direct
}

/// Not an address of the internet, or one the kernel refuses: only sockets that are not of the internet themselves could
/// get anywhere with it.
fn foreign(fd: c_int) -> Verdict<c_int> {
    match Kind::of(fd) {
        Err(error) => uninspectable(&error),
        Ok(kind) if kind.is_internet() || kind.stays_here() || policy::lets_everything_pass() => {
            Verdict::Direct
        }
        Ok(_) => Verdict::Fail(libc::EACCES),
    }
}

fn begin(progress: &mut Progress, fd: c_int, target: SocketAddr) -> Verdict<c_int> {
    if let Some(verdict) = still_connecting(fd) {
        return verdict;
    }
    callback::given_up(fd);
    if address::stays_here(target) {
        return directly(fd, target);
    }
    let kind = match Kind::of(fd) {
        Ok(kind) => kind,
        Err(error) => return uninspectable(&error),
    };
    if !kind.is_tcp() {
        return other(fd, kind, target);
    }
    // Connected already, or of the wrong family: the kernel refuses, and knows the right errno.
    if sys::connected_to(fd).is_some() || is_refused_by_kernel(fd, kind, target) {
        return Verdict::Direct;
    }
    match policy::of_connection(fd, target) {
        Path::Direct => Verdict::Direct,
        Path::Engine => stand_in::connect(fd, kind.domain, target),
        Path::DirectByName(name) => directly_by_name(fd, kind, &name, target),
        Path::Refused(errno) => refuse(target, errno),
        Path::Proxied(passage) => through_proxy(progress, fd, kind, passage, target),
    }
}

/// What connect(2) says on a socket whose dialogue with a proxy goes on or has failed.
fn still_connecting(fd: c_int) -> Option<Verdict<c_int>> {
    if !parking::concerns(fd) {
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
    passage.resolve_proxies();
    let Some(attempt) = Held::new(Attempt::new(fd, kind.domain, passage)) else {
        return Verdict::Fail(libc::ECONNREFUSED);
    };
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
    mut attempt: Held,
    fd: c_int,
    target: SocketAddr,
    errno: c_int,
) -> Verdict<c_int> {
    let Some(mut place) = parking::reserve(fd) else {
        *progress = Progress::Asking(Call { attempt, until: None, interrupted: false });
        return go_on(progress, fd, target);
    };
    let verdict = attempt.advance(place.socket());
    place.follow_socket();
    let Verdict::Wait(wait) = verdict else {
        return concluded_at_once(verdict, place, attempt, fd, target, errno);
    };
    match place.hand_over(attempt, target, wait.events()) {
        None => Verdict::Fail(errno),
        Some(attempt) => {
            *progress = Progress::Asking(Call { attempt, until: None, interrupted: false });
            Verdict::Wait(wait)
        }
    }
}

/// The proxy answered before the application could be told that it has to wait. Told it is all the same: few programs
/// expect a connection to a far host to stand, or to be refused, when connect(2) returns.
fn concluded_at_once(
    verdict: Verdict<c_int>,
    place: parking::Reservation,
    attempt: Held,
    fd: c_int,
    target: SocketAddr,
    errno: c_int,
) -> Verdict<c_int> {
    match concluded(verdict, fd, attempt, target) {
        Verdict::Fail(outcome) if errno::is_an_answer(outcome) => place.fail(outcome),
        Verdict::Fail(outcome) => {
            place.cancel();
            return Verdict::Fail(outcome);
        }
        _ => place.cancel(),
    }
    Verdict::Fail(errno)
}

fn go_on(progress: &mut Progress, fd: c_int, target: SocketAddr) -> Verdict<c_int> {
    let Progress::Asking(mut call) = std::mem::take(progress) else { return Verdict::Fail(libc::EACCES) };
    let verdict = call.attempt.advance(fd);
    let Verdict::Wait(wait) = verdict else {
        if let Verdict::Done(_) = verdict {
            sys::settle(fd);
        }
        return concluded(verdict, fd, call.attempt, target);
    };
    if let Some(errno) = call.runs_out() {
        return park(progress, call.attempt, fd, target, errno);
    }
    let wait = call.within(wait);
    *progress = Progress::Asking(call);
    Verdict::Wait(wait)
}

fn concluded(verdict: Verdict<c_int>, fd: c_int, attempt: Held, target: SocketAddr) -> Verdict<c_int> {
    if let Verdict::Done(_) = verdict {
        descriptors::remember(fd, attempt.identity(target));
        trace::opened(fd, target);
        callback::connected(fd, target, attempt.bnd());
    }
    attempt.free();
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

/// A datagram socket that had a target behind a proxy is connected to somebody else.
fn directly(fd: c_int, target: SocketAddr) -> Verdict<c_int> {
    if association::concerns(fd) {
        association::disconnected(fd, Some(target));
        descriptors::forget(fd);
    }
    Verdict::Direct
}

/// A datagram socket: connect(2) only says where datagrams will go.
fn datagrams(fd: c_int, kind: Kind, target: SocketAddr) -> Verdict<c_int> {
    if address::for_family(target, kind.domain).is_none() {
        return Verdict::Direct;
    }
    match policy::of_datagram(fd, target) {
        Path::Refused(errno) => refuse(target, errno),
        Path::Direct | Path::DirectByName(_) => directly(fd, target),
        Path::Proxied(passage) => {
            passage.resolve_proxies();
            connected(target, association::connect(fd, kind.domain, target, &passage))
        }
        Path::Engine => connected(target, association::connect_to_engine(fd, kind.domain, target)),
    }
}

fn connected(target: SocketAddr, outcome: Result<(), c_int>) -> Verdict<c_int> {
    outcome.map_or_else(|errno| refuse(target, errno), |()| Verdict::Done(0))
}

/// Everything that is neither TCP nor UDP: raw, SCTP, and socket families that borrow internet addresses.
fn other(fd: c_int, kind: Kind, target: SocketAddr) -> Verdict<c_int> {
    if kind.stays_here() {
        return Verdict::Direct;
    }
    if kind.is_udp() {
        return datagrams(fd, kind, target);
    }
    match policy::of_packet(fd, target) {
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
    let result = in_the_open(|| unsafe { real::connect(fd, address.as_ptr().cast(), address.len()) });
    let errno = errno::current();
    if result == 0 || errno == libc::EINPROGRESS {
        descriptors::remember(fd, target);
    }
    if result == 0 { Verdict::Done(0) } else { Verdict::Fail(errno) }
}
