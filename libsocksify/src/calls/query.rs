//! The resolver's raw queries, res_query(3) and its family: libc sends these past every hook. Queries
//! already made are answered by the name engine; the others are refused unless the routes send the name direct.

use std::ffi::CStr;
use std::{ptr, slice};

use libc::{c_char, c_int, c_uchar};

use crate::engine;
use crate::ffi::{self, ResState};
use crate::interpose::Verdict;
use crate::resolver;

/// Of netdb.h: the name server cannot be asked at all.
const NO_RECOVERY: c_int = 3;

/// The largest message there is; RFC 1035, 4.2.2.
const LARGEST: usize = 65_535;

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
pub(crate) fn send(
    (): &mut (),
    query: *const c_uchar,
    length: c_int,
    answer: *mut c_uchar,
    size: c_int,
) -> Verdict<c_int> {
    if resolver::is_local() || query.is_null() || answer.is_null() {
        return Verdict::Direct;
    }
    let (Ok(length), Ok(size)) = (usize::try_from(length), usize::try_from(size)) else {
        return Verdict::Fail(libc::EINVAL);
    };
    // SAFETY: the application's own pointer and length.
    let query = unsafe { slice::from_raw_parts(query, length) };
    match engine::answer(query, None, LARGEST) {
        Some(found) => {
            let copied = found.len().min(size);
            // SAFETY: no more bytes than the application's buffer and our answer both have.
            unsafe { ptr::copy_nonoverlapping(found.as_ptr(), answer, copied) };
            Verdict::Done(c_int::try_from(found.len()).unwrap_or(c_int::MAX))
        }
        None => Verdict::Fail(libc::EINVAL),
    }
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
    progress: &mut (),
    _: *mut ResState,
    query: *const c_uchar,
    length: c_int,
    answer: *mut c_uchar,
    size: c_int,
) -> Verdict<c_int> {
    send(progress, query, length, answer, size)
}
