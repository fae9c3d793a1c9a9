//! Calls back: listeners of the application that wait at a proxy, by BIND.
//!
//! The problem: one connection to the proxy is first the question, then the place to wait at, then the call itself, while
//! the application polls, accepts and closes a listener and a connection apart. The mechanism: its listener is a real one
//! that only this machine can reach. The helper thread keeps the connection to the proxy, and when the call is announced
//! there it knocks at the listener; accept(2) knows this [`token`] by its source and puts the connection to the proxy behind
//! the descriptor accepted. So poll(2), select(2) and epoll(7) need no help of ours. For the next call
//! BIND is asked again.
//!
//! The limits: a forked child may accept what its parent asked for, but the next BIND is for the process that took the call, and
//! its siblings do not hear of it; it is the helper of the process that asked which knocks, so a child that outlives that process
//! hears of calls in accept(2), not by poll(2) or epoll(7); a program started with an inherited listener finds it without
//! a proxy behind it.

mod elsewhere;
mod filter;
mod listener;
mod request;
mod rule;
mod seen;
mod token;

use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use libc::c_int;
use socks_proto::Address;

use crate::interpose::as_our_own;
use crate::lock::Lock;
use crate::parking;
use crate::{descriptors, process, sys};
use listener::{Listener, Next};
use seen::Seen;

pub(crate) use request::Request;
pub(crate) use rule::{Ask, Place, is_of_a_primary, place};
pub(crate) use token::bind;

/// The listeners of this process, under a lock taken after that of the dialogues.
static LISTENERS: Lock<Listeners> = Lock::new(Listeners { all: Vec::new(), seen: Vec::new(), last: 0 });

/// How many listeners and accepted connections there are to look for.
static COUNT: AtomicUsize = AtomicUsize::new(0);

struct Listeners {
    all: Vec<Listener>,
    /// Connections that are seen elsewhere with another address than here.
    seen: Vec<Seen>,
    last: u32,
}

/// What accept(2) finds.
pub(crate) enum Call {
    /// No call, yet.
    None,
    /// A call, from there.
    From(RawFd, SocketAddr),
    /// An application of this machine, which called the listener itself.
    Local(RawFd, SocketAddr),
    /// An error, told once.
    Failed(c_int),
    /// Nothing of ours: an ordinary listener.
    Plain,
}

/// Runs `body` with the listeners, under both locks.
fn listeners<R>(body: impl FnOnce(&mut Listeners) -> R) -> R {
    parking::under_lock(|| with(body))
}

/// As [`listeners`], where the lock of the dialogues is held.
fn with<R>(body: impl FnOnce(&mut Listeners) -> R) -> R {
    LISTENERS.with(|listeners| {
        let result = body(listeners);
        COUNT.store(listeners.all.len() + listeners.seen.len(), Ordering::Relaxed);
        result
    })
}

/// Whether there is anything to look for, in memory that is ours to look at.
fn is_anywhere() -> bool {
    COUNT.load(Ordering::Relaxed) != 0 && !process::runs_on_borrowed_memory()
}

/// Whether calls on this descriptor have to be looked at: one load where no proxy was asked to listen.
pub(crate) fn concerns(fd: RawFd) -> bool {
    descriptors::may_be_listener(fd)
}

/// Whether getsockname(2) may have another answer than the kernel's.
pub(crate) fn may_be_named(fd: RawFd) -> bool {
    descriptors::may_be_bound(fd) || concerns(fd)
}

/// The address at which a listener, or a connection it accepted, or the connection on whose behalf it listens, is seen
/// from behind the proxy. `None` for all others, and for a listener that has to ask again.
pub(crate) fn name(fd: RawFd) -> Option<SocketAddr> {
    if !is_anywhere() {
        return None;
    }
    let cookie = sys::cookie(fd).ok()?;
    listeners(|listeners| {
        if let Some(listener) = listeners.find(cookie) {
            return listener.name();
        }
        let spoken_for = listeners.all.iter().find(|listener| listener.spokesman() == Some(cookie));
        if let Some(name) = spoken_for.and_then(Listener::name) {
            return Some(SocketAddr::new(name.ip(), sys::own_address(fd)?.port()));
        }
        listeners.seen.iter().find(|seen| seen.cookie == cookie).map(|seen| seen.as_address)
    })
}

