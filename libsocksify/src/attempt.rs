//! One request to a proxy: a connection for the application, on its own socket; or, on a socket of ours, one that waits for
//! a call back, or an association for datagrams.
//!
//! It never blocks: it goes as far as it can and says what to wait for. It is plain data, with nothing to drop, so
//! that a thread may be cancelled between two steps. Proxies and their addresses are tried in order as long as none
//! of them could be reached or do what it was asked; any other answer is final.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::time::Instant;

use libc::c_int;
use socks_conf::{Command, Method, Proxy, ProxyProtocol};
use socks_proto::client::{Failure, Handshake, Stage as Answer, Step, Version};
use socks_proto::http::Status;
use socks_proto::socks5::Rep;
use socks_proto::{Address, Credentials, Host};

use crate::descriptors::Identity;
use crate::interpose::Verdict;
use crate::policy::Passage;
use crate::wait::Wait;
use crate::{address, errno, replacement, sys};

/// A connection attempt and how far it is.
pub(crate) struct Attempt {
    passage: Passage,
    /// AF_INET or AF_INET6: the application's socket.
    family: c_int,
    /// The IPv4 addresses have been tried, by the socket whose place this one took.
    only_ipv6: bool,
    /// The proxy tried, as an index into the route's list, and the address tried, as one into the proxy's.
    proxy: usize,
    address: usize,
    stage: Stage,
    began: Instant,
    until: Option<Instant>,
    /// The socket it began with. The application may put another file behind the descriptor while we sleep.
    cookie: Option<u64>,
    /// SO_RCVLOWAT as the application set it: more than one byte would hide the proxy's short answers.
    low_water: c_int,
    /// IPV6_V6ONLY was set, which the application still believes.
    was_ipv6_only: bool,
    /// What the application is told when no candidate is left.
    last_errno: c_int,
    /// BND of the proxy's reply.
    bnd: Address,
    /// Not the passage's command, but a question about its target.
    asks: Option<socks_proto::Command>,
    /// What a proxy answered that did not do what it was asked.
    refusal: Option<Failure>,
    /// The first reply to BIND is there; what comes now is about the call, and no other proxy can take its place.
    awaits_call: bool,
}

enum Stage {
    /// The current candidate is to be connected to.
    Ready,
    /// The kernel is connecting.
    Connecting,
    /// The proxy is being asked.
    Negotiating(Handshake),
}

/// Why a step ended.
enum Pause {
    Connected,
    Wait(libc::c_short),
    Failed(c_int),
}

impl Attempt {
    pub(crate) fn new(fd: RawFd, family: c_int, passage: Passage) -> Attempt {
        let began = Instant::now();
        let until = passage.runtime.config.timeout_connect.and_then(|limit| began.checked_add(limit));
        let last_errno = libc::ENETUNREACH;
        Attempt {
            passage,
            family,
            only_ipv6: false,
            proxy: 0,
            address: 0,
            stage: Stage::Ready,
            began,
            until,
            cookie: sys::cookie(fd).ok(),
            low_water: sys::low_water(fd),
            was_ipv6_only: false,
            last_errno,
            bnd: Address::UNSPECIFIED,
            asks: None,
            refusal: None,
            awaits_call: false,
        }
    }

    /// A question to the proxy about the passage's target: RESOLVE or RESOLVE_PTR. BND is the answer.
    pub(crate) fn asking(
        fd: RawFd,
        family: c_int,
        passage: Passage,
        command: socks_proto::Command,
    ) -> Attempt {
        Attempt { asks: Some(command), ..Attempt::new(fd, family, passage) }
    }

    /// Goes on until the connection stands, has failed, or there is something to wait for.
    pub(crate) fn advance(&mut self, fd: RawFd) -> Verdict<c_int> {
        if sys::cookie(fd).ok() != self.cookie {
            return Verdict::Fail(libc::EBADF);
        }
        match self.step(fd) {
            Pause::Connected => {
                self.restore(fd);
                log::info!("{self} ok after {:?}", self.began.elapsed());
                Verdict::Done(0)
            }
            Pause::Wait(events) if !self.is_over() => Verdict::Wait(Wait::descriptor(fd, events, self.until)),
            Pause::Wait(_) => self.give_up(fd, libc::ETIMEDOUT, &"no answer in time"),
            Pause::Failed(errno) => Verdict::Fail(errno),
        }
    }

