//! The mapped memory, seen as header, bucket heads and slots; all `unsafe` of this crate is in this module.
//!
//! Touching a page of a file that the file system has no room for is no error but SIGBUS, which would kill the
//! application. So memory is made sure of with [`Mapping::back`] before anything touches it. What stays is a process of
//! the same user that truncates the file while it is in use; it could kill the application as well.

pub(crate) mod calls;

use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::layout::{Header, Layout, Slot};

/// The memory of one table.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the mapping belongs to the whole process, and all access to it is through atomics.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps a file, which may be closed afterwards. It must have the layout's size.
    pub(crate) fn of_file(file: &File, layout: Layout) -> io::Result<Mapping> {
        Mapping::map(layout, libc::MAP_SHARED, file.as_raw_fd())
    }

    /// Memory without a file, shared with the children forked from now on. It costs only what is touched.
    pub(crate) fn anonymous(layout: Layout) -> io::Result<Mapping> {
        Mapping::map(layout, libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE, -1)
    }

    fn map(layout: Layout, flags: i32, file: RawFd) -> io::Result<Mapping> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at an address the kernel chooses touches no memory of ours.
        let start = unsafe { libc::mmap(ptr::null_mut(), layout.size(), access, flags, file, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(ErrorKind::OutOfMemory)?;
        Ok(Mapping { start, layout })
    }

    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    pub(crate) fn header(&self) -> &Header {
        // SAFETY: the mapping is page-aligned, starts with a header, lives as long as `self`; any bytes are a header.
        unsafe { self.start.cast().as_ref() }
    }

    /// The bucket heads.
    pub(crate) fn buckets(&self) -> &[AtomicU32] {
        // SAFETY: the layout puts this many heads there, at a multiple of four; any bytes are heads.
        unsafe { slice::from_raw_parts(self.at(Layout::BUCKETS).cast(), self.layout.buckets as usize) }
    }

    /// A slot, if it has its memory.
    pub(crate) fn slot(&self, index: u32) -> Option<&Slot> {
        let backed = self.header().backed.load(Ordering::Acquire);
        if index >= backed || index >= self.layout.slots {
            return None;
        }
        // SAFETY: the layout puts this slot there, at a multiple of eight; any bytes are a slot.
        Some(unsafe { &*self.at(self.layout.offset(index)).cast::<Slot>() })
    }

    /// Gives some bytes their memory, or says why there is none. Fails with EINVAL before Linux 5.14.
    pub(crate) fn back(&self, bytes: ops::Range<usize>) -> io::Result<()> {
        self.populate(bytes, libc::MADV_POPULATE_WRITE)
    }

    /// Makes sure that some bytes can be read, or says why not. Fails with EINVAL before Linux 5.14.
    pub(crate) fn probe(&self, bytes: ops::Range<usize>) -> io::Result<()> {
        self.populate(bytes, libc::MADV_POPULATE_READ)
    }

    fn populate(&self, bytes: ops::Range<usize>, advice: i32) -> io::Result<()> {
        let start = bytes.start.min(self.layout.size());
        let first = start - start % calls::page_size();
        let length = bytes.end.min(self.layout.size()).saturating_sub(first);
        // SAFETY: the pages are within the mapping, and this advice changes none of their bytes.
        if unsafe { libc::madvise(self.at(first).cast(), length, advice) } == 0 {
            return Ok(());
        }
        match io::Error::last_os_error() {
            // How madvise(2) says that touching the pages would have ended in SIGBUS.
            error if error.raw_os_error() == Some(libc::EFAULT) => Err(ErrorKind::StorageFull.into()),
            error => Err(error),
        }
    }

    fn at(&self, offset: usize) -> *mut u8 {
        // SAFETY: every caller's offset comes from the layout, which is what was mapped.
        unsafe { self.start.as_ptr().add(offset) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and no borrow of it outlives `self`.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.layout.size()) };
    }
}

impl Slot {
    /// The name of a slot that is linked into its bucket.
    pub(crate) fn name(&self) -> &[u8] {
        let length = self.mark.load(Ordering::Relaxed) as u8;
        // SAFETY: the array has room for every length a byte can say, and the protocol of the table writes no name
        // again once its slot is linked.
        unsafe { slice::from_raw_parts(self.name.as_ptr().cast(), usize::from(length)) }
    }
}
