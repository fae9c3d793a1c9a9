//! The one thread that talks to proxies for all parked sockets. It exists only while there are any: a live second
//! thread makes unshare(CLONE_NEWUSER) fail and every descriptor call slower.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::Instant;

use libc::{c_short, epoll_event};

use super::{PARKED, Parked, end, slot};
use crate::hooks::real;
use crate::interpose::{Verdict, as_our_own};
use crate::sys;
use std::collections::BTreeMap;
use slot::Ticket;

/// The process whose helper runs, and its epoll set: after a fork there is none in the child.
static OWNER: AtomicI32 = AtomicI32::new(0);
static SET: AtomicI32 = AtomicI32::new(-1);

const STACK: usize = 64 * 1024;

/// Watches a socket, under the lock; starts the thread where there is none. False where that is impossible.
pub(super) fn watch(ticket: Ticket, socket: RawFd, events: c_short) -> bool {
    (runs() || start()) && control(libc::EPOLL_CTL_ADD, ticket, socket, events)
}

/// No longer watches a socket that is about to be closed, under the lock.
pub(super) fn unwatch(socket: RawFd) {
    if runs() {
        // SAFETY: removing takes no event.
        unsafe { real::epoll_ctl(SET.load(Ordering::Relaxed), libc::EPOLL_CTL_DEL, socket, std::ptr::null_mut()) };
    }
}

fn us() -> i32 {
    // SAFETY: getpid has no preconditions.
    unsafe { libc::getpid() }
}

fn runs() -> bool {
    OWNER.load(Ordering::Relaxed) == us()
}

fn start() -> bool {
    let Some(set) = sys::epoll() else { return false };
    SET.store(set, Ordering::Relaxed);
    OWNER.store(us(), Ordering::Relaxed);
    // The thread inherits the mask of the hook that starts it: all signals blocked.
    let started = thread::Builder::new().stack_size(STACK).spawn(|| as_our_own(run)).is_ok();
    if !started {
        OWNER.store(0, Ordering::Relaxed);
        sys::close(set);
    }
    started
}

fn run() {
    while let Some(timeout) = PARKED.with(timeout_or_end) {
        let mut events = [epoll_event { events: 0, u64: 0 }; 64];
        // SAFETY: pointer and length of one array.
        let count = unsafe { libc::epoll_wait(SET.load(Ordering::Relaxed), events.as_mut_ptr(), 64, timeout) };
        let ready = events.iter().take(usize::try_from(count).unwrap_or(0));
        PARKED.with(|all| {
            ready.filter_map(|event| Ticket::new(event.u64)).for_each(|ticket| advance(all, ticket));
            expired(all).into_iter().for_each(|ticket| advance(all, ticket));
        });
    }
}

/// How long to sleep at the most; `None` where nothing is left to do, and then the thread counts as gone.
fn timeout_or_end(all: &mut BTreeMap<Ticket, Parked>) -> Option<i32> {
    if all.is_empty() {
        OWNER.store(0, Ordering::Relaxed);
        sys::close(SET.swap(-1, Ordering::Relaxed));
        return None;
    }
    let next = all.values().filter_map(|parked| parked.attempt.until()).min();
    Some(next.map_or(-1, |until| crate::wait::milliseconds(until.saturating_duration_since(Instant::now()))))
}

fn expired(all: &BTreeMap<Ticket, Parked>) -> Vec<Ticket> {
    let now = Instant::now();
    let is_over = |parked: &Parked| parked.attempt.until().is_some_and(|until| until <= now);
    all.iter().filter(|(_, parked)| is_over(parked)).map(|(ticket, _)| *ticket).collect()
}

fn advance(all: &mut BTreeMap<Ticket, Parked>, ticket: Ticket) {
    let Some(parked) = all.get_mut(&ticket) else { return };
    let outcome = match parked.attempt.advance(parked.socket) {
        Verdict::Wait(wait) => {
            control(libc::EPOLL_CTL_MOD, ticket, parked.socket, wait.events);
            return;
        }
        Verdict::Done(_) | Verdict::Direct => None,
        Verdict::Fail(errno) => Some(errno),
    };
    if let Some(parked) = all.remove(&ticket) {
        end(ticket, &parked, outcome);
    }
}

fn control(operation: i32, ticket: Ticket, socket: RawFd, events: c_short) -> bool {
    let mut event = epoll_event { events: events as u32, u64: ticket.get() };
    // SAFETY: one event.
    unsafe { real::epoll_ctl(SET.load(Ordering::Relaxed), operation, socket, &mut event) == 0 }
}
