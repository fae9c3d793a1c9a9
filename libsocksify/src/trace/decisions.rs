//! What was decided without asking a proxy: that a call goes past it, or nowhere; and what a name means.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU64, Ordering};

use libc::c_int;
use socks_conf::{Command, Protocol};

use super::{Record, is_on, send};
use crate::policy::{self, Path};
use crate::sys;

/// Where a TCP connection of the application's may go. What becomes of one through a proxy is told by whoever asks that.
pub(crate) fn stream(fd: RawFd, target: SocketAddr, path: &Path) {
    if is_on() {
        decided(Command::Connect, Protocol::Tcp, fd, target, path);
    }
}

/// Where datagrams of a socket may go: told once for each target, as far as a small memory goes.
pub(crate) fn datagram(fd: RawFd, target: SocketAddr, path: &Path) {
    static TOLD: [AtomicU64; 64] = [const { AtomicU64::new(0) }; 64];
    if !is_on() {
        return;
    }
    let mut hasher = DefaultHasher::new();
    (sys::cookie(fd).ok(), target, outcome(path)).hash(&mut hasher);
    let told = hasher.finish();
    let place = TOLD.get(told as usize % TOLD.len());
    if place.is_some_and(|place| place.swap(told, Ordering::Relaxed) != told) {
        decided(Command::UdpAssociate, Protocol::Udp, fd, target, path);
    }
}

fn outcome(path: &Path) -> Option<(&'static str, c_int)> {
    match path {
        Path::Direct | Path::DirectByName(_) => Some(("direct", 0)),
        Path::Refused(errno) => Some(("refused", *errno)),
        Path::Engine | Path::Proxied(_) => None,
    }
}

fn decided(command: Command, protocol: Protocol, fd: RawFd, target: SocketAddr, path: &Path) {
    let Some((outcome, errno)) = outcome(path) else { return };
    let mut record = Record::new("connection");
    if let Ok(cookie) = sys::cookie(fd) {
        record.number("id", cookie);
    }
    record.text("kind", if protocol == Protocol::Udp { "udp" } else { "connect" });
    record.text("target", policy::asked_for(target)).text("outcome", outcome);
    if let Some(line) = policy::deciding_line(command, protocol, fd, target) {
        record.number("route", line);
    }
    if errno != 0 {
        record.errno(errno);
    }
    send(record);
}

/// A name was looked up: `outcome` is what it means, with the address that stands for it, if any.
pub(crate) fn lookup(name: &[u8], outcome: &str, address: Option<std::net::IpAddr>) {
    if !is_on() {
        return;
    }
    let mut record = Record::new("lookup");
    record.text("target", String::from_utf8_lossy(name)).text("outcome", outcome);
    if let Some(address) = address {
        record.text("address", address);
    }
    send(record);
}
