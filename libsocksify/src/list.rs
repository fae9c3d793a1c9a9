//! A list of poll(2) entries that a sleeping call keeps. It is freed by hand: a thread may be cancelled while it
//! sleeps, and then nothing may be left to drop.

use std::{ptr, slice};

use libc::pollfd;

/// See the module.
pub(crate) struct List {
    entries: *mut pollfd,
    count: usize,
}

impl Default for List {
    fn default() -> List {
        List { entries: ptr::null_mut(), count: 0 }
    }
}

impl List {
    /// The entries.
    pub(crate) fn entries(&mut self) -> &mut [pollfd] {
        if self.entries.is_null() {
            return &mut [];
        }
        // SAFETY: allocated for `count` entries, all of them written.
        unsafe { slice::from_raw_parts_mut(self.entries, self.count) }
    }

    /// Makes the list a copy of `from`; `None` where there is no memory.
    pub(crate) fn fill(&mut self, from: &[pollfd]) -> Option<&mut [pollfd]> {
        if self.count != from.len() || self.entries.is_null() {
            self.give_back();
            // SAFETY: any size may be asked for.
            self.entries = unsafe { libc::malloc(size_of_val(from).max(1)) }.cast();
            if self.entries.is_null() {
                return None;
            }
            self.count = from.len();
        }
        // SAFETY: as many entries as were allocated, from elsewhere.
        unsafe { ptr::copy_nonoverlapping(from.as_ptr(), self.entries, from.len()) };
        Some(self.entries())
    }

    /// Frees the entries.
    pub(crate) fn give_back(&mut self) {
        // SAFETY: null or from malloc, and forgotten at once.
        unsafe { libc::free(std::mem::replace(&mut self.entries, ptr::null_mut()).cast()) };
        self.count = 0;
    }
}
