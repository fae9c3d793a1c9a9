//! Telling an application that what it asked for is done: sigevent(7).

use std::ptr;

use libc::{c_int, c_void, pthread_attr_t, pthread_t, sigevent, siginfo_t, sigval};

/// Of signal.h: sent for a look-up that is done.
const SI_ASYNCNL: c_int = -60;

/// `struct sigevent` with what SIGEV_THREAD needs; the `libc` crate leaves it out.
#[repr(C)]
struct Event {
    value: sigval,
    signal: c_int,
    notify: c_int,
    function: Option<extern "C" fn(sigval)>,
    attributes: *const pthread_attr_t,
}

/// The head of a `siginfo_t` as rt_sigqueueinfo(2) takes it.
#[repr(C)]
struct Queued {
    signal: c_int,
    errno: c_int,
    code: c_int,
    padding: c_int,
    process: libc::pid_t,
    user: libc::uid_t,
    value: sigval,
}

/// A thread's work.
struct Call {
    function: extern "C" fn(sigval),
    value: sigval,
}

/// Tells the application in the way it asked for.
///
/// # Safety
/// `event` is null or points to a sigevent of the application's.
pub(crate) unsafe fn tell(event: *const sigevent) {
    // SAFETY: forwarded; the kernel's and libc's layout.
    let Some(event) = (unsafe { event.cast::<Event>().as_ref() }) else { return };
    match (event.notify, event.function) {
        (libc::SIGEV_SIGNAL, _) => queue(event.signal, event.value),
        // SAFETY: attributes of the application's, or none.
        (libc::SIGEV_THREAD, Some(function)) => unsafe {
            start(Call { function, value: event.value }, event.attributes);
        },
        _ => {}
    }
}

fn queue(signal: c_int, value: sigval) {
    // SAFETY: no pointers; all-zero bytes are a siginfo_t, which begins as `Queued` does.
    unsafe {
        let mut info: siginfo_t = std::mem::zeroed();
        let (process, user) = (libc::getpid(), libc::getuid());
        let queued = Queued { signal, errno: 0, code: SI_ASYNCNL, padding: 0, process, user, value };
        (&raw mut info).cast::<Queued>().write(queued);
        libc::syscall(libc::SYS_rt_sigqueueinfo, process, signal, &raw const info);
    }
}

/// # Safety
/// `attributes` are null or a thread's.
unsafe fn start(call: Call, attributes: *const pthread_attr_t) {
    let call = Box::into_raw(Box::new(call));
    // SAFETY: the box is the thread's, or ours again where there is none.
    unsafe {
        let mut detached: pthread_attr_t = std::mem::zeroed();
        libc::pthread_attr_init(&mut detached);
        libc::pthread_attr_setdetachstate(&mut detached, libc::PTHREAD_CREATE_DETACHED);
        let attributes = if attributes.is_null() { &raw const detached } else { attributes };
        let mut thread: pthread_t = std::mem::zeroed();
        if libc::pthread_create(&mut thread, attributes, run, call.cast()) != 0 {
            drop(Box::from_raw(call));
        }
        libc::pthread_attr_destroy(&mut detached);
    }
}

/// The thread is the application's: nothing of ours is in force in it, and no signal is blocked.
extern "C" fn run(call: *mut c_void) -> *mut c_void {
    // SAFETY: the box made for this thread; a mask of our own.
    unsafe {
        let call = Box::from_raw(call.cast::<Call>());
        let (function, value) = (call.function, call.value);
        drop(call);
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut none);
        libc::pthread_sigmask(libc::SIG_SETMASK, &none, ptr::null_mut());
        function(value);
    }
    ptr::null_mut()
}
