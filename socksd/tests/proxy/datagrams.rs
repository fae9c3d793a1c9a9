//! UDP ASSOCIATE: datagrams arrive whole, from where they really come, and only between those who belong together.

use std::io::{ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use socks_proto::client::Version;
use socks_proto::udp::{self, MAX_HEADER};
use socks_proto::{Address, Command};
use socksd::Options;

use crate::application::{ask, half_close, named, read_to_end, reset};
use crate::journal::end_of;
use crate::proxy::{PATIENCE, Proxy, options, with_names};
use crate::target::ip;

/// An application with an association.
struct Associate {
    control: TcpStream,
    socket: UdpSocket,
    relay: SocketAddr,
}

impl Associate {
    fn new(proxy: &Proxy) -> Associate {
        Associate::promising(proxy, 0)
    }

    /// One that says which port it will send from.
    fn promising(proxy: &Proxy, port: u16) -> Associate {
        let promised = Address { port, ..Address::UNSPECIFIED };
        let (control, bnd) =
            ask(proxy.address, Version::Socks5, Command::UdpAssociate, promised, None).unwrap();
        let relay = SocketAddr::new(ip(bnd), bnd.port);
        assert_eq!(relay.ip(), proxy.address.ip());
        let socket = socket(control.local_addr().unwrap().ip());
        Associate { control, socket, relay }
    }

    fn send(&self, target: impl Into<Address>, data: &[u8]) {
        self.socket.send_to(&wrapped(target, data), self.relay).unwrap();
    }

    fn receive(&self) -> (SocketAddr, Vec<u8>) {
        let mut buffer = vec![0; 65536];
        let (length, from) = self.socket.recv_from(&mut buffer).unwrap();
        assert_eq!(from, self.relay);
        let (header, start) = udp::decode(&buffer[..length]).unwrap();
        assert_eq!(header.frag, 0);
        (header.address.socket_address().unwrap(), buffer[start..length].to_vec())
    }

    /// Sends to a target that a test plays, which answers.
    fn exchange(&self, target: &UdpSocket, data: &[u8]) -> SocketAddr {
        self.send(target.local_addr().unwrap(), data);
        let (received, from) = receive(target);
        assert!(received == data, "{} bytes for {}", received.len(), data.len());
        target.send_to(data, from).unwrap();
        let (source, answer) = self.receive();
        assert_eq!(source, target.local_addr().unwrap());
        assert!(answer == data, "{} bytes for {}", answer.len(), data.len());
        from
    }

    fn end(self) -> String {
        let from = self.control.local_addr().unwrap();
        drop(self.control);
        end_of(from)
    }
}

fn socket(ip: IpAddr) -> UdpSocket {
    let socket = UdpSocket::bind((ip, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn target() -> UdpSocket {
    socket(Ipv4Addr::LOCALHOST.into())
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 65536];
    let (length, from) = socket.recv_from(&mut buffer).unwrap();
    buffer.truncate(length);
    (buffer, from)
}

fn wrapped(target: impl Into<Address>, data: &[u8]) -> Vec<u8> {
    let mut header = [0; MAX_HEADER];
    let length = udp::encode_header(&target.into(), &mut header);
    [&header[..length], data].concat()
}

#[test]
fn datagrams_of_every_size_pass() {
    let proxy = Proxy::start(options());
    let (associate, target) = (Associate::new(&proxy), target());
    for size in [0, 1, 512, 1472, 8000, 30_000, 65_507 - 10] {
        let data: Vec<u8> = (0..size).map(|index| (index * 31 % 251) as u8).collect();
        associate.exchange(&target, &data);
    }
    let end = associate.end();
    assert!(end.contains(": up 105482 down 105482 sent 7 received 7 dropped 0 closed "), "{end}");
}

#[test]
fn one_association_reaches_many_targets() {
    let proxy = Proxy::start(options());
    let associate = Associate::new(&proxy);
    let targets: Vec<UdpSocket> = (0..50).map(|_| target()).collect();
    let seen: Vec<SocketAddr> = targets.iter().map(|target| associate.exchange(target, b"one")).collect();
    assert!(seen.iter().all(|from| *from == seen[0]), "{seen:?}");
}

#[test]
fn names_are_looked_up_by_the_proxy() {
    let proxy = Proxy::start(with_names(&["www.example.org=127.0.0.1"]));
    let (associate, target) = (Associate::new(&proxy), target());
    let address = target.local_addr().unwrap();
    for round in 0..3_u8 {
        associate.send(named("www.example.org", address.port()), &[round]);
        let (data, from) = receive(&target);
        assert_eq!(data, [round]);
        target.send_to(b"answer", from).unwrap();
        assert_eq!(associate.receive(), (address, b"answer".to_vec()));
    }
}

#[test]
fn datagrams_to_a_name_keep_their_order() {
    let proxy = Proxy::start(options());
    let (associate, target) = (Associate::new(&proxy), target());
    let port = target.local_addr().unwrap().port();
    (0..100_u8).for_each(|number| associate.send(named("localhost", port), &[number]));
    (0..100_u8).for_each(|number| assert_eq!(receive(&target).0, [number]));
}

#[test]
fn a_name_without_an_address_holds_up_nothing() {
    let proxy = Proxy::start(options());
    let (associate, target) = (Associate::new(&proxy), target());
    associate.send(named("nowhere.invalid", 80), b"lost");
    associate.exchange(&target, b"meanwhile");
}

#[test]
fn associations_work_over_ipv6_on_either_side() {
    let v6 = Proxy::start(Options { listen: vec!["[::1]:0".parse().unwrap()], ..options() });
    let associate = Associate::new(&v6);
    associate.exchange(&socket(Ipv6Addr::LOCALHOST.into()), b"six");
    associate.exchange(&target(), b"four");
    let v4 = Proxy::start(options());
    Associate::new(&v4).exchange(&socket(Ipv6Addr::LOCALHOST.into()), b"six");
}

#[test]
fn fragments_and_malformed_headers_are_dropped() {
    let proxy = Proxy::start(options());
    let (associate, target) = (Associate::new(&proxy), target());
    let mut sound = wrapped(target.local_addr().unwrap(), b"dropped");
    sound[2] = 1;
    let bad: [&[u8]; 6] =
        [&sound, b"", b"\x00", b"\x00\x00\x00\x01\x7f", b"\x00\x00\x00\x03\x00", b"\x00\x00\x00\xffgarbage"];
    for datagram in bad {
        associate.socket.send_to(datagram, associate.relay).unwrap();
    }
    associate.exchange(&target, b"sound");
    let end = associate.end();
    assert!(end.contains(" sent 1 received 1 dropped 6 closed "), "{end}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn no_datagram_does_harm(datagrams in vec(hostile(), 0..40), answers in vec(vec(any::<u8>(), 0..40), 0..5)) {
        static PROXY: LazyLock<Proxy> = LazyLock::new(|| Proxy::start(options()));
        let (associate, target) = (Associate::new(&PROXY), target());
        let outside = associate.exchange(&target, b"before");
        let stranger = socket(Ipv4Addr::new(127, 9, 9, 9).into());
        for datagram in &datagrams {
            let _ = associate.socket.send_to(datagram, associate.relay);
            let _ = stranger.send_to(datagram, associate.relay);
            let _ = stranger.send_to(datagram, outside);
        }
        for answer in &answers {
            target.send_to(answer, outside).unwrap();
            prop_assert_eq!(&associate.receive().1, answer);
        }
        associate.exchange(&target, b"after");
    }
}

/// Headers of any kind, whole and broken, to places where nobody listens.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let header = prop_oneof![
        Just(&b"\x00\x00\x00\x01\x7f\x00\x00\x02"[..]),
        Just(&b"\x00\x00\x00\x01\x7f\x00\x00\x02\x00\x09"[..]),
        Just(&b"\x00\x00\x00\x03\x09x.invalid\x00\x50"[..]),
        Just(&b"\x00\x00\x00\x03\xff"[..]),
        Just(&b"\x00\x00\x00\x04\x20\x01\x0d\xb8"[..]),
        Just(&b"\x00\x00\x81\x01\x7f\x00\x00\x02\x00\x09"[..]),
        Just(&b"\x00\x00\x00\x01\xe0\x00\x00\xfb\x14\xe9"[..]),
        Just(&b""[..]),
    ];
    (header, vec(any::<u8>(), 0..60)).prop_map(|(header, rest)| [header, &rest].concat())
}

#[test]
fn another_host_cannot_use_an_association() {
    let proxy = Proxy::start(options());
    let (associate, target) = (Associate::new(&proxy), target());
    let stranger = socket(Ipv4Addr::new(127, 9, 9, 9).into());
    stranger.send_to(&wrapped(target.local_addr().unwrap(), b"stranger"), associate.relay).unwrap();
    associate.exchange(&target, b"own");
    // It has a port now; the kernel turns the stranger away.
    let _ = stranger.send_to(&wrapped(target.local_addr().unwrap(), b"stranger"), associate.relay);
    associate.exchange(&target, b"own again");
}

#[test]
fn another_port_cannot_use_an_association() {
    let proxy = Proxy::start(options());
    let (associate, target) = (Associate::new(&proxy), target());
    associate.exchange(&target, b"first");
    let other = socket(associate.socket.local_addr().unwrap().ip());
    let _ = other.send_to(&wrapped(target.local_addr().unwrap(), b"second"), associate.relay);
    associate.exchange(&target, b"third");
}

#[test]
fn a_promised_port_is_the_only_one() {
    let proxy = Proxy::start(options());
    let target = target();
    // The application's address is known only once it has connected, so it sends from one of its own making.
    let port = socket(Ipv4Addr::LOCALHOST.into()).local_addr().unwrap().port();
    let mut associate = Associate::promising(&proxy, port);
    let early = wrapped(target.local_addr().unwrap(), b"not this");
    let _ = associate.socket.send_to(&early, associate.relay);
    let promised = SocketAddr::new(associate.socket.local_addr().unwrap().ip(), port);
    associate.socket = UdpSocket::bind(promised).unwrap();
    associate.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    associate.exchange(&target, b"but this");
}

#[test]
fn strangers_cannot_reach_the_application() {
    let proxy = Proxy::start(options());
    let (associate, target) = (Associate::new(&proxy), target());
    let outside = associate.exchange(&target, b"friend");
    let stranger = socket(Ipv4Addr::new(127, 9, 9, 9).into());
    stranger.send_to(b"stranger", (Ipv4Addr::LOCALHOST, outside.port())).unwrap();
    associate.exchange(&target, b"friend");
    // The same host from another port is no stranger: TFTP answers so.
    let sibling = socket(Ipv4Addr::LOCALHOST.into());
    sibling.send_to(b"sibling", (Ipv4Addr::LOCALHOST, outside.port())).unwrap();
    assert_eq!(associate.receive(), (sibling.local_addr().unwrap(), b"sibling".to_vec()));
    assert!(associate.end().contains(" received 3 dropped 1 closed "));
}

#[test]
fn a_closed_target_port_does_no_harm() {
    let proxy = Proxy::start(options());
    let (associate, target) = (Associate::new(&proxy), target());
    let closed = socket(Ipv4Addr::LOCALHOST.into()).local_addr().unwrap();
    for _ in 0..10 {
        associate.send(closed, b"into the void");
        associate.exchange(&target, b"alive");
    }
}

#[test]
fn an_association_ends_with_its_connection() {
    let proxy = Proxy::start(options());
    for end in [drop as fn(TcpStream), reset, |mut control| {
        half_close(&control);
        // The proxy closes in turn.
        assert!(read_to_end(&mut control).unwrap().is_empty());
    }] {
        let ended = || {
            let (associate, target) = (Associate::new(&proxy), target());
            associate.exchange(&target, b"open");
            let from = associate.control.local_addr().unwrap();
            end(associate.control);
            end_of(from);
            associate.socket.connect(associate.relay).unwrap();
            let late = wrapped(target.local_addr().unwrap(), b"late");
            // On loopback the error of a datagram is there before the next one is sent.
            associate.socket.send(&late).unwrap();
            let refused = associate.socket.send(&late);
            target.set_nonblocking(true).unwrap();
            assert!(target.recv_from(&mut [0; 10]).is_err());
            refused.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
        };
        // Another test may be given the port as soon as it is free.
        assert!((0..10).any(|_| ended()));
    }
}

#[test]
fn what_is_said_on_the_connection_is_ignored() {
    let proxy = Proxy::start(options());
    let (mut associate, target) = (Associate::new(&proxy), target());
    associate.control.write_all(&[7; 100_000]).unwrap();
    associate.exchange(&target, b"still here");
}

#[test]
fn groups_and_the_unspecified_address_are_no_targets() {
    let proxy = Proxy::start(options());
    let (associate, target) = (Associate::new(&proxy), target());
    let port = target.local_addr().unwrap().port();
    for address in [[0, 0, 0, 0], [224, 0, 0, 1], [255, 255, 255, 255]] {
        associate.send(SocketAddr::from((address, port)), b"nowhere");
    }
    associate.exchange(&target, b"somewhere");
    assert!(associate.end().contains(" sent 1 received 1 dropped 3 "));
}

#[test]
fn socks4_has_no_datagrams() {
    let proxy = Proxy::start(options());
    let mut application = crate::application::dial(proxy.address);
    application.write_all(b"\x04\x03\x00\x50\x7f\x00\x00\x01\x00").unwrap();
    assert_eq!(read_to_end(&mut application).unwrap(), b"\x00\x5b\x00\x00\x00\x00\x00\x00");
}
