//! The next definition of a symbol behind ours: libc's, or that of another preloaded library.

use std::ffi::c_void;
use std::panic::catch_unwind;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::ffi;

/// The version libc gave every symbol it was born with; some, such as `__res_query`, exist under no other and are
/// invisible to a plain dlsym(3).
#[cfg(target_arch = "x86_64")]
pub(crate) const FIRST_VERSION: &std::ffi::CStr = c"GLIBC_2.2.5";
#[cfg(target_arch = "aarch64")]
pub(crate) const FIRST_VERSION: &std::ffi::CStr = c"GLIBC_2.17";

/// A symbol whose next definition is looked up once.
pub(crate) struct Next {
    /// The name with its NUL.
    symbol: &'static str,
    /// Null: not looked up yet; `MISSING`: there is none.
    pointer: AtomicPtr<c_void>,
}

const MISSING: *mut c_void = ptr::without_provenance_mut(1);

impl Next {
    pub(crate) const fn of(symbol: &'static str) -> Next {
        Next { symbol, pointer: AtomicPtr::new(ptr::null_mut()) }
    }

    /// The next definition, or `None` where no library loaded after us has one.
    pub(crate) fn resolve(&self) -> Option<NonNull<c_void>> {
        let known = self.pointer.load(Ordering::Relaxed);
        if known == MISSING {
            return None;
        }
        NonNull::new(known).or_else(|| self.look_up())
    }

    #[cold]
    fn look_up(&self) -> Option<NonNull<c_void>> {
        let found = self.versioned().or_else(|| self.unversioned());
        if found.is_none() {
            // The application's next dlerror(3) is about its own look-ups.
            // SAFETY: no pointers.
            unsafe { libc::dlerror() };
        }
        self.pointer.store(found.map_or(MISSING, NonNull::as_ptr), Ordering::Relaxed);
        found
    }

    fn versioned(&self) -> Option<NonNull<c_void>> {
        if !["__res_", "res_gethostby"].iter().any(|prefix| self.symbol.starts_with(prefix)) {
            return None;
        }
        // SAFETY: both strings end in NUL.
        NonNull::new(unsafe {
            ffi::dlvsym(libc::RTLD_NEXT, self.symbol.as_ptr().cast(), FIRST_VERSION.as_ptr())
        })
    }

    /// redhook panics where there is no definition, which would be written to standard error; here that is an answer.
    fn unversioned(&self) -> Option<NonNull<c_void>> {
        // SAFETY: the symbol ends in NUL.
        if unsafe { libc::dlsym(libc::RTLD_NEXT, self.symbol.as_ptr().cast()) }.is_null() {
            return None;
        }
        // SAFETY: the symbol ends in NUL.
        let search = || unsafe { redhook::ld_preload::dlsym_next(self.symbol) };
        NonNull::new(catch_unwind(search).ok()?.cast_mut().cast())
    }
}
