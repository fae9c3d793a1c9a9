//! What we know of the application's descriptors: whom a proxied socket is connected to as the application sees it,
//! which dialogue with a proxy it waits for, and the epoll sets it is in.
//!
//! Atomics indexed by descriptor: looked at from signal handlers and forked children, so no lock. fclose(3) and
//! others close descriptors without passing our hooks, so what is known counts only while the socket's cookie is the
//! one it was learnt with.

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};

use crate::parking::{Entry, Ticket};
use crate::{process, sys};

const CHUNK: usize = 512;
const CHUNKS: usize = 2048;

/// Descriptors up to the kernel's usual ceiling of 1,048,576, in chunks that exist once they are needed.
static TABLE: [AtomicPtr<[Record; CHUNK]>; CHUNKS] = [const { AtomicPtr::new(ptr::null_mut()) }; CHUNKS];

/// What the next target learnt is numbered.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// One descriptor. `stamp` is 0 while no target is known, odd while one is written, even when it can be read; it
/// grows with each writing, so that a reader sees when its copy is torn.
struct Record {
    stamp: AtomicU64,
    cookie: AtomicU64,
    identity: [AtomicU64; 4],
    /// The cookie of the socket that took an IPv4 socket's place, or 0.
    replaced: AtomicU64,
    /// The dialogue it waits for, or 0.
    ticket: AtomicU64,
    /// When its target was learnt, as a number that grows.
    order: AtomicU64,
    /// The cookie of a socket that was bound to a port of the kernel's choice, or 0.
    bound: AtomicU64,
    /// The cookie of a listener for which a proxy was asked to listen, or 0.
    listener: AtomicU64,
    /// What is known of it as a socket whose datagrams go through a proxy, or 0.
    datagrams: AtomicU64,
    notes: [Note; 2],
}

/// An epoll entry as the application made it.
struct Note {
    /// The epoll set's descriptor and one, or 0.
    epoll: AtomicI32,
    events: AtomicU32,
    data: AtomicU64,
}

/// What the application is told of a proxied socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The target it asked for.
    pub(crate) target: SocketAddr,
    /// It set IPV6_V6ONLY, which we had to clear to reach the proxy.
    pub(crate) ipv6_only: bool,
}

impl From<SocketAddr> for Identity {
    fn from(target: SocketAddr) -> Identity {
        Identity { target, ipv6_only: false }
    }
}

