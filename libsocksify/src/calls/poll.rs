//! poll(2), ppoll(2), select(2) and pselect(2), while dialogues with proxies go on: a socket that is parked shows
//! nothing, and its end wakes the sleeper.

use std::time::{Duration, Instant};

use libc::{c_int, fd_set, nfds_t, pollfd, sigset_t, size_t, timespec, timeval};

use crate::bits::Bits;
use crate::hooks::real;
use crate::interpose::{self, Verdict};
use crate::list::List;
use crate::wait::{Wait, What};
use crate::{parking, sys};

/// How far a call is.
#[derive(Default)]
pub(crate) struct Progress {
    begun: bool,
    until: Option<Instant>,
    interrupted: bool,
    /// The entries slept on; given back when the call ends.
    list: List,
}

impl interpose::Progress for Progress {
    fn woken(&mut self, interrupted: bool) {
        self.interrupted = interrupted;
    }
}

/// poll(2).
pub(crate) fn poll(
    progress: &mut Progress,
    entries: *mut pollfd,
    count: nfds_t,
    timeout: c_int,
) -> Verdict<c_int> {
    let timeout = u64::try_from(timeout).ok().map(Duration::from_millis);
    poll_entries(progress, entries, count, timeout, std::ptr::null())
}

/// poll(2) as `_FORTIFY_SOURCE` calls it.
pub(crate) fn poll_chk(
    progress: &mut Progress,
    entries: *mut pollfd,
    count: nfds_t,
    timeout: c_int,
    room: size_t,
) -> Verdict<c_int> {
    if is_overrun(count, room) { Verdict::Direct } else { poll(progress, entries, count, timeout) }
}

/// ppoll(2).
pub(crate) fn ppoll(
    progress: &mut Progress,
    entries: *mut pollfd,
    count: nfds_t,
    timeout: *const timespec,
    mask: *const sigset_t,
) -> Verdict<c_int> {
    // SAFETY: null or a time of the application's.
    match unsafe { timeout.as_ref() }.map(duration) {
        Some(None) => Verdict::Direct,
        timeout => poll_entries(progress, entries, count, timeout.flatten(), mask),
    }
}

/// ppoll(2) as `_FORTIFY_SOURCE` calls it.
pub(crate) fn ppoll_chk(
    progress: &mut Progress,
    entries: *mut pollfd,
    count: nfds_t,
    timeout: *const timespec,
    mask: *const sigset_t,
    room: size_t,
) -> Verdict<c_int> {
    if is_overrun(count, room) { Verdict::Direct } else { ppoll(progress, entries, count, timeout, mask) }
}

/// The buffer is smaller than the count says: libc ends the program, not we.
fn is_overrun(count: nfds_t, room: size_t) -> bool {
    (count as usize).saturating_mul(size_of::<pollfd>()) > room
}

/// `None` for what the kernel refuses.
fn duration(time: &timespec) -> Option<Duration> {
    let nanoseconds = u32::try_from(time.tv_nsec).ok().filter(|nanoseconds| *nanoseconds < 1_000_000_000)?;
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, nanoseconds))
}

fn poll_entries(
    progress: &mut Progress,
    entries: *mut pollfd,
    count: nfds_t,
    timeout: Option<Duration>,
    mask: *const sigset_t,
) -> Verdict<c_int> {
    let Some(count) = usize::try_from(count).ok().filter(|count| !entries.is_null() && *count < 1 << 20)
    else {
        return Verdict::Direct;
    };
    // SAFETY: the application's own array.
    let entries = unsafe { std::slice::from_raw_parts_mut(entries, count) };
    match progress.look(entries, timeout, mask, |entry| entry.revents != 0) {
        Look::Direct => Verdict::Direct,
        Look::Wait(wait) => Verdict::Wait(wait),
        Look::Fail(errno) => Verdict::Fail(errno),
        Look::Over => {
            let shown = progress.list.entries();
            entries.iter_mut().zip(&*shown).for_each(|(entry, shown)| entry.revents = shown.revents);
            let ready = shown.iter().filter(|entry| entry.revents != 0).count();
            progress.list.give_back();
            Verdict::Done(c_int::try_from(ready).unwrap_or(c_int::MAX))
        }
    }
}

