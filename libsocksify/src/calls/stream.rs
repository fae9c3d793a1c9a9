//! fflush(3): a stdio stream writes from inside libc, where no hook of ours is called. What a datagram needs in front is laid
//! ready for it.

use libc::{FILE, c_int};

use crate::association;
use crate::ffi;
use crate::interpose::Verdict;

/// fflush(3), and fflush_unlocked(3).
pub(crate) fn fflush((): &mut (), stream: *mut FILE) -> Verdict<c_int> {
    // SAFETY: the application's own stream; this only reads its number.
    association::flushed((!stream.is_null()).then(|| unsafe { ffi::fileno_unlocked(stream) }));
    Verdict::Direct
}
