//! Parking: a non-blocking connect(2) returns at once, as the kernel's does, while we talk to the proxy.
//!
//! The problem: the socket becomes writable when the *proxy* is connected, long before the target is. A program told
//! so early writes its request into our dialogue. The mechanism: for the length of the dialogue the socket's epoll
//! entries are taken out and kept here; poll(2) and select(2) wait for an bell in its place; calls that move
//! data see a socket that is still connecting. One short-lived [`helper`] thread talks to all proxies; at the
//! end it puts the epoll entries back, which reports the socket's readiness afresh, edge-triggered entries included.
//!
//! The limits: what libc writes from inside itself (a stdio stream on a socket that is still connecting) passes no
//! hook, and a process the socket was passed to by a raw system call knows nothing of the dialogue.

mod copies;
mod epoll;
mod helper;
mod slot;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use libc::c_int;

use crate::held::Held;
use crate::interpose::Verdict;
use crate::lock::Lock;
use crate::own::Own;
use crate::wait::Wait;
use crate::{callback, descriptors, process, sys, trace};
use slot::State;

pub(crate) use copies::{note as note_copy, of as recent_copies};
pub(crate) use epoll::{Entry, note, put_back, take_out};
pub(crate) use helper::{
    may_exist as helper_may_exist, unwatch, wait_for_end as wait_for_helper, wake as wake_helper,
    watch_event as watch,
};
pub(crate) use slot::Ticket;

/// The dialogues of one process.
static PARKED: Lock<Dialogues> = Lock::new(Dialogues { owner: 0, all: BTreeMap::new() });

struct Dialogues {
    owner: libc::pid_t,
    all: BTreeMap<Ticket, Parked>,
}

/// Runs `body` with the dialogues of this process, under the lock. What a fork left here are the parent's, which goes
/// on with them: only our copies of its descriptors are closed, lest they keep its connections open.
fn dialogues<R>(body: impl FnOnce(&mut BTreeMap<Ticket, Parked>) -> R) -> R {
    let us = process::id();
    PARKED.with(|dialogues| {
        if std::mem::replace(&mut dialogues.owner, us) != us {
            std::mem::take(&mut dialogues.all).into_values().for_each(Parked::leave_to_parent);
        }
        body(&mut dialogues.all)
    })
}

/// Runs `body` while the helper thread does nothing: for the others it works for.
pub(crate) fn under_lock<R>(body: impl FnOnce() -> R) -> R {
    dialogues(|_| body())
}

/// Right before fork(2): from now on these sockets have other owners, and their dialogues go on whoever closes them here.
pub(crate) fn about_to_fork() {
    if slot::any() {
        crate::interpose::as_our_own(|| {
            dialogues(|all| all.values_mut().for_each(|parked| parked.inherited = true))
        });
    }
}

/// In a forked child, right after fork(2): see [`dialogues`].
pub(crate) fn forked() {
    if slot::any() {
        crate::interpose::as_our_own(|| dialogues(|_| ()));
    }
}

/// A socket whose dialogue with the proxy goes on.
struct Parked {
    /// `None` where another process talks to the proxy, the parent we have the socket from.
    attempt: Option<Held>,
    target: SocketAddr,
    /// The socket.
    cookie: u64,
    /// Our own descriptor for the socket: the application's may be closed and its number reused at any time. Where
    /// another process talks to the proxy: for the bell it rings.
    socket: Own,
    /// Rung when the dialogue has ended; the same as `socket` where it is not ours to ring.
    done: Own,
    /// A forked child has the socket, too.
    inherited: bool,
    /// The application's descriptors for it.
    descriptors: Vec<RawFd>,
    /// Its epoll entries, for the time being out of the kernel's hands.
    entries: Vec<Entry>,
}

impl Parked {
    /// When its time is up, or when somebody should look whether the process that talks to the proxy still lives.
    fn until(&self) -> Option<Instant> {
        match &self.attempt {
            Some(attempt) => attempt.until(),
            None => Instant::now().checked_add(Duration::from_secs(1)),
        }
    }

    /// The application's descriptors that still stand for the socket.
    fn intact(&self) -> impl Iterator<Item = RawFd> {
        self.descriptors
            .iter()
            .copied()
            .filter(|fd| sys::cookie(*fd).is_ok_and(|cookie| cookie == self.cookie))
    }