/// Remembers what the application is told of a socket.
pub(crate) fn remember(fd: RawFd, identity: impl Into<Identity>) {
    let Ok(cookie) = sys::cookie(fd) else { return };
    if process::runs_on_borrowed_memory() {
        return;
    }
    if let Some(record) = slot(fd).and_then(record_or_new) {
        record.order.store(NEXT.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        record.write(cookie, identity.into());
    }
}

/// The descriptors whose targets are known, with when that was learnt.
pub(crate) fn with_targets() -> impl Iterator<Item = (u64, RawFd, SocketAddr)> {
    all().filter_map(|fd| Some((record(fd)?.order.load(Ordering::Relaxed), fd, identity(fd)?.target)))
}

/// The socket behind the descriptor is bound to a port of the kernel's choice.
pub(crate) fn mark_bound(fd: RawFd) {
    mark(fd, |record| &record.bound);
}

/// Whether the socket behind the descriptor is bound to a port of the kernel's choice.
pub(crate) fn is_bound(fd: RawFd) -> bool {
    is_marked(fd, |record| &record.bound)
}

/// Whether a socket with this descriptor was bound to a port of the kernel's choice: one load, for the pass-through path.
pub(crate) fn may_be_bound(fd: RawFd) -> bool {
    record(fd).is_some_and(|record| record.bound.load(Ordering::Relaxed) != 0)
}

/// A proxy was asked to listen for the socket behind the descriptor.
pub(crate) fn mark_listener(fd: RawFd) {
    mark(fd, |record| &record.listener);
}

/// Whether a proxy may have been asked to listen for the socket behind the descriptor: one load, for the pass-through
/// path.
pub(crate) fn may_be_listener(fd: RawFd) -> bool {
    record(fd).is_some_and(|record| record.listener.load(Ordering::Relaxed) != 0)
}

/// The listener behind the descriptor waits no longer.
pub(crate) fn unmark_listener(fd: RawFd) {
    if let Some(record) = record(fd) {
        record.listener.store(0, Ordering::Release);
    }
}

fn mark(fd: RawFd, which: impl FnOnce(&Record) -> &AtomicU64) {
    if process::runs_on_borrowed_memory() {
        return;
    }
    if let (Some(record), Ok(cookie)) = (slot(fd).and_then(record_or_new), sys::cookie(fd)) {
        which(record).store(cookie, Ordering::Release);
    }
}

fn is_marked(fd: RawFd, which: impl FnOnce(&Record) -> &AtomicU64) -> bool {
    let marked = record(fd).map_or(0, |record| which(record).load(Ordering::Acquire));
    marked != 0 && sys::cookie(fd).is_ok_and(|cookie| cookie == marked)
}

/// What the application is told of a proxied socket.
pub(crate) fn identity(fd: RawFd) -> Option<Identity> {
    let (cookie, identity) = record(fd)?.read()?;
    (sys::cookie(fd).ok()? == cookie).then_some(identity)
}

/// The socket behind the descriptor took an IPv4 socket's place.
pub(crate) fn mark_replaced(fd: RawFd) {
    mark(fd, |record| &record.replaced);
}

/// Whether the socket behind the descriptor took an IPv4 socket's place.
pub(crate) fn is_replaced(fd: RawFd) -> bool {
    is_marked(fd, |record| &record.replaced)
}

/// Whether anything is known that ends with the descriptor: four loads, for the pass-through path.
pub(crate) fn is_known(fd: RawFd) -> bool {
    record(fd).is_some_and(|record| {
        record.stamp.load(Ordering::Relaxed) != 0
            || record.ticket.load(Ordering::Relaxed) != 0
            || record.replaced.load(Ordering::Relaxed) != 0
            || record.listener.load(Ordering::Relaxed) != 0
            || record.datagrams.load(Ordering::Relaxed) != 0
    })
}

/// Forgets the target of a descriptor that is being closed or connected anew.
pub(crate) fn forget(fd: RawFd) {
    let known = |record: &&Record| record.stamp.load(Ordering::Relaxed) != 0;
    if let Some(record) = record(fd).filter(known).filter(|_| !process::runs_on_borrowed_memory()) {
        record.stamp.store(0, Ordering::Release);
    }
}

/// Makes `copy` known for what `original` is, after a dup(2).
pub(crate) fn copy(original: RawFd, copy: RawFd) {
    match identity(original) {
        Some(identity) => remember(copy, identity),
        None => forget(copy),
    }
    if is_replaced(original) {
        mark_replaced(copy);
    }
    copy_bound(original, copy);
}

/// Makes `copy` known for being bound as `original` is.
pub(crate) fn copy_bound(original: RawFd, copy: RawFd) {
    if is_bound(original) {
        mark_bound(copy);
    }
}

/// The dialogue a descriptor waits for.
pub(crate) fn ticket(fd: RawFd) -> Option<Ticket> {
    Ticket::new(record(fd)?.ticket.load(Ordering::Acquire))
}

/// What is known of a descriptor's datagrams.
pub(crate) fn datagrams(fd: RawFd) -> Option<NonZeroU64> {
    NonZeroU64::new(record(fd)?.datagrams.load(Ordering::Acquire))
}

/// Changes that, and gives what it was.
pub(crate) fn set_datagrams(fd: RawFd, ticket: Option<NonZeroU64>) -> Option<NonZeroU64> {
    let known = if ticket.is_some() { slot(fd).and_then(record_or_new) } else { record(fd) };
    NonZeroU64::new(known?.datagrams.swap(ticket.map_or(0, NonZeroU64::get), Ordering::AcqRel))
}

/// The descriptors that wait for a dialogue.
pub(crate) fn with_tickets() -> impl Iterator<Item = RawFd> {
    all().filter(|fd| ticket(*fd).is_some())
}

fn all() -> impl Iterator<Item = RawFd> {
    let chunks = TABLE.iter().enumerate().filter(|(_, chunk)| !chunk.load(Ordering::Acquire).is_null());
    let all = chunks.flat_map(|(index, _)| index * CHUNK..(index + 1) * CHUNK);
    all.filter_map(|fd| RawFd::try_from(fd).ok())
}

/// Changes the dialogue a descriptor waits for.
pub(crate) fn set_ticket(fd: RawFd, ticket: Option<Ticket>) {
    let known = if ticket.is_some() { slot(fd).and_then(record_or_new) } else { record(fd) };
    if let Some(record) = known {
        record.ticket.store(ticket.map_or(0, Ticket::get), Ordering::Release);
    }
}

/// Takes note of a descriptor's entry in an epoll set, or of its end. What does not fit the kernel is asked for.
pub(crate) fn note_entry(epoll: RawFd, fd: RawFd, entry: Option<Entry>) {
    let known = if entry.is_some() { slot(fd).and_then(record_or_new) } else { record(fd) };
    let Some(record) = known else { return };
    let of = |number| record.notes.iter().find(|note| note.epoll.load(Ordering::Relaxed) == number);
    match (of(epoll + 1), entry) {
        (Some(note), None) => note.epoll.store(0, Ordering::Release),
        (Some(note), Some(entry)) => note.write(entry),
        (None, Some(entry)) => of(0).into_iter().for_each(|note| note.write(entry)),
        (None, None) => {}
    }
}

/// A descriptor's epoll entries as far as they were noted.
pub(crate) fn noted_entries(fd: RawFd) -> [Option<Entry>; 2] {
    record(fd).map_or([None; 2], |record| [0, 1].map(|index| record.notes[index].read(fd)))
}

impl Note {
    fn write(&self, entry: Entry) {
        self.events.store(entry.events, Ordering::Relaxed);
        self.data.store(entry.data, Ordering::Relaxed);
        self.epoll.store(entry.epoll + 1, Ordering::Release);
    }

    fn read(&self, fd: RawFd) -> Option<Entry> {
        let epoll = self.epoll.load(Ordering::Acquire).checked_sub(1).filter(|epoll| *epoll >= 0)?;
        let events = self.events.load(Ordering::Relaxed);
        Some(Entry { epoll, fd, events, data: self.data.load(Ordering::Relaxed) })
    }
}

impl Record {
    fn write(&self, cookie: u64, identity: Identity) {
        let stamp = self.stamp.swap(u64::MAX, Ordering::Acquire);
        fence(Ordering::Release);
        self.cookie.store(cookie, Ordering::Relaxed);
        for (word, value) in self.identity.iter().zip(encode(identity)) {
            word.store(value, Ordering::Relaxed);
        }
        let next = if stamp == u64::MAX { 2 } else { (stamp | 1).wrapping_add(1).max(2) };
        self.stamp.store(next, Ordering::Release);
    }

    fn read(&self) -> Option<(u64, Identity)> {
        let before = self.stamp.load(Ordering::Acquire);
        if before == 0 || before % 2 == 1 {
            return None;
        }
        let cookie = self.cookie.load(Ordering::Relaxed);
        let words = [0, 1, 2, 3].map(|index| self.identity[index].load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        (self.stamp.load(Ordering::Relaxed) == before).then(|| (cookie, decode(words)))
    }
}

/// Family, IPV6_V6ONLY, port and scope in one word, flow information in the next, the address in the last two.
fn encode(Identity { target, ipv6_only }: Identity) -> [u64; 4] {
    let head = u64::from(target.port()) << 2 | u64::from(ipv6_only) << 1 | u64::from(target.is_ipv6());
    match target {
        SocketAddr::V4(address) => [head, 0, 0, u64::from(address.ip().to_bits())],
        SocketAddr::V6(address) => {
            let bits = address.ip().to_bits();
            let head = u64::from(address.scope_id()) << 32 | head;
            [head, u64::from(address.flowinfo()), (bits >> 64) as u64, bits as u64]
        }
    }
}

fn decode([head, flowinfo, high, low]: [u64; 4]) -> Identity {
    let port = (head >> 2) as u16;
    let target = if head & 1 == 0 {
        SocketAddr::from(((low as u32).to_be_bytes(), port))
    } else {
        let ip = (u128::from(high) << 64 | u128::from(low)).into();
        std::net::SocketAddrV6::new(ip, port, flowinfo as u32, (head >> 32) as u32).into()
    };
    Identity { target, ipv6_only: head & 2 != 0 }
}

fn slot(fd: RawFd) -> Option<(&'static AtomicPtr<[Record; CHUNK]>, usize)> {
    let index = usize::try_from(fd).ok()?;
    Some((TABLE.get(index / CHUNK)?, index % CHUNK))
}

fn record(fd: RawFd) -> Option<&'static Record> {
    let (chunk, index) = slot(fd)?;
    // SAFETY: null, or a chunk from `new_chunk`, which is never unmapped.
    unsafe { chunk.load(Ordering::Acquire).as_ref() }?.get(index)
}

fn record_or_new((chunk, index): (&'static AtomicPtr<[Record; CHUNK]>, usize)) -> Option<&'static Record> {
    if chunk.load(Ordering::Acquire).is_null() {
        new_chunk(chunk)?;
    }
    // SAFETY: as in `record`.
    unsafe { chunk.load(Ordering::Acquire).as_ref() }?.get(index)
}

/// Mapped, not allocated: malloc may be what a signal handler interrupted.
#[cold]
fn new_chunk(chunk: &AtomicPtr<[Record; CHUNK]>) -> Option<()> {
    let size = size_of::<[Record; CHUNK]>();
    // SAFETY: a fresh mapping, large enough and page-aligned; all-zero bytes are valid records. The one that loses
    // the race is unmapped before anybody else can know it.
    unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let fresh =
            libc::mmap(ptr::null_mut(), size, protection, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0);
        if fresh == libc::MAP_FAILED {
            return None;
        }
        let won = chunk.compare_exchange(ptr::null_mut(), fresh.cast(), Ordering::AcqRel, Ordering::Acquire);
        if won.is_err() {
            libc::munmap(fresh, size);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_survive_encoding() {
        for text in ["192.0.2.7:80", "255.255.255.255:65535", "[2001:db8::7]:443", "[::ffff:192.0.2.7]:1"] {
            let identity = Identity::from(text.parse::<SocketAddr>().unwrap());
            assert_eq!(decode(encode(identity)), identity);
        }
        let scoped = std::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 22, 7, 3).into();
        let scoped = Identity { target: scoped, ipv6_only: true };
        assert_eq!(decode(encode(scoped)), scoped);
    }

    #[test]
    fn a_record_is_read_whole_or_not_at_all() {
        // SAFETY: all-zero bytes are a valid record.
        let record: Record = unsafe { std::mem::zeroed() };
        assert!(record.read().is_none());
        let identity = Identity::from("192.0.2.7:80".parse::<SocketAddr>().unwrap());
        for cookie in 1..5 {
            record.write(cookie, identity);
            assert_eq!(record.read(), Some((cookie, identity)));
        }
        record.stamp.store(u64::MAX, Ordering::Relaxed);
        assert!(record.read().is_none());
    }

    #[test]
    fn descriptors_beyond_the_table_are_unknown() {
        assert!(!is_known(-1));
        assert!(!is_known(RawFd::MAX));
        assert!(identity(RawFd::MAX).is_none());
    }
}
