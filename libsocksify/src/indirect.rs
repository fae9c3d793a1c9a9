//! syscall(2), by which some programs reach connect(2) past every other symbol. It is variadic and must not
//! leave a frame on the stack of a call that changes stacks, so it is written in assembly: calls that concern us go to
//! [`intercepted`], all others jump on to the next definition, untouched.

use std::arch::naked_asm;
use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{c_int, c_long, c_uint};

use crate::calls::data::concerns;
use crate::next::Next;
use crate::{confinement, hooks};

static NEXT: Next = Next::of("syscall\0");

/// What [`NEXT`] found, for the assembly; null as long as nobody has looked.
static POINTER: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

/// Looks up the next definition.
pub(crate) fn resolve() {
    let found = NEXT.resolve().map_or(std::ptr::null_mut(), |pointer| pointer.as_ptr());
    POINTER.store(found, Ordering::Relaxed);
}

/// Our syscall(2) in the place of the next one.
pub(crate) fn in_place_of(symbol: &[u8], found: *mut c_void) -> Option<*mut c_void> {
    let is_next = symbol == b"syscall" && NEXT.resolve().is_some_and(|next| next.as_ptr() == found);
    is_next.then_some(syscall as *mut c_void)
}

/// The calls that may concern us, as bits: the numbers below 64 that [`intercepted`] knows.
#[cfg(target_arch = "x86_64")]
const LOW: u64 = bit(libc::SYS_read)
    | bit(libc::SYS_write)
    | bit(libc::SYS_readv)
    | bit(libc::SYS_writev)
    | bit(libc::SYS_sendfile)
    | bit(libc::SYS_socket)
    | bit(libc::SYS_connect)
    | bit(libc::SYS_sendto)
    | bit(libc::SYS_recvfrom)
    | bit(libc::SYS_sendmsg)
    | bit(libc::SYS_recvmsg)
    | bit(libc::SYS_shutdown)
    | bit(libc::SYS_execve)
    | bit(libc::SYS_getpeername)
    | bit(libc::SYS_setsockopt)
    | bit(libc::SYS_getsockopt);

#[cfg(target_arch = "x86_64")]
const fn bit(number: c_long) -> u64 {
    assert!(number < 64);
    1 << number
}

#[cfg(target_arch = "x86_64")]
#[cfg_attr(not(test), unsafe(no_mangle))]
#[unsafe(naked)]
unsafe extern "C" fn syscall() {
    naked_asm!(
        "cmp rdi, 63",
        "ja 2f",
        "movabs rax, {low}",
        "bt rax, rdi",
        "jc {intercepted}",
        "jmp 3f",
        "2:",
        "cmp rdi, {sendmmsg}",
        "je {intercepted}",
        "cmp rdi, {execveat}",
        "je {intercepted}",
        "cmp rdi, {recvmmsg}",
        "je {intercepted}",
        "cmp rdi, {splice}",
        "je {intercepted}",
        "cmp rdi, {epoll_ctl}",
        "je {intercepted}",
        "cmp rdi, {preadv2}",
        "je {intercepted}",
        "cmp rdi, {prctl}",
        "je {intercepted}",
        "cmp rdi, {seccomp}",
        "je {intercepted}",
        "cmp rdi, {pwritev2}",
        "je {intercepted}",
        "3:",
        "mov rax, qword ptr [rip + {pointer}]",
        "test rax, rax",
        "je {next}",
        "jmp rax",
        low = const LOW,
        sendmmsg = const libc::SYS_sendmmsg,
        execveat = const libc::SYS_execveat,
        recvmmsg = const libc::SYS_recvmmsg,
        splice = const libc::SYS_splice,
        epoll_ctl = const libc::SYS_epoll_ctl,
        preadv2 = const libc::SYS_preadv2,
        pwritev2 = const libc::SYS_pwritev2,
        prctl = const libc::SYS_prctl,
        seccomp = const libc::SYS_seccomp,
        intercepted = sym intercepted,
        pointer = sym POINTER,
        next = sym next,
    )
}

#[cfg(target_arch = "aarch64")]
#[cfg_attr(not(test), unsafe(no_mangle))]
#[unsafe(naked)]
unsafe extern "C" fn syscall() {
    naked_asm!(
        // Everything from the first to the last number of the socket calls, data calls, splice and epoll_ctl.
        "cmp x0, #{first}",
        "b.lo 2f",
        "cmp x0, #{last}",
        "b.ls {intercepted}",
        "2:",
        "cmp x0, #{recvmmsg}",
        "b.eq {intercepted}",
        "cmp x0, #{sendmmsg}",
        "b.eq {intercepted}",
        "cmp x0, #{execve}",
        "b.eq {intercepted}",
        "cmp x0, #{execveat}",
        "b.eq {intercepted}",
        "cmp x0, #{epoll_ctl}",
        "b.eq {intercepted}",
        "cmp x0, #{splice}",
        "b.eq {intercepted}",
        "cmp x0, #{preadv2}",
        "b.eq {intercepted}",
        "cmp x0, #{prctl}",
        "b.eq {intercepted}",
        "cmp x0, #{seccomp}",
        "b.eq {intercepted}",
        "cmp x0, #{pwritev2}",
        "b.eq {intercepted}",
        "cmp x0, #{read}",
        "b.lo 3f",
        "cmp x0, #{sendfile}",
        "b.ls {intercepted}",
        "3:",
        "adrp x9, {pointer}",
        "ldr x9, [x9, :lo12:{pointer}]",
        "cbz x9, 4f",
        "br x9",
        "4:",
        "b {next}",
        first = const libc::SYS_socket,
        last = const libc::SYS_recvmsg,
        recvmmsg = const libc::SYS_recvmmsg,
        sendmmsg = const libc::SYS_sendmmsg,
        execve = const libc::SYS_execve,
        execveat = const libc::SYS_execveat,
        epoll_ctl = const libc::SYS_epoll_ctl,
        preadv2 = const libc::SYS_preadv2,
        pwritev2 = const libc::SYS_pwritev2,
        prctl = const libc::SYS_prctl,
        seccomp = const libc::SYS_seccomp,
        splice = const libc::SYS_splice,
        read = const libc::SYS_read,
        sendfile = const libc::SYS_sendfile,
        intercepted = sym intercepted,
        pointer = sym POINTER,
        next = sym next,
    )
}