    /// In a forked child: what the parent goes on with. Whom the sockets will be connected to is known already.
    fn leave_to_parent(self) {
        self.socket.close();
        if let Some(attempt) = self.attempt {
            self.descriptors.iter().for_each(|fd| descriptors::remember(*fd, attempt.identity(self.target)));
            attempt.free();
        }
    }
}

/// What a call finds that is about to use a descriptor.
pub(crate) enum Status {
    /// Nothing of ours.
    Plain,
    /// A dialogue goes on; the descriptor becomes readable when it has ended.
    Open(RawFd),
    /// The connection failed, and the application hears of it now, once.
    Failed(c_int),
}

/// Whether a call on this descriptor has to be looked at: two loads where no dialogue is open anywhere.
pub(crate) fn concerns(fd: RawFd) -> bool {
    slot::any() && descriptors::ticket(fd).is_some()
}

/// Whether any descriptor at all has to be looked at.
pub(crate) fn is_busy() -> bool {
    slot::any()
}

/// What has to be known before a descriptor is used. A failure is told only once.
pub(crate) fn status(fd: RawFd) -> Status {
    let Some(ticket) = own_ticket(fd) else { return Status::Plain };
    // Under the lock: the helper ends a dialogue as one step.
    let state = dialogues(|_| slot::state(ticket));
    match state {
        State::Open(done) => Status::Open(done),
        State::Failed => {
            descriptors::set_ticket(fd, None);
            if !slot::is_own(ticket) {
                // Who talked to the proxy may have died over it.
                sys::disconnect(fd);
            }
            slot::take_failure(ticket).map_or(Status::Plain, Status::Failed)
        }
        State::Gone => {
            descriptors::set_ticket(fd, None);
            Status::Plain
        }
    }
}

/// As [`status`], without taking a failure away.
pub(crate) fn open(fd: RawFd) -> Option<RawFd> {
    let ticket = own_ticket(fd)?;
    match dialogues(|_| slot::state(ticket)) {
        State::Open(done) => Some(done),
        State::Failed | State::Gone => None,
    }
}

/// A dialogue that goes on over a descriptor which the next program inherits; execve(2).
pub(crate) fn open_across_exec() -> Option<RawFd> {
    if !slot::any() {
        return None;
    }
    descriptors::with_tickets().filter(|fd| !sys::closes_on_exec(*fd)).find_map(open)
}

/// The ticket of a descriptor, if it still stands for the socket the ticket was given to.
fn own_ticket(fd: RawFd) -> Option<Ticket> {
    let ticket = descriptors::ticket(fd)?;
    if process::runs_on_borrowed_memory() {
        return None;
    }
    if slot::cookie(ticket).is_some_and(|cookie| sys::cookie(fd).is_ok_and(|now| now == cookie)) {
        return Some(ticket);
    }
    descriptors::set_ticket(fd, None);
    None
}

/// What a call that moves data does: on a socket still connecting it would block, on one that failed it says so.
pub(crate) fn gate<T>(fd: RawFd, flags: c_int) -> Verdict<T> {
    match status(fd) {
        Status::Plain => Verdict::Direct,
        Status::Failed(errno) => Verdict::Fail(errno),
        Status::Open(_) if flags & libc::MSG_DONTWAIT != 0 || sys::is_nonblocking(fd) => {
            Verdict::Fail(libc::EAGAIN)
        }
        Status::Open(done) => Verdict::Wait(until_done(done)),
    }
}

/// How long a sleep for the end of a dialogue lasts at the most before it looks again: its bell may be closed and
/// the number be another file's by the time the sleep begins.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Sleeping until a dialogue has ended.
pub(crate) fn until_done(done: RawFd) -> Wait {
    Wait::descriptor(done, libc::POLLIN, Instant::now().checked_add(LOOK_AGAIN))
}

/// A place taken for a socket before anything is sent; dropped unused it is given back by [`Reservation::cancel`].
pub(crate) struct Reservation {
    ticket: Ticket,
    descriptors: Vec<RawFd>,
    cookie: u64,
    socket: Own,
    done: Own,
    entries: Vec<Entry>,
}

