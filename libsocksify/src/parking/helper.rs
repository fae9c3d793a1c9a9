//! The one thread that talks to proxies for all parked sockets, and for listeners that wait there. It exists only while there are any: a live second
//! thread makes unshare(CLONE_NEWUSER) fail and every descriptor call slower.

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use libc::{c_short, epoll_event};

use super::slot::State;
use super::{Parked, dialogues, end, replaced, slot};
use crate::callback::helper as callback;
use crate::hooks::real;
use crate::interpose::{Verdict, as_our_own};
use crate::lock::Lock;
use crate::own::Own;
use crate::{process, sys};
use slot::Ticket;
use std::collections::BTreeMap;

/// The process whose helper runs, and its epoll set: after a fork there is none in the child.
static OWNER: AtomicI32 = AtomicI32::new(0);
static SET: AtomicI32 = AtomicI32::new(-1);

/// A bell in the set: rung when nothing is left to wait for, and the proof that the set is ours.
static WAKE: Lock<Option<Own>> = Lock::new(None);

/// The process in which a helper was started that nobody has waited for.
static HAS_RUN: AtomicI32 = AtomicI32::new(0);

/// The thread, until somebody has waited for its end.
static THREAD: Lock<Option<JoinHandle<()>>> = Lock::new(None);

const STACK: usize = 64 * 1024;

/// Watches a socket, under the lock; starts the thread where there is none. False where that is impossible.
pub(super) fn watch(ticket: Ticket, socket: RawFd, events: c_short) -> bool {
    (runs() || start()) && control(libc::EPOLL_CTL_ADD, ticket, socket, events)
}

/// Watches a socket for a listener that waits at a proxy, under the lock; as [`watch`].
pub(crate) fn watch_event(number: u64, socket: RawFd, events: c_short) -> bool {
    if !runs() && !start() {
        return false;
    }
    let change = |operation| {
        let mut event = epoll_event { events: events as u32, u64: number };
        // SAFETY: one event.
        unsafe { real::epoll_ctl(SET.load(Ordering::Relaxed), operation, socket, &mut event) == 0 }
    };
    change(libc::EPOLL_CTL_MOD) || change(libc::EPOLL_CTL_ADD)
}

/// No longer watches a socket that is about to be closed, under the lock. Where it is closed already its number may be that
/// of the bell by now.
pub(crate) fn unwatch(socket: Own) {
    if runs() && socket.is_intact() {
        // SAFETY: removing takes no event.
        unsafe {
            real::epoll_ctl(SET.load(Ordering::Relaxed), libc::EPOLL_CTL_DEL, socket.fd, std::ptr::null_mut())
        };
    }
}

fn runs() -> bool {
    OWNER.load(Ordering::Relaxed) == process::id()
}

fn start() -> bool {
    let Some(set) = sys::epoll() else { return false };
    SET.store(set, Ordering::Relaxed);
    hang_bell();
    OWNER.store(process::id(), Ordering::Relaxed);
    HAS_RUN.store(process::id(), Ordering::Relaxed);
    // The thread inherits the mask of the hook that starts it: all signals blocked.
    let started = thread::Builder::new().stack_size(STACK).spawn(|| as_our_own(run)).ok();
    let is_started = started.is_some();
    THREAD.with(|thread| *thread = started);
    if !is_started {
        OWNER.store(0, Ordering::Relaxed);
        close_set();
    }
    is_started
}

/// Puts a fresh bell into the set, in place of one that has rung.
fn hang_bell() {
    let bell = Own::bell();
    if let Some(bell) = bell {
        let mut event = epoll_event { events: libc::EPOLLIN as u32, u64: 0 };
        // SAFETY: one event.
        unsafe { real::epoll_ctl(SET.load(Ordering::Relaxed), libc::EPOLL_CTL_ADD, bell.fd, &mut event) };
    }
    WAKE.with(|wake| std::mem::replace(wake, bell)).into_iter().for_each(Own::close);
}

/// Wakes the thread, which has nothing left to wait for, or something new.
pub(crate) fn wake() {
    if runs() {
        WAKE.with(|wake| wake.iter().for_each(|bell| bell.ring()));
    }
}

/// Closes the set, if its number still stands for it.
fn close_set() {
    let set = SET.swap(-1, Ordering::Relaxed);
    let bell = WAKE.with(Option::take);
    if bell.is_none_or(|bell| sys::is_in_epoll_set(set, bell.fd) != Some(false)) {
        sys::close(set);
    }
    bell.into_iter().for_each(Own::close);
}

/// Whether there may be a thread of ours, running or about to end.
pub(crate) fn may_exist() -> bool {
    HAS_RUN.load(Ordering::Relaxed) == process::id()
}

/// Waits for the thread's end where it has nothing left to do: for calls that only a process with a single thread may
/// make.
pub(crate) fn wait_for_end() {
    if runs() {
        return;
    }
    let thread = THREAD.with(Option::take);
    let Some(thread) = thread.filter(|_| HAS_RUN.swap(0, Ordering::Relaxed) == process::id()) else { return };
    let _ = thread.join();
    // A joined thread is still in the kernel's list for a moment.
    for _ in 0..1000 {
        let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
        if threads <= 1 {
            break;
        }
        thread::yield_now();
    }
}

