//! dlsym(3), by which foreign-function interfaces (Python's ctypes, .NET, JNA) take functions out of libc itself, past every
//! preloaded library: whoever would get a function that we stand in for, gets ours. In that we are no more than next in line,
//! so a library that looks a function up behind itself, or was loaded before us, finds what it would without us.
//!
//! For RTLD_NEXT and RTLD_DEFAULT the caller counts, whom libc knows by the return address: there nothing may come between, and nothing
//! needs to, as the first definition in line is ours.

use std::arch::naked_asm;
use std::ffi::{CStr, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::c_char;

use crate::next::FIRST_VERSION;
use crate::{ffi, hooks, indirect};

/// The next definition of dlsym(3), for the assembly; null as long as nobody has looked.
static POINTER: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

/// Looks the next definition up, by dlvsym(3), which is libc's own.
pub(crate) extern "C" fn resolve() {
    // SAFETY: both strings end in NUL.
    let found = unsafe { ffi::dlvsym(libc::RTLD_NEXT, c"dlsym".as_ptr(), FIRST_VERSION.as_ptr()) };
    POINTER.store(found, Ordering::Relaxed);
}

/// `void *dlsym(void *handle, const char *symbol)` — dlsym(3).
#[cfg(target_arch = "x86_64")]
#[cfg_attr(not(test), unsafe(no_mangle))]
#[unsafe(naked)]
unsafe extern "C" fn dlsym() {
    naked_asm!(
        "cmp qword ptr [rip + {pointer}], 0",
        "jne 2f",
        "push rdi",
        "push rsi",
        "sub rsp, 8",
        "call {resolve}",
        "add rsp, 8",
        "pop rsi",
        "pop rdi",
        "2:",
        // RTLD_NEXT is -1, RTLD_DEFAULT 0.
        "lea rax, [rdi + 1]",
        "cmp rax, 1",
        "ja {of_a_library}",
        "mov rax, qword ptr [rip + {pointer}]",
        "test rax, rax",
        "je 3f",
        "jmp rax",
        "3:",
        "ret",
        pointer = sym POINTER,
        resolve = sym resolve,
        of_a_library = sym of_a_library,
    )
}

/// `void *dlsym(void *handle, const char *symbol)` — dlsym(3).
#[cfg(target_arch = "aarch64")]
#[cfg_attr(not(test), unsafe(no_mangle))]
#[unsafe(naked)]
unsafe extern "C" fn dlsym() {
    naked_asm!(
        "adrp x9, {pointer}",
        "ldr x9, [x9, :lo12:{pointer}]",
        "cbnz x9, 2f",
        "stp x0, x1, [sp, #-32]!",
        "str x30, [sp, #16]",
        "bl {resolve}",
        "ldr x30, [sp, #16]",
        "ldp x0, x1, [sp], #32",
        "2:",
        // RTLD_NEXT is -1, RTLD_DEFAULT 0.
        "add x10, x0, #1",
        "cmp x10, #1",
        "b.ls 3f",
        "b {of_a_library}",
        "3:",
        "adrp x9, {pointer}",
        "ldr x9, [x9, :lo12:{pointer}]",
        "cbz x9, 4f",
        "br x9",
        "4:",
        "mov x0, xzr",
        "ret",
        pointer = sym POINTER,
        resolve = sym resolve,
        of_a_library = sym of_a_library,
    )
}

/// What a library and those it needs define, with ours in the place of what we are next in line for.
unsafe extern "C" fn of_a_library(handle: *mut c_void, symbol: *const c_char) -> *mut c_void {
    type Dlsym = unsafe extern "C" fn(*mut c_void, *const c_char) -> *mut c_void;
    let next = POINTER.load(Ordering::Relaxed);
    if next.is_null() {
        return next;
    }
    // SAFETY: the next definition of dlsym(3), with the application's own arguments.
    let found = unsafe { std::mem::transmute::<*mut c_void, Dlsym>(next)(handle, symbol) };
    if found.is_null() || symbol.is_null() {
        return found;
    }
    // SAFETY: not null, and a string, as libc has read it.
    let symbol = unsafe { CStr::from_ptr(symbol) };
    let ours = hooks::in_place_of(symbol.to_bytes(), found);
    ours.or_else(|| indirect::in_place_of(symbol.to_bytes(), found)).unwrap_or(found)
}
