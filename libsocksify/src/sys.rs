//! System calls on the application's sockets, by the next definitions: never through our own hooks.

use std::ffi::{CStr, OsStr};
use std::io;
use std::mem::{self, MaybeUninit, size_of};
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr;
use std::time::Duration;

use libc::{c_int, c_void, socklen_t};
use socket2::SockAddr;

use crate::hooks::real;
use crate::{address, errno};

/// The result of a system call, with errno where it failed.
pub(crate) fn checked(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// `int getsockopt(int, int, int, void *, socklen_t *)` — reads an option of fixed size; socket(7).
fn option<T: Copy>(fd: RawFd, level: c_int, name: c_int) -> io::Result<T> {
    let mut value = MaybeUninit::<T>::zeroed();
    let mut length = size_of::<T>() as socklen_t;
    // SAFETY: the buffer has `length` bytes; every T used here is plain data for which zero bytes are a value.
    unsafe {
        checked(real::getsockopt(fd, level, name, value.as_mut_ptr().cast::<c_void>(), &mut length))?;
        Ok(value.assume_init())
    }
}

fn set_option(fd: RawFd, level: c_int, name: c_int, value: c_int) -> io::Result<()> {
    let length = size_of::<c_int>() as socklen_t;
    // SAFETY: pointer and length of one integer.
    checked(unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), length) }).map(drop)
}

/// What socket(2) was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) domain: c_int,
    pub(crate) kind: c_int,
    pub(crate) protocol: c_int,
}

impl Kind {
    /// Of an open socket; an error for everything else.
    pub(crate) fn of(fd: RawFd) -> io::Result<Kind> {
        Ok(Kind {
            domain: option(fd, libc::SOL_SOCKET, libc::SO_DOMAIN)?,
            kind: option(fd, libc::SOL_SOCKET, libc::SO_TYPE)?,
            protocol: option(fd, libc::SOL_SOCKET, libc::SO_PROTOCOL)?,
        })
    }

    /// Whether this is a TCP stream, Multipath TCP included: what a proxy's CONNECT can carry.
    pub(crate) fn is_tcp(self) -> bool {
        self.is_internet()
            && self.kind == libc::SOCK_STREAM
            && [libc::IPPROTO_TCP, libc::IPPROTO_MPTCP].contains(&self.protocol)
    }

    /// Whether this is a UDP socket: what a proxy's UDP ASSOCIATE can carry.
    pub(crate) fn is_udp(self) -> bool {
        self.is_internet() && self.kind == libc::SOCK_DGRAM && self.protocol == libc::IPPROTO_UDP
    }

    /// Whether nothing sent on such a socket leaves this machine.
    pub(crate) fn stays_here(self) -> bool {
        family_stays_here(self.domain)
    }

    /// Whether the socket speaks IP itself.
    pub(crate) fn is_internet(self) -> bool {
        [libc::AF_INET, libc::AF_INET6].contains(&self.domain)
    }
}

/// Families whose traffic stays on this machine, or at least is none of the internet's.
pub(crate) fn family_stays_here(family: c_int) -> bool {
    [libc::AF_UNIX, libc::AF_NETLINK, libc::AF_ALG, libc::AF_VSOCK, libc::AF_BLUETOOTH, libc::AF_CAN]
        .contains(&family)
}

/// The number that names a socket as long as the machine runs, the same for every copy of its descriptor.
pub(crate) fn cookie(fd: RawFd) -> io::Result<u64> {
    option(fd, libc::SOL_SOCKET, libc::SO_COOKIE)
}

/// SO_ERROR: what became of a connection attempt; reading it clears it.
pub(crate) fn pending_error(fd: RawFd) -> io::Result<c_int> {
    option(fd, libc::SOL_SOCKET, libc::SO_ERROR)
}

/// SO_SNDTIMEO, where the application set one.
pub(crate) fn send_timeout(fd: RawFd) -> Option<Duration> {
    timeout(fd, libc::SO_SNDTIMEO)
}

