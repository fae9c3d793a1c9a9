//! getaddrinfo(3) and getnameinfo(3).
//!
//! A remote name is answered by asking libc for the *numeric* fake address with the application's own service and
//! hints: services, socket types, order and allocation are then libc's, and freeaddrinfo(3) needs no hook.

use std::ffi::{CStr, CString};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ptr;

use libc::{addrinfo, c_char, c_int, sockaddr, socklen_t};

use crate::engine::{self, Failure};
use crate::hooks::real;
use crate::hosts::{self, Entry, Known};
use crate::interpose::{Verdict, in_the_open};
use crate::policy::{self, Meaning};
use crate::resolver::{self, Lookup};
use crate::{address, errno, idna, precedence, sources};

/// Of netdb.h: the host has no address in this family.
const EAI_ADDRFAMILY: c_int = -9;
/// Of netdb.h: the name cannot be converted.
const EAI_IDN_ENCODE: c_int = -105;
/// Of netdb.h: the name is in the letters of the locale.
const AI_IDN: c_int = 0x40;

/// An application's question to getaddrinfo(3).
struct Question {
    name: CString,
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
    let (name, hints) =
        unsafe { (CStr::from_ptr(node), hints.as_ref().copied().unwrap_or_else(default_hints)) };
    if hints.ai_flags & libc::AI_NUMERICHOST != 0 {
        return Verdict::Direct;
    }
    match answer(name, service, hints) {
        None => Verdict::Direct,
        Some(Ok(list)) => {
            // SAFETY: the application's own pointer for the result.
            unsafe { *found = list };
            Verdict::Done(0)
        }
        Some(Err(libc::EAI_SYSTEM)) => Verdict::Tell(libc::EAI_SYSTEM, errno::current()),
        Some(Err(code)) => Verdict::Done(code),
    }
}

/// The answer to a question for a host, with an EAI code where there is none; `None` where libc may answer.
pub(crate) fn answer(
    name: &CStr,
    service: *const c_char,
    hints: addrinfo,
) -> Option<Result<*mut addrinfo, c_int>> {
    // glibc's word for any address.
    if name.to_bytes() == b"*" {
        return None;
    }
    let is_international = hints.ai_flags & AI_IDN != 0;
    let name = if is_international { idna::encoded(name) } else { Ok(name.to_owned()) };
    let question = match name {
        Ok(name) => Question { name, service, hints },
        Err(idna::Unconvertible) => return Some(Err(EAI_IDN_ENCODE)),
    };
    let answer = match resolver::look_up(&question.name, question.port()) {
        Lookup::Literal(_) | Lookup::Libc => return None,
        Lookup::Known(known) => question.known(&known),
        Lookup::Fake(index) => question.fake(index),
        Lookup::Asked => question.asked(),
        Lookup::Nonexistent => question.nonexistent(),
        Lookup::Again => question.nothing(libc::EAI_AGAIN),
        Lookup::Refused => question.nothing(libc::EAI_FAIL),
    };
    Some(answer)
}

/// What glibc takes where the hints are a null pointer; getaddrinfo(3).
pub(crate) fn default_hints() -> addrinfo {
    // SAFETY: an all-zero addrinfo is a valid one.
    addrinfo { ai_flags: libc::AI_V4MAPPED | libc::AI_ADDRCONFIG, ..unsafe { std::mem::zeroed() } }
}

impl Question {
    /// The port, where the service is a number.
    fn port(&self) -> Option<u16> {
        if self.service.is_null() {
            return None;
        }
        // SAFETY: a string of the application's.
        unsafe { CStr::from_ptr(self.service) }.to_str().ok()?.parse().ok()
    }

    fn has(&self, flag: c_int) -> bool {
        self.hints.ai_flags & flag != 0
    }

    /// libc's own opinion of hints and service, which comes before any about the name; which families this host can
    /// reach (AI_ADDRCONFIG) is part of it where `kept` says so.
    fn checked(&self, kept: c_int) -> Result<(), c_int> {
        let loopback: IpAddr = match self.hints.ai_family {
            libc::AF_INET6 => Ipv6Addr::LOCALHOST.into(),
            _ => Ipv4Addr::LOCALHOST.into(),
        };
        match self.numeric(loopback, kept) {
            Ok(list) => {
                List::of(list).free();
                Ok(())
            }
            Err(EAI_ADDRFAMILY) => Ok(()),
            Err(code) => Err(code),
        }
    }

