//! Names in the letters of the application's locale, as getaddrinfo(3) takes them with AI_IDN: what converts them for libc
//! is libidn2, and so it is here, if the host has it.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::transmute;

/// There is no libidn2, or it does not take the name for one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unconvertible;

type Lookup = unsafe extern "C" fn(*const c_char, *mut *mut c_char, c_int) -> c_int;
type Free = unsafe extern "C" fn(*mut c_void);

/// The form of a name that is looked up: ASCII stays as it is.
pub(crate) fn encoded(name: &CStr) -> Result<CString, Unconvertible> {
    if name.to_bytes().is_ascii() {
        return Ok(name.to_owned());
    }
    // SAFETY: the library stays loaded; both functions have had these types since its first version.
    unsafe {
        let library = libc::dlopen(c"libidn2.so.0".as_ptr(), libc::RTLD_NOW);
        if library.is_null() {
            return Err(Unconvertible);
        }
        let lookup = libc::dlsym(library, c"idn2_lookup_ul".as_ptr());
        let free = libc::dlsym(library, c"idn2_free".as_ptr());
        if lookup.is_null() || free.is_null() {
            return Err(Unconvertible);
        }
        let (lookup, free) = (transmute::<*mut c_void, Lookup>(lookup), transmute::<*mut c_void, Free>(free));
        let mut found = std::ptr::null_mut();
        if lookup(name.as_ptr(), &mut found, 0) != 0 || found.is_null() {
            return Err(Unconvertible);
        }
        let encoded = CStr::from_ptr(found).to_owned();
        free(found.cast());
        Ok(encoded)
    }
}
