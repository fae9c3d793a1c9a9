//! One request to a proxy: a connection for the application, on its own socket; or, on a socket of ours, one that waits for
//! a call back, or an association for datagrams.
//!
//! It never blocks: it goes as far as it can and says what to wait for. It is plain data, with nothing to drop, so
//! that a thread may be cancelled between two steps. Proxies and their addresses are tried in order as long as none
//! of them could be reached or do what it was asked; any other answer is final. In a chain each proxy but the last is asked
//! for a connection to the next, which is then spoken to on the same socket.

mod asking;
mod judgement;
mod telling;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::time::Instant;

use libc::c_int;
use socks_conf::Command;
use socks_proto::Address;
use socks_proto::client::{Failure, Handshake, Step};

use crate::descriptors::Identity;
use crate::hops::Hops;
use crate::interpose::Verdict;
use crate::policy::Passage;
use crate::trace::Phases;
use crate::wait::Wait;
use crate::{address, errno, replacement, sys};
use judgement::{concerns_the_proxy, is_about_authentication, is_about_the_request};
use judgement::{says_no_udp, says_unable, serves_nobody};

/// A connection attempt and how far it is.
pub(crate) struct Attempt {
    passage: Passage,
    /// AF_INET or AF_INET6: the application's socket.
    family: c_int,
    /// The IPv4 addresses have been tried, by the socket whose place this one took.
    only_ipv6: bool,
    /// The chain of proxies, and which of them is being asked.
    hops: Hops,
    hop: usize,
    /// The address of the first proxy that is tried.
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
    /// The connection is to be our own, to a name server.
    is_ours: bool,
    phases: Phases,
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
            hops: passage.hops(),
            passage,
            family,
            only_ipv6: false,
            hop: 0,
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
            is_ours: false,
            phases: Phases::begin(),
        }
    }

    /// A connection of our own to a name server.
    pub(crate) fn to_name_server(fd: RawFd, family: c_int, passage: Passage) -> Attempt {
        Attempt { is_ours: true, ..Attempt::new(fd, family, passage) }
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
        let verdict = self.go_on(fd);
        match verdict {
            Verdict::Done(_) => self.tell(None),
            Verdict::Fail(errno) => self.tell(Some(errno)),
            _ => {}
        }
        verdict
    }

    fn go_on(&mut self, fd: RawFd) -> Verdict<c_int> {
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
        self.phases = Phases::default();
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
            let phase = self.phase();
            let pause = match self.stage {
                Stage::Ready => self.begin(fd),
                Stage::Connecting => self.finish_connect(fd),
                Stage::Negotiating(_) => self.negotiate(fd),
            };
            self.phases.spend(phase);
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
        let Some((command, target)) = self.request() else {
            return self.without_next(fd, libc::ECONNREFUSED);
        };
        match Handshake::new(version, command, &target, credentials) {
            Ok(handshake) => {
                self.stage = Stage::Negotiating(handshake);
                None
            }
            Err(unsendable) if self.is_last() => Some(self.fail(fd, libc::ENETUNREACH, &unsendable)),
            Err(unsendable) => {
                log::warn!("{self}: {} cannot be reached from there: {unsendable}", self.name(self.hop + 1));
                self.without_next(fd, libc::ENETUNREACH)
            }
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
            Step::Done(_) if !self.hops.is_last(self.hop) => {
                self.hop += 1;
                return self.greet(fd);
            }
            Step::Done(bnd) => {
                self.bnd = self.with_host(bnd);
                sys::acknowledge_at_once(fd);
                return Some(Pause::Connected);
            }
            Step::Failed(failure) if self.hops.is_last(self.hop) => return self.rejected(fd, &failure),
            Step::Failed(failure) => return self.interrupted(fd, &failure),
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
        let is_useless = lacks_udp || says_unable(failure) || self.hop > 0 && serves_nobody(failure);
        if !is_useless || self.awaits_call || !self.hops.can_spare(self.hop) {
            if is_about_authentication(failure) {
                log::warn!("{self}: {failure}");
            }
            return Some(self.fail(fd, errno, failure));
        }
        log::warn!("{self}: {failure}; the next proxy is asked");
        self.without(fd, self.hop, errno)
    }

    /// The chain ends before its last proxy: because the next one cannot be reached, or because of this one.
    fn interrupted(&mut self, fd: RawFd, failure: &Failure) -> Option<Pause> {
        self.refusal = Some(*failure);
        let errno = errno::of_failure(failure);
        if is_about_the_request(failure) {
            log::warn!("{self}: {} cannot be reached from there: {failure}", self.name(self.hop + 1));
            return self.without_next(fd, errno);
        }
        if (says_unable(failure) || serves_nobody(failure)) && self.hops.can_spare(self.hop) {
            log::warn!("{self}: {failure}; the chain goes round it");
            return self.without(fd, self.hop, errno);
        }
        log::warn!("{self}: {failure}");
        Some(self.fail(fd, errno, failure))
    }

    /// The proxy behind this one is of no use.
    fn without_next(&mut self, fd: RawFd, errno: c_int) -> Option<Pause> {
        if self.hops.can_spare(self.hop + 1) {
            return self.without(fd, self.hop + 1, errno);
        }
        Some(self.fail(fd, errno, &"the chain is broken"))
    }

    /// Begins again without the proxy at `hop`.
    fn without(&mut self, fd: RawFd, hop: usize, errno: c_int) -> Option<Pause> {
        sys::disconnect(fd);
        self.hops.leave_out(hop);
        self.last_errno = errno;
        (self.hop, self.address, self.stage) = (0, 0, Stage::Ready);
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
        (self.hops, self.hop, self.address) = (self.hops.afresh(), 0, 0);
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
