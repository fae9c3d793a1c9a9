//! The resolver's raw queries, res_query(3) and its family, and getaddrinfo_a(3): libc sends these past every hook,
//! so they are refused where names belong to the proxy.

use libc::{c_char, c_int, c_uchar, sigevent};

use crate::ffi::{self, Gaicb, ResState};
use crate::interpose::Verdict;
use crate::resolver;

/// Of netdb.h: the name server cannot be asked at all.
const NO_RECOVERY: c_int = 3;

fn verdict() -> Verdict<c_int> {
    if resolver::is_local() {
        return Verdict::Direct;
    }
    log::info!("a query of the resolver is refused: it would go past the proxy");
    // SAFETY: the location is valid for the life of the thread.
    unsafe { *ffi::__h_errno_location() = NO_RECOVERY };
    Verdict::Fail(libc::ECONNREFUSED)
}

/// res_query(3), res_search(3).
pub(crate) fn query(
    (): &mut (),
    _: *const c_char,
    _: c_int,
    _: c_int,
    _: *mut c_uchar,
    _: c_int,
) -> Verdict<c_int> {
    verdict()
}

/// res_querydomain(3).
pub(crate) fn querydomain(
    (): &mut (),
    _: *const c_char,
    _: *const c_char,
    _: c_int,
    _: c_int,
    _: *mut c_uchar,
    _: c_int,
) -> Verdict<c_int> {
    verdict()
}

/// res_send(3).
pub(crate) fn send((): &mut (), _: *const c_uchar, _: c_int, _: *mut c_uchar, _: c_int) -> Verdict<c_int> {
    verdict()
}

/// res_nquery(3), res_nsearch(3).
pub(crate) fn nquery(
    (): &mut (),
    _: *mut ResState,
    _: *const c_char,
    _: c_int,
    _: c_int,
    _: *mut c_uchar,
    _: c_int,
) -> Verdict<c_int> {
    verdict()
}

/// res_nquerydomain(3).
pub(crate) fn nquerydomain(
    (): &mut (),
    _: *mut ResState,
    _: *const c_char,
    _: *const c_char,
    _: c_int,
    _: c_int,
    _: *mut c_uchar,
    _: c_int,
) -> Verdict<c_int> {
    verdict()
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
    verdict()
}

/// getaddrinfo_a(3): it resolves on threads of libc's own, behind our back.
pub(crate) fn getaddrinfo_a(
    (): &mut (),
    _: c_int,
    _: *mut *mut Gaicb,
    _: c_int,
    _: *mut sigevent,
) -> Verdict<c_int> {
    if resolver::is_local() { Verdict::Direct } else { Verdict::Done(libc::EAI_AGAIN) }
}