/// A connection through a proxy stands, which sees the target from the address `bnd`. FTP's clients announce the address of
/// their connection to the server: it has to be one at which the server finds somebody.
pub(crate) fn connected(fd: RawFd, target: SocketAddr, bnd: Address) {
    if rule::is_announced(target) && !process::runs_on_borrowed_memory() {
        listeners(|listeners| seen::from(&mut listeners.seen, fd, bnd));
    }
}

/// As [`connected`], where the lock of the dialogues is held.
pub(crate) fn connected_under_lock(fd: RawFd, target: SocketAddr, bnd: Address) {
    if rule::is_announced(target) {
        with(|listeners| seen::from(&mut listeners.seen, fd, bnd));
    }
}

/// The address of this machine for one that a connection is seen to have elsewhere.
pub(crate) fn real_address(ip: IpAddr) -> Option<IpAddr> {
    if !is_anywhere() {
        return None;
    }
    listeners(|listeners| {
        listeners.seen.retain(Seen::is_open);
        listeners.seen.iter().rev().find(|seen| seen.as_address.ip() == ip)?.own_address()
    })
}

/// What to ask before a descriptor that is a listener of ours can have a name again.
pub(crate) fn asks_again(fd: RawFd) -> Option<Ask> {
    if !is_anywhere() {
        return None;
    }
    let cookie = sys::cookie(fd).ok()?;
    listeners(|listeners| listeners.find(cookie).and_then(Listener::take_back))
}

/// The proxy listens: from now on the descriptor has its address, or that of a listener another thread was quicker with.
pub(crate) fn established(fd: RawFd, request: Request, bnd: SocketAddr) -> Result<SocketAddr, c_int> {
    let cookie = sys::cookie(fd).map_err(|_| libc::EBADF)?;
    listeners(|listeners| {
        listeners.sweep();
        if let Some(listener) = listeners.find(cookie) {
            listener.renew(request, bnd)?;
            return Ok(listener.last_name());
        }
        listeners.last = listeners.last.wrapping_add(1);
        let listener = Listener::new(listeners.last, fd, cookie, request, bnd).ok_or(libc::EMFILE)?;
        listeners.all.push(listener);
        descriptors::mark_listener(fd);
        Ok(bnd)
    })
}

/// Whether a proxy listens for this descriptor.
pub(crate) fn is_waiting(fd: RawFd) -> bool {
    concerns(fd) && is_anywhere() && {
        let cookie = sys::cookie(fd);
        listeners(|listeners| cookie.is_ok_and(|cookie| listeners.find(cookie).is_some()))
    }
}

/// listen(2) on a descriptor for which a proxy listens.
pub(crate) fn begin(fd: RawFd, backlog: c_int) -> Result<(), c_int> {
    let cookie = sys::cookie(fd).map_err(|_| libc::EBADF)?;
    filter::keep_to_this_machine(fd);
    token::listen(fd, backlog)?;
    listeners(|listeners| match listeners.find(cookie) {
        Some(listener) => listener.begin(),
        None => Err(libc::EINVAL),
    })
}

/// Takes the next call, without blocking.
pub(crate) fn take_call(fd: RawFd, flags: c_int) -> Call {
    if process::runs_on_borrowed_memory() {
        // What might be announced there is the lender's.
        return Call::Failed(libc::EOPNOTSUPP);
    }
    let Ok(cookie) = sys::cookie(fd) else { return Call::Plain };
    listeners(|listeners| {
        let Some(listener) = listeners.find(cookie) else {
            descriptors::unmark_listener(fd);
            return Call::Plain;
        };
        let mut call = listener.take_call(fd, flags);
        let mut own = listener.last_name();
        // Listeners that share a port (SO_REUSEPORT) have their tokens in common.
        if let Call::Local(connection, from) = call
            && let Some(other) = listeners.all.iter_mut().find(|listener| listener.is_token(from))
        {
            own = other.last_name();
            call = other.answer(fd, connection, flags);
        }
        if let Call::From(connection, _) = call {
            seen::remember(&mut listeners.seen, connection, own);
        }
        call
    })
}

