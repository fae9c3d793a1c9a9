//! The application's side of an association: the socket it sends to, and whether a datagram is its own.

use std::io;
use std::net::{SocketAddr, UdpSocket as StdSocket};

use socket2::SockRef;
use socks_proto::{Address, Host};
use tokio::net::{TcpStream, UdpSocket};

use crate::associate::outside::RECEIVE_BUFFER;
use crate::outgoing::canonical;
use crate::refusal::Refusal;

#[derive(Debug)]
pub(super) struct Inside {
    socket: UdpSocket,
    address: SocketAddr,
    /// The application's host; its port is 0 until it is known.
    application: SocketAddr,
}

impl Inside {
    pub(super) fn open(application: &TcpStream, asked: &Address) -> Result<Inside, Refusal> {
        let failed = |error| Refusal::Associate(error);
        let mut application_address = canonical(application.peer_addr().map_err(failed)?);
        let mut own = canonical(application.local_addr().map_err(failed)?);
        own.set_port(0);
        let socket = bind(own).map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        application_address.set_port(port_promised(asked, application_address));
        let inside = Inside { socket, address, application: application_address };
        if application_address.port() != 0 {
            inside.close_to_others();
        }
        Ok(inside)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) async fn readable(&self) {
        // An error is that of an earlier datagram, and reading takes note of it.
        let _ = self.socket.readable().await;
    }

    pub(super) fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.try_recv_from(buffer)
    }

    /// What `read` finds in a datagram from this sender, unless the sender is not the application.
    ///
    /// The port that sends the first datagram that can be read is the application's from then on.
    pub(super) fn admit<T>(&mut self, sender: SocketAddr, read: impl FnOnce() -> Option<T>) -> Option<T> {
        let settled = self.application.port() != 0;
        if sender.ip() != self.application.ip() || settled && sender.port() != self.application.port() {
            return None;
        }
        let found = read()?;
        if !settled {
            self.application = sender;
            self.close_to_others();
        }
        Some(found)
    }

    /// Sends to the application, whose port is known because it has sent before.
    pub(super) fn send(&self, datagram: &[u8]) -> io::Result<()> {
        let socket = SockRef::from(&self.socket);
        let sent = match socket.send(datagram) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                // The error of an earlier datagram takes the place of this one (udp(7)).
                socket.send(datagram)
            }
            sent => sent,
        };
        sent.map(drop)
    }

    /// Lets the kernel turn away who is not the application; the check on every sender stays, for what was queued before.
    fn close_to_others(&self) {
        let _ = SockRef::from(&self.socket).connect(&self.application.into());
    }
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = StdSocket::bind(address)?;
    let _ = SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER);
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

/// The port that the request says the application sends from, or 0.
///
/// An address other than the one it connects from is that of a network behind NAT or no promise at all, and so is
/// its port.
fn port_promised(asked: &Address, application: SocketAddr) -> u16 {
    match asked.host {
        Host::Ip(ip) if ip.is_unspecified() || ip.to_canonical() == application.ip() => asked.port,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_counts_only_beside_the_address_it_belongs_to() {
        let application: SocketAddr = "10.0.0.2:51234".parse().unwrap();
        let promised = |asked: &str| port_promised(&asked.parse::<SocketAddr>().unwrap().into(), application);
        assert_eq!(promised("0.0.0.0:4000"), 4000);
        assert_eq!(promised("[::]:4000"), 4000);
        assert_eq!(promised("10.0.0.2:4000"), 4000);
        assert_eq!(promised("192.168.1.2:4000"), 0);
        assert_eq!(promised("0.0.0.0:0"), 0);
    }
}
