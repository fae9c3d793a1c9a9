//! Memory for connection attempts, which are too large for the small stacks hooks run on. Not from malloc: connect(2)
//! may be called by a signal handler that interrupted it. Freed by hand: a thread may be cancelled while it sleeps, and
//! then an attempt is lost, but nothing is left to drop.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::attempt::Attempt;

/// An attempt in memory of its own.
pub(crate) struct Held(NonNull<Attempt>);

// SAFETY: an attempt belongs to whoever holds it, and has no ties to a thread.
unsafe impl Send for Held {}

struct Place {
    taken: AtomicBool,
    attempt: UnsafeCell<MaybeUninit<Attempt>>,
}

// SAFETY: the attempt is used by none but the one who took the place.
unsafe impl Sync for Place {}

/// Enough for most programs at any time; more are mapped one by one.
static PLACES: [Place; 32] =
    [const { Place { taken: AtomicBool::new(false), attempt: UnsafeCell::new(MaybeUninit::uninit()) } }; 32];

impl Held {
    /// Puts an attempt where it can stay; `None` where there is no memory.
    #[inline(never)]
    pub(crate) fn new(attempt: Attempt) -> Option<Held> {
        let place = free_place().or_else(map)?;
        // SAFETY: the place is large enough, aligned, and nobody else's.
        unsafe { place.as_ptr().write(attempt) };
        Some(Held(place))
    }

    /// Gives the memory back; nothing in an attempt has to be dropped.
    pub(crate) fn free(self) {
        const { assert!(!std::mem::needs_drop::<Attempt>()) };
        let is_ours = |place: &&Place| place.attempt.get().cast() == self.0.as_ptr();
        match PLACES.iter().find(is_ours) {
            Some(place) => place.taken.store(false, Ordering::Release),
            // SAFETY: mapped for this attempt alone.
            None => unsafe {
                libc::munmap(self.0.as_ptr().cast(), size_of::<Attempt>());
            },
        }
    }
}

fn free_place() -> Option<NonNull<Attempt>> {
    let take =
        |place: &&Place| !place.taken.load(Ordering::Relaxed) && !place.taken.swap(true, Ordering::Acquire);
    NonNull::new(PLACES.iter().find(take)?.attempt.get().cast())
}

fn map() -> Option<NonNull<Attempt>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a fresh mapping.
    let fresh = unsafe { libc::mmap(ptr::null_mut(), size_of::<Attempt>(), protection, flags, -1, 0) };
    if fresh == libc::MAP_FAILED { None } else { NonNull::new(fresh.cast()) }
}

impl Deref for Held {
    type Target = Attempt;

    fn deref(&self) -> &Attempt {
        // SAFETY: written by `new`, and ours until `free`.
        unsafe { self.0.as_ref() }
    }
}

impl DerefMut for Held {
    fn deref_mut(&mut self) -> &mut Attempt {
        // SAFETY: written by `new`, and ours until `free`.
        unsafe { self.0.as_mut() }
    }
}
