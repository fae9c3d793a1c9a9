//! `struct hostent` and what it points to, laid out in a buffer of the application's as the `_r` functions do;
//! gethostbyname_r(3).

use std::mem::{align_of, size_of};
use std::net::IpAddr;
use std::ptr;

use libc::{c_char, c_int, hostent};

/// A host to be written as a `struct hostent`: one family only.
pub(crate) struct Host<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) aliases: &'a [Vec<u8>],
    pub(crate) family: c_int,
    pub(crate) addresses: Vec<IpAddr>,
}

/// The buffer is too small: the caller gets ERANGE and comes again with a larger one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooSmall;

impl Host<'_> {
    fn address_length(&self) -> usize {
        if self.family == libc::AF_INET6 { 16 } else { 4 }
    }

    /// A size of buffer that is enough, wherever it begins.
    pub(crate) fn room(&self) -> usize {
        let words = self.addresses.len() + self.aliases.len() + 3;
        let bytes = self.addresses.len() * self.address_length() + self.name.len() + 1;
        words * size_of::<*mut c_char>()
            + bytes
            + self.aliases.iter().map(|alias| alias.len() + 1).sum::<usize>()
    }

    /// Writes the host into `buffer` and points `result` at it.
    ///
    /// # Safety
    /// `result` is writable; `buffer` has `size` writable bytes, which live as long as `result` is used.
    pub(crate) unsafe fn write(
        &self,
        result: *mut hostent,
        buffer: *mut u8,
        size: usize,
    ) -> Result<(), TooSmall> {
        let mut space = Space { at: buffer, left: size };
        let list = space.take::<*mut c_char>(self.addresses.len() + 1)?;
        let aliases = space.take::<*mut c_char>(self.aliases.len() + 1)?;
        // SAFETY: every pointer comes from `space`, which handed out that many bytes inside the buffer.
        unsafe {
            for (index, address) in self.addresses.iter().enumerate() {
                let bytes = space.take::<u8>(self.address_length())?;
                put_address(*address, self.family, bytes);
                list.add(index).write(bytes.cast());
            }
            list.add(self.addresses.len()).write(ptr::null_mut());
            for (index, alias) in self.aliases.iter().enumerate() {
                aliases.add(index).write(space.string(alias)?);
            }
            aliases.add(self.aliases.len()).write(ptr::null_mut());
            let name = space.string(self.name)?;
            result.write(hostent {
                h_name: name,
                h_aliases: aliases,
                h_addrtype: self.family,
                h_length: self.address_length() as c_int,
                h_addr_list: list,
            });
        }
        Ok(())
    }
}

unsafe fn put_address(address: IpAddr, family: c_int, to: *mut u8) {
    let copy = |bytes: &[u8]| {
        // SAFETY: the caller made room for an address of this family.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()) }
    };
    match address {
        IpAddr::V4(ip) if family == libc::AF_INET6 => copy(&ip.to_ipv6_mapped().octets()),
        IpAddr::V4(ip) => copy(&ip.octets()),
        IpAddr::V6(ip) => copy(&ip.octets()),
    }
}

/// What is left of a buffer.
struct Space {
    at: *mut u8,
    left: usize,
}

impl Space {
    fn take<T>(&mut self, count: usize) -> Result<*mut T, TooSmall> {
        let padding = self.at.align_offset(align_of::<T>());
        let needed =
            count.checked_mul(size_of::<T>()).and_then(|bytes| bytes.checked_add(padding)).ok_or(TooSmall)?;
        self.left = self.left.checked_sub(needed).ok_or(TooSmall)?;
        let taken = self.at.wrapping_add(padding);
        self.at = self.at.wrapping_add(needed);
        Ok(taken.cast())
    }

    /// A copy of `text` with its NUL.
    fn string(&mut self, text: &[u8]) -> Result<*mut c_char, TooSmall> {
        let copy = self.take::<u8>(text.len() + 1)?;
        // SAFETY: room for the text and one byte more.
        unsafe {
            ptr::copy_nonoverlapping(text.as_ptr(), copy, text.len());
            copy.add(text.len()).write(0);
        }
        Ok(copy.cast())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_too_small_or_enough() {
        let addresses = vec!["192.0.2.7".parse().unwrap(), "192.0.2.8".parse().unwrap()];
        let aliases = [b"www".to_vec(), b"web".to_vec()];
        let host = Host { name: b"www.example.org", aliases: &aliases, family: libc::AF_INET, addresses };
        let mut enough = 0;
        for size in 0..200 {
            let mut buffer = vec![0xaa_u8; size + 8];
            // SAFETY: an all-zero hostent is valid; the buffer has `size` bytes from its second on.
            let written = unsafe {
                let mut result: hostent = std::mem::zeroed();
                let written = host.write(&mut result, buffer.as_mut_ptr().add(1), size);
                if written.is_ok() {
                    assert_eq!(std::ffi::CStr::from_ptr(result.h_name).to_bytes(), b"www.example.org");
                    assert_eq!(
                        std::slice::from_raw_parts((*result.h_addr_list).cast::<u8>(), 4),
                        [192, 0, 2, 7]
                    );
                    assert!((*result.h_addr_list.add(2)).is_null());
                    assert_eq!(std::ffi::CStr::from_ptr(*result.h_aliases.add(1)).to_bytes(), b"web");
                    assert!((*result.h_aliases.add(2)).is_null());
                }
                written
            };
            assert!(written.is_ok() || size < host.room());
            enough += usize::from(written.is_ok());
            assert_eq!(buffer[size + 1..], vec![0xaa; 7][..], "nothing behind {size} bytes is touched");
        }
        assert!(enough > 100);
    }
}
