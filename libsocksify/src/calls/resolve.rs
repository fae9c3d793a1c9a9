//! getaddrinfo(3) and getnameinfo(3).
//!
//! A remote name is answered by asking libc for the *numeric* fake address with the application's own service and
//! hints: services, socket types, order and allocation are then libc's, and freeaddrinfo(3) needs no hook.

use std::ffi::{CStr, CString};
use std::net::{IpAddr, SocketAddr};
use std::ptr;

use libc::{addrinfo, c_char, c_int, sockaddr, socklen_t};

use crate::address;
use crate::hooks::real;
use crate::hosts::{self, Entry};
use crate::interpose::Verdict;
use crate::policy::{self, Meaning};
use crate::resolver::{self, Lookup};

/// Of netdb.h: the host has no address in this family.
const EAI_ADDRFAMILY: c_int = -9;

/// An application's question to getaddrinfo(3).
struct Question<'a> {
    name: &'a CStr,
    service: *const c_char,
    hints: addrinfo,
}

/// Answers getaddrinfo(3).
pub(crate) fn getaddrinfo(
    (): &mut (),
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    found: *mut *mut addrinfo,
) -> Verdict<c_int> {
    if node.is_null() || found.is_null() {
        return Verdict::Direct;
    }
    // SAFETY: a string of the application's; hints are null, which means the defaults of glibc, or its own.
    let question = unsafe {
        let hints = hints.as_ref().copied().unwrap_or_else(default_hints);
        Question { name: CStr::from_ptr(node), service, hints }
    };
    if question.hints.ai_flags & libc::AI_NUMERICHOST != 0 {
        return Verdict::Direct;
    }
    let answer = match resolver::look_up(question.name, question.port()) {
        Lookup::Literal(_) | Lookup::Libc => return Verdict::Direct,
        Lookup::Known(entry) => question.known(&entry),
        Lookup::Fake(index) => question.fake(index),
        Lookup::Nonexistent => Err(libc::EAI_NONAME),
        Lookup::Again => Err(libc::EAI_AGAIN),
        Lookup::Refused => Err(libc::EAI_FAIL),
    };
    match answer {
        Ok(list) => {
            // SAFETY: the application's own pointer for the result.
            unsafe { *found = list };
            Verdict::Done(0)
        }
        Err(code) => Verdict::Done(code),
    }
}

/// What glibc takes where the hints are a null pointer; getaddrinfo(3).
fn default_hints() -> addrinfo {
    // SAFETY: an all-zero addrinfo is a valid one.
    addrinfo { ai_flags: libc::AI_V4MAPPED | libc::AI_ADDRCONFIG, ..unsafe { std::mem::zeroed() } }
}

impl Question<'_> {
    /// The port, where the service is a number.
    fn port(&self) -> Option<u16> {
        if self.service.is_null() {
            return None;
        }
        // SAFETY: a string of the application's.
        unsafe { CStr::from_ptr(self.service) }.to_str().ok()?.parse().ok()
    }

    fn fake(&self, index: u32) -> Result<*mut addrinfo, c_int> {
        let address = resolver::fake(index, self.hints.ai_family).ok_or(libc::EAI_AGAIN)?;
        // Which families this host can reach says nothing of the proxy.
        let list = self.numeric(address, !libc::AI_ADDRCONFIG)?;
        self.name_canonically(list, self.name)
    }

    fn known(&self, entry: &Entry) -> Result<*mut addrinfo, c_int> {
        let mut list = List::empty();
        let has_ipv6 = entry.addresses.iter().any(IpAddr::is_ipv6);
        for address in entry.addresses.iter().filter(|address| self.wants(**address, has_ipv6)) {
            match self.numeric(*address, !0) {
                Ok(more) => list.append(more),
                Err(libc::EAI_NONAME | EAI_ADDRFAMILY) => {}
                Err(code) => {
                    list.free();
                    return Err(code);
                }
            }
        }
        let canonical = CString::new(entry.name.clone()).map_err(|_| libc::EAI_FAIL)?;
        if list.first.is_null() {
            Err(libc::EAI_NONAME)
        } else {
            self.name_canonically(list.first, &canonical)
        }
    }

    /// AI_V4MAPPED counts only where the host has no IPv6 address; getaddrinfo(3).
    fn wants(&self, address: IpAddr, has_ipv6: bool) -> bool {
        match self.hints.ai_family {
            libc::AF_INET => address.is_ipv4(),
            libc::AF_INET6 => {
                address.is_ipv6() || (!has_ipv6 && self.hints.ai_flags & libc::AI_V4MAPPED != 0)
            }
            _ => true,
        }
    }

    /// libc's own answer for an address literal.
    fn numeric(&self, address: IpAddr, kept: c_int) -> Result<*mut addrinfo, c_int> {
        let literal = CString::new(address.to_string()).map_err(|_| libc::EAI_FAIL)?;
        let hints = addrinfo { ai_flags: (self.hints.ai_flags & kept) | libc::AI_NUMERICHOST, ..self.hints };
        let mut found = ptr::null_mut();
        // SAFETY: our literal and hints, the application's service.
        match unsafe { real::getaddrinfo(literal.as_ptr(), self.service, &hints, &mut found) } {
            0 => Ok(found),
            code => Err(code),
        }
    }

    /// Puts the name where libc put the literal, allocated as freeaddrinfo(3) frees it.
    fn name_canonically(&self, list: *mut addrinfo, name: &CStr) -> Result<*mut addrinfo, c_int> {
        // SAFETY: a list of libc's that nobody else has seen; its canonical name is null or from malloc.
        unsafe {
            if (*list).ai_canonname.is_null() {
                return Ok(list);
            }
            let copy = libc::strdup(name.as_ptr());
            if copy.is_null() {
                libc::freeaddrinfo(list);
                return Err(libc::EAI_MEMORY);
            }
            libc::free((*list).ai_canonname.cast());
            (*list).ai_canonname = copy;
        }
        Ok(list)
    }
}

