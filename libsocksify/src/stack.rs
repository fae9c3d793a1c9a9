//! Programs call us on threads with stacks of 32 KiB; reading a configuration takes more.

use std::thread;

use crate::interpose::as_our_own;

const ENOUGH: usize = 512 * 1024;

unsafe extern "C" {
    /// Where the main thread's stack began; ld.so(8).
    static __libc_stack_end: *const u8;
}

/// How much of the main thread's stack may be in use for there to be enough left of the usual 8 MiB.
const SHALLOW: usize = 1024 * 1024;

/// Runs `work` where the stack is large: on the main thread's as it is, else on a short-lived thread of our own (which
/// inherits the blocked signals). Where no thread can be had, right here.
pub(crate) fn with_room<T: Send>(work: impl Fn() -> T + Sync + Send) -> T {
    if is_on_main_stack() {
        return work();
    }
    let elsewhere = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(ENOUGH).spawn_scoped(scope, || as_our_own(&work));
        thread.ok().map(thread::ScopedJoinHandle::join)
    });
    match elsewhere {
        Some(Ok(result)) => result,
        Some(Err(panic)) => std::panic::resume_unwind(panic),
        None => work(),
    }
}

/// By the stack pointer: a thread that forked, or a coroutine, runs as the main thread on a small stack.
fn is_on_main_stack() -> bool {
    let marker = 0_u8;
    let here = std::ptr::from_ref(std::hint::black_box(&marker)) as usize;
    // SAFETY: set by the loader before any code of ours runs.
    let depth = unsafe { __libc_stack_end as usize }.wrapping_sub(here);
    depth < SHALLOW
}