/// SO_RCVTIMEO, where the application set one.
pub(crate) fn receive_timeout(fd: RawFd) -> Option<Duration> {
    timeout(fd, libc::SO_RCVTIMEO)
}

fn timeout(fd: RawFd, name: c_int) -> Option<Duration> {
    let value: libc::timeval = option(fd, libc::SOL_SOCKET, name).ok()?;
    let duration =
        Duration::new(u64::try_from(value.tv_sec).ok()?, u32::try_from(value.tv_usec).ok()? * 1000);
    (!duration.is_zero()).then_some(duration)
}

/// Whether an IPv6 socket may reach IPv4 (IPV6_V6ONLY); changing it is refused by the kernel once the socket is bound.
pub(crate) fn is_ipv6_only(fd: RawFd) -> bool {
    option::<c_int>(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY).is_ok_and(|value| value != 0)
}

/// Changes IPV6_V6ONLY.
pub(crate) fn set_ipv6_only(fd: RawFd, value: bool) -> io::Result<()> {
    set_option(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, value.into())
}

/// SO_RCVLOWAT: how much has to be there before poll(2) says so.
pub(crate) fn low_water(fd: RawFd) -> c_int {
    option(fd, libc::SOL_SOCKET, libc::SO_RCVLOWAT).unwrap_or(1)
}

/// Changes SO_RCVLOWAT.
pub(crate) fn set_low_water(fd: RawFd, bytes: c_int) {
    let _ = set_option(fd, libc::SOL_SOCKET, libc::SO_RCVLOWAT, bytes);
}

/// An option of udp(7).
pub(crate) fn udp_option(fd: RawFd, name: c_int) -> io::Result<c_int> {
    option(fd, libc::SOL_UDP, name)
}

/// Changes an option of udp(7).
pub(crate) fn set_udp_option(fd: RawFd, name: c_int, value: c_int) -> io::Result<()> {
    set_option(fd, libc::SOL_UDP, name, value)
}

/// Acknowledge at once: a delayed acknowledgement costs 40 ms with proxies that write a reply in two pieces.
pub(crate) fn acknowledge_at_once(fd: RawFd) {
    let _ = set_option(fd, libc::IPPROTO_TCP, libc::TCP_QUICKACK, 1);
}

/// The address a socket is bound to.
pub(crate) fn own_address(fd: RawFd) -> Option<SocketAddr> {
    // SAFETY: the helper passes a buffer and its length.
    address::filled(|address, length| unsafe { real::getsockname(fd, address, length) })
}

/// The address a socket is connected to.
pub(crate) fn connected_to(fd: RawFd) -> Option<SocketAddr> {
    // SAFETY: the helper passes a buffer and its length.
    address::filled(|address, length| unsafe { real::getpeername(fd, address, length) })
}

/// `int connect(int, const struct sockaddr *, socklen_t)` — begins a connection without blocking, whatever the
/// socket's own mode; connect(2).
///
/// # Errors
/// EINPROGRESS where it has begun; else as connect(2).
pub(crate) fn begin_connect(fd: RawFd, to: SocketAddr) -> io::Result<()> {
    let to = SockAddr::from(to);
    let flags = status_flags(fd)?;
    let blocking = flags & libc::O_NONBLOCK == 0;
    if blocking {
        set_status_flags(fd, flags | libc::O_NONBLOCK)?;
    }
    // SAFETY: pointer and length of one address.
    let result = checked(unsafe { real::connect(fd, to.as_ptr().cast(), to.len()) });
    if blocking {
        set_status_flags(fd, flags)?;
    }
    result.map(drop)
}

/// What went over a TCP connection, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// What was written, whether it is out yet or not.
    pub(crate) sent: u64,
    /// What has arrived, whether it was read or not.
    pub(crate) received: u64,
}

