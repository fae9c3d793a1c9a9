//! Sleeping on behalf of a blocking call, outside the guard.

use std::os::fd::RawFd;
use std::ptr;
use std::time::{Duration, Instant};

use libc::{c_int, c_short, nfds_t, pollfd, sigset_t};

use crate::hooks::real;

/// What a blocking call waits for. Waking early is allowed: whoever asked looks again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) what: What,
    pub(crate) until: Option<Instant>,
}

/// See [`Wait`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    /// `POLLIN` or `POLLOUT` on a descriptor.
    Descriptor(RawFd, c_short),
    /// Entries as poll(2) takes them, and the signal mask of ppoll(2) or null.
    List(*mut pollfd, nfds_t, *const sigset_t),
}

impl Wait {
    /// Waits for one descriptor.
    pub(crate) fn descriptor(fd: RawFd, events: c_short, until: Option<Instant>) -> Wait {
        Wait { what: What::Descriptor(fd, events), until }
    }

    /// What a wait for one descriptor waits for.
    pub(crate) fn events(&self) -> c_short {
        match self.what {
            What::Descriptor(_, events) => events,
            What::List(..) => 0,
        }
    }

    /// Sleeps until something is ready, the time is up or a signal handler ran; says whether one did. The thread
    /// may be cancelled here: nothing on the way to this frame has anything to drop.
    pub(crate) fn sleep(self) -> bool {
        let errno = crate::errno::current();
        let timeout = self.until.map(|until| timespec(until.saturating_duration_since(Instant::now())));
        let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
        // SAFETY: valid entries: one of our own, or the caller's list.
        let result = unsafe {
            match self.what {
                What::Descriptor(fd, events) => {
                    let mut entry = pollfd { fd, events, revents: 0 };
                    real::ppoll(&mut entry, 1, timeout, ptr::null())
                }
                What::List(entries, count, mask) => real::ppoll(entries, count, timeout, mask),
            }
        };
        let interrupted = result < 0 && crate::errno::current() == libc::EINTR;
        crate::errno::set(errno);
        interrupted
    }
}

fn timespec(duration: Duration) -> libc::timespec {
    let seconds = libc::time_t::try_from(duration.as_secs()).unwrap_or(libc::time_t::MAX);
    libc::timespec { tv_sec: seconds, tv_nsec: duration.subsec_nanos().into() }
}

/// Rounded up, so that a sleep never ends before its time.
pub(crate) fn milliseconds(duration: Duration) -> c_int {
    c_int::try_from(duration.as_micros().div_ceil(1000)).unwrap_or(c_int::MAX)
}