/// Takes the socket out of its epoll sets and makes it known as connecting; `None` where descriptors have run
/// out: then the dialogue has to take place inside connect(2).
pub(crate) fn reserve(fd: RawFd) -> Option<Reservation> {
    if process::runs_on_borrowed_memory() {
        return None;
    }
    let cookie = sys::cookie(fd).ok()?;
    let socket = Own::copy_of(fd)?;
    let Some(done) = Own::bell() else {
        socket.close();
        return None;
    };
    let Some(ticket) = slot::take(cookie, done.fd) else {
        socket.close();
        done.close();
        return None;
    };
    let mut known = copies::of(fd, cookie);
    known.push(fd);
    known.iter().for_each(|fd| descriptors::set_ticket(*fd, Some(ticket)));
    Some(Reservation { ticket, descriptors: known, cookie, socket, done, entries: take_out(fd) })
}

impl Reservation {
    /// Our own descriptor for the socket.
    pub(crate) fn socket(&self) -> RawFd {
        self.socket.fd
    }

    /// Another socket may have taken the place of this one, behind the same descriptors.
    pub(crate) fn follow_socket(&mut self) {
        if let Some((socket, cookie)) = replaced(self.socket, self.cookie) {
            (self.socket, self.cookie) = (socket, cookie);
            slot::set_cookie(self.ticket, cookie);
        }
    }

    /// The connection stands or has failed already: everything is as if it had never been parked.
    pub(crate) fn cancel(self) {
        dialogues(|_| {
            self.release();
            self.descriptors.iter().for_each(|fd| descriptors::set_ticket(*fd, None));
            slot::give_back(self.ticket);
        });
        self.done.close();
    }

    /// The connection has failed already: the application learns of it as of any other, when it asks.
    pub(crate) fn fail(self, errno: c_int) {
        dialogues(|_| {
            self.release();
            slot::fail(self.ticket, errno);
        });
        self.done.close();
    }

    /// Our copy goes first, as in [`end`].
    fn release(&self) {
        self.socket.close();
        if let Some(fd) = self.descriptors.first() {
            put_back(&self.entries, *fd);
        }
    }

    /// Hands the dialogue over to the helper. Gives the attempt back where there can be no helper.
    pub(crate) fn hand_over(self, attempt: Held, target: SocketAddr, events: libc::c_short) -> Option<Held> {
        let Reservation { ticket, descriptors, cookie, socket, done, entries } = self;
        let parked = Parked {
            attempt: Some(attempt),
            target,
            cookie,
            socket,
            done,
            inherited: false,
            descriptors,
            entries,
        };
        dialogues(|all| {
            all.insert(ticket, parked);
            if helper::watch(ticket, socket.fd, events) {
                return None;
            }
            let parked = all.remove(&ticket)?;
            put_back(&parked.entries, socket.fd);
            parked.descriptors.iter().for_each(|fd| descriptors::set_ticket(*fd, None));
            slot::give_back(ticket);
            socket.close();
            done.close();
            parked.attempt
        })
    }
}

/// The socket behind our descriptor, if it is another than it was.
fn replaced(socket: Own, was: u64) -> Option<(Own, u64)> {
    let cookie =
        sys::cookie(socket.fd).ok().filter(|cookie| *cookie != was && descriptors::is_replaced(socket.fd))?;
    Some((socket.followed(cookie), cookie))
}

/// A copy of a parked descriptor is parked as well.
pub(crate) fn copied(original: RawFd, copy: RawFd) {
    let Some(ticket) = own_ticket(original) else { return };
    dialogues(|all| {
        descriptors::set_ticket(copy, Some(ticket));
        if let Some(parked) = all.get_mut(&ticket) {
            parked.descriptors.push(copy);
        }
    });
}

/// A descriptor is closed: with the last one its dialogue is abandoned.
pub(crate) fn closed(fd: RawFd) {
    let Some(ticket) = descriptors::ticket(fd).filter(|_| !process::runs_on_borrowed_memory()) else {
        return;
    };
    descriptors::set_ticket(fd, None);
    dialogues(|all| {
        let Some(parked) = all.get_mut(&ticket) else {
            // Failed and never asked about: a copy of the descriptor may still ask.
            if slot::is_own(ticket)
                && !descriptors::with_tickets().any(|other| descriptors::ticket(other) == Some(ticket))
            {
                slot::take_failure(ticket);
            }
            return;
        };
        parked.descriptors.retain(|known| *known != fd);
        if parked.descriptors.is_empty() {
            parked.entries.clear();
            if !parked.inherited {
                abandon(all, ticket);
            }
        }
    });
}