/// Both counts of a connection; tcp(7), TCP_INFO. `None` for what is no TCP connection, or with a kernel before 4.19.
pub(crate) fn traffic(fd: RawFd) -> Option<Traffic> {
    /// The beginning of `struct tcp_info` of `<linux/tcp.h>`, in words of eight bytes.
    type Info = [u64; 27];
    const RECEIVED: usize = 128 / 8;
    const NOT_SENT: usize = 144 / 8;
    const SENT: usize = 200 / 8;
    const SENT_AGAIN: usize = 208 / 8;
    /// States of `<net/tcp_states.h>` after the other side's end-of-file, which counts as a byte.
    const AFTER_THE_END: [u8; 4] = [7, 8, 9, 11];
    let mut info: Info = [0; 27];
    let mut length = size_of::<Info>() as socklen_t;
    // SAFETY: pointer and length of one array.
    let result = unsafe {
        real::getsockopt(
            fd,
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            info.as_mut_ptr().cast::<c_void>(),
            &mut length,
        )
    };
    if result != 0 || length as usize != size_of::<Info>() {
        return None;
    }
    let [state, ..] = info[0].to_ne_bytes();
    let [a, b, c, d, ..] = info[NOT_SENT].to_ne_bytes();
    let end = u64::from(AFTER_THE_END.contains(&state));
    Some(Traffic {
        sent: info[SENT] - info[SENT_AGAIN].min(info[SENT]) + u64::from(u32::from_ne_bytes([a, b, c, d])),
        received: info[RECEIVED].saturating_sub(end),
    })
}

/// As [`traffic`], without what has arrived and was not read yet.
pub(crate) fn traffic_so_far(fd: RawFd) -> Option<Traffic> {
    let mut unread: c_int = 0;
    // What arrives between two looks would be taken for read.
    for _ in 0..8 {
        let before = traffic(fd)?;
        // SAFETY: one integer.
        unsafe { real::ioctl(fd, libc::FIONREAD, (&raw mut unread) as usize) };
        if traffic(fd)? == before {
            let unread = u64::try_from(unread).unwrap_or(0);
            return Some(Traffic { received: before.received.saturating_sub(unread), ..before });
        }
    }
    None
}

/// Dissolves a connection, finished or not, so that the socket can be connected anew; connect(2), AF_UNSPEC. The
/// error this leaves behind is ours, not the application's.
pub(crate) fn disconnect(fd: RawFd) {
    // SAFETY: an all-zero sockaddr is AF_UNSPEC.
    unsafe {
        let unspec: libc::sockaddr = mem::zeroed();
        real::connect(fd, &unspec, size_of::<libc::sockaddr>() as socklen_t);
    }
    let _ = pending_error(fd);
}

/// Tells the kernel that the connection it made without blocking is complete: else the application's next connect(2)
/// would be told so, instead of EISCONN.
pub(crate) fn settle(fd: RawFd) {
    if let Some(peer) = connected_to(fd).map(SockAddr::from) {
        // SAFETY: pointer and length of one address.
        unsafe { real::connect(fd, peer.as_ptr().cast(), peer.len()) };
    }
}

fn status_flags(fd: RawFd) -> io::Result<c_int> {
    // SAFETY: F_GETFL takes no argument.
    checked(unsafe { real::fcntl(fd, libc::F_GETFL, 0) })
}

fn set_status_flags(fd: RawFd, flags: c_int) -> io::Result<()> {
    let flags = usize::try_from(flags).unwrap_or(0);
    // SAFETY: F_SETFL takes an integer.
    checked(unsafe { real::fcntl(fd, libc::F_SETFL, flags) }).map(drop)
}

/// Whether the application chose not to block.
pub(crate) fn is_nonblocking(fd: RawFd) -> bool {
    status_flags(fd).is_ok_and(|flags| flags & libc::O_NONBLOCK != 0)
}

/// Chooses whether calls on a socket block.
pub(crate) fn set_nonblocking(fd: RawFd, value: bool) {
    if let Ok(flags) = status_flags(fd) {
        let others = flags & !libc::O_NONBLOCK;
        let _ = set_status_flags(fd, if value { others | libc::O_NONBLOCK } else { others });
    }
}

