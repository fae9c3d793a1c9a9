//! UDP_SEGMENT (udp(7)): one message that the kernel cuts into datagrams of one size. Each of them needs a header of its
//! own, so on sockets with targets behind a proxy we cut. UDP_GRO, by which the kernel joins what comes in, is off there: a
//! program that asked for it has to take single datagrams as well.

use std::os::fd::RawFd;
use std::ptr;

use libc::{c_int, cmsghdr, msghdr};

use super::{Socket, of, slot};
use crate::sys;

pub(crate) const UDP_SEGMENT: c_int = 103;
pub(crate) const UDP_GRO: c_int = 104;

/// As the application set them.
#[derive(Clone, Copy, Default)]
pub(super) struct Offload {
    pub(super) segment: c_int,
    gro: c_int,
}

impl Offload {
    /// Takes over what the kernel was told before.
    pub(super) fn of(fd: RawFd) -> Offload {
        let mut taken = Offload::default();
        for (name, place) in [(UDP_SEGMENT, &mut taken.segment), (UDP_GRO, &mut taken.gro)] {
            *place = sys::udp_option(fd, name).unwrap_or(0);
            if *place != 0 {
                let _ = sys::set_udp_option(fd, name, 0);
            }
        }
        taken
    }

    /// To hand on.
    pub(super) fn values(&self) -> [c_int; 2] {
        [self.segment, self.gro]
    }

    /// As handed on.
    pub(super) fn of_values([segment, gro]: [c_int; 2]) -> Offload {
        Offload { segment, gro }
    }

    fn place(&mut self, name: c_int) -> &mut c_int {
        if name == UDP_SEGMENT { &mut self.segment } else { &mut self.gro }
    }
}

/// Whether an option is one of these.
pub(crate) fn is_offload(level: c_int, name: c_int) -> bool {
    level == libc::SOL_UDP && [UDP_SEGMENT, UDP_GRO].contains(&name)
}

/// Sets one of these options as the application sees it; `None` where the kernel has it.
///
/// # Errors
/// EINVAL, as the kernel has it.
pub(crate) fn set_offload(fd: RawFd, name: c_int, value: c_int) -> Option<Result<(), c_int>> {
    let ticket = of(fd)?;
    if name == UDP_SEGMENT && !(0..=0xffff).contains(&value) {
        return Some(Err(libc::EINVAL));
    }
    let value = if name == UDP_GRO { (value != 0).into() } else { value };
    slot::with(ticket, |socket: &mut Socket| *socket.offload.place(name) = value).map(Ok)
}

/// One of these options as the application set it.
pub(crate) fn offload(fd: RawFd, name: c_int) -> Option<c_int> {
    slot::with(of(fd)?, |socket| *socket.offload.place(name))
}

/// Control data without UDP_SEGMENT, and the size it asked for.
pub(super) struct Control {
    bytes: Vec<u8>,
    pub(super) segment: Option<c_int>,
}

impl Control {
    /// # Safety
    /// The message is the application's own.
    pub(super) unsafe fn of(message: &msghdr) -> Control {
        let mut control = Control { bytes: Vec::new(), segment: None };
        if message.msg_control.is_null() {
            return control;
        }
        // SAFETY: walked as cmsg(3) says.
        unsafe {
            let mut header: *mut cmsghdr = libc::CMSG_FIRSTHDR(message);
            while let Some(one) = header.as_ref() {
                let length = one.cmsg_len;
                if (one.cmsg_level, one.cmsg_type) == (libc::SOL_UDP, UDP_SEGMENT) {
                    let value = libc::CMSG_DATA(header).cast::<u16>().read_unaligned();
                    control.segment = Some(value.into());
                } else {
                    let given = std::slice::from_raw_parts(header.cast::<u8>(), length);
                    control.bytes.extend_from_slice(given);
                    control.bytes.resize(control.bytes.len().next_multiple_of(size_of::<usize>()), 0);
                }
                header = libc::CMSG_NXTHDR(message, header);
            }
        }
        control
    }

    /// The message's control data as they are now.
    pub(super) fn apply(&mut self, message: &mut msghdr) {
        let is_empty = self.bytes.is_empty();
        message.msg_control = if is_empty { ptr::null_mut() } else { self.bytes.as_mut_ptr().cast() };
        message.msg_controllen = self.bytes.len() as _;
    }
}

/// Whether a message has control data about segments: a look at the first headers.
///
/// # Safety
/// The message is the application's own.
pub(super) unsafe fn is_asked_for(message: &msghdr) -> bool {
    if message.msg_control.is_null() {
        return false;
    }
    // SAFETY: walked as cmsg(3) says.
    unsafe {
        let mut header: *mut cmsghdr = libc::CMSG_FIRSTHDR(message);
        while let Some(one) = header.as_ref() {
            if (one.cmsg_level, one.cmsg_type) == (libc::SOL_UDP, UDP_SEGMENT) {
                return true;
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
    false
}