/// What a look at the entries came to.
enum Look {
    /// Nothing of ours among them.
    Direct,
    Wait(Wait),
    Fail(c_int),
    /// Something is ready, or the time is up; the list says what.
    Over,
}

impl Progress {
    /// Looks without sleeping. `counts` says whether an entry is ready in the caller's sense.
    fn look(
        &mut self,
        entries: &[pollfd],
        timeout: Option<Duration>,
        mask: *const sigset_t,
        counts: impl Fn(&pollfd) -> bool,
    ) -> Look {
        let open = |entry: &pollfd| if parking::concerns(entry.fd) { parking::open(entry.fd) } else { None };
        if !std::mem::replace(&mut self.begun, true) {
            if !entries.iter().any(|entry| open(entry).is_some()) {
                return Look::Direct;
            }
            self.until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        }
        let Some(list) = self.list.fill(entries) else { return Look::Fail(libc::ENOMEM) };
        let mut parked = false;
        for entry in list.iter_mut() {
            entry.revents = 0;
            if open(entry).is_some() {
                (entry.fd, parked) = (-1, true);
            }
        }
        // SAFETY: pointer and length of one list; nothing is waited for.
        if unsafe { real::poll(list.as_mut_ptr(), list.len() as nfds_t, 0) } < 0 {
            return self.fail(crate::errno::current());
        }
        if list.iter().any(&counts) || self.until.is_some_and(|until| Instant::now() >= until) {
            return Look::Over;
        }
        if std::mem::take(&mut self.interrupted) {
            return self.fail(libc::EINTR);
        }
        // Parked sockets are slept on by what signals their end; what is ready, but not in the caller's sense,
        // would not let us sleep at all.
        let mut brief = parked;
        for (slept, entry) in list.iter_mut().zip(entries) {
            if let Some(done) = open(entry) {
                (slept.fd, slept.events) = (done, libc::POLLIN);
            } else if slept.revents != 0 {
                (slept.fd, brief) = (-1, true);
            }
        }
        let soon = if brief { Instant::now().checked_add(parking::LOOK_AGAIN) } else { None };
        let until = [self.until, soon].into_iter().flatten().min();
        Look::Wait(Wait { what: What::List(list.as_mut_ptr(), list.len() as nfds_t, mask), until })
    }

    fn fail(&mut self, errno: c_int) -> Look {
        self.list.give_back();
        Look::Fail(errno)
    }
}

const FD_SETSIZE: c_int = libc::FD_SETSIZE as c_int;

/// The three sets of a select(2).
struct Sets {
    readable: Bits,
    writable: Bits,
    exceptional: Bits,
}

/// What poll(2) shows for each of select(2)'s sets; the kernel's own groups.
const READABLE: libc::c_short =
    libc::POLLIN | libc::POLLRDNORM | libc::POLLRDBAND | libc::POLLHUP | libc::POLLERR;
const WRITABLE: libc::c_short = libc::POLLOUT | libc::POLLWRNORM | libc::POLLWRBAND | libc::POLLERR;
const EXCEPTIONAL: libc::c_short = libc::POLLPRI;

/// select(2).
pub(crate) fn select(
    progress: &mut Progress,
    count: c_int,
    readable: *mut fd_set,
    writable: *mut fd_set,
    exceptional: *mut fd_set,
    timeout: *mut timeval,
) -> Verdict<c_int> {
    // SAFETY: null or a time of the application's.
    let limit = match unsafe { timeout.as_ref() } {
        None => None,
        Some(time) => {
            let micros = u64::try_from(time.tv_sec).ok().zip(u64::try_from(time.tv_usec).ok());
            let Some((seconds, micros)) = micros else { return Verdict::Direct };
            Some(Duration::from_secs(seconds) + Duration::from_micros(micros))
        }
    };
    // SAFETY: the application's own sets.
    let sets = unsafe { Sets::new(count, readable, writable, exceptional) };
    let verdict = sets.select(progress, limit, std::ptr::null());
    if let (Verdict::Done(_), Some(until)) = (&verdict, progress.until) {
        let left = until.saturating_duration_since(Instant::now());
        // SAFETY: Linux tells the application how much of its time is left; select(2).
        unsafe {
            (*timeout).tv_sec = left.as_secs() as libc::time_t;
            (*timeout).tv_usec = left.subsec_micros().into();
        }
    }
    verdict
}