/// SO_ACCEPTCONN: whether listen(2) was called.
pub(crate) fn is_listening(fd: RawFd) -> bool {
    option::<c_int>(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN).is_ok_and(|value| value != 0)
}

/// FD_CLOEXEC.
pub(crate) fn closes_on_exec(fd: RawFd) -> bool {
    // SAFETY: F_GETFD takes no argument.
    unsafe { real::fcntl(fd, libc::F_GETFD, 0) & libc::FD_CLOEXEC != 0 }
}

/// Changes FD_CLOEXEC.
pub(crate) fn set_close_on_exec(fd: RawFd, value: bool) {
    let flag = if value { libc::FD_CLOEXEC } else { 0 };
    // SAFETY: F_SETFD takes an integer.
    unsafe { real::fcntl(fd, libc::F_SETFD, flag as usize) };
}

/// The descriptors below `end` that are open, by few system calls; poll(2).
pub(crate) fn open_descriptors(end: RawFd, mut body: impl FnMut(RawFd)) {
    const MANY: RawFd = 128;
    for first in (0..end).step_by(MANY as usize) {
        let mut entries = [libc::pollfd { fd: -1, events: 0, revents: 0 }; MANY as usize];
        entries.iter_mut().zip(first..).for_each(|(entry, fd)| entry.fd = fd);
        // SAFETY: as many entries as there are.
        if unsafe { real::poll(entries.as_mut_ptr(), MANY as libc::nfds_t, 0) } < 0 {
            return;
        }
        entries.iter().filter(|entry| entry.revents & libc::POLLNVAL == 0).for_each(|entry| body(entry.fd));
    }
}

/// Where descriptors of ours begin, if the limit allows: programs count on low numbers, and close them.
const OUT_OF_THE_WAY: usize = 700;

/// A copy of a descriptor for ourselves; `None` where there is no room for one.
pub(crate) fn duplicate_out_of_the_way(fd: RawFd) -> Option<RawFd> {
    // SAFETY: F_DUPFD_CLOEXEC takes an integer.
    let copy = |lowest| checked(unsafe { real::fcntl(fd, libc::F_DUPFD_CLOEXEC, lowest) }).ok();
    copy(OUT_OF_THE_WAY).or_else(|| copy(3))
}

/// A fresh epoll set.
pub(crate) fn epoll() -> Option<RawFd> {
    // SAFETY: no pointers.
    moved(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })
}

/// Takes a fresh descriptor out of the way.
pub(crate) fn moved(fd: RawFd) -> Option<RawFd> {
    let fd = checked(fd).ok()?;
    let copy = duplicate_out_of_the_way(fd);
    close(fd);
    copy
}

/// Closes a descriptor of ours.
pub(crate) fn close(fd: RawFd) {
    // SAFETY: nobody else uses it.
    unsafe { real::close(fd) };
}

/// Whether the descriptor shows one of `events` now; poll(2).
pub(crate) fn is_ready(fd: RawFd, events: libc::c_short) -> bool {
    is_ready_within(fd, events, Duration::ZERO)
}

/// As [`is_ready`], or before long.
pub(crate) fn is_ready_within(fd: RawFd, events: libc::c_short, limit: Duration) -> bool {
    let mut entry = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: one valid entry.
    unsafe { real::poll(&mut entry, 1, crate::wait::milliseconds(limit)) > 0 }
}

/// Sends without blocking and without SIGPIPE; send(2).
pub(crate) fn send(fd: RawFd, bytes: &[u8]) -> io::Result<usize> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: pointer and length of one slice.
    let sent = unsafe { real::send(fd, bytes.as_ptr().cast(), bytes.len(), flags) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Receives without blocking; 0 is the end of the stream; recv(2).
pub(crate) fn receive(fd: RawFd, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: pointer and length of one slice.
    let got = unsafe { real::recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), libc::MSG_DONTWAIT) };
    usize::try_from(got).map_err(|_| io::Error::last_os_error())
}

