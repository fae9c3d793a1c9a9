//! Programs call us on threads with stacks of 32 KiB; reading a configuration takes more.

use std::thread;

use crate::interpose::as_our_own;

const ENOUGH: usize = 512 * 1024;

/// Runs `work` where the stack is large: on the main thread as it is, else on a short-lived thread of our own
/// (which inherits the blocked signals). Where no thread can be had, right here.
pub(crate) fn with_room<T: Send>(work: impl Fn() -> T + Sync + Send) -> T {
    // SAFETY: neither call has preconditions.
    let on_main_thread = unsafe { libc::getpid() == libc::gettid() };
    if on_main_thread {
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
