//! What is known of every datagram socket that has targets behind a proxy, found by a ticket that the socket's
//! descriptors carry. A mapping private to the process: a forked child goes on with a copy, as it does with the socket.

use std::mem::MaybeUninit;
use std::num::NonZeroU64;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};

use super::Socket;
use crate::lock::Lock;
use crate::{process, sys};

const SLOTS: usize = 4096;

/// Names a socket: the slot, and how often it had been used.
pub(crate) type Ticket = NonZeroU64;

struct Pool {
    /// Slots that are not free: what every hook looks at.
    used: AtomicU32,
    /// Slots that have ever been used.
    touched: AtomicU32,
    slots: [Slot; SLOTS],
}

struct Slot {
    /// How often the slot was taken or given back: odd while it is taken.
    state: AtomicU64,
    cookie: AtomicU64,
    socket: Lock<MaybeUninit<Socket>>,
}

static POOL: AtomicPtr<Pool> = AtomicPtr::new(ptr::null_mut());

/// Whether another process has the socket of a slot, and uses the association it has here. Shared with forked children, which may
/// be who passes it on.
static PASSED_ON: AtomicPtr<[AtomicBool; SLOTS]> = AtomicPtr::new(ptr::null_mut());

fn pool() -> Option<&'static Pool> {
    // SAFETY: null, or the mapping made below, which is never unmapped.
    unsafe { POOL.load(Ordering::Acquire).as_ref() }
}

/// Whether there is any such socket: two loads.
pub(crate) fn any() -> bool {
    pool().is_some_and(|pool| pool.used.load(Ordering::Relaxed) != 0)
}

/// Whether a descriptor stands for the socket a ticket was given to.
pub(super) fn stands_for(fd: RawFd, ticket: Ticket) -> bool {
    find(ticket).is_some_and(|(slot, _)| {
        sys::cookie(fd).is_ok_and(|cookie| cookie == slot.cookie.load(Ordering::Acquire))
    })
}

/// The ticket of the socket with this cookie, whatever descriptor it was given for.
pub(super) fn with_cookie(cookie: u64) -> Option<Ticket> {
    let pool = pool()?;
    let touched = pool.touched.load(Ordering::Relaxed) as usize;
    let (index, slot) = pool.slots.iter().enumerate().take(touched).find(|(_, slot)| {
        slot.state.load(Ordering::Acquire) % 2 == 1 && slot.cookie.load(Ordering::Acquire) == cookie
    })?;
    ticket(index, slot.state.load(Ordering::Acquire))
}

/// Every ticket in use.
pub(super) fn all() -> impl Iterator<Item = Ticket> {
    let touched = pool().map_or(0, |pool| pool.touched.load(Ordering::Relaxed) as usize);
    let slots = pool().into_iter().flat_map(|pool| pool.slots.iter()).enumerate().take(touched);
    slots.filter_map(|(index, slot)| {
        let state = slot.state.load(Ordering::Acquire);
        (state % 2 == 1).then(|| ticket(index, state)).flatten()
    })
}

/// Takes a slot for a socket; `None` where all are taken, or where the memory is not ours to change.
pub(super) fn take(cookie: u64, socket: Socket) -> Option<Ticket> {
    if process::runs_on_borrowed_memory() {
        return None;
    }
    let pool = pool().or_else(map)?;
    for (index, slot) in pool.slots.iter().enumerate() {
        let state = slot.state.load(Ordering::Relaxed);
        if state % 2 == 1
            || slot.state.compare_exchange(state, state + 1, Ordering::AcqRel, Ordering::Relaxed).is_err()
        {
            continue;
        }
        pool.touched.fetch_max(index as u32 + 1, Ordering::Relaxed);
        slot.socket.with(|place| {
            place.write(socket);
        });
        mark(index, false);
        slot.cookie.store(cookie, Ordering::Release);
        pool.used.fetch_add(1, Ordering::Relaxed);
        return ticket(index, state + 1);
    }
    None
}

/// Runs `body` with the socket, alone; `None` where it has gone, or is a parent's whose memory we run on.
pub(super) fn with<R>(ticket: Ticket, body: impl FnOnce(&mut Socket) -> R) -> Option<R> {
    let (slot, state) = find(ticket).filter(|_| !process::runs_on_borrowed_memory())?;
    slot.socket.with(|socket| {
        // It may have gone while we waited for our turn.
        let is_there = slot.is_still(state);
        // SAFETY: written when the slot was taken, which it still is.
        is_there.then(|| body(unsafe { socket.assume_init_mut() }))
    })
}

