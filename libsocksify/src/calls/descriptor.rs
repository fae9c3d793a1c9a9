//! close(2), dup(2) and fcntl(2): what we know of a descriptor follows its copies and ends with it.

use libc::c_int;

use crate::association::Pace;
use crate::hooks::real;
use crate::interpose::Verdict;
use crate::{association, callback, descriptors, errno, parking, trace};

/// Whether a fcntl(2) makes a copy.
pub(crate) fn duplicates(command: c_int) -> bool {
    [libc::F_DUPFD, libc::F_DUPFD_CLOEXEC].contains(&command)
}

/// Takes note of a copy.
pub(crate) fn note_dup(copy: c_int, original: c_int) {
    parking::note_copy(original, copy);
    descriptors::copy_bound(original, copy);
}

/// As [`note_dup`].
pub(crate) fn note_dup2(copy: c_int, original: c_int, _: c_int) {
    note_dup(copy, original);
}

/// As [`note_dup`].
pub(crate) fn note_dup3(copy: c_int, original: c_int, _: c_int, _: c_int) {
    note_dup(copy, original);
}

/// As [`note_dup`].
pub(crate) fn note_fcntl(copy: c_int, original: c_int, command: c_int, _: usize) {
    if duplicates(command) {
        note_dup(copy, original);
    }
}

/// Forgets what is being closed.
pub(crate) fn close((): &mut (), fd: c_int) -> Verdict<c_int> {
    trace::closing(fd);
    parking::closed(fd);
    association::closed(fd);
    descriptors::forget(fd);
    if callback::is_waiting(fd) {
        return Verdict::Done(callback::close(fd));
    }
    Verdict::Direct
}

/// Copies what is known.
pub(crate) fn dup((): &mut (), original: c_int) -> Verdict<c_int> {
    // SAFETY: dup has no preconditions.
    copied(original, unsafe { real::dup(original) })
}

/// Copies what is known onto a descriptor that is closed by it.
pub(crate) fn dup2(pace: &mut Pace, original: c_int, copy: c_int) -> Verdict<c_int> {
    if let Some(wait) = association::prepare(pace, original, copy) {
        return wait;
    }
    replacing(original, copy);
    // SAFETY: dup2 has no preconditions.
    copied(original, unsafe { real::dup2(original, copy) })
}

/// As [`dup2`], with flags.
pub(crate) fn dup3(pace: &mut Pace, original: c_int, copy: c_int, flags: c_int) -> Verdict<c_int> {
    if let Some(wait) = association::prepare(pace, original, copy) {
        return wait;
    }
    replacing(original, copy);
    // SAFETY: dup3 has no preconditions.
    copied(original, unsafe { real::dup3(original, copy, flags) })
}

/// F_DUPFD and its relative copy a descriptor as dup(2) does.
pub(crate) fn fcntl((): &mut (), fd: c_int, command: c_int, argument: usize) -> Verdict<c_int> {
    // SAFETY: the application's own arguments.
    copied(fd, unsafe { real::fcntl(fd, command, argument) })
}

/// What is known of `copy` is about to end, unless it is the same.
fn replacing(original: c_int, copy: c_int) {
    if original != copy {
        trace::closing(copy);
    }
}

fn copied(original: c_int, copy: c_int) -> Verdict<c_int> {
    if copy < 0 {
        return Verdict::Fail(errno::current());
    }
    if copy != original {
        parking::note_copy(original, copy);
        parking::closed(copy);
        parking::copied(original, copy);
        callback::replaced(copy);
        callback::copied(original, copy);
        association::closed(copy);
        association::copied(original, copy);
        association::arm(copy);
        descriptors::copy(original, copy);
    }
    Verdict::Done(copy)
}
