//! Answers on a stream: DNS over TCP (RFC 7766), one question after the other.

use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use libc::c_int;

use super::{crew, loopback};
use crate::interpose::Verdict;
use crate::own::Own;
use crate::wait::Wait;
use crate::{address, descriptors, engine, sys};

/// How long a connection may be idle; RFC 7766, 6.2.3.
const PATIENCE: Duration = Duration::from_secs(120);

/// connect(2) of a stream to a name server: to a listener of ours, which takes this connection alone.
pub(crate) fn connect(fd: RawFd, domain: c_int, server: SocketAddr) -> Verdict<c_int> {
    let bound_to_ipv4 = sys::own_address(fd).is_some_and(|own| own.ip().to_canonical().is_ipv4());
    let family = if bound_to_ipv4 { libc::AF_INET } else { domain };
    let Some((listener, place)) = listen(family).or_else(|| listen(libc::AF_INET)) else {
        return Verdict::Fail(libc::ECONNREFUSED);
    };
    let Some(place) = address::for_family(place, domain) else {
        listener.close();
        return Verdict::Fail(libc::ENETUNREACH);
    };
    let outcome =
        sys::connect_to(fd, place).map_err(|error| error.raw_os_error().unwrap_or(libc::ECONNREFUSED));
    let caller = sys::own_address(fd).filter(|_| [Ok(()), Err(libc::EINPROGRESS)].contains(&outcome));
    let is_served =
        caller.is_some_and(|caller| crew::engage(move || serve(listener, address::unmapped(caller), server)));
    if !is_served {
        listener.close();
    } else {
        descriptors::remember(fd, server);
    }
    match outcome {
        Ok(()) => Verdict::Done(0),
        Err(errno) => Verdict::Fail(errno),
    }
}

fn listen(family: c_int) -> Option<(Own, SocketAddr)> {
    let listener = Own::stream(family)?;
    let ready = sys::bind(listener.fd, SocketAddr::new(loopback(family), 0))
        .and_then(|()| sys::listen(listener.fd))
        .ok()
        .and_then(|()| sys::own_address(listener.fd));
    if ready.is_none() {
        listener.close();
    }
    Some((listener, ready?))
}

/// Takes the one connection, and answers what it asks.
fn serve(listener: Own, caller: SocketAddr, server: SocketAddr) {
    let line = take(listener, caller);
    listener.close();
    if let Some(line) = line {
        while let Some(query) = message(line.fd) {
            let Some(answer) = engine::answer(&query, Some(server), usize::from(u16::MAX)) else { break };
            let Ok(length) = u16::try_from(answer.len()) else { break };
            if say(line.fd, &[&length.to_be_bytes(), answer.as_slice()].concat()).is_none() {
                break;
            }
        }
        line.close();
    }
}

/// The connection from `caller`; whoever else on this machine has found the port is turned away.
fn take(listener: Own, caller: SocketAddr) -> Option<Own> {
    let until = Instant::now() + Duration::from_secs(10);
    while listener.is_intact() && Instant::now() < until {
        let Some((line, from)) = Own::accepted(listener.fd) else {
            Wait::descriptor(listener.fd, libc::POLLIN, Some(until)).sleep();
            continue;
        };
        if address::unmapped(from) == caller {
            return Some(line);
        }
        line.close();
    }
    None
}

/// The next message, behind its length.
fn message(fd: RawFd) -> Option<Vec<u8>> {
    let mut length = [0; 2];
    fill(fd, &mut length)?;
    let mut message = vec![0; u16::from_be_bytes(length).into()];
    fill(fd, &mut message)?;
    Some(message)
}

fn fill(fd: RawFd, buffer: &mut [u8]) -> Option<()> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match sys::receive(fd, rest) {
            Ok(0) => return None,
            Ok(count) => done += count,
            Err(error) => pause(fd, libc::POLLIN, &error)?,
        }
    }
    Some(())
}

fn say(fd: RawFd, bytes: &[u8]) -> Option<()> {
    let mut done = 0;
    while let Some(rest) = bytes.get(done..).filter(|rest| !rest.is_empty()) {
        match sys::send(fd, rest) {
            Ok(count) => done += count,
            Err(error) => pause(fd, libc::POLLOUT, &error)?,
        }
    }
    Some(())
}

/// Sleeps until the connection has what is missing; `None` where that takes too long, or it has failed.
fn pause(fd: RawFd, events: libc::c_short, error: &std::io::Error) -> Option<()> {
    match error.raw_os_error() {
        Some(libc::EAGAIN) => sys::is_ready_within(fd, events, PATIENCE).then_some(()),
        Some(libc::EINTR) => Some(()),
        _ => None,
    }
}
