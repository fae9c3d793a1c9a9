//! UDP ASSOCIATE: relays datagrams between one application and any number of targets (RFC 1928, 7).
//!
//! An association lasts as long as the connection on which it was asked for. The application's datagrams are taken from
//! the host of that connection and from one port: that of the request or, if it names none, that of the first datagram
//! with a sound header. Datagrams go back only from hosts that the application has sent to (any port, since some
//! protocols answer from another one); strangers cannot reach it. Fragments, malformed headers, and datagrams for which
//! the system has no room are dropped, as are all errors: a datagram has no reply that could tell them.

mod inside;
mod judgements;
mod lookups;
mod outside;
mod recent;
mod tally;

use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socks_proto::udp::{self, MAX_HEADER};
use socks_proto::{Address, Host, Name};
use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;

use crate::gate::Gate;
use crate::meter::{Meter, Way};
use crate::refusal::Refusal;
use crate::relay::{End, Party};
use crate::site::Site;
use crate::stream::read;
use crate::traffic::Traffic;

use inside::Inside;
use judgements::Judgements;
use lookups::{Known, Lookups};
use outside::{Family, Outside};
pub(crate) use tally::Tally;

/// A datagram of the largest size, with room before it for the longest header.
const ROOM: usize = MAX_HEADER + 65536;

/// Datagrams relayed in one direction before the others have their turn.
const BATCH: usize = 32;

/// One association with its sockets.
#[derive(Debug)]
pub(crate) struct Association {
    inside: Inside,
    outside: Outside,
    lookups: Lookups,
    judgements: Judgements,
    tally: Tally,
}

enum Event {
    FromApplication,
    FromTarget(Family),
    Found,
    Over(End),
}

impl Association {
    /// Opens the socket that the application is to send to, at the address where it reached us.
    pub(crate) fn open(
        application: &TcpStream,
        asked: &Address,
        site: Arc<Site>,
        gate: Gate,
    ) -> Result<Self, Refusal> {
        Ok(Association {
            inside: Inside::open(application, asked)?,
            outside: Outside::new(site.options.external.clone(), gate.inside().ip()),
            lookups: Lookups::new(site, &gate),
            judgements: Judgements::new(gate),
            tally: Tally::default(),
        })
    }

    /// BND of the reply.
    pub(crate) fn address(&self) -> SocketAddr {
        self.inside.address()
    }

    /// Relays until the application closes its connection, or nothing was relayed for `idle`.
    pub(crate) async fn relay(
        mut self,
        application: &TcpStream,
        traffic: &Traffic,
        idle: Option<Duration>,
    ) -> (End, Tally) {
        traffic.touch();
        loop {
            match self.event(application, traffic, idle).await {
                Event::FromApplication => self.take_from_application(traffic),
                Event::FromTarget(family) => self.take_from_target(family, traffic),
                Event::Found => self.send_held(traffic),
                Event::Over(end) => return (end, self.tally),
            }
            consume_budget().await;
        }
    }

    async fn event(&mut self, application: &TcpStream, traffic: &Traffic, idle: Option<Duration>) -> Event {
        tokio::select! {
            end = closed(application) => Event::Over(end),
            () = self.inside.readable() => Event::FromApplication,
            family = self.outside.readable() => Event::FromTarget(family),
            () = self.lookups.found() => Event::Found,
            () = traffic.quiet(idle) => Event::Over(End::Idle),
        }
    }

    fn take_from_application(&mut self, traffic: &Traffic) {
        batch(|buffer| {
            let (length, sender) = self.inside.receive(buffer)?;
            self.pass_up(&buffer[..length], sender, traffic);
            Ok(())
        });
    }

    fn pass_up(&mut self, datagram: &[u8], sender: SocketAddr, traffic: &Traffic) {
        let Some((target, data)) = self.inside.admit(sender, || whole(datagram)) else {
            return self.tally.dropped += 1;
        };
        let (name, ip) = match target.host {
            Host::Ip(ip) => (None, ip),
            Host::Name(name) => match self.lookups.address(name, target.port, data) {
                Known::Address(ip) => (Some(name), ip),
                Known::NotYet => return,
                Known::Never => return self.tally.dropped += 1,
            },
        };
        self.send(name, SocketAddr::new(ip, target.port), data, traffic);
    }

    fn send_held(&mut self, traffic: &Traffic) {
        let (found, held) = self.lookups.take_found();
        let Some((name, ip)) = found else { return self.tally.dropped += held.len() as u64 };
        for (port, data) in held {
            self.send(Some(name), SocketAddr::new(ip, port), &data, traffic);
        }
    }

