//! The shell around every hook: **decide, then act**.
//!
//! An exported function first asks its body for a [`Verdict`] behind a [`Guard`]: errno is kept, signals are held
//! back, thread cancellation is off, and a panic becomes a refusal, never a direct connection. Only then, with no
//! lock held and nothing left to drop, does it act: call the next definition, return a value, or sleep. That is why
//! a thread may be cancelled while it blocks in a call of ours.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use libc::c_int;

use crate::errno;
use crate::wait::Wait;

/// What a hook decided.
#[derive(Debug)]
pub(crate) enum Verdict<T> {
    /// Call the next definition with the application's own arguments.
    Direct,
    /// Return this value; errno stays as the application left it.
    Done(T),
    /// Return this value, which says what errno says.
    Tell(T, c_int),
    /// Set errno and return the row's failure value.
    Fail(c_int),
    /// Sleep outside the guard, then ask the body again.
    Wait(Wait),
}

/// What a hook that sleeps keeps in between. It lives on the application's stack and is never dropped.
pub(crate) trait Progress {
    /// A sleep is over; `interrupted` by a signal handler or not.
    fn woken(&mut self, interrupted: bool);
}

impl Progress for () {
    fn woken(&mut self, _interrupted: bool) {}
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// The application's signal mask, where a guard keeps one.
    static OUTER_MASK: Cell<*const libc::sigset_t> = const { Cell::new(ptr::null()) };
}

/// Whether this thread is already inside a hook of ours: calls made from there are our own.
pub(crate) fn inside() -> bool {
    INSIDE.with(Cell::get)
}

/// Marks the calling thread as ours for the length of `body`: what it calls passes through.
pub(crate) fn as_our_own<T>(body: impl FnOnce() -> T) -> T {
    let _guard = Guard::enter();
    body()
}

/// Runs what may block for long, from inside a hook, as if it were the application's own call: its signal handlers run,
/// and what it calls is decided anew. Cancellation stays off.
pub(crate) fn in_the_open<T>(body: impl FnOnce() -> T) -> T {
    let outer = OUTER_MASK.replace(ptr::null());
    if outer.is_null() {
        return body();
    }
    INSIDE.set(false);
    // SAFETY: the mask belongs to a guard further up this stack.
    let inner = unsafe { set_mask(libc::SIG_SETMASK, &*outer) };
    let result = body();
    let errno = errno::current();
    // SAFETY: the mask just replaced.
    unsafe { set_mask(libc::SIG_SETMASK, &inner) };
    INSIDE.set(true);
    OUTER_MASK.set(outer);
    errno::set(errno);
    result
}

/// Runs a hook's body behind the guard; `symbol` names the row for a test build that injects a panic.
pub(crate) fn decide<T>(symbol: &'static str, body: impl FnOnce() -> Verdict<T>) -> Verdict<T> {
    if inside() {
        return Verdict::Direct;
    }
    let guard = Guard::enter();
    OUTER_MASK.set(&guard.signals);
    let checked = || {
        crate::inject::panic_if_asked(symbol);
        body()
    };
    let verdict = catch_unwind(AssertUnwindSafe(checked)).unwrap_or(Verdict::Fail(libc::EACCES));
    OUTER_MASK.set(ptr::null());
    drop(guard);
    verdict
}

/// While it lives, this thread is inside us: no signal handler of the application runs (its connections would pass
/// as ours), the thread cannot be cancelled, and errno comes back as it was.
struct Guard {
    was_inside: bool,
    errno: c_int,
    cancelable: c_int,
    signals: libc::sigset_t,
}

unsafe extern "C" {
    /// `int pthread_setcancelstate(int state, int *oldstate)` — pthread_setcancelstate(3).
    fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int;
}

const PTHREAD_CANCEL_DISABLE: c_int = 1;

impl Guard {
    fn enter() -> Guard {
        let errno = errno::current();
        let mut cancelable = 0;
        // SAFETY: writes only to the variable passed.
        unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &mut cancelable) };
        // SAFETY: a valid set.
        let signals = unsafe { set_mask(libc::SIG_BLOCK, &every_signal_but_faults()) };
        Guard { was_inside: INSIDE.replace(true), errno, cancelable, signals }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        INSIDE.set(self.was_inside);
        let mut ignored = 0;
        // SAFETY: the mask and the state are those `enter` was given.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &self.signals, ptr::null_mut());
            pthread_setcancelstate(self.cancelable, &mut ignored);
        }
        errno::set(self.errno);
    }
}

/// Signals the kernel raises for what a thread does itself end the process where they are blocked; sandboxes and garbage
/// collectors live by their handlers.
const FAULTS: [c_int; 6] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS];

fn every_signal_but_faults() -> libc::sigset_t {
    // SAFETY: an all-zero sigset_t is a valid one, and both calls write to it alone.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut set);
        FAULTS.iter().for_each(|fault| {
            libc::sigdelset(&mut set, *fault);
        });
        set
    }
}