/// Runs `body` with the socket, alone, also on a parent's memory, where nothing may be changed.
pub(super) fn look<R>(ticket: Ticket, body: impl FnOnce(&Socket) -> R) -> Option<R> {
    let (slot, state) = find(ticket)?;
    slot.socket.with(|socket| {
        // SAFETY: written when the slot was taken, which it still is.
        slot.is_still(state).then(|| body(unsafe { socket.assume_init_ref() }))
    })
}

/// Takes note that another process has the socket, also for a parent on whose memory we run.
pub(super) fn pass_on(ticket: Ticket) {
    if let Some(index) = index(ticket) {
        mark(index, true);
    }
}

fn mark(index: usize, value: bool) {
    // SAFETY: null, or the page mapped with the pool, which is never unmapped.
    let marks = unsafe { PASSED_ON.load(Ordering::Acquire).as_ref() };
    if let Some(mark) = marks.and_then(|marks| marks.get(index)) {
        mark.store(value, Ordering::Relaxed);
    }
}

/// Whether another process may have the socket.
pub(super) fn is_passed_on(ticket: Ticket) -> bool {
    // SAFETY: as in `mark`.
    let marks = unsafe { PASSED_ON.load(Ordering::Acquire).as_ref() };
    let mark = marks.zip(index(ticket)).and_then(|(marks, index)| marks.get(index));
    mark.is_some_and(|mark| mark.load(Ordering::Relaxed))
}

/// Gives the slot back, with what was in it.
pub(super) fn give_back(ticket: Ticket) -> Option<Socket> {
    let (slot, state) = find(ticket).filter(|_| !process::runs_on_borrowed_memory())?;
    slot.socket.with(|socket| {
        if !slot.is_still(state) {
            return None;
        }
        // SAFETY: written when the slot was taken, and forgotten now.
        let socket = unsafe { std::mem::replace(socket, MaybeUninit::uninit()).assume_init() };
        slot.cookie.store(0, Ordering::Release);
        slot.state.store(state + 1, Ordering::Release);
        pool()?.used.fetch_sub(1, Ordering::Relaxed);
        Some(socket)
    })
}

impl Slot {
    /// Whether it is filled, and has not been given back since.
    fn is_still(&self, state: u64) -> bool {
        self.state.load(Ordering::Acquire) == state && self.cookie.load(Ordering::Acquire) != 0
    }
}

fn ticket(index: usize, state: u64) -> Option<Ticket> {
    NonZeroU64::new(state << 16 | (index as u64 + 1))
}

fn index(ticket: Ticket) -> Option<usize> {
    usize::try_from(ticket.get() & 0xffff).ok()?.checked_sub(1)
}

fn find(ticket: Ticket) -> Option<(&'static Slot, u64)> {
    let slot = pool()?.slots.get(index(ticket)?)?;
    let state = slot.state.load(Ordering::Acquire);
    (state == ticket.get() >> 16).then_some((slot, state))
}

#[cold]
fn map() -> Option<&'static Pool> {
    mapped(&PASSED_ON, libc::MAP_SHARED)?;
    mapped(&POOL, libc::MAP_PRIVATE | libc::MAP_NORESERVE)?;
    pool()
}

/// Fills a place with a mapping, which gets memory page by page, as it is used.
fn mapped<T>(place: &AtomicPtr<T>, flags: libc::c_int) -> Option<()> {
    // SAFETY: a fresh mapping of the right size; all-zero bytes are a valid value. The loser of a race unmaps its own.
    unsafe {
        let (size, protection) = (size_of::<T>(), libc::PROT_READ | libc::PROT_WRITE);
        let fresh = libc::mmap(ptr::null_mut(), size, protection, flags | libc::MAP_ANONYMOUS, -1, 0);
        if fresh == libc::MAP_FAILED {
            return None;
        }
        let won = place.compare_exchange(ptr::null_mut(), fresh.cast(), Ordering::AcqRel, Ordering::Acquire);
        if won.is_err() {
            libc::munmap(fresh, size);
        }
    }
    Some(())
}
