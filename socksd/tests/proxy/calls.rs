//! BIND: a call from whom the request names, and from nobody else.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use socks_proto::client::{Failure, Version};
use socks_proto::socks5::Rep;
use socks_proto::{Address, Command};
use socksd::Options;

use crate::application::{ask, half_close, named, read_exactly, read_to_end, reset};
use crate::journal::end_of;
use crate::proxy::{PATIENCE, Proxy, options, with_names};
use crate::target::ip;

/// Asks for a call: the connection, and where the proxy listens.
fn await_call(proxy: &Proxy, version: Version, caller: impl Into<Address>) -> (TcpStream, SocketAddr) {
    let (application, bnd) = ask(proxy.address, version, Command::Bind, caller.into(), None).unwrap();
    (application, SocketAddr::new(ip(bnd), bnd.port))
}

/// Calls from an address of this host.
fn call(from: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    socket.connect(&to.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn host(last: u8) -> (Ipv4Addr, Address) {
    let ip = Ipv4Addr::new(127, 0, 3, last);
    (ip, SocketAddr::from((ip, 21)).into())
}

/// The second reply of SOCKS5, with an IPv4 address.
fn reply_about(caller: SocketAddr) -> Vec<u8> {
    let SocketAddr::V4(v4) = caller else { panic!("{caller}") };
    [&b"\x05\x00\x00\x01"[..], &v4.ip().octets(), &v4.port().to_be_bytes()].concat()
}

/// Whether nobody listens there; another test may be given the port as soon as it is free, so ask for several.
fn is_closed(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_err()
}

#[test]
fn a_call_is_announced_and_relayed() {
    let proxy = Proxy::start(options());
    let (ip, expected) = host(1);
    let (mut application, place) = await_call(&proxy, Version::Socks5, expected);
    let from = application.local_addr().unwrap();
    let mut caller = call(ip, place);
    assert_eq!(read_exactly(&mut application, 10), reply_about(caller.local_addr().unwrap()));
    caller.write_all(b"data connection").unwrap();
    assert_eq!(read_exactly(&mut application, 15), b"data connection");
    application.write_all(b"answer").unwrap();
    half_close(&application);
    assert_eq!(read_to_end(&mut caller).unwrap(), b"answer");
    caller.write_all(b"late").unwrap();
    drop(caller);
    assert_eq!(read_to_end(&mut application).unwrap(), b"late");
    let end = end_of(from);
    assert!(end.starts_with("to 127.0.3.1:21 (127.0.3.1:"), "{end}");
    assert!(end.contains(": up 6 down 19 closed "), "{end}");
}

#[test]
fn socks4_has_calls_too() {
    let proxy = Proxy::start(with_names(&["ftp.example=127.0.3.2"]));
    let (ip, expected) = host(2);
    for (version, expected) in [(Version::Socks4, expected), (Version::Socks4a, named("ftp.example", 21))] {
        let (mut application, place) = await_call(&proxy, version, expected);
        let mut caller = call(ip, place);
        let port = caller.local_addr().unwrap().port().to_be_bytes();
        let reply = [&b"\x00\x5a"[..], &port, &ip.octets()].concat();
        assert_eq!(read_exactly(&mut application, 8), reply);
        caller.write_all(b"four").unwrap();
        assert_eq!(read_exactly(&mut application, 4), b"four");
    }
}

#[test]
fn a_call_may_come_over_ipv6() {
    let proxy = Proxy::start(options());
    let expected = SocketAddr::from((Ipv6Addr::LOCALHOST, 21));
    let (mut application, place) = await_call(&proxy, Version::Socks5, expected);
    assert_eq!(place.ip(), Ipv6Addr::LOCALHOST);
    let caller = TcpStream::connect(place).unwrap();
    let port = caller.local_addr().unwrap().port().to_be_bytes();
    let reply = [&b"\x05\x00\x00\x04"[..], &Ipv6Addr::LOCALHOST.octets(), &port].concat();
    assert_eq!(read_exactly(&mut application, 22), reply);
}

#[test]
fn others_are_turned_away_and_the_waiting_goes_on() {
    let proxy = Proxy::start(options());
    let (ip, expected) = host(3);
    let (mut application, place) = await_call(&proxy, Version::Socks5, expected);
    for last in 10..20 {
        let mut stranger = call(Ipv4Addr::new(127, 0, 3, last), place);
        assert_eq!(stranger.read(&mut [0]).unwrap_or(0), 0);
    }
    let caller = call(ip, place);
    assert_eq!(read_exactly(&mut application, 10), reply_about(caller.local_addr().unwrap()));
}

#[test]
fn everybody_may_call_when_nobody_is_named() {
    let proxy = Proxy::start(options());
    let (mut application, place) = await_call(&proxy, Version::Socks5, Address::UNSPECIFIED);
    let caller = TcpStream::connect(place).unwrap();
    assert_eq!(read_exactly(&mut application, 10), reply_about(caller.local_addr().unwrap()));
}

#[test]
fn a_port_may_be_asked_for_beside_the_zero_address() {
    let proxy = Proxy::start(options());
    // Ports that the system gives to nobody by itself, so that only another run of this test can have them.
    let granted = (20_000..21_000).find_map(|port| {
        let asked = Address { port, ..Address::UNSPECIFIED };
        ask(proxy.address, Version::Socks5, Command::Bind, asked, None).ok().map(|granted| (asked, granted))
    });
    let (asked, (mut application, bnd)) = granted.unwrap();
    assert_eq!(bnd.port, asked.port);
    let failure = ask(proxy.address, Version::Socks5, Command::Bind, asked, None).unwrap_err();
    assert_eq!(failure, Failure::Reply(Rep::GENERAL_FAILURE));
    TcpStream::connect(SocketAddr::new(ip(bnd), bnd.port)).unwrap();
    read_exactly(&mut application, 10);
}

#[test]
fn an_application_that_leaves_frees_the_port_at_once() {
    let proxy = Proxy::start(options());
    for leave in [drop as fn(TcpStream), reset, |application| half_close(&application)] {
        let freed = || {
            let (application, place) = await_call(&proxy, Version::Socks5, host(4).1);
            let from = application.local_addr().unwrap();
            leave(application);
            end_of(from);
            is_closed(place)
        };
        assert!((0..10).any(|_| freed()));
    }
}

#[test]
fn waiting_has_a_total_time() {
    let proxy = Proxy::start(Options { bind_timeout: Duration::from_millis(100), ..options() });
    let (mut application, _) = await_call(&proxy, Version::Socks5, host(5).1);
    let from = application.local_addr().unwrap();
    assert_eq!(read_to_end(&mut application).unwrap(), b"\x05\x06\x00\x01\x00\x00\x00\x00\x00\x00");
    assert!(end_of(from).contains(": refused 06 nobody called "));
    let (mut application, _) = await_call(&proxy, Version::Socks4, host(5).1);
    assert_eq!(read_to_end(&mut application).unwrap(), b"\x00\x5b\x00\x00\x00\x00\x00\x00");
}

#[test]
fn what_is_said_before_the_call_reaches_the_caller() {
    let proxy = Proxy::start(options());
    let (ip, expected) = host(6);
    let (mut application, place) = await_call(&proxy, Version::Socks5, expected);
    application.write_all(&b"early".repeat(100)).unwrap();
    let mut caller = call(ip, place);
    read_exactly(&mut application, 10);
    half_close(&application);
    assert_eq!(read_to_end(&mut caller).unwrap(), b"early".repeat(100));
}

#[test]
fn a_caller_that_is_unknown_is_a_refusal() {
    let proxy = Proxy::start(options());
    let failure = |caller| ask(proxy.address, Version::Socks5, Command::Bind, caller, None).unwrap_err();
    assert_eq!(failure(named("nowhere.invalid", 21)), Failure::Reply(Rep::HOST_UNREACHABLE));
}

#[test]
fn a_reset_of_the_caller_is_a_reset_to_the_application() {
    let proxy = Proxy::start(options());
    let (ip, expected) = host(7);
    let (mut application, place) = await_call(&proxy, Version::Socks5, expected);
    let caller = call(ip, place);
    read_exactly(&mut application, 10);
    reset(caller);
    assert_eq!(read_to_end(&mut application).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn many_calls_are_waited_for_but_not_any_number() {
    let proxy = Proxy::start(options());
    let (ip, expected) = host(8);
    let mut waiting: Vec<_> = (0..256).map(|_| await_call(&proxy, Version::Socks5, expected)).collect();
    let failure = ask(proxy.address, Version::Socks5, Command::Bind, expected, None).unwrap_err();
    assert_eq!(failure, Failure::Reply(Rep::GENERAL_FAILURE));
    for (application, place) in &mut waiting {
        let _caller = call(ip, *place);
        read_exactly(application, 10);
    }
    // A call that has come is no longer waited for.
    await_call(&proxy, Version::Socks5, expected);
}

#[test]
fn an_application_that_says_much_and_goes_away_is_not_waited_for() {
    let proxy = Proxy::start(Options { bind_timeout: Duration::from_secs(3600), ..options() });
    let (mut application, _) = await_call(&proxy, Version::Socks5, host(20).1);
    let from = application.local_addr().unwrap();
    application.write_all(&[7; 100_000]).unwrap();
    half_close(&application);
    assert_eq!(read_to_end(&mut application).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(end_of(from).contains(" reset-by-application "));
}
