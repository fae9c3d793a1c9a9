//! The file of a program, opened to be looked into: its first bytes at once, what lies further on where it is needed.

use crate::image::Bytes;
use crate::privilege::Status;
use crate::sys;
use std::cell::Cell;
use std::ffi::CStr;
use std::io;
use std::os::fd::{OwnedFd, RawFd};

/// As much as holds the headers of nearly every program, and more than the kernel looks at of a script.
const HEAD: usize = 1024;

/// How a program is named to exec(2).
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// By its path, from a directory on; execveat(2).
    At(RawFd, &'a CStr),
    /// By a descriptor; fexecve(3).
    Descriptor(RawFd),
}

/// The current directory, as a place to start from.
impl<'a> From<&'a CStr> for Place<'a> {
    fn from(path: &'a CStr) -> Place<'a> {
        Place::At(libc::AT_FDCWD, path)
    }
}

/// An open file.
pub struct File {
    descriptor: OwnedFd,
    head: [u8; HEAD],
    length: usize,
    /// Why a read failed, if one did.
    fault: Cell<Option<i32>>,
}

impl File {
    /// Opens a regular file and reads its beginning; `None` for a directory, a pipe, a device, which opening might wake.
    ///
    /// # Errors
    /// As open(2) and read(2).
    pub fn open(place: Place<'_>) -> io::Result<Option<(File, Status)>> {
        let status = sys::status(place)?;
        if status.mode & libc::S_IFMT != libc::S_IFREG {
            return Ok(None);
        }
        let descriptor = sys::open(place)?;
        let mut file = File { descriptor, head: [0; HEAD], length: 0, fault: Cell::new(None) };
        file.length = sys::read(&file.descriptor, 0, &mut file.head)?;
        Ok(Some((file, status)))
    }

    /// The first bytes of the file.
    pub fn head(&self) -> &[u8] {
        self.head.get(..self.length).unwrap_or_default()
    }

    /// Why a read failed, if one did: errno.
    pub fn fault(&self) -> Option<i32> {
        self.fault.get()
    }

    pub(crate) fn has_capabilities(&self) -> bool {
        sys::has_capabilities(&self.descriptor)
    }

    pub(crate) fn is_nosuid(&self) -> bool {
        sys::is_nosuid(&self.descriptor)
    }
}

impl Bytes for File {
    fn read(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let end = offset.saturating_add(buffer.len() as u64);
        if end <= self.length as u64 || self.length < HEAD {
            return self.head().read(offset, buffer);
        }
        let read = sys::read(&self.descriptor, offset, buffer);
        read.inspect_err(|error| self.fault.set(error.raw_os_error())).unwrap_or(0)
    }
}
