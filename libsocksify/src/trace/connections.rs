//! The application's connections through proxies, from the proxy's reply to the last close(2): how many bytes went each
//! way, by the kernel's own count.

use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::time::Instant;

use socks_proto::Address;

use super::{Record, is_on, send};
use crate::lock::Lock;
use crate::sys::Traffic;
use crate::{descriptors, policy, process, sys};

/// The connections of one process. A forked child has copies: who has opened a connection tells of its end.
struct Open {
    owner: libc::pid_t,
    all: Vec<Connection>,
}

/// One that stands.
struct Connection {
    cookie: u64,
    target: Address,
    since: Instant,
    /// What the dialogue with the proxy took.
    dialogue: Option<Traffic>,
}

static OPEN: Lock<Open> = Lock::new(Open { owner: 0, all: Vec::new() });

fn open<R>(body: impl FnOnce(&mut Vec<Connection>) -> R) -> Option<R> {
    if process::runs_on_borrowed_memory() {
        return None;
    }
    let us = process::id();
    Some(OPEN.with(|open| {
        if std::mem::replace(&mut open.owner, us) != us {
            // A thread of the parent's may have been changing them.
            std::mem::forget(std::mem::take(&mut open.all));
        }
        body(&mut open.all)
    }))
}

/// A connection of the application's stands, and nothing was said on it.
pub(crate) fn opened(fd: RawFd, target: SocketAddr) {
    if !is_on() {
        return;
    }
    let Ok(cookie) = sys::cookie(fd) else { return };
    let (since, dialogue) = (Instant::now(), sys::traffic_so_far(fd));
    let connection = Connection { cookie, target: policy::asked_for(target), since, dialogue };
    open(|all| all.push(connection));
}

/// A descriptor is about to be closed: with the last one of a connection, that ends.
pub(crate) fn closing(fd: RawFd) {
    if !is_on() {
        return;
    }
    let Ok(cookie) = sys::cookie(fd) else { return };
    if descriptors_of(cookie).any(|other| other != fd) {
        return;
    }
    let ended = open(|all| {
        let place = all.iter().position(|connection| connection.cookie == cookie)?;
        Some(all.swap_remove(place))
    });
    if let Some(connection) = ended.flatten() {
        connection.tell("close", sys::traffic(fd));
    }
}

/// The process exits, and leaves these to the kernel.
pub(crate) fn at_exit() {
    if !is_on() {
        return;
    }
    for connection in open(std::mem::take).into_iter().flatten() {
        let fd = descriptors_of(connection.cookie).next();
        connection.tell("exit", fd.and_then(sys::traffic));
    }
}

fn descriptors_of(cookie: u64) -> impl Iterator<Item = RawFd> {
    let known = descriptors::with_targets().map(|(_, fd, _)| fd);
    known.filter(move |fd| sys::cookie(*fd).is_ok_and(|other| other == cookie))
}

impl Connection {
    fn tell(&self, event: &str, total: Option<Traffic>) {
        let mut record = Record::new(event);
        record.number("id", self.cookie).text("target", self.target).duration("lasted", self.since.elapsed());
        if let (Some(total), Some(dialogue)) = (total, self.dialogue) {
            record.number("up", total.sent.saturating_sub(dialogue.sent));
            record.number("down", total.received.saturating_sub(dialogue.received));
        }
        send(record);
    }
}
