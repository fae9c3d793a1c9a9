//! bind(2), listen(2), accept(2): a listener that waits for a call back waits at the proxy; all others stay here.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use libc::{c_int, sockaddr, socklen_t};

use crate::callback::{self, Ask, Call, Place, Request};
use crate::interpose::{self, Verdict};
use crate::sys::Kind;
use crate::wait::Wait;
use crate::{address, descriptors, sys};

/// How far a call is that asks a proxy to listen: it sleeps until the first reply. Signal handlers run meanwhile; they do
/// not end it, as neither listen(2) nor getsockname(2) knows EINTR.
#[derive(Default)]
pub(crate) enum Progress {
    /// Nothing is decided.
    #[default]
    Fresh,
    /// The proxy is being asked.
    Asking(Request),
}

impl interpose::Progress for Progress {
    fn woken(&mut self, _interrupted: bool) {}
}

/// What came of asking.
pub(super) enum Answer {
    /// There is no need to.
    Local,
    /// The proxy listens there.
    At(SocketAddr),
    /// It does not.
    Refused(c_int),
    /// Not yet.
    Wait(Wait),
}

/// Whether others than this machine could reach what is bound there.
///
/// # Safety
/// `address` is null or points to `length` readable bytes.
pub(crate) unsafe fn is_for_others(address: *const sockaddr, length: socklen_t) -> bool {
    // SAFETY: forwarded.
    unsafe { address::internet(address, length) }.is_some_and(|to| !to.ip().to_canonical().is_loopback())
}

/// Takes note of a port that is for nobody on this machine: one the kernel chose, or one at the address of a control
/// connection of FTP. Where that is the address it has behind the proxy we take its part.
pub(crate) fn bind((): &mut (), fd: c_int, address: *const sockaddr, length: socklen_t) -> Verdict<c_int> {
    // SAFETY: the application's own pointer and length.
    let to = unsafe { address::internet(address, length) };
    let Some(mut to) = to.filter(|_| Kind::of(fd).is_ok_and(Kind::is_tcp)) else { return Verdict::Direct };
    let real = callback::real_address(to.ip());
    if to.port() != 0 && real.is_none() && !callback::is_of_a_primary(to.ip()) {
        return Verdict::Direct;
    }
    to.set_ip(real.unwrap_or(to.ip()));
    match callback::bind(fd, to) {
        Ok(()) => {
            descriptors::mark_bound(fd);
            Verdict::Done(0)
        }
        Err(error) => Verdict::Fail(error.raw_os_error().unwrap_or(libc::EACCES)),
    }
}

/// Asks the proxy, if that is where the listener belongs, and waits for its first reply: listen(2) has no EINPROGRESS.
pub(crate) fn listen(progress: &mut Progress, fd: c_int, backlog: c_int) -> Verdict<c_int> {
    if callback::is_waiting(fd) {
        return begin(fd, backlog);
    }
    match ask(progress, fd) {
        Answer::Local => Verdict::Direct,
        Answer::At(_) => begin(fd, backlog),
        Answer::Refused(errno) => Verdict::Fail(errno),
        Answer::Wait(wait) => Verdict::Wait(wait),
    }
}

fn begin(fd: c_int, backlog: c_int) -> Verdict<c_int> {
    match callback::begin(fd, backlog) {
        Ok(()) => Verdict::Done(0),
        Err(errno) => Verdict::Fail(errno),
    }
}

/// Asks the proxy to listen for a socket, or goes on with it.
pub(super) fn ask(progress: &mut Progress, fd: c_int) -> Answer {
    match std::mem::take(progress) {
        Progress::Asking(request) => go_on(progress, fd, request),
        Progress::Fresh => match callback::place(fd) {
            Place::Here => Answer::Local,
            Place::Nowhere(errno) => Answer::Refused(errno),
            Place::Proxy(ask) => begin_asking(progress, fd, ask),
        },
    }
}

/// Asks for a listener whose last call was taken.
pub(super) fn ask_again(progress: &mut Progress, fd: c_int) -> Answer {
    match (callback::asks_again(fd), callback::name(fd)) {
        (Some(ask), _) => begin_asking(progress, fd, ask),
        // The helper has had its answer meanwhile.
        (None, Some(name)) => Answer::At(name),
        (None, None) => Answer::Local,
    }
}