/// Whether the far end of a stream on which nothing is said has neither closed nor reset it.
pub(crate) fn is_connected_still(fd: RawFd) -> bool {
    let mut scratch = [0; 64];
    match receive(fd, &mut scratch) {
        Ok(count) => count > 0,
        Err(error) => [Some(libc::EAGAIN), Some(libc::EINTR)].contains(&error.raw_os_error()),
    }
}

/// connect(2) as the socket does it: a datagram socket sends nothing.
pub(crate) fn connect_to(fd: RawFd, to: SocketAddr) -> io::Result<()> {
    let to = SockAddr::from(to);
    // SAFETY: pointer and length of one address.
    checked(unsafe { real::connect(fd, to.as_ptr().cast(), to.len()) }).map(drop)
}

/// `int bind(int, const struct sockaddr *, socklen_t)` — gives a socket an address; bind(2).
pub(crate) fn bind(fd: RawFd, to: SocketAddr) -> io::Result<()> {
    let to = SockAddr::from(to);
    // SAFETY: pointer and length of one address.
    checked(unsafe { real::bind(fd, to.as_ptr().cast(), to.len()) }).map(drop)
}

/// `int listen(int, int)` — for one connection at a time; listen(2).
pub(crate) fn listen(fd: RawFd) -> io::Result<()> {
    // SAFETY: no pointers.
    checked(unsafe { real::listen(fd, 1) }).map(drop)
}

/// Begins a datagram that a later call completes; send(2), MSG_MORE.
pub(crate) fn send_part(fd: RawFd, bytes: &[u8]) -> io::Result<()> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL | libc::MSG_MORE;
    // SAFETY: pointer and length of one slice.
    let sent = unsafe { real::send(fd, bytes.as_ptr().cast(), bytes.len(), flags) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Sends a datagram without blocking; sendto(2).
pub(crate) fn send_to(fd: RawFd, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
    let to = SockAddr::from(to);
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: pointer and length of one slice and of one address.
    let sent =
        unsafe { real::sendto(fd, bytes.as_ptr().cast(), bytes.len(), flags, to.as_ptr().cast(), to.len()) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Whether any handler of the application's wants system calls to be interrupted; sigaction(2), SA_RESTART.
pub(crate) fn some_handler_interrupts() -> bool {
    (1..=64).any(|signal| {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: reads the disposition into a structure of the right size; all-zero bytes are one.
        let action = unsafe {
            libc::sigaction(signal, ptr::null(), action.as_mut_ptr());
            action.assume_init()
        };
        let handled = ![libc::SIG_DFL, libc::SIG_IGN].contains(&action.sa_sigaction);
        handled && action.sa_flags & libc::SA_RESTART == 0
    })
}

/// A fresh TCP socket.
pub(crate) fn tcp_socket(family: c_int) -> Option<RawFd> {
    // SAFETY: no pointers.
    checked(unsafe { real::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) }).ok()
}

/// Gives one socket the value another has of an option; an option that cannot be read or set stays as it is.
pub(crate) fn copy_option<T: Copy>(from: RawFd, to: RawFd, level: c_int, name: c_int) {
    if let Ok(value) = option::<T>(from, level, name) {
        // SAFETY: pointer and length of one value.
        unsafe { libc::setsockopt(to, level, name, (&raw const value).cast(), size_of::<T>() as socklen_t) };
    }
}

/// Whether an option of SOL_SOCKET has different values on two sockets.
pub(crate) fn differs(one: RawFd, other: RawFd, name: c_int) -> bool {
    let value = |fd| option::<c_int>(fd, libc::SOL_SOCKET, name).ok();
    value(one) != value(other)
}

/// As [`copy_option`], for sizes the kernel doubles when they are set.
pub(crate) fn copy_halved(from: RawFd, to: RawFd, name: c_int) {
    if let Ok(value) = option::<c_int>(from, libc::SOL_SOCKET, name) {
        let _ = set_option(to, libc::SOL_SOCKET, name, value / 2);
    }
}

/// Other descriptors of this process for the same socket; proc(5).
pub(crate) fn copies_of(fd: RawFd) -> Vec<RawFd> {
    let Ok(ours) = cookie(fd) else { return Vec::new() };
    let Ok(all) = std::fs::read_dir("/proc/self/fd") else { return Vec::new() };
    let numbers = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter(|other| *other != fd && cookie(*other).is_ok_and(|cookie| cookie == ours)).collect()
}

/// Puts `new` behind the descriptor `old`, with the flags and the owner that one has; dup3(2), fcntl(2).
pub(crate) fn take_place(new: RawFd, old: RawFd) -> bool {
    // SAFETY: fcntl and dup3 take integers here.
    unsafe {
        let closes_on_exec = real::fcntl(old, libc::F_GETFD, 0) & libc::FD_CLOEXEC != 0;
        let owner = real::fcntl(old, libc::F_GETOWN, 0);
        let kept = status_flags(old).is_ok_and(|flags| set_status_flags(new, flags).is_ok());
        if owner != 0 {
            real::fcntl(new, libc::F_SETOWN, owner as usize);
        }
        kept && real::dup3(new, old, if closes_on_exec { libc::O_CLOEXEC } else { 0 }) == old
    }
}

/// How long the machine has been up; clock_gettime(2), CLOCK_BOOTTIME.
pub(crate) fn uptime() -> Duration {
    // SAFETY: an all-zero timespec is one, and is overwritten.
    let time = unsafe {
        let mut time: libc::timespec = mem::zeroed();
        libc::clock_gettime(libc::CLOCK_BOOTTIME, &mut time);
        time
    };
    Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0))
}

