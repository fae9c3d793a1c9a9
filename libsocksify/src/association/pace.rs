//! How a call on a datagram socket waits: as long as the kernel would, with its errors.

use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use libc::{c_int, c_short};

use crate::interpose::{Progress, Verdict};
use crate::own::Own;
use crate::sys;
use crate::wait::Wait;

/// How long a sleep lasts at the most before the association is looked at again: nobody wakes those who wait for
/// datagrams when a control connection ends.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How far a call is. It lives on the application's stack.
#[derive(Default)]
pub(crate) struct Pace {
    begun: bool,
    /// SO_RCVTIMEO or SO_SNDTIMEO, as the moment when the call gives up.
    until: Option<Instant>,
    interrupted: bool,
    /// The time limit of recvmmsg(2).
    limit: Option<Instant>,
    /// Messages done, in a call for several.
    pub(crate) done: u32,
}

impl Progress for Pace {
    fn woken(&mut self, interrupted: bool) {
        self.interrupted |= interrupted;
    }
}

impl Pace {
    /// Takes note of the time limit of a call for several datagrams.
    pub(crate) fn limit_to(&mut self, limit: Option<&libc::timespec>) {
        let seconds = limit.and_then(|limit| u64::try_from(limit.tv_sec).ok());
        let nanoseconds = limit.and_then(|limit| u32::try_from(limit.tv_nsec).ok());
        if let (false, Some(seconds), Some(nanoseconds)) = (self.begun, seconds, nanoseconds) {
            self.limit = Instant::now()
                .checked_add(Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds.into()));
        }
    }

    /// Whether that is over.
    pub(crate) fn is_over_limit(&self) -> bool {
        self.limit.is_some_and(|limit| limit <= Instant::now())
    }

    /// Waits until datagrams can be received.
    pub(super) fn until_readable<T>(&mut self, fd: RawFd, flags: c_int) -> Verdict<T> {
        self.pause(fd, flags, sys::receive_timeout, (fd, libc::POLLIN))
    }

    /// Waits until there is room for a datagram.
    pub(crate) fn until_writable<T>(&mut self, fd: RawFd, flags: c_int) -> Verdict<T> {
        self.pause(fd, flags, sys::send_timeout, (fd, libc::POLLOUT))
    }

    /// Waits until the association stands, or cannot be had.
    pub(super) fn until_rung<T>(&mut self, fd: RawFd, bell: Own) -> Verdict<T> {
        self.pause(fd, 0, sys::send_timeout, (bell.fd, libc::POLLIN))
    }

    fn pause<T>(
        &mut self,
        fd: RawFd,
        flags: c_int,
        limit: fn(RawFd) -> Option<Duration>,
        (what, events): (RawFd, c_short),
    ) -> Verdict<T> {
        if !blocks(fd, flags) {
            return Verdict::Fail(libc::EAGAIN);
        }
        if !std::mem::replace(&mut self.begun, true) {
            self.until = limit(fd).and_then(|limit| Instant::now().checked_add(limit));
        }
        // With a time limit even handlers that want calls restarted end this one; signal(7).
        if std::mem::take(&mut self.interrupted) && (self.until.is_some() || sys::some_handler_interrupts()) {
            return Verdict::Fail(libc::EINTR);
        }
        let now = Instant::now();
        if self.until.is_some_and(|until| until <= now) {
            return Verdict::Fail(libc::EAGAIN);
        }
        let until = [self.until, now.checked_add(LOOK_AGAIN)].into_iter().flatten().min();
        Verdict::Wait(Wait::descriptor(what, events, until))
    }
}

/// Whether a call with these flags waits.
pub(crate) fn blocks(fd: RawFd, flags: c_int) -> bool {
    flags & libc::MSG_DONTWAIT == 0 && !sys::is_nonblocking(fd)
}