    /// libc's opinion of a name that no name server could know, as one of a literal.
    fn nonexistent(&self) -> Result<*mut addrinfo, c_int> {
        self.literal(&self.name, !libc::AI_ADDRCONFIG)
    }

    fn nothing(&self, code: c_int) -> Result<*mut addrinfo, c_int> {
        self.checked(!libc::AI_ADDRCONFIG)?;
        Err(code)
    }

    fn fake(&self, index: u32) -> Result<*mut addrinfo, c_int> {
        let address = resolver::fake(index, self.hints.ai_family).ok_or(libc::EAI_AGAIN)?;
        // Which families this host can reach says nothing of the proxy.
        let list = self.numeric(address, !libc::AI_ADDRCONFIG)?;
        self.name_canonically(list, &self.name)
    }

    fn known(&self, known: &Known) -> Result<*mut addrinfo, c_int> {
        self.checked(!0)?;
        let Some(mut entry) = self.entry(known) else { return Err(libc::EAI_NONAME) };
        precedence::sort(&mut entry.addresses, sources::source_of);
        let canonical = CString::new(entry.name).map_err(|_| libc::EAI_FAIL)?;
        self.listed(&entry.addresses, &canonical, !0)
    }

    /// The addresses that a name server or the proxy knows.
    fn asked(&self) -> Result<*mut addrinfo, c_int> {
        self.checked(!libc::AI_ADDRCONFIG)?;
        let family = self.hints.ai_family;
        let mut found = engine::host(self.name.to_bytes(), family);
        let is_mapped = family == libc::AF_INET6 && self.has(libc::AI_V4MAPPED);
        if is_mapped && (self.has(libc::AI_ALL) || found.is_err()) {
            found = with_mapped(found, engine::host(self.name.to_bytes(), libc::AF_INET));
        }
        let mut entry = found.map_err(Failure::eai)?;
        precedence::sort(&mut entry.addresses, sources::source_of);
        let canonical = CString::new(entry.name).map_err(|_| libc::EAI_FAIL)?;
        self.listed(&entry.addresses, &canonical, !libc::AI_ADDRCONFIG)
    }

    /// libc's answers for these addresses, in this order.
    fn listed(&self, addresses: &[IpAddr], canonical: &CStr, kept: c_int) -> Result<*mut addrinfo, c_int> {
        let mut list = List::of(ptr::null_mut());
        for address in addresses {
            match self.numeric(*address, kept) {
                Ok(more) => list.append(more),
                Err(libc::EAI_NONAME | EAI_ADDRFAMILY) => {}
                Err(code) => {
                    list.free();
                    return Err(code);
                }
            }
        }
        if list.first.is_null() {
            Err(libc::EAI_NONAME)
        } else {
            self.name_canonically(list.first, canonical)
        }
    }

    /// AI_V4MAPPED counts only where the host has no IPv6 address, or with AI_ALL; getaddrinfo(3).
    fn entry(&self, known: &Known) -> Option<Entry> {
        let entry = known.in_family(self.hints.ai_family);
        if self.hints.ai_family != libc::AF_INET6
            || !self.has(libc::AI_V4MAPPED)
            || (entry.is_some() && !self.has(libc::AI_ALL))
        {
            return entry;
        }
        let mapped = known.in_family(libc::AF_INET).map(|mut entry| {
            entry.addresses.iter_mut().for_each(|address| {
                if let IpAddr::V4(ip) = address {
                    *address = ip.to_ipv6_mapped().into();
                }
            });
            entry
        });
        let Some(mut entry) = entry else { return mapped };
        entry.addresses.extend(mapped.into_iter().flat_map(|mapped| mapped.addresses));
        Some(entry)
    }

    /// libc's own answer for an address literal, as if it were the application's question.
    fn numeric(&self, address: IpAddr, kept: c_int) -> Result<*mut addrinfo, c_int> {
        let literal = CString::new(address.to_string()).map_err(|_| libc::EAI_FAIL)?;
        self.literal(&literal, kept)
    }