/// A copy of a descriptor.
pub(crate) fn copied(original: RawFd, copy: RawFd) {
    if !concerns(original) || !is_anywhere() {
        return;
    }
    let Ok(cookie) = sys::cookie(original) else { return };
    listeners(|listeners| {
        if let Some(listener) = listeners.find(cookie) {
            listener.descriptors.push(copy);
            descriptors::mark_listener(copy);
        }
    });
}

/// A descriptor stands for something else now.
pub(crate) fn replaced(fd: RawFd) {
    if concerns(fd) && is_anywhere() && !is_waiting(fd) {
        descriptors::unmark_listener(fd);
        listeners(Listeners::sweep);
    }
}

/// Closes a descriptor of a listener. With the last one the wait ends: the proxy need not listen any longer.
pub(crate) fn close(fd: RawFd) -> c_int {
    let cookie = sys::cookie(fd);
    descriptors::unmark_listener(fd);
    sys::close(fd);
    if let Ok(cookie) = cookie {
        abandon(cookie, |listener| {
            listener.descriptors.retain(|known| *known != fd);
            listener.is_over()
        });
    }
    0
}

/// The application wants no calls any more: it connects the socket, or has shut it down.
pub(crate) fn given_up(fd: RawFd) {
    if !concerns(fd) || !is_anywhere() {
        return;
    }
    if let Ok(cookie) = sys::cookie(fd) {
        descriptors::unmark_listener(fd);
        abandon(cookie, |_| true);
    }
}

fn abandon(cookie: u64, is_over: impl FnOnce(&mut Listener) -> bool) {
    listeners(|listeners| {
        if listeners.find(cookie).is_some_and(is_over) {
            listeners.remove(|listener| listener.cookie == cookie);
            parking::wake_helper();
        }
    });
}

/// Right before fork(2): from now on these sockets have other owners, too.
pub(crate) fn about_to_fork() {
    if is_anywhere() {
        as_our_own(|| listeners(|listeners| listeners.all.iter_mut().for_each(Listener::share)));
    }
}

impl Listeners {
    fn find(&mut self, cookie: u64) -> Option<&mut Listener> {
        self.all.iter_mut().find(|listener| listener.cookie == cookie)
    }

    fn remove(&mut self, which: impl Fn(&mut Listener) -> bool) {
        self.all.extract_if(.., |listener| which(listener)).for_each(Listener::end);
    }

    /// What was closed past our hooks.
    fn sweep(&mut self) {
        self.remove(Listener::is_over);
    }

    fn is_idle(&self) -> bool {
        self.all.iter().all(Listener::is_idle)
    }
}

/// What the helper thread has to know and to do, under the lock of the dialogues.
pub(crate) mod helper {
    use super::*;

    /// Whether an event is about a listener: tickets of dialogues leave this bit alone.
    pub(crate) const MARK: u64 = 1 << 31;

    /// Whether there is nothing to wait for.
    pub(crate) fn is_idle() -> bool {
        !is_anywhere() || with(|listeners| listeners.is_idle())
    }

    /// When something is due.
    pub(crate) fn until() -> Option<Instant> {
        with(|listeners| listeners.all.iter().filter_map(Listener::until).min())
    }

    /// Goes on with what an event is about.
    pub(crate) fn advance(event: u64) {
        with(|listeners| {
            let listener = listeners.all.iter_mut().find(|listener| listener.event() == event);
            if listener.is_some_and(|listener| listener.advance() == Next::End) {
                listeners.remove(|listener| listener.event() == event);
            }
        });
    }

    /// Goes on with what is due.
    pub(crate) fn advance_due() {
        let now = Instant::now();
        let is_due = |listener: &&Listener| listener.until().is_some_and(|until| until <= now);
        let due: Vec<u64> =
            with(|listeners| listeners.all.iter().filter(is_due).map(Listener::event).collect());
        due.into_iter().for_each(advance);
    }

    /// Watches everything anew, in another set.
    pub(crate) fn watch_again() {
        with(|listeners| listeners.all.iter_mut().for_each(Listener::watch_again));
    }
}
