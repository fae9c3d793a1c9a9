//! syscall(2), by which some programs reach connect(2) past every other symbol. It is variadic and must not
//! leave a frame on the stack of a call that changes stacks, so it is written in assembly: calls that concern us go to
//! [`intercepted`], all others jump on to the next definition, untouched.

use std::arch::naked_asm;
use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{c_int, c_long, c_uint};

use crate::hooks;
use crate::next::Next;

static NEXT: Next = Next::of("syscall\0");

/// What [`NEXT`] found, for the assembly; null as long as nobody has looked.
static POINTER: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

/// Looks up the next definition.
pub(crate) fn resolve() {
    let found = NEXT.resolve().map_or(std::ptr::null_mut(), |pointer| pointer.as_ptr());
    POINTER.store(found, Ordering::Relaxed);
}

#[cfg(target_arch = "x86_64")]
#[cfg_attr(not(test), unsafe(no_mangle))]
#[unsafe(naked)]
unsafe extern "C" fn syscall() {
    naked_asm!(
        "cmp rdi, {connect}",
        "je {intercepted}",
        "cmp rdi, {sendto}",
        "je {intercepted}",
        "cmp rdi, {sendmsg}",
        "je {intercepted}",
        "cmp rdi, {sendmmsg}",
        "je {intercepted}",
        "mov rax, qword ptr [rip + {pointer}]",
        "test rax, rax",
        "je {early}",
        "jmp rax",
        connect = const libc::SYS_connect,
        sendto = const libc::SYS_sendto,
        sendmsg = const libc::SYS_sendmsg,
        sendmmsg = const libc::SYS_sendmmsg,
        intercepted = sym intercepted,
        pointer = sym POINTER,
        early = sym early,
    )
}

#[cfg(target_arch = "aarch64")]
#[cfg_attr(not(test), unsafe(no_mangle))]
#[unsafe(naked)]
unsafe extern "C" fn syscall() {
    naked_asm!(
        "cmp x0, #{connect}",
        "b.eq {intercepted}",
        "cmp x0, #{sendto}",
        "b.eq {intercepted}",
        "cmp x0, #{sendmsg}",
        "b.eq {intercepted}",
        "cmp x0, #{sendmmsg}",
        "b.eq {intercepted}",
        "adrp x9, {pointer}",
        "ldr x9, [x9, :lo12:{pointer}]",
        "cbz x9, 2f",
        "br x9",
        "2:",
        "b {early}",
        connect = const libc::SYS_connect,
        sendto = const libc::SYS_sendto,
        sendmsg = const libc::SYS_sendmsg,
        sendmmsg = const libc::SYS_sendmmsg,
        intercepted = sym intercepted,
        pointer = sym POINTER,
        early = sym early,
    )
}

/// A call that concerns us, as the hook of the same name decides it.
unsafe extern "C-unwind" fn intercepted(
    number: c_long,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
    f: usize,
) -> c_long {
    let fd = a as c_int;
    // SAFETY: the application's own arguments, in the order of the system call.
    unsafe {
        match number {
            libc::SYS_connect => hooks::connect(fd, b as *const _, c as c_uint).into(),
            libc::SYS_sendto => {
                hooks::sendto(fd, b as *const _, c, d as c_int, e as *const _, f as c_uint) as c_long
            }
            libc::SYS_sendmsg => hooks::sendmsg(fd, b as *const _, c as c_int) as c_long,
            _ => hooks::sendmmsg(fd, b as *mut _, c as c_uint, d as c_int).into(),
        }
    }
}

/// A call that came before our constructor.
unsafe extern "C-unwind" fn early(
    number: c_long,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
    f: usize,
) -> c_long {
    resolve();
    let Some(next) = NEXT.resolve() else {
        crate::errno::set(libc::ENOSYS);
        return -1;
    };
    // SAFETY: the next definition of syscall; superfluous arguments are ignored by whatever is called.
    unsafe {
        type Syscall =
            unsafe extern "C-unwind" fn(c_long, usize, usize, usize, usize, usize, usize) -> c_long;
        std::mem::transmute::<*mut c_void, Syscall>(next.as_ptr())(number, a, b, c, d, e, f)
    }
}