/// pselect(2).
pub(crate) fn pselect(
    progress: &mut Progress,
    count: c_int,
    readable: *mut fd_set,
    writable: *mut fd_set,
    exceptional: *mut fd_set,
    timeout: *const timespec,
    mask: *const sigset_t,
) -> Verdict<c_int> {
    // SAFETY: null or a time of the application's.
    let limit = match unsafe { timeout.as_ref() }.map(duration) {
        Some(None) => return Verdict::Direct,
        limit => limit.flatten(),
    };
    // SAFETY: the application's own sets.
    unsafe { Sets::new(count, readable, writable, exceptional) }.select(progress, limit, mask)
}

impl Sets {
    unsafe fn new(
        count: c_int,
        readable: *mut fd_set,
        writable: *mut fd_set,
        exceptional: *mut fd_set,
    ) -> Sets {
        // The kernel looks no further than its table of descriptors reaches; behind that the sets may end.
        let count =
            if count > FD_SETSIZE { count.min(sys::descriptor_table_size().max(FD_SETSIZE)) } else { count };
        // SAFETY: forwarded: each set is null or has `count` bits.
        unsafe {
            Sets {
                readable: Bits::new(readable.cast(), count),
                writable: Bits::new(writable.cast(), count),
                exceptional: Bits::new(exceptional.cast(), count),
            }
        }
    }

    fn select(
        &self,
        progress: &mut Progress,
        limit: Option<Duration>,
        mask: *const sigset_t,
    ) -> Verdict<c_int> {
        let entries: Vec<pollfd> = (0..self.readable.len()).filter_map(|fd| self.entry(fd)).collect();
        match progress.look(&entries, limit, mask, |entry| self.shown(entry) != [false; 3]) {
            Look::Direct => Verdict::Direct,
            Look::Wait(wait) => Verdict::Wait(wait),
            Look::Fail(errno) => Verdict::Fail(errno),
            Look::Over => {
                let verdict = self.write(progress.list.entries());
                progress.list.give_back();
                verdict
            }
        }
    }

    fn entry(&self, fd: c_int) -> Option<pollfd> {
        let wanted =
            [(&self.readable, READABLE), (&self.writable, WRITABLE), (&self.exceptional, EXCEPTIONAL)];
        let events =
            wanted.into_iter().filter(|(set, _)| set.has(fd)).fold(0, |events, (_, more)| events | more);
        (events != 0).then_some(pollfd { fd, events, revents: 0 })
    }

    /// In which of the three sets an entry is ready; a descriptor that is not open ends the call.
    fn shown(&self, entry: &pollfd) -> [bool; 3] {
        let is = |set: &Bits, group| set.has(entry.fd) && entry.revents & (group | libc::POLLNVAL) != 0;
        [is(&self.readable, READABLE), is(&self.writable, WRITABLE), is(&self.exceptional, EXCEPTIONAL)]
    }

    fn write(&self, list: &[pollfd]) -> Verdict<c_int> {
        if list.iter().any(|entry| entry.revents & libc::POLLNVAL != 0) {
            return Verdict::Fail(libc::EBADF);
        }
        let shown: Vec<_> = list.iter().map(|entry| (entry.fd, self.shown(entry))).collect();
        let mut ready = 0;
        for (index, set) in [&self.readable, &self.writable, &self.exceptional].into_iter().enumerate() {
            set.clear();
            for (fd, _) in shown.iter().filter(|(fd, shown)| *fd >= 0 && shown[index]) {
                set.put(*fd);
                ready += 1;
            }
        }
        Verdict::Done(ready)
    }
}
