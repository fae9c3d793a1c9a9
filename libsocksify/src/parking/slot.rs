//! The outcome of each dialogue, in memory that a forked child shares: it inherits the socket, and learns here what
//! becomes of it while the parent's helper talks to the proxy.

use std::num::NonZeroU64;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicU64, Ordering};

use libc::c_int;

use crate::process;

const SLOTS: usize = 4096;

/// From this many on, slots of processes that are gone are looked for.
const MANY: u32 = 64;

/// Names a dialogue: the slot, and how often it had been used.
pub(crate) type Ticket = NonZeroU64;

/// What a ticket stands for now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The dialogue goes on; the descriptor becomes readable at its end.
    Open(RawFd),
    /// It failed, and nobody has been told.
    Failed,
    /// It succeeded, or everything is told.
    Gone,
}

const FREE: u32 = 0;
const OPEN: u32 = 1;
const FAILED: u32 = 2;

struct Pool {
    /// Slots that are not free: what every hook looks at.
    used: AtomicU32,
    slots: [Slot; SLOTS],
}

struct Slot {
    /// How often the slot was used, and what it is now, in one word: they change together.
    state: AtomicU64,
    cookie: AtomicU64,
    done: AtomicI32,
    errno: AtomicI32,
    /// The process that talks to the proxy.
    owner: AtomicI32,
}

static POOL: AtomicPtr<Pool> = AtomicPtr::new(ptr::null_mut());

fn pool() -> Option<&'static Pool> {
    // SAFETY: null, or the mapping made below, which is never unmapped.
    unsafe { POOL.load(Ordering::Acquire).as_ref() }
}

/// Whether any dialogue is open or any failure untold.
pub(crate) fn any() -> bool {
    pool().is_some_and(|pool| pool.used.load(Ordering::Relaxed) != 0)
}

/// Takes a slot for a dialogue; `None` where all are taken.
pub(crate) fn take(cookie: u64, done: RawFd) -> Option<Ticket> {
    let pool = pool().or_else(map)?;
    if pool.used.load(Ordering::Relaxed) >= MANY {
        pool.slots.iter().for_each(Slot::reclaim);
    }
    for (index, slot) in pool.slots.iter().enumerate() {
        let state = slot.state.load(Ordering::Relaxed);
        if kind(state) != FREE {
            continue;
        }
        let open = (use_count(state).wrapping_add(1)) << 32 | u64::from(OPEN);
        if slot.state.compare_exchange(state, open, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            pool.used.fetch_add(1, Ordering::Relaxed);
            slot.fill(cookie, done);
            return NonZeroU64::new(use_count(open) << 32 | (index as u64 + 1));
        }
    }
    None
}

/// What a ticket stands for.
pub(crate) fn state(ticket: Ticket) -> State {
    let Some((slot, state)) = find(ticket) else { return State::Gone };
    match kind(state) {
        OPEN if slot.is_orphaned() => {
            fail(ticket, libc::ECONNREFUSED);
            State::Failed
        }
        OPEN => State::Open(slot.done.load(Ordering::Acquire)),
        FAILED => State::Failed,
        _ => State::Gone,
    }
}

/// The cookie of the socket a ticket was given to.
pub(crate) fn cookie(ticket: Ticket) -> Option<u64> {
    find(ticket).map(|(slot, _)| slot.cookie.load(Ordering::Acquire))
}

/// Another socket took the place of the one the ticket was given to.
pub(crate) fn set_cookie(ticket: Ticket, cookie: u64) {
    if let Some((slot, _)) = find(ticket) {
        slot.cookie.store(cookie, Ordering::Release);
    }
}

/// The dialogue failed.
pub(crate) fn fail(ticket: Ticket, errno: c_int) {
    let Some((slot, state)) = find(ticket) else { return };
    slot.errno.store(errno, Ordering::Release);
    let failed = use_count(state) << 32 | u64::from(FAILED);
    let _ = slot.state.compare_exchange(state, failed, Ordering::AcqRel, Ordering::Relaxed);
}

/// Takes the failure away; the one caller that gets it tells the application.
pub(crate) fn take_failure(ticket: Ticket) -> Option<c_int> {
    let (slot, state) = find(ticket).filter(|(_, state)| kind(*state) == FAILED)?;
    let errno = slot.errno.load(Ordering::Acquire);
    release(slot, state).then_some(errno)
}

/// Frees the slot: there is nothing (more) to tell.
pub(crate) fn give_back(ticket: Ticket) {
    if let Some((slot, state)) = find(ticket) {
        release(slot, state);
    }
}

/// Whether the dialogue is one of this process, not of a parent's.
pub(crate) fn is_own(ticket: Ticket) -> bool {
    find(ticket).is_some_and(|(slot, _)| slot.owner.load(Ordering::Relaxed) == process::id())
}

impl Slot {
    /// Frees the slot if the process that took it is gone.
    fn reclaim(&self) {
        let state = self.state.load(Ordering::Acquire);
        if kind(state) != FREE && self.is_orphaned() {
            release(self, state);
        }
    }

    /// Whether the process that talks to the proxy is gone, so that nobody does.
    fn is_orphaned(&self) -> bool {
        let owner = self.owner.load(Ordering::Relaxed);
        owner != 0 && owner != process::id() && !crate::sys::is_alive(owner)
    }

    fn fill(&self, cookie: u64, done: RawFd) {
        self.cookie.store(cookie, Ordering::Release);
        self.done.store(done, Ordering::Release);
        self.owner.store(process::id(), Ordering::Relaxed);
    }
}

fn find(ticket: Ticket) -> Option<(&'static Slot, u64)> {
    let index = usize::try_from(ticket.get() & 0xffff_ffff).ok()?.checked_sub(1)?;
    let slot = pool()?.slots.get(index)?;
    let state = slot.state.load(Ordering::Acquire);
    (use_count(state) == ticket.get() >> 32).then_some((slot, state))
}

fn release(slot: &Slot, state: u64) -> bool {
    let free = use_count(state).wrapping_add(1) << 32 | u64::from(FREE);
    let released = slot.state.compare_exchange(state, free, Ordering::AcqRel, Ordering::Relaxed).is_ok();
    if released && let Some(pool) = pool() {
        pool.used.fetch_sub(1, Ordering::Relaxed);
    }
    released
}

fn kind(state: u64) -> u32 {
    state as u32
}

fn use_count(state: u64) -> u64 {
    state >> 32
}

/// Shared with children to come; page by page, as it is used.
#[cold]
fn map() -> Option<&'static Pool> {
    // SAFETY: a fresh mapping of the right size; all-zero bytes are a valid pool. The loser of a race unmaps its own.
    unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        let fresh = libc::mmap(ptr::null_mut(), size_of::<Pool>(), protection, flags, -1, 0);
        if fresh == libc::MAP_FAILED {
            return None;
        }
        let won = POOL.compare_exchange(ptr::null_mut(), fresh.cast(), Ordering::AcqRel, Ordering::Acquire);
        if won.is_err() {
            libc::munmap(fresh, size_of::<Pool>());
        }
    }
    pool()
}
