//! The token: a connection of our own to the application's listener, by which a call that came at the proxy becomes an
//! event here. accept(2) knows it by its source, a port of this machine that nobody else has as long as we hold it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::RawFd;
use std::str;
use std::time::Duration;

use libc::{c_int, socklen_t};
use socket2::SockAddr;

use crate::hooks::real;
use crate::own::Own;
use crate::sys::{self, checked};
use crate::{address, errno};

/// A token, and where it comes from.
#[derive(Clone, Copy)]
pub(crate) struct Token {
    pub(crate) socket: Own,
    pub(crate) source: SocketAddr,
    listener: SocketAddr,
}

/// What became of a call: who calls, or why nobody will.
pub(crate) type Outcome = Result<SocketAddr, c_int>;

impl Token {
    /// For a listener bound to `own`.
    pub(crate) fn new(own: SocketAddr) -> Option<Token> {
        let addresses: &[IpAddr] = match own.ip() {
            ip if !ip.to_canonical().is_unspecified() => &[ip],
            IpAddr::V4(_) => &[IpAddr::V4(Ipv4Addr::LOCALHOST)],
            IpAddr::V6(_) => {
                &[IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped())]
            }
        };
        let with = |ip: &IpAddr| {
            let mut listener = own;
            listener.set_ip(*ip);
            Token::to(listener)
        };
        addresses.iter().find_map(with)
    }

    fn to(listener: SocketAddr) -> Option<Token> {
        let family = if listener.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
        let socket = Own::adopt(sys::moved(sys::tcp_socket(family)?)?)?;
        let mut source = listener;
        source.set_port(0);
        let source = bind(socket.fd, source).ok().and_then(|()| sys::own_address(socket.fd));
        resets_at_close(socket.fd);
        let Some(source) = source else {
            socket.close();
            return None;
        };
        Some(Token { socket, source, listener })
    }

    /// Knocks; true where the listener has heard it already.
    pub(crate) fn knock(self) -> io::Result<bool> {
        match sys::begin_connect(self.socket.fd, self.listener) {
            Ok(()) => Ok(true),
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Says what became of the call, for a process that cannot look it up.
    pub(crate) fn say(self, outcome: Outcome) {
        let message = match outcome {
            Ok(caller) => format!("{caller}\n"),
            Err(errno) => format!("{errno}\n"),
        };
        let _ = sys::send(self.socket.fd, message.as_bytes());
    }
}

/// What the token at the other end of this connection said.
pub(crate) fn heard(connection: RawFd) -> Option<Outcome> {
    let mut buffer = [0; 128];
    let mut length = 0;
    while !buffer.get(..length)?.ends_with(b"\n") {
        if !sys::is_ready_within(connection, libc::POLLIN, PATIENCE) {
            return None;
        }
        match sys::receive(connection, buffer.get_mut(length..)?) {
            Ok(0) | Err(_) => return None,
            Ok(count) => length += count,
        }
    }
    let said = str::from_utf8(buffer.get(..length - 1)?).ok()?;
    said.parse().map(Ok).or_else(|_| said.parse().map(Err)).ok()
}

/// Whoever knocks says at once what for.
const PATIENCE: Duration = Duration::from_secs(1);

/// What accept4(2) gives.
pub(crate) fn accept(listener: RawFd, flags: c_int) -> Result<(RawFd, SocketAddr), c_int> {
    let mut accepted = -1;
    let peer = address::filled(|address, length| {
        // SAFETY: the helper passes a buffer and its length.
        accepted = unsafe { real::accept4(listener, address, length, flags) };
        if accepted < 0 { -1 } else { 0 }
    });
    match peer {
        Some(peer) => Ok((accepted, peer)),
        None if accepted < 0 => Err(errno::current()),
        None => {
            sys::close(accepted);
            Err(libc::ECONNABORTED)
        }
    }
}

/// bind(2).
pub(crate) fn bind(fd: RawFd, to: SocketAddr) -> io::Result<()> {
    let to = SockAddr::from(to);
    // SAFETY: pointer and length of one address.
    checked(unsafe { real::bind(fd, to.as_ptr().cast(), to.len()) }).map(drop)
}

/// listen(2).
pub(crate) fn listen(fd: RawFd, backlog: c_int) -> Result<(), c_int> {
    // SAFETY: no pointers.
    if unsafe { real::listen(fd, backlog) } == 0 { Ok(()) } else { Err(errno::current()) }
}

/// No TIME_WAIT, which would keep the listener's port from being bound again; socket(7), SO_LINGER.
fn resets_at_close(fd: RawFd) {
    let at_once = libc::linger { l_onoff: 1, l_linger: 0 };
    // SAFETY: pointer and length of one structure.
    unsafe {
        libc::setsockopt(
            fd,
            libc::SOL_SOCKET,
            libc::SO_LINGER,
            (&raw const at_once).cast(),
            size_of::<libc::linger>() as socklen_t,
        )
    };
}

/// Puts the connection of a call behind the descriptor of the token that announced it, with the flags accept4(2) was asked
/// for; dup3(2).
pub(crate) fn put_behind(connection: RawFd, accepted: RawFd, flags: c_int) -> bool {
    sys::set_nonblocking(connection, flags & libc::SOCK_NONBLOCK != 0);
    let closes = if flags & libc::SOCK_CLOEXEC != 0 { libc::O_CLOEXEC } else { 0 };
    // SAFETY: no pointers.
    unsafe { real::dup3(connection, accepted, closes) == accepted }
}
