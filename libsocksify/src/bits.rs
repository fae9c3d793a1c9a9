//! A `fd_set` as the kernel takes it: as many bits as the call says, which may be more than FD_SETSIZE; select(2).

use libc::{c_int, c_ulong};

/// See the module. Null is the empty set.
pub(crate) struct Bits {
    words: *mut c_ulong,
    count: c_int,
}

const WORD: usize = c_ulong::BITS as usize;

impl Bits {
    /// # Safety
    /// `words` is null or holds `count` bits, rounded up to a word, as long as the value is used.
    pub(crate) unsafe fn new(words: *mut c_ulong, count: c_int) -> Bits {
        Bits { words, count: count.max(0) }
    }

    /// How many descriptors the set speaks of.
    pub(crate) fn len(&self) -> c_int {
        self.count
    }

    /// Whether a descriptor is in the set.
    pub(crate) fn has(&self, fd: c_int) -> bool {
        // SAFETY: `word` points into the set.
        self.word(fd).is_some_and(|(word, bit)| unsafe { word.read_unaligned() } & bit != 0)
    }

    /// Puts a descriptor into the set.
    pub(crate) fn put(&self, fd: c_int) {
        if let Some((word, bit)) = self.word(fd) {
            // SAFETY: `word` points into the set.
            unsafe { word.write_unaligned(word.read_unaligned() | bit) };
        }
    }

    /// Empties the set.
    pub(crate) fn clear(&self) {
        for (word, _) in (0..self.count).step_by(WORD).filter_map(|fd| self.word(fd)) {
            // SAFETY: `word` points into the set.
            unsafe { word.write_unaligned(0) };
        }
    }

    fn word(&self, fd: c_int) -> Option<(*mut c_ulong, c_ulong)> {
        let index = usize::try_from(fd).ok().filter(|_| fd < self.count && !self.words.is_null())?;
        Some((self.words.wrapping_add(index / WORD), 1 << (index % WORD)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_of_fd_set() {
        // SAFETY: an all-zero fd_set is the empty one; it has 1024 bits.
        unsafe {
            let mut set: libc::fd_set = std::mem::zeroed();
            libc::FD_SET(70, &mut set);
            let bits = Bits::new((&raw mut set).cast(), 100);
            assert!(bits.has(70) && !bits.has(69) && !bits.has(100) && !bits.has(-1));
            bits.put(3);
            assert!(libc::FD_ISSET(3, &set));
            bits.clear();
            assert!(!libc::FD_ISSET(70, &set) && !libc::FD_ISSET(3, &set));
            assert!(!Bits::new(std::ptr::null_mut(), 100).has(3));
        }
    }
}