fn run() {
    while let Some(timeout) = dialogues(timeout_or_end) {
        let mut events = [epoll_event { events: 0, u64: 0 }; 64];
        // SAFETY: pointer and length of one array.
        let count =
            unsafe { libc::epoll_wait(SET.load(Ordering::Relaxed), events.as_mut_ptr(), 64, timeout) };
        let is_lost = count < 0 && crate::errno::current() != libc::EINTR;
        let ready = events.iter().take(usize::try_from(count).unwrap_or(0));
        dialogues(|all| {
            if is_lost {
                replace_set(all);
            }
            // Rung, but somebody came meanwhile.
            if ready.clone().any(|event| { event.u64 } == 0) && !is_idle(all) {
                hang_bell();
            }
            let (calls, others): (Vec<u64>, Vec<u64>) =
                ready.map(|event| event.u64).partition(|event| event & callback::MARK != 0);
            calls.into_iter().for_each(callback::advance);
            callback::advance_due();
            others.into_iter().filter_map(Ticket::new).for_each(|ticket| advance(all, ticket));
            expired(all).into_iter().for_each(|ticket| advance(all, ticket));
        });
    }
}

/// How long to sleep at the most; `None` where nothing is left to do, and then the thread counts as gone.
fn timeout_or_end(all: &mut BTreeMap<Ticket, Parked>) -> Option<i32> {
    if is_idle(all) {
        OWNER.store(0, Ordering::Relaxed);
        close_set();
        return None;
    }
    let next = all.values().filter_map(|parked| parked.until()).chain(callback::until()).min();
    Some(next.map_or(-1, |until| crate::wait::milliseconds(until.saturating_duration_since(Instant::now()))))
}

fn is_idle(all: &BTreeMap<Ticket, Parked>) -> bool {
    all.is_empty() && callback::is_idle()
}

fn expired(all: &BTreeMap<Ticket, Parked>) -> Vec<Ticket> {
    let now = Instant::now();
    let is_over = |parked: &Parked| parked.until().is_some_and(|until| until <= now);
    all.iter().filter(|(_, parked)| is_over(parked)).map(|(ticket, _)| *ticket).collect()
}

/// The application has closed descriptors it knows nothing of, our set among them: another one takes its place.
fn replace_set(all: &mut BTreeMap<Ticket, Parked>) {
    let Some(set) = sys::epoll() else { return };
    SET.store(set, Ordering::Relaxed);
    hang_bell();
    callback::watch_again();
    for (ticket, parked) in all {
        replace_socket(*ticket, parked);
        control(libc::EPOLL_CTL_ADD, *ticket, parked.socket.fd, libc::POLLIN | libc::POLLOUT);
    }
}

/// The same for our descriptor of a socket, as long as the application has one.
fn replace_socket(ticket: Ticket, parked: &mut Parked) {
    if parked.socket.is_intact() {
        return;
    }
    let intact = parked.intact().next();
    if let Some(copy) = intact.and_then(Own::copy_of) {
        parked.socket = copy;
        control(libc::EPOLL_CTL_ADD, ticket, copy.fd, libc::POLLIN | libc::POLLOUT);
    }
}

fn advance(all: &mut BTreeMap<Ticket, Parked>, ticket: Ticket) {
    let Some(parked) = all.get_mut(&ticket) else { return };
    let outcome = match &mut parked.attempt {
        None => match slot::state(ticket) {
            State::Open(_) => return,
            State::Failed => Some(libc::ECONNREFUSED),
            State::Gone => None,
        },
        Some(_) => {
            replace_socket(ticket, parked);
            let Some(outcome) = talk(ticket, parked) else { return };
            outcome
        }
    };
    if let Some(parked) = all.remove(&ticket) {
        end(ticket, parked, outcome);
    }
}

/// Goes on with a dialogue; `None` as long as it has not ended, else what it came to.
fn talk(ticket: Ticket, parked: &mut Parked) -> Option<Option<i32>> {
    let verdict = parked.attempt.as_mut()?.advance(parked.socket.fd);
    if let Some((socket, cookie)) = replaced(parked.socket, parked.cookie) {
        (parked.socket, parked.cookie) = (socket, cookie);
        slot::set_cookie(ticket, cookie);
        control(libc::EPOLL_CTL_ADD, ticket, socket.fd, 0);
    }
    match verdict {
        Verdict::Wait(wait) => {
            control(libc::EPOLL_CTL_MOD, ticket, parked.socket.fd, wait.events());
            None
        }
        Verdict::Done(_) | Verdict::Direct => Some(None),
        Verdict::Fail(errno) | Verdict::Tell(_, errno) => Some(Some(errno)),
    }
}

fn control(operation: i32, ticket: Ticket, socket: RawFd, events: c_short) -> bool {
    let mut event = epoll_event { events: events as u32, u64: ticket.get() };
    // SAFETY: one event.
    unsafe { real::epoll_ctl(SET.load(Ordering::Relaxed), operation, socket, &mut event) == 0 }
}
