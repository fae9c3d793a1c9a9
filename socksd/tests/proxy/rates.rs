//! What a rule wants done with all that passes: told in the log, or held back.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::process::Command;

use crate::application::{associate, connect, half_close, read_to_end};
use crate::program::{Program, SOCKSD, scratch};
use crate::proxy::PATIENCE;
use crate::target::{echo, exchange};

/// Serves everybody, with this in the rule.
fn serving(name: &str, said: &str) -> Program {
    serving_by(name, &format!("socks pass {{ from: 0/0 to: 0/0 {said} }}"))
}

fn serving_by(name: &str, rules: &str) -> Program {
    let file = scratch(&format!("rates-{name}")).join("sockd.conf");
    let rules = format!(
        "internal: 127.0.0.1 port = 0\nsocksmethod: none\nclient pass {{ from: 0/0 to: 0/0 }}\n{rules}\n"
    );
    std::fs::write(&file, rules).unwrap();
    let mut command = Command::new(SOCKSD);
    command.arg("-f").arg(file);
    Program::spawn(command)
}

/// An application with a socket for datagrams, a target, and the header that leads there.
struct Association {
    control: TcpStream,
    relay: SocketAddr,
    socket: UdpSocket,
    target: UdpSocket,
    header: Vec<u8>,
}

impl Association {
    fn open(program: &Program) -> Association {
        let (control, relay) = associate(program.address);
        let bind = |ip: IpAddr| {
            let socket = UdpSocket::bind((ip, 0)).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            socket
        };
        let (socket, target) = (bind(control.local_addr().unwrap().ip()), bind(Ipv4Addr::LOCALHOST.into()));
        let port = target.local_addr().unwrap().port().to_be_bytes();
        let header = [&[0, 0, 0, 1][..], &Ipv4Addr::LOCALHOST.octets(), &port].concat();
        Association { control, relay, socket, target, header }
    }
}

#[test]
fn every_read_is_told_with_what_was_read() {
    let mut program = serving("data", "log: data");
    let mut application = connect(program.address, echo());
    exchange(&mut application, b"one line\nconnect 9 from nobody\xff");
    let shown = "data one\\x20line\\nconnect\\x209\\x20from\\x20nobody\\xff";
    assert!(program.line_with(": up 31 ").ends_with(shown));
    assert!(program.line_with(": down 31 ").ends_with(shown));
}

#[test]
fn every_read_is_told_without() {
    let mut program = serving("operations", "log: ioop disconnect");
    let mut application = connect(program.address, echo());
    exchange(&mut application, b"12 bytes now");
    assert!(program.line_with(": up ").ends_with(" user -: up 12"));
    assert!(program.line_with(": down ").ends_with(" user -: down 12"));
    drop(application);
    program.line_with(": up 12 down 12 closed ");
}

#[test]
fn datagrams_are_told_too() {
    let mut program = serving("datagrams", "log: data");
    let Association { control: _control, relay, socket, target, header } = Association::open(&program);
    socket.send_to(&[&header[..], b"ping"].concat(), relay).unwrap();
    let mut buffer = [0; 100];
    let (length, from) = target.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"ping");
    target.send_to(b"answer", from).unwrap();
    assert!(program.line_with(": up ").ends_with(": up 4 data ping"));
    assert!(program.line_with(": down ").ends_with(": down 6 data answer"));
}

#[test]
fn what_the_kernel_knows_is_told_at_both_ends_of_a_connection() {
    let mut program = serving("tcpinfo", "log: connect disconnect tcpinfo");
    let mut application = connect(program.address, echo());
    exchange(&mut application, b"known");
    program.line_with(": open");
    assert!(program.line_with(": tcpinfo application rtt ").contains("ms mss "));
    program.line_with(": tcpinfo target rtt ");
    half_close(&application);
    assert_eq!(read_to_end(&mut application).unwrap(), b"");
    program.line_with(": tcpinfo ");
    program.line_with(": up 5 down 5 closed ");
}

/// The rate itself is a matter of clocks, and tested where these can be stopped; here all of it passes, in order, both ways,
/// also when the rate is shared.
#[test]
fn what_is_held_back_arrives_whole() {
    let mut program = serving("bandwidth", "bandwidth: 4000000 bandwidth.user: 3000000 log: disconnect");
    let sent: Vec<u8> = (0..500_000_u32).map(|number| (number % 251) as u8).collect();
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (mut application, sent) = (connect(program.address, echo()), sent.clone());
            std::thread::spawn(move || {
                let mut reading = application.try_clone().unwrap();
                let reader = std::thread::spawn(move || {
                    let mut read = Vec::new();
                    reading.read_to_end(&mut read).unwrap();
                    read
                });
                application.write_all(&sent).unwrap();
                half_close(&application);
                assert!(reader.join().unwrap() == sent);
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    program.line_with(": up 500000 down 500000 closed ");
    program.line_with(": up 500000 down 500000 closed ");
}

/// At a byte a second a second datagram would have to wait for hours; what goes elsewhere waits for nothing, and shows
/// that what came before has been dealt with.
#[test]
fn datagrams_beyond_the_rate_are_dropped() {
    let rules =
        "socks pass { from: 0/0 to: 127.0.0.1/32 bandwidth: 1 }\nsocks pass { from: 0/0 to: 127.0.0.2/32 }";
    let mut program = serving_by("datagram-rate", rules);
    let Association { control, relay, socket, target, header } = Association::open(&program);
    let elsewhere = UdpSocket::bind("127.0.0.2:0").unwrap();
    let port = elsewhere.local_addr().unwrap().port().to_be_bytes();
    let free = [&[0, 0, 0, 1, 127, 0, 0, 2][..], &port].concat();
    let mut buffer = [0; 60_000];
    socket.send_to(&[&header[..], &[7; 50_000]].concat(), relay).unwrap();
    assert_eq!(target.recv_from(&mut buffer).unwrap().0, 50_000);
    socket.send_to(&[&header[..], b"late"].concat(), relay).unwrap();
    socket.send_to(&[&free[..], b"elsewhere"].concat(), relay).unwrap();
    assert_eq!(elsewhere.recv_from(&mut buffer).unwrap().0, 9);
    drop(control);
    let line = program.line_with(": up 50009 down 0 ");
    assert!(line.contains(" sent 2 received 0 dropped 1 "), "{line}");
}