/// Some bytes nobody can guess, as a number; getrandom(2).
pub(crate) fn random() -> u16 {
    let mut bytes = [0; 2];
    // SAFETY: pointer and length of one array.
    unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), libc::GRND_NONBLOCK) };
    u16::from_ne_bytes(bytes)
}

/// Whether a file may be executed, as faccessat(2) has it with the effective ids; true where a sandbox does not let us
/// ask. The path is for the kernel to read.
pub(crate) fn may_execute(directory: RawFd, path: *const libc::c_char) -> bool {
    // SAFETY: the kernel checks the pointer.
    let refused = unsafe { libc::faccessat(directory, path, libc::X_OK, libc::AT_EACCESS) } != 0;
    !refused || [libc::EPERM, libc::ENOSYS, libc::EINVAL].contains(&errno::current())
}

/// Whether a program started now may read a file; access(2), which goes by the real ids and without the capabilities that
/// exec takes from all but root.
pub(crate) fn may_read(path: &CStr) -> io::Result<()> {
    // SAFETY: a string with its NUL.
    checked(unsafe { libc::access(path.as_ptr(), libc::R_OK) }).map(drop)
}

/// The file we were loaded from; dladdr(3).
pub(crate) fn our_file() -> Option<PathBuf> {
    let mut found = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: an address of ours; where dladdr succeeds the name is a string that stays.
    let name = unsafe {
        let here = our_file as fn() -> Option<PathBuf> as *const c_void;
        if libc::dladdr(here, found.as_mut_ptr()) == 0 || found.assume_init_ref().dli_fname.is_null() {
            return None;
        }
        CStr::from_ptr(found.assume_init_ref().dli_fname)
    };
    std::path::absolute(OsStr::from_bytes(name.to_bytes())).ok()
}

/// The name of this host; gethostname(2).
pub(crate) fn host_name() -> Option<Vec<u8>> {
    let mut buffer = vec![0_u8; 256];
    // SAFETY: pointer and length of one vector.
    let result = unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len()) };
    if result != 0 {
        return None;
    }
    buffer.truncate(buffer.iter().position(|byte| *byte == 0)?);
    Some(buffer)
}

