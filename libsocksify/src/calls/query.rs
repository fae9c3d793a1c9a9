//! The resolver's raw queries, res_query(3) and its family: libc sends these past every hook, so they are refused unless
//! the routes send the name direct.

use std::ffi::CStr;

use libc::{c_char, c_int, c_uchar};

use crate::ffi::{self, ResState};
use crate::interpose::Verdict;
use crate::resolver;

/// Of netdb.h: the name server cannot be asked at all.
const NO_RECOVERY: c_int = 3;

fn about(name: *const c_char) -> Verdict<c_int> {
    if name.is_null() {
        return Verdict::Direct;
    }
    // SAFETY: a string of the application's.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    if resolver::may_be_asked_for(name) { Verdict::Direct } else { refusal() }
}

fn about_both(name: *const c_char, domain: *const c_char) -> Verdict<c_int> {
    if name.is_null() || domain.is_null() {
        return about(name);
    }
    // SAFETY: two strings of the application's.
    let (name, domain) = unsafe { (CStr::from_ptr(name), CStr::from_ptr(domain)) };
    let joined = [name.to_bytes(), domain.to_bytes()].join(&b'.');
    if resolver::may_be_asked_for(&joined) { Verdict::Direct } else { refusal() }
}

fn about_anything() -> Verdict<c_int> {
    if resolver::is_local() { Verdict::Direct } else { refusal() }
}

fn refusal() -> Verdict<c_int> {
    log::info!("a query of the resolver is refused: it would go past the proxy");
    // SAFETY: the location is valid for the life of the thread.
    unsafe { *ffi::__h_errno_location() = NO_RECOVERY };
    Verdict::Fail(libc::ECONNREFUSED)
}

/// res_query(3).
pub(crate) fn query(
    (): &mut (),
    name: *const c_char,
    _: c_int,
    _: c_int,
    _: *mut c_uchar,
    _: c_int,
) -> Verdict<c_int> {
    about(name)
}

/// res_search(3): it appends domains of its own, which may belong to any route.
pub(crate) fn search(
    (): &mut (),
    _: *const c_char,
    _: c_int,
    _: c_int,
    _: *mut c_uchar,
    _: c_int,
) -> Verdict<c_int> {
    about_anything()
}

/// res_querydomain(3).
pub(crate) fn querydomain(
    (): &mut (),
    name: *const c_char,
    domain: *const c_char,
    _: c_int,
    _: c_int,
    _: *mut c_uchar,
    _: c_int,
) -> Verdict<c_int> {
    about_both(name, domain)
}

/// res_send(3): a query already made, about whatever.
pub(crate) fn send((): &mut (), _: *const c_uchar, _: c_int, _: *mut c_uchar, _: c_int) -> Verdict<c_int> {
    about_anything()
}

/// res_nquery(3).
pub(crate) fn nquery(
    (): &mut (),
    _: *mut ResState,
    name: *const c_char,
    _: c_int,
    _: c_int,
    _: *mut c_uchar,
    _: c_int,
) -> Verdict<c_int> {
    about(name)
}

/// res_nsearch(3).
pub(crate) fn nsearch(
    (): &mut (),
    _: *mut ResState,
    _: *const c_char,
    _: c_int,
    _: c_int,
    _: *mut c_uchar,
    _: c_int,
) -> Verdict<c_int> {
    about_anything()
}

/// res_nquerydomain(3).
pub(crate) fn nquerydomain(
    (): &mut (),
    _: *mut ResState,
    name: *const c_char,
    domain: *const c_char,
    _: c_int,
    _: c_int,
    _: *mut c_uchar,
    _: c_int,
) -> Verdict<c_int> {
    about_both(name, domain)
}

/// res_nsend(3).
pub(crate) fn nsend(
    (): &mut (),
    _: *mut ResState,
    _: *const c_uchar,
    _: c_int,
    _: *mut c_uchar,
    _: c_int,
) -> Verdict<c_int> {
    about_anything()
}
