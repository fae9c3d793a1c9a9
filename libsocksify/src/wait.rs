//! Sleeping for a descriptor on behalf of a blocking call, outside the guard.

use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use libc::{c_int, c_short};

use crate::ffi;

/// What a blocking call waits for. Waking early is allowed: whoever asked looks again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) fd: RawFd,
    /// `POLLIN` or `POLLOUT`.
    pub(crate) events: c_short,
    pub(crate) until: Option<Instant>,
}

impl Wait {
    /// Sleeps until the descriptor is ready, the time is up or a signal handler ran. The thread may be cancelled
    /// here: nothing on the way to this frame has anything to drop.
    pub(crate) fn sleep(self) {
        let mut entry = libc::pollfd { fd: self.fd, events: self.events, revents: 0 };
        let timeout =
            self.until.map_or(-1, |until| milliseconds(until.saturating_duration_since(Instant::now())));
        let errno = crate::errno::current();
        // SAFETY: one valid entry.
        unsafe { ffi::poll(&mut entry, 1, timeout) };
        crate::errno::set(errno);
    }
}

/// Rounded up, so that a sleep never ends before its time.
fn milliseconds(duration: Duration) -> c_int {
    c_int::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(c_int::MAX)
}