/// pthread_sigmask(3), with the mask there was.
///
/// # Safety
/// `set` is a valid mask.
unsafe fn set_mask(how: c_int, set: &libc::sigset_t) -> libc::sigset_t {
    // SAFETY: as above.
    unsafe {
        let mut old: libc::sigset_t = std::mem::zeroed();
        libc::pthread_sigmask(how, set, &mut old);
        old
    }
}

/// Turns the rows of the table into exported functions, `real::` functions, and the list of rows.
macro_rules! interpose {
    ($(
        $(#[doc = $doc:literal])+
        fn $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty = $failure:expr => $body:path
            $(, when $when:block)? $(, keeps $progress:ty)? $(, notes $note:path)? $(, mends $mend:path)?
            $(, acts $act:path)?;
    )*) => {
        /// One row of the table, for INTERPOSED.md and the tests.
        #[cfg(test)]
        pub(crate) const ROWS: &[crate::hooks::Row] = &[$(
            crate::hooks::Row { symbol: stringify!($name), body: stringify!($body), doc: concat!($($doc),+) },
        )*];

        mod next {
            use crate::next::Next;
            $(
                #[allow(non_upper_case_globals)]
                pub(super) static $name: Next = Next::of(concat!(stringify!($name), "\0"));
            )*
        }

        /// Looks up the next definition of every row, so that no later call has to.
        pub(crate) fn resolve_all() {
            $( next::$name.resolve(); )*
        }

        /// Our definition of a symbol, in the place of the next one; dlsym(3).
        pub(crate) fn in_place_of(symbol: &[u8], found: *mut libc::c_void) -> Option<*mut libc::c_void> {
            let is_next = |next: &crate::next::Next| next.resolve().is_some_and(|next| next.as_ptr() == found);
            $(
                if symbol == stringify!($name).as_bytes() && is_next(&next::$name) {
                    return Some($name as *mut libc::c_void);
                }
            )*
            None
        }

        /// The next definitions: libc's, or another preloaded library's.
        #[allow(dead_code)]
        pub(crate) mod real {
            use super::*;
            $(
                #[doc = concat!("The next definition of `", stringify!($name), "`.\n\n# Safety\nAs for the C function.")]
                pub(crate) unsafe fn $name($($arg: $ty),*) -> $ret {
                    let Some(pointer) = super::next::$name.resolve() else {
                        crate::errno::set(libc::ENOSYS);
                        return $failure;
                    };
                    // SAFETY: the pointer is the definition of the symbol this row was checked against; the
                    // arguments are the caller's.
                    unsafe {
                        let function: unsafe extern "C-unwind" fn($($ty),*) -> $ret = std::mem::transmute(pointer);
                        function($($arg),*)
                    }
                }
            )*
        }

        $(
            const _: unsafe extern "C" fn($($ty),*) -> $ret = crate::ffi::$name;

            $(#[doc = $doc])+
            #[doc = "\n# Safety\nCalled by the application under the C function's own contract."]
            #[cfg_attr(not(test), unsafe(no_mangle))]
            pub(crate) unsafe extern "C-unwind" fn $name($($arg: $ty),*) -> $ret {
                if interpose!(@passes $($when)?) {
                    // SAFETY: the application's own arguments.
                    let result = unsafe { real::$name($($arg),*) };
                    interpose!(@note result, [$($note)?], $($arg),*);
                    return interpose!(@mend result, [$($mend)?], $($arg),*);
                }
                #[allow(unused_mut)]
                let mut progress = interpose!(@progress $($progress)?);
                loop {
                    match crate::interpose::decide(stringify!($name), || $body(&mut progress, $($arg),*)) {
                        // SAFETY: the application's own arguments.
                        Verdict::Direct => return unsafe { interpose!(@act $name, progress, [$($act)?], $($arg),*) },
                        Verdict::Done(value) => return value,
                        Verdict::Tell(value, errno) => {
                            crate::errno::set(errno);
                            return value;
                        }
                        Verdict::Fail(errno) => {
                            crate::errno::set(errno);
                            return $failure;
                        }
                        Verdict::Wait(wait) => crate::interpose::Progress::woken(&mut progress, wait.sleep()),
                    }
                }
            }
        )*
    };
    (@act $name:ident, $progress:ident, [], $($arg:ident),*) => { real::$name($($arg),*) };
    (@act $name:ident, $progress:ident, [$act:path], $($arg:ident),*) => { $act(&mut $progress, $($arg),*) };
    (@note $result:ident, [], $($arg:ident),*) => {};
    (@note $result:ident, [$note:path], $($arg:ident),*) => {
        if $result >= 0 {
            $note($result, $($arg),*);
        }
    };
    (@mend $result:ident, [], $($arg:ident),*) => { $result };
    (@mend $result:ident, [$mend:path], $($arg:ident),*) => { $mend($result, $($arg),*) };
    (@passes) => { false };
    (@passes $when:block) => { !$when };
    (@progress) => { () };
    (@progress $progress:ty) => {{
        // A thread may be cancelled between two steps: nothing may be left to drop.
        const { assert!(!std::mem::needs_drop::<$progress>()) };
        <$progress>::default()
    }};
}
pub(crate) use interpose;