    fn send(&mut self, name: Option<Name>, target: SocketAddr, data: &[u8], traffic: &Traffic) {
        let judged = self.judgements.sent(name, target);
        if !judged.is_some_and(|meter| meter.pass_at_once(data, Way::Up)) {
            return self.tally.dropped += 1;
        }
        match self.outside.send(target, data) {
            Ok(()) => {
                self.tally.sent += 1;
                traffic.up().add(data.len());
            }
            Err(_) => self.tally.dropped += 1,
        }
    }

    fn take_from_target(&mut self, family: Family, traffic: &Traffic) {
        batch(|buffer| {
            let (length, sender) = self.outside.receive(family, &mut buffer[MAX_HEADER..])?;
            let data = &buffer[MAX_HEADER..MAX_HEADER + length];
            let passes = |meter: &Meter| meter.pass_at_once(data, Way::Down);
            if !self.outside.has_sent_to(sender.ip()) || !self.judgements.received(sender).is_some_and(passes)
            {
                self.tally.dropped += 1;
                return Ok(());
            }
            let mut header = [0; MAX_HEADER];
            let header_length = udp::encode_header(&sender.into(), &mut header);
            let start = MAX_HEADER - header_length;
            buffer[start..MAX_HEADER].copy_from_slice(&header[..header_length]);
            match self.inside.send(&buffer[start..MAX_HEADER + length]) {
                Ok(()) => {
                    self.tally.received += 1;
                    traffic.down().add(length);
                }
                Err(_) => self.tally.dropped += 1,
            }
            Ok(())
        });
    }
}

/// Completes when the application ends the association; it has nothing to say on its connection.
async fn closed(application: &TcpStream) -> End {
    let mut waste = [0; 512];
    loop {
        match read(application, &mut waste).await {
            Ok(0) => return End::Closed,
            Ok(_) => {}
            Err(_) => return End::Reset(Party::Application),
        }
    }
}

/// Target and data of a datagram that is relayed by rule: with a sound header, and no fragment.
fn whole(datagram: &[u8]) -> Option<(Address, &[u8])> {
    let (header, length) = udp::decode(datagram).ok()?;
    let address = header.address.canonical();
    (header.frag == 0 && is_target(&address)).then_some((address, &datagram[length..]))
}

/// Whether a datagram may go there at all: to one host, not to a group and not to the proxy's own host by accident.
fn is_target(address: &Address) -> bool {
    address.port != 0
        && match address.host {
            Host::Ip(ip) => is_one_host(ip),
            Host::Name(_) => true,
        }
}

fn is_one_host(ip: IpAddr) -> bool {
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    !(ip.is_unspecified() || ip.is_multicast() || broadcast)
}

/// Receives with this thread's buffer until nothing is left or others are due.
fn batch(mut one: impl FnMut(&mut [u8]) -> io::Result<()>) {
    thread_local!(static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; ROOM].into()));
    BUFFER.with_borrow_mut(|buffer| {
        for _ in 0..BATCH {
            match one(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Such as a target's "port unreachable", which says nothing about the next datagram.
                Err(_) | Ok(()) => {}
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(frag: u8, rest: &[u8]) -> Vec<u8> {
        [&[0, 0, frag], rest].concat()
    }

    #[test]
    fn fragments_groups_and_nonsense_are_dropped() {
        let sound = b"\x01\xc0\x00\x02\x07\x00\x35ping";
        let (address, data) = (Address::from(SocketAddr::from(([192, 0, 2, 7], 53))), &b"ping"[..]);
        assert_eq!(whole(&datagram(0, sound)), Some((address, data)));
        assert_eq!(whole(&datagram(0, &sound[..7])), Some((address, &b""[..])));
        assert_eq!(whole(&datagram(1, sound)), None);
        assert_eq!(whole(&datagram(0x81, sound)), None);
        for bad in [
            &b"\x01\xc0\x00\x02\x07\x00"[..],
            b"\x01\xc0\x00\x02\x07\x00\x00ping",
            b"\x01\x00\x00\x00\x00\x00\x35ping",
            b"\x01\xe0\x00\x00\x01\x00\x35ping",
            b"\x01\xff\xff\xff\xff\x00\x35ping",
            b"\x03\x09224.0.0.1\x00\x35ping",
            b"\x02\xc0\x00\x02\x07\x00\x35ping",
            b"\x03\x00\x00\x35ping",
        ] {
            assert_eq!(whole(&datagram(0, bad)), None, "{bad:?}");
        }
    }
}