    /// BND of the reply that granted the request.
    pub(crate) fn bnd(&self) -> Address {
        self.bnd
    }

    /// What the last proxy said that refused.
    pub(crate) fn refusal(&self) -> Option<Failure> {
        self.refusal
    }

    /// After the first reply to BIND: whoever is called back comes with the second, however long that takes.
    pub(crate) fn await_call(&mut self) {
        if let Stage::Negotiating(handshake) = &mut self.stage {
            handshake.await_second_reply();
        }
        (self.began, self.until, self.awaits_call) = (Instant::now(), None, true);
    }

    /// What the application is to be told of the socket once it is connected.
    pub(crate) fn identity(&self, target: SocketAddr) -> Identity {
        Identity { target, ipv6_only: self.was_ipv6_only }
    }

    fn restore(&self, fd: RawFd) {
        if self.low_water > 1 {
            sys::set_low_water(fd, self.low_water);
        }
    }

    /// When its time is up.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until
    }

    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    fn step(&mut self, fd: RawFd) -> Pause {
        loop {
            let pause = match self.stage {
                Stage::Ready => self.begin(fd),
                Stage::Connecting => self.finish_connect(fd),
                Stage::Negotiating(_) => self.negotiate(fd),
            };
            if let Some(pause) = pause {
                return pause;
            }
        }
    }

    /// Connects to the current candidate, or fails where none is left.
    fn begin(&mut self, fd: RawFd) -> Option<Pause> {
        let Some(candidate) = self.candidate() else { return self.exhausted(fd) };
        let is_tried = self.only_ipv6 && candidate.ip().to_canonical().is_ipv4();
        let Some(reachable) = address::for_family(candidate, self.family).filter(|_| !is_tried) else {
            self.address += 1;
            return None;
        };
        if self.family == libc::AF_INET6 && candidate.is_ipv4() && sys::is_ipv6_only(fd) {
            // Where the socket is bound already the kernel refuses, and says so again when we connect.
            self.was_ipv6_only |= sys::set_ipv6_only(fd, false).is_ok();
        }
        match sys::begin_connect(fd, reachable) {
            Ok(()) => self.greet(fd),
            Err(error) => match error.raw_os_error() {
                Some(libc::EINPROGRESS | libc::EINTR) => {
                    self.stage = Stage::Connecting;
                    None
                }
                errno => self.unreachable(fd, errno.unwrap_or(libc::ECONNREFUSED)),
            },
        }
    }

    fn finish_connect(&mut self, fd: RawFd) -> Option<Pause> {
        if !sys::is_ready(fd, libc::POLLOUT) {
            return Some(Pause::Wait(libc::POLLOUT));
        }
        match sys::pending_error(fd) {
            Ok(0) => self.greet(fd),
            // It answered, and closed before we had said a word.
            Ok(libc::ECONNRESET) => self.unreachable(fd, libc::ECONNREFUSED),
            Ok(errno) => self.unreachable(fd, errno),
            Err(error) => Some(Pause::Failed(error.raw_os_error().unwrap_or(libc::ECONNREFUSED))),
        }
    }

    /// The proxy is connected; now it is asked.
    #[inline(never)]
    fn greet(&mut self, fd: RawFd) -> Option<Pause> {
        sys::acknowledge_at_once(fd);
        if self.low_water > 1 {
            sys::set_low_water(fd, 1);
        }
        let Some((version, credentials)) = self.dialect() else { return self.exhausted(fd) };
        let (command, target) = self.request();
        match Handshake::new(version, command, &target, credentials) {
            Ok(handshake) => {
                self.stage = Stage::Negotiating(handshake);
                None
            }
            Err(unsendable) => Some(self.fail(fd, libc::ENETUNREACH, &unsendable)),
        }
    }

    fn negotiate(&mut self, fd: RawFd) -> Option<Pause> {
        let Stage::Negotiating(handshake) = &mut self.stage else { return None };
        match handshake.step() {
            Step::Send(bytes) => match sys::send(fd, bytes) {
                Ok(count) => handshake.sent(count),
                Err(error) => return interruption(&error, handshake, libc::POLLOUT),
            },
            Step::Receive(most) => {
                let mut buffer = [0; 512];
                let most = most.min(buffer.len());
                match sys::receive(fd, &mut buffer[..most]) {
                    Ok(0) => handshake.closed(),
                    Ok(count) => handshake.received(&buffer[..count]),
                    Err(error) => return interruption(&error, handshake, libc::POLLIN),
                }
            }
            Step::Done(bnd) => {
                self.bnd = bnd;
                sys::acknowledge_at_once(fd);
                return Some(Pause::Connected);
            }
            Step::Failed(failure) => return self.rejected(fd, &failure),
        }
        None
    }

    /// The proxy has refused. Its word is final, unless it only cannot do what it was asked: the next one may.
    fn rejected(&mut self, fd: RawFd, failure: &Failure) -> Option<Pause> {
        self.refusal = Some(*failure);
        let lacks_udp = self.passage.command == Command::UdpAssociate && says_no_udp(failure);
        if lacks_udp {
            self.note_lack_of_udp(failure);
        }
        let errno = match self.passage.command {
            Command::Bind => errno::of_bind_failure(failure),
            _ if lacks_udp => libc::ENETUNREACH,
            _ => errno::of_failure(failure),
        };
        let unable = lacks_udp || says_unable(failure);
        if !unable || self.awaits_call || self.passage.proxy(self.proxy + 1).is_none() {
            if is_about_authentication(failure) {
                log::warn!("{self}: {failure}");
            }
            return Some(self.fail(fd, errno, failure));
        }
        log::warn!("{self}: {failure}; the next proxy is asked");
        sys::disconnect(fd);
        self.last_errno = errno;
        (self.proxy, self.address, self.stage) = (self.proxy + 1, 0, Stage::Ready);
        None
    }

    /// The proxy cannot be reached at its current address: the next one may be.
    fn unreachable(&mut self, fd: RawFd, errno: c_int) -> Option<Pause> {
        if !concerns_the_proxy(errno) {
            return Some(Pause::Failed(errno));
        }
        log::warn!("{self}: the proxy cannot be reached: {}", io::Error::from_raw_os_error(errno));
        sys::disconnect(fd);
        self.last_errno = errno;
        self.address += 1;
        self.stage = Stage::Ready;
        None
    }

    /// No candidate is left; for an IPv4 socket there may be IPv6 addresses, which another socket can reach.
    fn exhausted(&mut self, fd: RawFd) -> Option<Pause> {
        let could_be_ipv6 = self.family == libc::AF_INET && self.passage.has_ipv6();
        if !could_be_ipv6 || !replacement::with_ipv6(fd) {
            return Some(self.fail(fd, self.last_errno, &"no proxy can be reached"));
        }
        (self.family, self.only_ipv6, self.cookie) = (libc::AF_INET6, true, sys::cookie(fd).ok());
        (self.proxy, self.address) = (0, 0);
        None
    }

    /// Leaves the socket as a failed connect(2) does: not connected, usable again.
    fn fail(&self, fd: RawFd, errno: c_int, reason: &dyn fmt::Display) -> Pause {
        log::info!("{self} failed: {reason}");
        sys::disconnect(fd);
        self.restore(fd);
        if self.was_ipv6_only {
            let _ = sys::set_ipv6_only(fd, true);
        }
        Pause::Failed(errno)
    }

    fn give_up(&self, fd: RawFd, errno: c_int, reason: &dyn fmt::Display) -> Verdict<c_int> {
        self.fail(fd, errno, reason);
        Verdict::Fail(errno)
    }

    /// The proxy's address to try next; steps to the next proxy where one has no more.
    fn candidate(&mut self) -> Option<SocketAddr> {
        loop {
            let (index, proxy, _) = self.proxy()?;
            let ip = self.passage.runtime.addresses(index).get(self.address);
            if let Some(ip) = ip.filter(|_| !self.is_known_to_be_unable(index)) {
                return Some(SocketAddr::new(*ip, proxy.port));
            }
            self.proxy += 1;
            self.address = 0;
        }
    }

    fn proxy(&self) -> Option<(usize, &'static Proxy, ProxyProtocol)> {
        self.passage.proxy(self.proxy)
    }

    /// Whether the proxy need not be asked: it has said that it has no UDP.
    fn is_known_to_be_unable(&self, proxy: usize) -> bool {
        self.passage.command == Command::UdpAssociate && self.passage.runtime.lacks_udp(proxy)
    }

    fn note_lack_of_udp(&self, failure: &Failure) {
        let Some((index, proxy, _)) = self.proxy() else { return };
        if self.passage.runtime.note_lack_of_udp(index) {
            log::warn!("the proxy {proxy} carries no datagrams: {failure}");
        }
    }

    /// What the proxy is asked for. From which address datagrams will come is left open: it may be translated on the way.
    fn request(&self) -> (socks_proto::Command, Address) {
        if let Some(command) = self.asks {
            return (command, self.passage.target);
        }
        match self.passage.command {
            Command::UdpAssociate | Command::UdpReply => {
                (socks_proto::Command::UdpAssociate, Address::UNSPECIFIED)
            }
            Command::Bind | Command::BindReply => (socks_proto::Command::Bind, self.passage.target),
            Command::Connect => (socks_proto::Command::Connect, self.passage.target),
        }
    }

    /// What to speak to the current proxy, and with which credentials.
    fn dialect(&self) -> Option<(Version, Option<&'static Credentials>)> {
        let by_name = matches!(self.passage.target.host, Host::Name(_));
        let (index, _, protocol) = self.proxy()?;
        let version = match protocol {
            ProxyProtocol::SocksV5 => Version::Socks5,
            ProxyProtocol::SocksV4 | ProxyProtocol::SocksV4a if by_name => Version::Socks4a,
            ProxyProtocol::SocksV4 | ProxyProtocol::SocksV4a => Version::Socks4,
            ProxyProtocol::Http => Version::Http,
        };
        let takes_password = matches!(version, Version::Socks5 | Version::Http);
        let offered = self.passage.route.offers(Method::Username) || !takes_password;
        Some((version, self.passage.runtime.credentials(index, takes_password).filter(|_| offered)))
    }
}

