//! The parts of a message (`struct iovec`), with one of ours before the application's, and, for what comes in, one behind.

use std::ptr;

use libc::{c_void, iovec};

/// As many parts as a message can have; readv(2), UIO_MAXIOV.
const MOST: usize = 1024;

/// Enough for most messages.
const FEW: usize = 16;

/// The parts of a message, as the kernel takes them.
pub(super) struct Parts {
    few: [iovec; FEW + 2],
    /// Where there are more: a mapping.
    many: *mut iovec,
    count: usize,
}

impl Parts {
    /// The application's parts between two of ours; `None` where there are more than the kernel takes.
    ///
    /// # Safety
    /// `theirs` is null or points to `count` parts.
    pub(super) unsafe fn new(
        before: iovec,
        theirs: *const iovec,
        count: usize,
        behind: Option<iovec>,
    ) -> Option<Parts> {
        let count = if theirs.is_null() { 0 } else { count };
        let all = count + 1 + usize::from(behind.is_some());
        if all > MOST {
            return None;
        }
        let nothing = iovec { iov_base: ptr::null_mut(), iov_len: 0 };
        let mut parts = Parts { few: [nothing; FEW + 2], many: ptr::null_mut(), count: all };
        if all > FEW + 2 {
            parts.many = map(all)?;
        }
        // SAFETY: room for `all` parts; the application has `count` of them.
        unsafe {
            let to = parts.as_mut_ptr();
            to.write(before);
            if count > 0 {
                ptr::copy_nonoverlapping(theirs, to.add(1), count);
            }
            if let Some(behind) = behind {
                to.add(1 + count).write(behind);
            }
        }
        Some(parts)
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut iovec {
        if self.many.is_null() { self.few.as_mut_ptr() } else { self.many }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    fn as_slice(&self) -> &[iovec] {
        let first = if self.many.is_null() { self.few.as_ptr() } else { self.many.cast_const() };
        // SAFETY: as many parts as were written.
        unsafe { std::slice::from_raw_parts(first, self.count) }
    }

    /// Copies the first bytes of a message out; gives how many there are.
    ///
    /// # Safety
    /// The parts can be read as far as `to` reaches.
    pub(super) unsafe fn peek(&self, to: &mut [u8]) -> usize {
        let mut done = 0;
        for part in self.as_slice() {
            let length = part.iov_len.min(to.len() - done);
            // SAFETY: forwarded; `to` has room for as many.
            unsafe {
                ptr::copy_nonoverlapping(part.iov_base.cast::<u8>(), to.as_mut_ptr().add(done), length)
            };
            done += length;
            if done == to.len() {
                break;
            }
        }
        done
    }

    /// Moves `length` bytes of the message from one place in it to another.
    ///
    /// # Safety
    /// Both ranges lie within the parts, which can be written.
    pub(super) unsafe fn shift(&self, from: usize, to: usize, length: usize) {
        let mut done = 0;
        while from != to && done < length {
            // Towards the front from the front, towards the end from the end: what is overwritten has been moved.
            let (source, target, room) = if to < from {
                let (source, left) = self.forward(from + done);
                let (target, room) = self.forward(to + done);
                (source, target, left.min(room).min(length - done))
            } else {
                let (source, left) = self.backward(from + length - done);
                let (target, room) = self.backward(to + length - done);
                let count = left.min(room).min(length - done);
                (source.wrapping_sub(count), target.wrapping_sub(count), count)
            };
            if room == 0 {
                return;
            }
            // SAFETY: forwarded; both lie within one part each.
            unsafe { ptr::copy(source, target, room) };
            done += room;
        }
    }

    /// The byte at `at`, and how many follow in its part, it included.
    fn forward(&self, mut at: usize) -> (*mut u8, usize) {
        for part in self.as_slice() {
            if at < part.iov_len {
                return (part.iov_base.cast::<u8>().wrapping_add(at), part.iov_len - at);
            }
            at -= part.iov_len;
        }
        (ptr::null_mut(), 0)
    }

    /// The place behind the byte before `at`, and how many bytes of its part lie before it.
    fn backward(&self, mut at: usize) -> (*mut u8, usize) {
        for part in self.as_slice() {
            if at <= part.iov_len && at > 0 {
                return (part.iov_base.cast::<u8>().wrapping_add(at), at);
            }
            at -= part.iov_len.min(at);
        }
        (ptr::null_mut(), 0)
    }

    /// Gives the memory back; there is nothing else to drop.
    pub(super) fn release(&mut self) {
        if !self.many.is_null() {
            // SAFETY: mapped by `map` for as many parts.
            unsafe { libc::munmap(self.many.cast(), self.count * size_of::<iovec>()) };
            self.many = ptr::null_mut();
            self.count = 0;
        }
    }
}

fn map(count: usize) -> Option<*mut iovec> {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a fresh mapping.
    let fresh = unsafe { libc::mmap(ptr::null_mut(), count * size_of::<iovec>(), protection, flags, -1, 0) };
    (fresh != libc::MAP_FAILED).then_some(fresh.cast())
}

/// A part that is a slice of ours.
pub(super) fn part(bytes: &mut [u8]) -> iovec {
    iovec { iov_base: bytes.as_mut_ptr().cast::<c_void>(), iov_len: bytes.len() }
}

/// A part that is only read.
pub(super) fn part_of(bytes: &[u8]) -> iovec {
    iovec { iov_base: bytes.as_ptr().cast_mut().cast::<c_void>(), iov_len: bytes.len() }
}

/// How many bytes parts have room for.
///
/// # Safety
/// `parts` is null or points to `count` parts.
pub(super) unsafe fn room(parts: *const iovec, count: usize) -> usize {
    let count = if parts.is_null() { 0 } else { count };
    // SAFETY: forwarded.
    (0..count).fold(0, |sum, index| unsafe { sum.saturating_add((*parts.add(index)).iov_len) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message in parts of these sizes, of which the first and the last are ours.
    fn shifted(sizes: &[usize], from: usize, to: usize, length: usize) -> Vec<u8> {
        let total: usize = sizes.iter().sum();
        let mut memory: Vec<Vec<u8>> = Vec::new();
        let mut next = 0;
        for size in sizes {
            memory.push((next..next + size).map(|byte| byte as u8).collect());
            next += size;
        }
        let parts: Vec<iovec> = memory.iter_mut().map(|bytes| part(bytes)).collect();
        let (first, last) = (parts[0], parts[parts.len() - 1]);
        // SAFETY: slices that outlive the parts.
        unsafe {
            let mut all = Parts::new(first, parts[1..].as_ptr(), parts.len() - 2, Some(last)).unwrap();
            all.shift(from, to, length);
            let mut out = vec![0; total];
            assert_eq!(all.peek(&mut out), total);
            all.release();
            out
        }
    }

    fn expected(total: usize, from: usize, to: usize, length: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..total).map(|byte| byte as u8).collect();
        bytes.copy_within(from..from + length, to);
        bytes
    }

    #[test]
    fn bytes_move_across_parts_as_within_one() {
        let layouts: [&[usize]; 5] =
            [&[10, 40, 5], &[3, 0, 7, 1, 1, 30, 0, 9], &[22, 4], &[1, 1, 1, 1, 1, 1], &[5; 40]];
        for sizes in layouts {
            let total: usize = sizes.iter().sum();
            for from in 0..total {
                for to in 0..total {
                    for length in [1, 2, 7, total - from.max(to)] {
                        let length = length.min(total - from.max(to));
                        assert_eq!(
                            shifted(sizes, from, to, length),
                            expected(total, from, to, length),
                            "{sizes:?} {from} {to} {length}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn more_parts_than_the_kernel_takes_are_too_many() {
        let nothing = iovec { iov_base: ptr::null_mut(), iov_len: 0 };
        let many = vec![nothing; MOST];
        // SAFETY: as many parts as are said.
        unsafe {
            assert!(Parts::new(nothing, many.as_ptr(), MOST, None).is_none());
            let mut most = Parts::new(nothing, many.as_ptr(), MOST - 2, Some(nothing)).unwrap();
            assert_eq!(most.count(), MOST);
            most.release();
        }
    }
}