fn begin_asking(progress: &mut Progress, fd: c_int, mut ask: Ask) -> Answer {
    if ask.own.port() == 0 {
        // What listen(2) would do.
        match callback::bind(fd, ask.own)
            .and_then(|()| sys::own_address(fd).ok_or(std::io::ErrorKind::Other.into()))
        {
            Ok(own) => ask.own = own,
            Err(error) => return Answer::Refused(error.raw_os_error().unwrap_or(libc::EINVAL)),
        }
        descriptors::mark_bound(fd);
    }
    ask.passage.resolve_proxies();
    match Request::new(ask) {
        Some(request) => go_on(progress, fd, request),
        None => Answer::Refused(libc::ENOBUFS),
    }
}

fn go_on(progress: &mut Progress, fd: c_int, mut request: Request) -> Answer {
    let errno = match request.advance() {
        Verdict::Wait(wait) => {
            *progress = Progress::Asking(request);
            return Answer::Wait(wait);
        }
        Verdict::Fail(errno) | Verdict::Tell(_, errno) => errno,
        Verdict::Done(_) | Verdict::Direct => match request.bnd() {
            Some(bnd) => return established(fd, request, bnd),
            None => {
                log::warn!("the proxy's answer to BIND is no address a socket of this family can have");
                libc::EADDRNOTAVAIL
            }
        },
    };
    request.end();
    Answer::Refused(errno)
}

fn established(fd: c_int, request: Request, bnd: SocketAddr) -> Answer {
    match callback::established(fd, request, bnd) {
        Ok(name) => Answer::At(name),
        Err(errno) => Answer::Refused(errno),
    }
}

/// How far an accept(2) is.
#[derive(Default)]
pub(crate) struct Acceptance {
    /// SO_RCVTIMEO: how long the application waits.
    until: Option<Instant>,
    has_begun: bool,
    interrupted: bool,
}

impl interpose::Progress for Acceptance {
    fn woken(&mut self, interrupted: bool) {
        self.interrupted |= interrupted;
    }
}

/// accept(2).
pub(crate) fn accept(
    progress: &mut Acceptance,
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
) -> Verdict<c_int> {
    accept4(progress, fd, address, length, 0)
}

/// Gives the application the call that came at the proxy.
pub(crate) fn accept4(
    progress: &mut Acceptance,
    fd: c_int,
    address: *mut sockaddr,
    length: *mut socklen_t,
    flags: c_int,
) -> Verdict<c_int> {
    if flags & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC) != 0 {
        return Verdict::Fail(libc::EINVAL);
    }
    // SAFETY: the application's own pointers.
    if !address.is_null() && !unsafe { address::is_buffer(address, length) } {
        return Verdict::Fail(if length.is_null() { libc::EFAULT } else { libc::EINVAL });
    }
    match callback::take_call(fd, flags) {
        Call::Plain => Verdict::Direct,
        Call::Failed(errno) => Verdict::Fail(errno),
        Call::None => progress.wait(fd),
        Call::From(connection, caller) | Call::Local(connection, caller) => {
            if !address.is_null() {
                // SAFETY: the application's own buffer and length.
                unsafe { address::write(caller, address, length) };
            }
            Verdict::Done(connection)
        }
    }
}

impl Acceptance {
    fn wait(&mut self, fd: c_int) -> Verdict<c_int> {
        if sys::is_nonblocking(fd) {
            return Verdict::Fail(libc::EAGAIN);
        }
        if !std::mem::replace(&mut self.has_begun, true) {
            self.until = sys::receive_timeout(fd).and_then(|limit| Instant::now().checked_add(limit));
        }
        let interrupted = std::mem::take(&mut self.interrupted);
        if interrupted && (self.until.is_some() || sys::some_handler_interrupts()) {
            return Verdict::Fail(libc::EINTR);
        }
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return Verdict::Fail(libc::EAGAIN);
        }
        // The process that takes care of the listener may come to its end.
        let look_again = Instant::now().checked_add(Duration::from_secs(1));
        let until = [self.until, look_again].into_iter().flatten().min();
        Verdict::Wait(Wait::descriptor(fd, libc::POLLIN, until))
    }
}
