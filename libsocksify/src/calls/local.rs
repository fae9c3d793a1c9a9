//! Functions of libc that look a host up or connect inside, where no hook of ours is called: answered here, or refused
//! unless everything may pass.

use std::net::IpAddr;

use libc::{c_char, c_int, c_long, c_ushort, c_void, sa_family_t, size_t};

use crate::configuration::runtime;
use crate::ffi::{self, netent};
use crate::interpose::Verdict;
use crate::{hosts, policy, sys};

/// Of netdb.h: the name server cannot be asked at all.
const NO_RECOVERY: c_int = 3;

/// gethostid(3): the number set with sethostid(3), else one from the IPv4 address of this host's name: here as /etc/hosts
/// has it, or loopback.
pub(crate) fn gethostid((): &mut ()) -> Verdict<c_long> {
    if std::fs::exists("/etc/hostid").unwrap_or(false) || runtime().is_some_and(policy::names_are_local) {
        return Verdict::Direct;
    }
    let entry = sys::host_name().and_then(|name| hosts::by_name(&name)?.in_family(libc::AF_INET));
    let address = entry.and_then(|entry| entry.addresses.into_iter().next());
    let bits = match address {
        Some(IpAddr::V4(ip)) => u32::from_ne_bytes(ip.octets()),
        _ => 0,
    };
    // As glibc forms it: the halves of the address swapped, and a signed number of 32 bits.
    Verdict::Done((bits.rotate_left(16) as i32).into())
}

fn networks<T>(refusal: T) -> Verdict<T> {
    if hosts::networks_are_in_files() || runtime().is_some_and(policy::names_are_local) {
        return Verdict::Direct;
    }
    // SAFETY: the location is valid for the life of the thread.
    unsafe { *ffi::__h_errno_location() = NO_RECOVERY };
    Verdict::Done(refusal)
}

fn networks_r(found: *mut *mut netent, h_errno: *mut c_int) -> Verdict<c_int> {
    let verdict = networks(0);
    if let Verdict::Done(_) = verdict {
        // SAFETY: the application's own pointers.
        unsafe {
            *found = std::ptr::null_mut();
            *h_errno = NO_RECOVERY;
        }
    }
    verdict
}

/// getnetbyname(3).
pub(crate) fn getnetbyname((): &mut (), _: *const c_char) -> Verdict<*mut netent> {
    networks(std::ptr::null_mut())
}

/// getnetbyname_r(3).
pub(crate) fn getnetbyname_r(
    (): &mut (),
    _: *const c_char,
    _: *mut netent,
    _: *mut c_char,
    _: size_t,
    found: *mut *mut netent,
    h_errno: *mut c_int,
) -> Verdict<c_int> {
    networks_r(found, h_errno)
}

/// getnetbyaddr(3).
pub(crate) fn getnetbyaddr((): &mut (), _: u32, _: c_int) -> Verdict<*mut netent> {
    networks(std::ptr::null_mut())
}

/// getnetbyaddr_r(3).
pub(crate) fn getnetbyaddr_r(
    (): &mut (),
    _: u32,
    _: c_int,
    _: *mut netent,
    _: *mut c_char,
    _: size_t,
    found: *mut *mut netent,
    h_errno: *mut c_int,
) -> Verdict<c_int> {
    networks_r(found, h_errno)
}

fn connects_inside() -> Verdict<c_int> {
    if policy::lets_everything_pass() {
        return Verdict::Direct;
    }
    log::info!("rcmd(3) and its family are refused: they would go past every route");
    Verdict::Fail(libc::EACCES)
}

/// rcmd(3).
pub(crate) fn rcmd(
    (): &mut (),
    _: *mut *mut c_char,
    _: c_ushort,
    _: *const c_char,
    _: *const c_char,
    _: *const c_char,
    _: *mut c_int,
) -> Verdict<c_int> {
    connects_inside()
}

/// rcmd_af(3).
pub(crate) fn rcmd_af(
    (): &mut (),
    _: *mut *mut c_char,
    _: c_ushort,
    _: *const c_char,
    _: *const c_char,
    _: *const c_char,
    _: *mut c_int,
    _: sa_family_t,
) -> Verdict<c_int> {
    connects_inside()
}

/// rexec(3).
pub(crate) fn rexec(
    (): &mut (),
    _: *mut *mut c_char,
    _: c_int,
    _: *const c_char,
    _: *const c_char,
    _: *const c_char,
    _: *mut c_int,
) -> Verdict<c_int> {
    connects_inside()
}

/// rexec_af(3).
pub(crate) fn rexec_af(
    (): &mut (),
    _: *mut *mut c_char,
    _: c_int,
    _: *const c_char,
    _: *const c_char,
    _: *const c_char,
    _: *mut c_int,
    _: sa_family_t,
) -> Verdict<c_int> {
    connects_inside()
}

/// ruserok(3).
pub(crate) fn ruserok(
    (): &mut (),
    _: *const c_char,
    _: c_int,
    _: *const c_char,
    _: *const c_char,
) -> Verdict<c_int> {
    connects_inside()
}

/// ruserok_af(3).
pub(crate) fn ruserok_af(
    (): &mut (),
    _: *const c_char,
    _: c_int,
    _: *const c_char,
    _: *const c_char,
    _: sa_family_t,
) -> Verdict<c_int> {
    connects_inside()
}

/// iruserok(3).
pub(crate) fn iruserok((): &mut (), _: u32, _: c_int, _: *const c_char, _: *const c_char) -> Verdict<c_int> {
    connects_inside()
}

/// iruserok_af(3).
pub(crate) fn iruserok_af(
    (): &mut (),
    _: *const c_void,
    _: c_int,
    _: *const c_char,
    _: *const c_char,
    _: sa_family_t,
) -> Verdict<c_int> {
    connects_inside()
}