/// Whether an epoll set has an entry for this descriptor; kcmp(2), KCMP_EPOLL_TFD. `None` where the kernel does not say.
pub(crate) fn is_in_epoll_set(set: RawFd, fd: RawFd) -> Option<bool> {
    const KCMP_EPOLL_TFD: c_int = 7;
    /// `struct kcmp_epoll_slot` of `<linux/kcmp.h>`.
    #[repr(C)]
    struct Slot {
        set: u32,
        descriptor: u32,
        offset: u32,
    }
    let (set, descriptor) = (u32::try_from(set).ok()?, u32::try_from(fd).ok()?);
    let us = crate::process::id();
    // Entries of one number are counted by `offset`: that of a closed descriptor stays as long as another one has its file.
    for offset in 0.. {
        let slot = Slot { set, descriptor, offset };
        // SAFETY: one structure, read only.
        let result = unsafe { libc::syscall(libc::SYS_kcmp, us, us, KCMP_EPOLL_TFD, fd, &raw const slot) };
        match (result, io::Error::last_os_error().raw_os_error()) {
            (0, _) => return Some(true),
            (1.., _) => {}
            (_, Some(libc::ENOENT)) => return Some(false),
            _ => return None,
        }
    }
    None
}

/// How far the kernel's table of this process's descriptors reaches; proc(5), FDSize.
pub(crate) fn descriptor_table_size() -> c_int {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("FDSize:"));
    line.and_then(|size| size.trim().parse().ok()).unwrap_or(0)
}

/// Whether a process is alive; kill(2), signal 0.
pub(crate) fn is_alive(process: libc::pid_t) -> bool {
    // SAFETY: signal 0 only asks.
    unsafe { libc::kill(process, 0) == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM) }
}

/// Puts a copy of a descriptor at exactly this number, if that is free.
pub(crate) fn copy_at(fd: RawFd, number: RawFd) -> bool {
    let Ok(lowest) = usize::try_from(number) else { return false };
    // SAFETY: F_DUPFD_CLOEXEC takes an integer.
    match checked(unsafe { real::fcntl(fd, libc::F_DUPFD_CLOEXEC, lowest) }) {
        Ok(copy) if copy == number => true,
        Ok(copy) => {
            close(copy);
            false
        }
        Err(_) => false,
    }
}

/// The file behind a descriptor, by device and inode; fstat(2).
pub(crate) fn identity(fd: RawFd) -> Option<(u64, u64)> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: fstat fills the whole structure where it succeeds.
    unsafe { (libc::fstat(fd, status.as_mut_ptr()) == 0).then(|| status.assume_init()) }
        .map(|status| (status.st_dev, status.st_ino))
}

/// One write(2), if there is room now; whether everything was written. Signals are blocked: a pipe nobody reads raises SIGPIPE, which is ours to take
/// back, unless the application had one coming.
pub(crate) fn write_once(fd: RawFd, bytes: &[u8]) -> bool {
    if !is_ready(fd, libc::POLLOUT) {
        return false;
    }
    let had_one = is_pending(libc::SIGPIPE);
    // SAFETY: pointer and length of one slice.
    let written = unsafe { real::write(fd, bytes.as_ptr().cast(), bytes.len()) };
    if !had_one && is_pending(libc::SIGPIPE) {
        // SAFETY: an all-zero set is the empty one; nothing is waited for.
        unsafe {
            let mut pipe: libc::sigset_t = mem::zeroed();
            libc::sigaddset(&mut pipe, libc::SIGPIPE);
            let at_once: libc::timespec = mem::zeroed();
            libc::sigtimedwait(&pipe, ptr::null_mut(), &at_once);
        }
    }
    usize::try_from(written) == Ok(bytes.len())
}

fn is_pending(signal: c_int) -> bool {
    // SAFETY: an all-zero set is the empty one.
    unsafe {
        let mut pending: libc::sigset_t = mem::zeroed();
        libc::sigpending(&mut pending);
        libc::sigismember(&pending, signal) == 1
    }
}
