//! Threads of ours that wait for name servers: as many as are needed, up to a number; questions beyond that wait for one of them.

use std::collections::VecDeque;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crate::interpose::as_our_own;
use crate::lock::Lock;
use crate::process;

/// How many threads there are at a time.
const MOST: u32 = 64;

/// How many of them streams may occupy, which last as long as the application likes.
const MOST_WITH_STREAMS: u32 = 48;

/// How much waits for them.
const MOST_WAITING: usize = 1024;

const STACK: usize = 256 * 1024;

type Work = Box<dyn FnOnce() + Send>;

struct Crew {
    /// The process they run in: none of them lives on in a forked child.
    owner: libc::pid_t,
    count: u32,
    waiting: VecDeque<Work>,
}

static CREW: Lock<Crew> = Lock::new(Crew { owner: 0, count: 0, waiting: VecDeque::new() });

/// Serves a stream on a thread of its own; false where there are too many, or none can be had.
pub(super) fn engage(work: impl FnOnce() + Send + 'static) -> bool {
    begin(Box::new(work), MOST_WITH_STREAMS).is_ok()
}

/// Answers a question as soon as there is a thread for it; false where too much waits already, or nobody is there to come to it.
pub(super) fn queue(work: impl FnOnce() + Send + 'static) -> bool {
    let Err(work) = begin(Box::new(work), MOST) else { return true };
    if process::runs_on_borrowed_memory() {
        return false;
    }
    change(|crew| {
        let is_room = crew.count > 0 && crew.waiting.len() < MOST_WAITING;
        if is_room {
            crew.waiting.push_back(work);
        }
        is_room
    })
}

/// Gives the work back where there is no thread for it, or as many as there may be.
fn begin(work: Work, most: u32) -> Result<(), Work> {
    // A vfork(2) child would have the parent's crew for its own, and a thread there outlives it.
    if process::runs_on_borrowed_memory() {
        return Err(work);
    }
    let is_place = change(|crew| {
        let is_place = crew.count < most;
        crew.count += u32::from(is_place);
        is_place
    });
    if !is_place {
        return Err(work);
    }
    // The thread finds its work here, so that it is not lost where there is no thread. The thread inherits the mask of the hook that
    // starts it: all signals blocked.
    let (hand_over, take) = std::sync::mpsc::sync_channel::<Work>(1);
    let started = thread::Builder::new().stack_size(STACK).spawn(move || {
        as_our_own(|| {
            let mut next = take.recv().ok();
            while let Some(work) = next {
                let _ = catch_unwind(AssertUnwindSafe(work));
                next = next_or_leave();
            }
        });
    });
    if started.is_err() {
        change(|crew| crew.count = crew.count.saturating_sub(1));
        return Err(work);
    }
    hand_over.send(work).map_err(|lost| lost.0)
}

fn next_or_leave() -> Option<Work> {
    change(|crew| {
        let next = crew.waiting.pop_front();
        if next.is_none() {
            crew.count = crew.count.saturating_sub(1);
        }
        next
    })
}

fn change<R>(how: impl FnOnce(&mut Crew) -> R) -> R {
    let us = process::id();
    CREW.with(|crew| {
        if mem::replace(&mut crew.owner, us) != us {
            // The parent answers what waited there; another of its threads may have been about to change this.
            mem::forget(mem::take(&mut crew.waiting));
            crew.count = 0;
        }
        how(crew)
    })
}
