//! Datagrams that a non-blocking socket sends before its association stands: kept, with their headers, in a mapping that
//! is there for that time only.

use std::ptr::{self, NonNull};

use libc::iovec;

use super::parts::Parts;

const MOST: usize = 64;
const BYTES: usize = 256 * 1024;

/// How long a datagram is, in front of it.
const LENGTH: usize = size_of::<u32>();

/// See the module. Freed by hand, since what holds it is copied by fork(2) and forgotten with its slot.
pub(super) struct Queue {
    memory: Option<NonNull<u8>>,
    count: usize,
    begin: usize,
    end: usize,
}

impl Queue {
    pub(super) const NONE: Queue = Queue { memory: None, count: 0, begin: 0, end: 0 };

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Keeps a datagram; false where there is no room.
    ///
    /// # Safety
    /// The parts can be read.
    pub(super) unsafe fn keep(&mut self, datagram: &Parts, length: usize) -> bool {
        if self.count == MOST || self.end + LENGTH + length > BYTES {
            return false;
        }
        let Some(memory) = self.memory.or_else(map) else { return false };
        self.memory = Some(memory);
        let prefix = u32::try_from(length).unwrap_or(0).to_ne_bytes();
        // SAFETY: the mapping has room for both, as was just checked; the parts are the application's own.
        unsafe {
            let place = memory.add(self.end);
            ptr::copy_nonoverlapping(prefix.as_ptr(), place.as_ptr(), LENGTH);
            let space = std::slice::from_raw_parts_mut(place.add(LENGTH).as_ptr(), length);
            datagram.peek(space);
        }
        self.end += LENGTH + length;
        self.count += 1;
        true
    }

    /// The datagram kept longest, as one part. It stays until [`Queue::drop_first`].
    pub(super) fn first(&self) -> Option<iovec> {
        let memory = self.memory.filter(|_| self.count > 0)?;
        // SAFETY: written by `keep`.
        unsafe {
            let place = memory.add(self.begin);
            let length = place.cast::<[u8; LENGTH]>().read_unaligned();
            let iov_len = u32::from_ne_bytes(length) as usize;
            Some(iovec { iov_base: place.add(LENGTH).as_ptr().cast(), iov_len })
        }
    }

    pub(super) fn drop_first(&mut self) {
        let Some(first) = self.first() else { return };
        self.begin += LENGTH + first.iov_len;
        self.count -= 1;
        if self.count == 0 {
            self.clear();
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        if let Some(memory) = self.memory.take() {
            // SAFETY: mapped by `map`, and forgotten.
            unsafe { libc::munmap(memory.as_ptr().cast(), BYTES) };
        }
        *self = Queue::NONE;
    }
}

fn map() -> Option<NonNull<u8>> {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a fresh mapping.
    let fresh = unsafe { libc::mmap(ptr::null_mut(), BYTES, protection, flags, -1, 0) };
    if fresh == libc::MAP_FAILED { None } else { NonNull::new(fresh.cast()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::association::parts::part_of;

    fn keep(queue: &mut Queue, bytes: &[u8]) -> bool {
        // SAFETY: slices that outlive the call.
        unsafe {
            let parts = Parts::new(part_of(b"header"), &part_of(bytes), 1, None).unwrap();
            queue.keep(&parts, 6 + bytes.len())
        }
    }

    fn take(queue: &mut Queue) -> Option<Vec<u8>> {
        let first = queue.first()?;
        // SAFETY: as kept.
        let bytes =
            unsafe { std::slice::from_raw_parts(first.iov_base.cast::<u8>(), first.iov_len) }.to_vec();
        queue.drop_first();
        Some(bytes)
    }

    #[test]
    fn datagrams_come_out_as_they_went_in() {
        let mut queue = Queue::NONE;
        assert!(keep(&mut queue, b"one") && keep(&mut queue, b"") && keep(&mut queue, b"three"));
        assert_eq!(take(&mut queue).unwrap(), b"headerone");
        assert_eq!(take(&mut queue).unwrap(), b"header");
        assert_eq!(take(&mut queue).unwrap(), b"headerthree");
        assert!(take(&mut queue).is_none() && queue.memory.is_none());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut queue = Queue::NONE;
        assert_eq!((0..100).take_while(|_| keep(&mut queue, b"x")).count(), MOST);
        queue.clear();
        let large = vec![0; 60_000];
        assert_eq!((0..100).take_while(|_| keep(&mut queue, &large)).count(), 4);
        queue.clear();
        assert!(queue.first().is_none());
    }
}