/// Lists of libc's, joined: freeaddrinfo(3) frees entry by entry.
struct List {
    first: *mut addrinfo,
    last: *mut addrinfo,
}

impl List {
    fn empty() -> List {
        List { first: ptr::null_mut(), last: ptr::null_mut() }
    }

    fn free(self) {
        if !self.first.is_null() {
            // SAFETY: a list of libc's that nobody else has seen.
            unsafe { libc::freeaddrinfo(self.first) };
        }
    }

    fn append(&mut self, more: *mut addrinfo) {
        // SAFETY: both lists are libc's, not empty where not null, and known to nobody else.
        unsafe {
            if self.first.is_null() {
                self.first = more;
            } else {
                (*self.last).ai_next = more;
                // One canonical name is enough, in the first entry; getaddrinfo(3).
                libc::free((*more).ai_canonname.cast());
                (*more).ai_canonname = ptr::null_mut();
            }
            self.last = more;
            while !(*self.last).ai_next.is_null() {
                self.last = (*self.last).ai_next;
            }
        }
    }
}

/// Answers getnameinfo(3): a fake address has its name, and nobody is asked for the name of another.
pub(crate) fn getnameinfo(
    (): &mut (),
    address: *const sockaddr,
    length: socklen_t,
    host: *mut c_char,
    host_size: socklen_t,
    service: *mut c_char,
    service_size: socklen_t,
    flags: c_int,
) -> Verdict<c_int> {
    // SAFETY: the application's own pointer and length.
    let Some(asked) = (unsafe { address::internet(address, length) }) else { return Verdict::Direct };
    if flags & libc::NI_NUMERICHOST != 0 || host.is_null() || host_size == 0 {
        return Verdict::Direct;
    }
    let Some(name) = name_of(asked) else {
        if resolver::reverse_goes_direct(asked.ip()) {
            return Verdict::Direct;
        }
        if flags & libc::NI_NAMEREQD != 0 {
            return Verdict::Done(libc::EAI_NONAME);
        }
        // SAFETY: the application's own arguments; a number needs nobody to be asked.
        let code = unsafe {
            real::getnameinfo(
                address,
                length,
                host,
                host_size,
                service,
                service_size,
                flags | libc::NI_NUMERICHOST,
            )
        };
        return Verdict::Done(code);
    };
    if name.len() >= host_size as usize {
        return Verdict::Done(libc::EAI_OVERFLOW);
    }
    // SAFETY: the application's own arguments, no host asked for; then its buffer, which the name fits into.
    let code = unsafe {
        ptr::copy_nonoverlapping(name.as_ptr(), host.cast(), name.len());
        host.add(name.len()).write(0);
        if service.is_null() || service_size == 0 {
            0
        } else {
            real::getnameinfo(
                address,
                length,
                ptr::null_mut(),
                0,
                service,
                service_size,
                flags & !libc::NI_NAMEREQD,
            )
        }
    };
    Verdict::Done(code)
}

/// The name of an address that is known without asking anybody.
fn name_of(address: SocketAddr) -> Option<Vec<u8>> {
    match policy::meaning(address.ip()) {
        Meaning::Name(name) => Some(name.as_bytes().to_vec()),
        Meaning::Ip(ip) => hosts::by_address(ip).map(|entry| entry.name),
        Meaning::Stale => None,
    }
}