/// Nothing to read or write yet, or the proxy has gone: reset and end-of-file mean the same.
fn interruption(error: &io::Error, handshake: &mut Handshake, events: libc::c_short) -> Option<Pause> {
    match error.raw_os_error() {
        Some(libc::EAGAIN) => Some(Pause::Wait(events)),
        // A socket with TCP_FASTOPEN_CONNECT, which the kernel connects only now.
        Some(libc::EINPROGRESS | libc::EALREADY) => Some(Pause::Wait(libc::POLLOUT)),
        Some(libc::EINTR) => None,
        _ => {
            handshake.closed();
            None
        }
    }
}

/// Whether an errno of connect(2) says something of the proxy; the rest is about the application's socket.
fn concerns_the_proxy(errno: c_int) -> bool {
    [
        libc::ECONNREFUSED,
        libc::ECONNRESET,
        libc::ENETUNREACH,
        libc::EHOSTUNREACH,
        libc::ETIMEDOUT,
        libc::ENETDOWN,
        libc::EHOSTDOWN,
    ]
    .contains(&errno)
}

/// Whether the proxy only cannot do what it was asked.
fn says_unable(failure: &Failure) -> bool {
    [
        Failure::Reply(Rep::COMMAND_NOT_SUPPORTED),
        Failure::Reply(Rep::ADDRESS_TYPE_NOT_SUPPORTED),
        Failure::Status(Status::METHOD_NOT_ALLOWED),
        Failure::Status(Status::NOT_IMPLEMENTED),
    ]
    .contains(failure)
}

fn is_about_authentication(failure: &Failure) -> bool {
    let refused = Failure::Status(Status::PROXY_AUTHENTICATION_REQUIRED);
    *failure == refused
        || matches!(failure, Failure::NoAcceptableMethod | Failure::AuthenticationRefused { .. })
}

/// How proxies answer that have no UDP: with a reply code, by closing (`ssh -D`), or with no method they would take.
fn says_no_udp(failure: &Failure) -> bool {
    match failure {
        Failure::Reply(rep) => *rep == Rep::COMMAND_NOT_SUPPORTED,
        Failure::NoAcceptableMethod => true,
        Failure::Closed(answer) => *answer == Answer::Reply,
        _ => false,
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.passage.command {
            _ if self.asks.is_some() => "question about",
            Command::UdpAssociate | Command::UdpReply => "datagrams to",
            Command::Bind | Command::BindReply => "bind to",
            Command::Connect => "connect to",
        };
        write!(f, "{what} {}", self.passage.target)?;
        self.proxy().map_or(Ok(()), |(_, proxy, _)| write!(f, " via {proxy}"))
    }
}
