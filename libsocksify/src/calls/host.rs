//! gethostbyname(3) and gethostbyaddr(3) in all their forms.

use std::cell::RefCell;
use std::ffi::CStr;
use std::net::IpAddr;
use std::ptr;

use libc::{c_char, c_int, c_void, hostent, size_t, socklen_t};

use crate::engine::{self, Failure};
use crate::ffi;
use crate::hostent::{Host, TooSmall};
use crate::hosts::{self, Entry};
use crate::interpose::Verdict;
use crate::policy::{self, Meaning};
use crate::resolver::{self, Lookup};

/// `h_errno` values of netdb.h.
const NETDB_SUCCESS: c_int = 0;
/// Look at errno.
const NETDB_INTERNAL: c_int = -1;

/// What a look-up came to.
enum Found {
    /// libc may answer.
    Direct,
    Host {
        entry: Entry,
        family: c_int,
    },
    /// For this reason.
    Nothing(Failure),
}

/// Where an answer goes: the pointers of an `_r` function.
struct Destination {
    result: *mut hostent,
    buffer: *mut c_char,
    size: size_t,
    found: *mut *mut hostent,
    h_errno: *mut c_int,
}

/// gethostbyname(3): IPv4.
pub(crate) fn gethostbyname((): &mut (), name: *const c_char) -> Verdict<*mut hostent> {
    answer_from_store(by_name(name, libc::AF_INET))
}

/// gethostbyname2(3).
pub(crate) fn gethostbyname2((): &mut (), name: *const c_char, family: c_int) -> Verdict<*mut hostent> {
    answer_from_store(by_name(name, family))
}

/// gethostbyname_r(3).
pub(crate) fn gethostbyname_r(
    (): &mut (),
    name: *const c_char,
    result: *mut hostent,
    buffer: *mut c_char,
    size: size_t,
    found: *mut *mut hostent,
    h_errno: *mut c_int,
) -> Verdict<c_int> {
    Destination { result, buffer, size, found, h_errno }.answer_by_name(by_name(name, libc::AF_INET))
}

/// gethostbyname2_r(3).
pub(crate) fn gethostbyname2_r(
    (): &mut (),
    name: *const c_char,
    family: c_int,
    result: *mut hostent,
    buffer: *mut c_char,
    size: size_t,
    found: *mut *mut hostent,
    h_errno: *mut c_int,
) -> Verdict<c_int> {
    Destination { result, buffer, size, found, h_errno }.answer_by_name(by_name(name, family))
}

/// gethostbyaddr(3).
pub(crate) fn gethostbyaddr(
    (): &mut (),
    address: *const c_void,
    length: socklen_t,
    family: c_int,
) -> Verdict<*mut hostent> {
    answer_from_store(by_address(address, length, family))
}

/// gethostbyaddr_r(3).
pub(crate) fn gethostbyaddr_r(
    (): &mut (),
    address: *const c_void,
    length: socklen_t,
    family: c_int,
    result: *mut hostent,
    buffer: *mut c_char,
    size: size_t,
    found: *mut *mut hostent,
    h_errno: *mut c_int,
) -> Verdict<c_int> {
    Destination { result, buffer, size, found, h_errno }.answer(by_address(address, length, family))
}

fn by_name(name: *const c_char, family: c_int) -> Found {
    if name.is_null() || ![libc::AF_INET, libc::AF_INET6].contains(&family) {
        return Found::Direct;
    }
    // SAFETY: a string of the application's.
    let name = unsafe { CStr::from_ptr(name) };
    match resolver::look_up(name, None) {
        // Of other literals, or in the other family, libc would ask a name server.
        Lookup::Literal(ip) if is_plain(name) && ip.is_ipv4() == (family == libc::AF_INET) => Found::Direct,
        Lookup::Literal(_) => Found::Nothing(Failure::NoName),
        Lookup::Libc => Found::Direct,
        Lookup::Known(known) => match known.in_family(family) {
            Some(entry) => Found::Host { entry, family },
            None => Found::Nothing(Failure::NoName),
        },
        Lookup::Fake(index) => match resolver::fake(index, family) {
            Some(address) => {
                let name = name.to_bytes().to_vec();
                Found::Host { entry: Entry { name, aliases: Vec::new(), addresses: vec![address] }, family }
            }
            None => Found::Nothing(Failure::Again),
        },
        Lookup::Asked => match engine::host(name.to_bytes(), family) {
            Ok(entry) => Found::Host { entry, family },
            Err(failure) => Found::Nothing(failure),
        },
        Lookup::Nonexistent => Found::Nothing(Failure::NoName),
        Lookup::Again => Found::Nothing(Failure::Again),
        Lookup::Refused => Found::Nothing(Failure::Fatal),
    }
}

/// A literal in the form every function of libc knows.
fn is_plain(name: &CStr) -> bool {
    let bytes = name.to_bytes();
    let has_colon = bytes.contains(&b':');
    bytes.iter().all(|byte| match byte {
        b'.' => true,
        b':' => has_colon,
        digit if has_colon => digit.is_ascii_hexdigit(),
        digit => digit.is_ascii_digit(),
    })
}