/// A call that may concern us: as the hook of the same name decides it. What moves data concerns us only on a socket
/// whose proxy is being asked.
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
            libc::SYS_socket => hooks::socket(a as c_int, b as c_int, c as c_int).into(),
            libc::SYS_setsockopt => {
                hooks::setsockopt(fd, b as c_int, c as c_int, d as *const _, e as c_uint).into()
            }
            libc::SYS_connect => hooks::connect(fd, b as *const _, c as c_uint).into(),
            libc::SYS_sendto => {
                hooks::sendto(fd, b as *const _, c, d as c_int, e as *const _, f as c_uint) as c_long
            }
            libc::SYS_sendmsg => hooks::sendmsg(fd, b as *const _, c as c_int) as c_long,
            libc::SYS_sendmmsg => hooks::sendmmsg(fd, b as *mut _, c as c_uint, d as c_int).into(),
            libc::SYS_epoll_ctl => hooks::epoll_ctl(fd, b as c_int, c as c_int, d as *mut _).into(),
            libc::SYS_getpeername => hooks::getpeername(fd, b as *mut _, c as *mut _).into(),
            libc::SYS_execve => hooks::execve(a as *const _, b as *const _, c as *const _).into(),
            libc::SYS_execveat => {
                hooks::execveat(fd, b as *const _, c as *const _, d as *const _, e as c_int).into()
            }
            libc::SYS_splice if concerns(fd) || concerns(c as c_int) => {
                hooks::splice(fd, b as *mut _, c as c_int, d as *mut _, e, f as c_uint) as c_long
            }
            libc::SYS_prctl => hooks::prctl(a as c_int, b, c, d, e).into(),
            libc::SYS_seccomp => {
                confinement::begin();
                next(number, a, b, c, d, e, f)
            }
            _ if !concerns(fd) => next(number, a, b, c, d, e, f),
            libc::SYS_read => hooks::read(fd, b as *mut _, c) as c_long,
            libc::SYS_write => hooks::write(fd, b as *const _, c) as c_long,
            libc::SYS_readv => hooks::readv(fd, b as *const _, c as c_int) as c_long,
            libc::SYS_writev => hooks::writev(fd, b as *const _, c as c_int) as c_long,
            // The offset, in the fourth argument; its upper half, in the fifth, is unused where it fits in one.
            libc::SYS_preadv2 => {
                hooks::preadv2(fd, b as *const _, c as c_int, d as libc::off_t, f as c_int) as c_long
            }
            libc::SYS_pwritev2 => {
                hooks::pwritev2(fd, b as *const _, c as c_int, d as libc::off_t, f as c_int) as c_long
            }
            libc::SYS_sendfile => hooks::sendfile(fd, b as c_int, c as *mut _, d) as c_long,
            libc::SYS_recvfrom => {
                hooks::recvfrom(fd, b as *mut _, c, d as c_int, e as *mut _, f as *mut _) as c_long
            }
            libc::SYS_recvmsg => hooks::recvmsg(fd, b as *mut _, c as c_int) as c_long,
            libc::SYS_recvmmsg => {
                hooks::recvmmsg(fd, b as *mut _, c as c_uint, d as c_int, e as *mut _).into()
            }
            libc::SYS_shutdown => hooks::shutdown(fd, b as c_int).into(),
            libc::SYS_getsockopt => {
                hooks::getsockopt(fd, b as c_int, c as c_int, d as *mut _, e as *mut _).into()
            }
            _ => next(number, a, b, c, d, e, f),
        }
    }
}

/// The next definition, also for a call that came before our constructor.
///
/// # Safety
/// As for the system call.
pub(crate) unsafe extern "C-unwind" fn next(
    number: c_long,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
    f: usize,
) -> c_long {
    let Some(next) = NEXT.resolve() else {
        crate::errno::set(libc::ENOSYS);
        return -1;
    };
    resolve();
    // SAFETY: the next definition of syscall; superfluous arguments are ignored by whatever is called.
    unsafe {
        type Syscall =
            unsafe extern "C-unwind" fn(c_long, usize, usize, usize, usize, usize, usize) -> c_long;
        std::mem::transmute::<*mut c_void, Syscall>(next.as_ptr())(number, a, b, c, d, e, f)
    }
}
