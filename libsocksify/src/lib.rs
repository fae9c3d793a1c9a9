//! The preloaded library: it stands in for connect(2) and its relatives in an unmodified program and sends what
//! would leave this machine through a SOCKS proxy, or refuses it. Nothing goes around the proxy by accident.
//!
//! Layers, arrows only downwards: `hooks` (the table) → `calls` (one function a row) → `policy`, `attempt`,
//! `resolver`, `descriptors` → `runtime`, `logging`, `errno`, `sys` → `interpose`, `ffi`.
//!
//! Nothing links this crate: whoever did would have its own sockets hooked.

#![allow(
    clippy::too_many_arguments,
    reason = "hooks have the arguments of the C functions they stand in for"
)]
#![allow(
    clippy::large_enum_variant,
    reason = "handshakes stay on the stack: nothing to free when a thread is cancelled"
)]
#![cfg_attr(test, allow(dead_code, reason = "the constructor and the exports have no callers in unit tests"))]

mod address;
mod association;
mod attempt;
mod bits;
mod callback;
mod calls;
mod completion;
mod configuration;
mod confinement;
mod descriptors;
mod dlsym;
mod engine;
mod environment;
mod errno;
mod ffi;
mod held;
mod hooks;
mod hops;
mod hostent;
mod hosts;
mod idna;
mod indirect;
mod inheritance;
mod inject;
mod interpose;
mod list;
mod lock;
mod logging;
mod multicast;
mod next;
mod own;
mod parking;
mod policy;
mod precedence;
mod process;
mod replacement;
mod res_state;
mod resolver;
mod rights;
mod runtime;
mod search;
mod sources;
mod stack;
mod stand_in;
mod sys;
mod trace;
mod turn;
mod variadic;
mod wait;

/// Runs when the program is loaded: takes note of what must not be looked up later. Calls that come before it, from
/// constructors of other libraries, find everything set up lazily.
extern "C" fn constructor() {
    interpose::as_our_own(|| {
        hooks::resolve_all();
        indirect::resolve();
        dlsym::resolve();
        process::claim();
        environment::snapshot();
        inheritance::inheritance();
        logging::begin();
        trace::begin();
        association::adopt_inherited();
    });
    // SAFETY: the handlers may run at any fork.
    unsafe { libc::pthread_atfork(Some(about_to_fork), None, Some(forked)) };
}

/// Runs right before fork(2).
extern "C" fn about_to_fork() {
    parking::about_to_fork();
    callback::about_to_fork();
}

/// Runs in a child right after fork(2).
extern "C" fn forked() {
    process::claim_again();
    parking::forked();
}

/// Runs when the process exits.
extern "C" fn destructor() {
    interpose::as_our_own(|| {
        association::at_exit();
        trace::at_exit();
    });
}

#[cfg(not(test))]
#[used]
#[unsafe(link_section = ".fini_array")]
static DESTRUCTOR: extern "C" fn() = destructor;

#[cfg(not(test))]
#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = constructor;