/// shutdown(2) on a connecting socket: the attempt ends, and what is left is an error (tcp(7): ECONNRESET).
pub(crate) fn abort(fd: RawFd) -> bool {
    let Some(ticket) = own_ticket(fd) else { return false };
    dialogues(|all| {
        let Some(parked) = all.remove(&ticket) else { return false };
        sys::disconnect(parked.socket.fd);
        end(ticket, parked, Some(libc::ECONNRESET));
        true
    })
}

fn abandon(all: &mut BTreeMap<Ticket, Parked>, ticket: Ticket) {
    let Some(parked) = all.remove(&ticket) else { return };
    unwatch(parked.socket);
    if let Some(attempt) = parked.attempt {
        slot::give_back(ticket);
        parked.done.ring();
        parked.done.close();
        attempt.free();
    }
    parked.socket.close();
    if all.is_empty() {
        helper::wake();
    }
}

/// The dialogue has ended, under the lock: whoever waits learns of it, in the order that nobody can see half of it.
fn end(ticket: Ticket, parked: Parked, errno: Option<c_int>) {
    unwatch(parked.socket);
    let ours: Vec<RawFd> = parked.intact().collect();
    let outcome = parked.attempt.as_ref().map(|attempt| (attempt.identity(parked.target), attempt.bnd()));
    if let (None, Some(_), Some(any)) = (errno, &outcome, ours.first()) {
        trace::opened(*any, parked.target);
    }
    for fd in &ours {
        match (errno, outcome) {
            (None, Some((identity, bnd))) => {
                descriptors::remember(*fd, identity);
                callback::connected_under_lock(*fd, parked.target, bnd);
            }
            (None, None) => {}
            (Some(_), _) => descriptors::forget(*fd),
        }
    }
    // Our copy goes first: as long as it lives, so does the entry of a descriptor closed meanwhile, and would report the
    // old socket to whoever gets the number next.
    parked.socket.close();
    if let Some(any) = ours.first() {
        put_back(&parked.entries, *any);
    }
    if errno.is_none() {
        ours.iter().for_each(|fd| descriptors::set_ticket(*fd, None));
    }
    if let Some(attempt) = parked.attempt {
        match errno {
            // With nobody left here to be told, a failure is told to the children, who look at the connection itself.
            Some(errno) if !ours.is_empty() || parked.inherited => slot::fail(ticket, errno),
            _ => slot::give_back(ticket),
        }
        parked.done.ring();
        parked.done.close();
        attempt.free();
    }
}

/// Listens for the end of a dialogue that another process has with the proxy.
fn listen(all: &mut BTreeMap<Ticket, Parked>, ticket: Ticket, fd: RawFd) -> Option<()> {
    let State::Open(done) = slot::state(ticket) else { return None };
    let bell = Own::copy_of(done)?;
    let (target, cookie) = (descriptors::identity(fd)?.target, sys::cookie(fd).ok()?);
    let (descriptors, entries) = (vec![fd], Vec::new());
    let parked = Parked {
        attempt: None,
        target,
        cookie,
        socket: bell,
        done: bell,
        inherited: false,
        descriptors,
        entries,
    };
    all.insert(ticket, parked);
    if helper::watch(ticket, bell.fd, libc::POLLIN) {
        return Some(());
    }
    all.remove(&ticket);
    bell.close();
    None
}

/// epoll_ctl(2) on a parked socket: only the entries kept here are changed.
pub(crate) fn control(
    epoll: RawFd,
    operation: c_int,
    fd: RawFd,
    event: Option<libc::epoll_event>,
) -> Verdict<c_int> {
    let Some(ticket) = own_ticket(fd) else { return Verdict::Direct };
    dialogues(|all| {
        if !all.contains_key(&ticket) {
            listen(all, ticket, fd);
        }
        match all.get_mut(&ticket) {
            Some(parked) => epoll::edit(&mut parked.entries, epoll, operation, fd, event, parked.done.fd),
            None => Verdict::Direct,
        }
    })
}