    fn literal(&self, literal: &CStr, kept: c_int) -> Result<*mut addrinfo, c_int> {
        let hints = addrinfo { ai_flags: (self.hints.ai_flags & kept) | libc::AI_NUMERICHOST, ..self.hints };
        let mut found: *mut addrinfo = ptr::null_mut();
        // SAFETY: a string, hints of ours, the application's service; then the list that libc has just made.
        unsafe {
            match real::getaddrinfo(literal.as_ptr(), self.service, &hints, &mut found) {
                0 => {}
                code => return Err(code),
            }
            let mut next = found;
            while let Some(entry) = next.as_mut() {
                entry.ai_flags = self.hints.ai_flags;
                next = entry.ai_next;
            }
        }
        Ok(found)
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

/// The addresses of the one, and those of the other as IPv6 addresses.
fn with_mapped(v6: Result<Entry, Failure>, v4: Result<Entry, Failure>) -> Result<Entry, Failure> {
    let Ok(mut mapped) = v4 else { return v6 };
    let map = |address: &IpAddr| match address {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().into(),
        IpAddr::V6(_) => *address,
    };
    let own = v6.map(|entry| entry.addresses).unwrap_or_default();
    mapped.addresses = own.into_iter().chain(mapped.addresses.iter().map(map)).collect();
    Ok(mapped)
}

/// Lists of libc's, joined: freeaddrinfo(3) frees entry by entry.
struct List {
    first: *mut addrinfo,
    last: *mut addrinfo,
}

impl List {
    fn of(first: *mut addrinfo) -> List {
        List { first, last: first }
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

/// Answers getnameinfo(3): a fake address has its name; for that of another nobody is asked past the proxy.
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
    let numerically = |host: *mut c_char, size: socklen_t| {
        let flags = (flags | libc::NI_NUMERICHOST) & !libc::NI_NAMEREQD;
        // SAFETY: the application's own arguments, or a buffer of ours for the host; a number needs nobody to be asked.
        unsafe { real::getnameinfo(address, length, host, size, service, service_size, flags) }
    };
    let is_short = flags & libc::NI_NOFQDN != 0;
    let mut name = name_of(asked);
    if name.is_none() && resolver::reverse_goes_direct(asked.ip()) {
        if !is_short || resolver::is_local() {
            return Verdict::Direct;
        }
        // libc would ask for this host's own name, too, which no route sends direct.
        name = in_the_open(|| resolver::name_by_libc(asked));
    } else if name.is_none() {
        name = match engine::name_of(asked.ip()) {
            Ok(name) => Some(name),
            // As libc, which says so even where a number would do.
            Err(Failure::Again) => return Verdict::Done(libc::EAI_AGAIN),
            Err(_) => None,
        };
    }
    let Some(name) = name.map(|name| if is_short { shortened(name) } else { name }) else {
        return match flags & libc::NI_NAMEREQD {
            0 => code(numerically(host, host_size)),
            _ => Verdict::Done(libc::EAI_NONAME),
        };
    };
    let mut number = [0 as c_char; 128];
    // Everything that is wrong with flags and service, and the service.
    match numerically(number.as_mut_ptr(), number.len() as socklen_t) {
        0 => {}
        failure => return code(failure),
    }
    if name.len() >= host_size as usize {
        return Verdict::Done(libc::EAI_OVERFLOW);
    }
    // SAFETY: the application's buffer, which the name fits into.
    unsafe {
        ptr::copy_nonoverlapping(name.as_ptr(), host.cast(), name.len());
        host.add(name.len()).write(0);
    }
    Verdict::Done(0)
}

fn code(code: c_int) -> Verdict<c_int> {
    match code {
        libc::EAI_SYSTEM => Verdict::Tell(code, errno::current()),
        code => Verdict::Done(code),
    }
}

/// The name of an address that is known without asking anybody.
fn name_of(address: SocketAddr) -> Option<Vec<u8>> {
    match policy::meaning(address.ip()) {
        Meaning::Name(name) => Some(name.as_bytes().to_vec()),
        Meaning::Ip(_) => Some(hosts::by_address(address.ip())?.name),
        Meaning::Stale => None,
    }
}

/// A name without this host's own domain, for NI_NOFQDN.
fn shortened(name: Vec<u8>) -> Vec<u8> {
    let short = || {
        let domain = hosts::domain()?;
        name.strip_suffix(domain.as_slice())?.strip_suffix(b".").map(<[u8]>::to_vec)
    };
    short().unwrap_or(name)
}
