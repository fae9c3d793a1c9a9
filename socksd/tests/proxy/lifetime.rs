//! Who is let in, how long anything may take, and how it all ends.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use socksd::{Options, Server};

use crate::application::{connect, dial, read_to_end};
use crate::journal::{self, end_of};
use crate::proxy::{Proxy, options};
use crate::target::{echo, exchange};

#[test]
fn applications_elsewhere_are_not_let_in() {
    let proxy = Proxy::start(Options { allow: vec!["192.0.2.0/24".parse().unwrap()], ..options() });
    let mut application = dial(proxy.address);
    let from = application.local_addr().unwrap();
    assert!(read_to_end(&mut application).unwrap().is_empty());
    assert!(end_of(from).starts_with("user -: failed not allowed to connect"));
}

#[test]
fn applications_that_are_listed_are_let_in() {
    let proxy = Proxy::start(Options { allow: vec!["127.0.0.0/8".parse().unwrap()], ..options() });
    exchange(&mut connect(proxy.address, echo()), b"listed");
}

#[test]
fn a_handshake_has_a_total_time() {
    let proxy = Proxy::start(Options { handshake_timeout: Duration::from_millis(300), ..options() });
    for said in [&b""[..], b"\x05", b"\x05\x01\x00", b"\x05\x01\x00\x05\x01\x00\x03\xff"] {
        let mut application = dial(proxy.address);
        let from = application.local_addr().unwrap();
        application.write_all(said).unwrap();
        let _ = read_to_end(&mut application);
        let end = end_of(from);
        assert!(end.contains("failed handshake timed out"), "{end}");
    }
}

#[test]
fn stalled_handshakes_hold_nobody_up() {
    let proxy = Proxy::start(options());
    let stalled: Vec<TcpStream> = (0..300).map(|_| dial(proxy.address)).collect();
    stalled.iter().for_each(|mut stream| stream.write_all(b"\x05").unwrap());
    exchange(&mut connect(proxy.address, echo()), b"served");
}

#[test]
fn nobody_takes_the_room_of_all() {
    let limited = Options { max_connections: Some(3), max_connections_per_host: Some(2), ..options() };
    let proxy = Proxy::start(Options { listen: vec!["[::1]:0".parse().unwrap()], ..limited });
    // All IPv6 applications of these tests have one address.
    let (mut first, mut second) = (connect(proxy.address, echo()), connect(proxy.address, echo()));
    let mut third = dial(proxy.address);
    let from = third.local_addr().unwrap();
    assert!(read_to_end(&mut third).map_or(true, |said| said.is_empty()));
    assert!(end_of(from).starts_with("user -: failed refused: this host has 2 connections "));
    exchange(&mut first, b"first");
    exchange(&mut second, b"second");
    let freed = first.local_addr().unwrap();
    drop(first);
    end_of(freed);
    // The place is free as soon as the connection is over, a moment after it says so.
    let served = || {
        let mut fourth = dial(proxy.address);
        fourth.write_all(b"\x05\x01\x00").is_ok() && read_to_end_of_choice(&mut fourth) == [5, 0]
    };
    while !served() {}
}

/// The choice of a method, or nothing.
fn read_to_end_of_choice(application: &mut TcpStream) -> Vec<u8> {
    let mut choice = Vec::new();
    let _ = application.take(2).read_to_end(&mut choice);
    choice
}

#[test]
fn a_shutdown_lets_open_connections_finish() {
    let mut proxy = Proxy::start(Options { grace: Duration::from_secs(60), ..options() });
    let mut application = connect(proxy.address, echo());
    proxy.stop();
    while TcpStream::connect(proxy.address).is_ok() {}
    exchange(&mut application, b"still served");
    let from = application.local_addr().unwrap();
    drop(application);
    proxy.join().unwrap();
    assert!(end_of(from).contains(": up 12 down 12 closed "));
}

#[test]
fn a_shutdown_cuts_what_does_not_finish() {
    let mut proxy = Proxy::start(Options { grace: Duration::from_millis(50), ..options() });
    let mut application = connect(proxy.address, echo());
    let mut stalled = dial(proxy.address);
    stalled.write_all(b"\x05\x01\x00").unwrap();
    crate::application::read_exactly(&mut stalled, 2);
    let from = application.local_addr().unwrap();
    proxy.join().unwrap();
    assert_eq!(read_to_end(&mut application).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(end_of(from).contains(": up 0 down 0 shutdown "));
    assert!(end_of(stalled.local_addr().unwrap()).contains(": up 0 down 0 shutdown "));
}

#[test]
fn a_listening_socket_can_be_handed_over() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = Proxy::run(Server::from_listeners(vec![listener], options()).unwrap());
    exchange(&mut connect(proxy.address, echo()), b"handed over");
    let line = format!("listening on {}", proxy.address);
    journal::find(|found| found == line);
}

#[test]
fn an_address_in_use_is_named() {
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = first.local_addr().unwrap();
    let error = Server::bind(Options { listen: vec![taken], ..options() }).unwrap_err();
    assert!(error.to_string().contains(&taken.to_string()));
}
