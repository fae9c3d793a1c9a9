//! getaddrinfo_a(3): libc resolves on threads of its own, behind our back, so that what is not libc's to ask is answered
//! before the call returns. That is allowed: gai_error(3), gai_suspend(3) and gai_cancel(3) find requests that are done.

use std::ffi::CStr;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{addrinfo, c_int, sigevent};

use crate::calls::resolve;
use crate::ffi::Gaicb;
use crate::hooks::real;
use crate::interpose::{Verdict, in_the_open};
use crate::{completion, errno, resolver};

/// Of netdb.h: the request is not done yet.
const EAI_INPROGRESS: c_int = -100;

/// Of netdb.h: the modes.
const GAI_WAIT: c_int = 0;
const GAI_NOWAIT: c_int = 1;

/// getaddrinfo_a(3).
pub(crate) fn getaddrinfo_a(
    (): &mut (),
    mode: c_int,
    list: *mut *mut Gaicb,
    count: c_int,
    event: *mut sigevent,
) -> Verdict<c_int> {
    if resolver::is_local() || ![GAI_WAIT, GAI_NOWAIT].contains(&mode) || list.is_null() {
        return Verdict::Direct;
    }
    // SAFETY: the application's list, of the length it states.
    let requests = unsafe { std::slice::from_raw_parts(list, usize::try_from(count).unwrap_or(0)) };
    let requests: Vec<_> = requests.iter().copied().filter(|request| !request.is_null()).collect();
    // SAFETY: requests of the application's, which nobody touches until they are done.
    unsafe { requests.iter().for_each(|request| status(*request).store(EAI_INPROGRESS, Ordering::Relaxed)) };
    // SAFETY: as above.
    let mut left: Vec<_> = requests.into_iter().filter(|request| !unsafe { is_answered(*request) }).collect();
    if !left.is_empty() {
        return by_libc(mode, &mut left, event);
    }
    if mode == GAI_NOWAIT {
        // SAFETY: the application's own pointer.
        unsafe { completion::tell(event) };
    }
    Verdict::Done(0)
}

/// What libc may ask for; it tells the application when all of it is done.
fn by_libc(mode: c_int, left: &mut [*mut Gaicb], event: *mut sigevent) -> Verdict<c_int> {
    let (list, count) = (left.as_mut_ptr(), left.len() as c_int);
    // SAFETY: requests of the application's; libc keeps no pointer to the list itself.
    match in_the_open(|| unsafe { real::getaddrinfo_a(mode, list, count, event) }) {
        libc::EAI_SYSTEM => Verdict::Tell(libc::EAI_SYSTEM, errno::current()),
        code => Verdict::Done(code),
    }
}

/// # Safety
/// `request` points to a request of the application's.
unsafe fn status<'a>(request: *mut Gaicb) -> &'a AtomicI32 {
    // SAFETY: an aligned integer, which other threads read by gai_error(3).
    unsafe { AtomicI32::from_ptr(&raw mut (*request).status) }
}

/// Answers a request, unless it is libc's to answer.
///
/// # Safety
/// As [`status`].
unsafe fn is_answered(request: *mut Gaicb) -> bool {
    // SAFETY: strings and hints of the application's, or null.
    unsafe {
        let Gaicb { name, service, hints, .. } = *request;
        if name.is_null() {
            return false;
        }
        let hints: addrinfo = hints.as_ref().copied().unwrap_or_else(resolve::default_hints);
        let code = match resolve::answer(CStr::from_ptr(name), service, hints) {
            None => return false,
            Some(Ok(list)) => {
                ptr::write(&raw mut (*request).result, list);
                0
            }
            Some(Err(code)) => code,
        };
        status(request).store(code, Ordering::Release);
        true
    }
}