fn by_address(address: *const c_void, length: socklen_t, family: c_int) -> Found {
    // SAFETY: the application's own address of the length it states.
    let Some(ip) = (unsafe { read_ip(address, length, family) }) else {
        let is_internet = [libc::AF_INET, libc::AF_INET6].contains(&family);
        return if is_internet { Found::Nothing(Failure::NoName) } else { Found::Direct };
    };
    match policy::meaning(ip) {
        Meaning::Name(name) => {
            let name = name.as_bytes().to_vec();
            Found::Host { entry: Entry { name, aliases: Vec::new(), addresses: vec![ip] }, family }
        }
        Meaning::Ip(known) => match hosts::by_address(ip) {
            Some(entry) => Found::Host { entry, family },
            None if resolver::reverse_goes_direct(known) => Found::Direct,
            None => match engine::name_of(known) {
                Ok(name) => {
                    Found::Host { entry: Entry { name, aliases: Vec::new(), addresses: vec![ip] }, family }
                }
                Err(failure) => Found::Nothing(failure),
            },
        },
        Meaning::Stale => Found::Nothing(Failure::NoName),
    }
}

unsafe fn read_ip(address: *const c_void, length: socklen_t, family: c_int) -> Option<IpAddr> {
    if address.is_null() {
        return None;
    }
    // SAFETY: not null, and as long as the family asks for.
    unsafe {
        match (family, length) {
            (libc::AF_INET, 4) => Some(IpAddr::from(address.cast::<[u8; 4]>().read_unaligned())),
            (libc::AF_INET6, 16) => Some(IpAddr::from(address.cast::<[u8; 16]>().read_unaligned())),
            _ => None,
        }
    }
}

fn host(entry: &Entry, family: c_int) -> Host<'_> {
    Host { name: &entry.name, aliases: &entry.aliases, family, addresses: entry.addresses.clone() }
}

impl Destination {
    /// As for an address, but EAGAIN where nobody could say; gethostbyname_r(3).
    fn answer_by_name(&self, outcome: Found) -> Verdict<c_int> {
        if let Found::Nothing(Failure::Again) = outcome {
            self.nothing(libc::EAGAIN, Failure::Again.h_errno());
            return Verdict::Tell(libc::EAGAIN, libc::EAGAIN);
        }
        self.answer(outcome)
    }

    /// 0 with or without a result, or ERANGE where the buffer is too small; gethostbyaddr_r(3).
    fn answer(&self, outcome: Found) -> Verdict<c_int> {
        let (entry, family) = match outcome {
            Found::Direct => return Verdict::Direct,
            Found::Nothing(failure) => return self.nothing(0, failure.h_errno()),
            Found::Host { entry, family } => (entry, family),
        };
        let host = host(&entry, family);
        // SAFETY: the application's own pointers.
        match unsafe { host.write(self.result, self.buffer.cast(), self.size) } {
            Ok(()) => {
                // SAFETY: the application's own pointers.
                unsafe {
                    *self.found = self.result;
                    *self.h_errno = NETDB_SUCCESS;
                }
                Verdict::Done(0)
            }
            Err(TooSmall) => {
                self.nothing(libc::ERANGE, NETDB_INTERNAL);
                Verdict::Tell(libc::ERANGE, libc::ERANGE)
            }
        }
    }

    fn nothing(&self, value: c_int, code: c_int) -> Verdict<c_int> {
        // SAFETY: the application's own pointers.
        unsafe {
            *self.found = ptr::null_mut();
            *self.h_errno = code;
        }
        Verdict::Done(value)
    }
}

/// What the functions without `_r` point to, one for each thread.
struct Store {
    result: hostent,
    buffer: Vec<u8>,
}

thread_local! {
    static STORE: RefCell<Option<Box<Store>>> = const { RefCell::new(None) };
}

fn answer_from_store(outcome: Found) -> Verdict<*mut hostent> {
    let (entry, family) = match outcome {
        Found::Direct => return Verdict::Direct,
        Found::Nothing(failure) => {
            // SAFETY: the location is valid for the life of the thread.
            unsafe { *ffi::__h_errno_location() = failure.h_errno() };
            return Verdict::Done(ptr::null_mut());
        }
        Found::Host { entry, family } => (entry, family),
    };
    let host = host(&entry, family);
    let stored =
        STORE.try_with(|store| store.try_borrow_mut().ok().and_then(|mut store| keep(&mut store, &host)));
    Verdict::Done(stored.ok().flatten().unwrap_or(ptr::null_mut()))
}

fn keep(store: &mut Option<Box<Store>>, host: &Host<'_>) -> Option<*mut hostent> {
    // SAFETY: an all-zero hostent is valid, if empty.
    let fresh = || Box::new(Store { result: unsafe { std::mem::zeroed() }, buffer: Vec::new() });
    let store = store.get_or_insert_with(fresh);
    store.buffer.resize(host.room(), 0);
    // SAFETY: the store lives as long as the thread, and its buffer until the thread's next call, as with libc's.
    unsafe { host.write(&mut store.result, store.buffer.as_mut_ptr(), store.buffer.len()) }.ok()?;
    Some(&raw mut store.result)
}
