//! What a resolver's state says: the search list, the options, the name servers; resolver(3), resolv.conf(5).

use std::ffi::CStr;
use std::net::{Ipv4Addr, SocketAddr};

use libc::{c_int, c_ulong};

use crate::ffi::{self, ResState};

/// Options of resolv.h.
pub(crate) const RES_INIT: c_ulong = 0x1;
pub(crate) const RES_RECURSE: c_ulong = 0x40;
pub(crate) const RES_DEFNAMES: c_ulong = 0x80;
pub(crate) const RES_DNSRCH: c_ulong = 0x200;
pub(crate) const RES_USE_EDNS0: c_ulong = 0x10_0000;
pub(crate) const RES_USE_DNSSEC: c_ulong = 0x80_0000;
pub(crate) const RES_NOTLDQUERY: c_ulong = 0x100_0000;
pub(crate) const RES_TRUSTAD: c_ulong = 0x400_0000;

/// The state a call works with: initialised, the application's own or that of the thread.
pub(crate) struct State(*mut ResState);

impl State {
    /// Of the calling thread.
    pub(crate) fn of_thread() -> Option<State> {
        // SAFETY: valid for the life of the thread.
        unsafe { State::of(ffi::__res_state()) }
    }

    /// Of the application's; `None` where resolv.conf(5) cannot be read into it.
    ///
    /// # Safety
    /// `state` points to a state that lives as long as the value returned.
    pub(crate) unsafe fn of(state: *mut ResState) -> Option<State> {
        // SAFETY: forwarded; libc fills in what has never been.
        let is_ready = unsafe { (*state).options & RES_INIT != 0 || ffi::__res_ninit(state) == 0 };
        is_ready.then_some(State(state))
    }

    pub(crate) fn has(&self, option: c_ulong) -> bool {
        // SAFETY: as `of` was promised.
        unsafe { (*self.0).options & option != 0 }
    }

    /// How many dots a name has that is tried as it is first.
    pub(crate) fn ndots(&self) -> usize {
        // SAFETY: as `of` was promised.
        unsafe { (*self.0).ndots as usize & 0xf }
    }

    /// The domains that are appended.
    pub(crate) fn search(&self) -> Vec<Vec<u8>> {
        // SAFETY: as `of` was promised; strings of libc's or the application's.
        unsafe {
            let list = (*self.0).search;
            let domains = list.iter().take_while(|domain| !domain.is_null());
            domains.map(|domain| CStr::from_ptr(*domain).to_bytes().to_vec()).collect()
        }
    }

    /// The first name server, where it is an IPv4 address: an application that put another one there wants to ask that.
    pub(crate) fn server(&self) -> Option<SocketAddr> {
        // SAFETY: as `of` was promised.
        let (count, first) = unsafe { ((*self.0).server_count, (*self.0).servers[0]) };
        let is_there = count > 0 && i32::from(first.sin_family) == libc::AF_INET;
        let ip = Ipv4Addr::from(u32::from_be(first.sin_addr.s_addr));
        (is_there && !ip.is_unspecified()).then(|| SocketAddr::new(ip.into(), u16::from_be(first.sin_port)))
    }

    /// Sets `h_errno`, the thread's and the state's.
    pub(crate) fn set_h_errno(&self, value: c_int) {
        // SAFETY: as `of` was promised; the location is valid for the life of the thread.
        unsafe {
            (*self.0).h_errno = value;
            *ffi::__h_errno_location() = value;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn the_layout_is_that_of_resolv_h() {
        assert_eq!(offset_of!(ResState, options), 8);
        assert_eq!(offset_of!(ResState, servers), 20);
        assert_eq!(offset_of!(ResState, search), 72);
        assert_eq!(offset_of!(ResState, ndots), 392);
        assert_eq!(offset_of!(ResState, h_errno), 496);
    }
}
