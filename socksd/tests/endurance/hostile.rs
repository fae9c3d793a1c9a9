//! Thousands of applications and targets that mean harm or have none of their own making.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use socks_proto::Address;
use socksd::Options;

use crate::application::{connect, dial, read_to_end, reset};
use crate::proxy::{Proxy, options, until};
use crate::random::Random;
use crate::target::{Target, echo, exchange};
use crate::usage::{alone, descriptors, memory};

const THREADS: u64 = 4;
/// Streams of each thread before the proxy has everything it will ever keep, and afterwards.
const FIRST: usize = 500;
const THEN: usize = 2000;

/// Pipes that the threads of the proxy keep, and their ends.
const KEPT: usize = 2 * 8;
/// KiB that may be in use at the end and were not before: allocators do not give everything back. A kilobyte lost with
/// each stream is as much.
const SLACK: usize = THEN * THREADS as usize;

#[test]
fn nothing_grows_among_hostile_streams() {
    let _turn = alone();
    let proxy = Proxy::as_program(Options { connect_timeout: Duration::from_secs(1), ..options() });
    let targets = Targets { echo: echo(), source: source(), breaking: breaking() };
    let kept = KEPT * thread::available_parallelism().unwrap().get();
    let had = descriptors();
    let all_gone = || {
        until("every task has ended", || proxy.tasks() == 1);
        until("every descriptor is closed", || descriptors() <= had + kept);
    };
    attack(&proxy, &targets, 0, FIRST);
    all_gone();
    let took = memory();
    attack(&proxy, &targets, THREADS, THEN);
    all_gone();
    exchange(&mut connect(proxy.address, targets.echo), b"served");
    let more = memory().saturating_sub(took);
    assert!(more <= SLACK, "{more} KiB more");
}

/// Those whom a stream may ask for.
struct Targets {
    echo: Address,
    source: Address,
    breaking: Address,
}

fn attack(proxy: &Proxy, targets: &Targets, seed: u64, count: usize) {
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let mut random = Random::new(seed + thread + 1);
            scope.spawn(move || (0..count).for_each(|_| one(proxy.address, targets, &mut random)));
        }
    });
}

/// One application, from beginning to end. Whatever fails on the way is what the proxy does about it.
fn one(proxy: SocketAddr, targets: &Targets, random: &mut Random) {
    let (said, is_endless) = words(targets, random);
    let mut application = dial(proxy);
    let mut rest = &said[..];
    while !rest.is_empty() {
        let count = match random.below(3) {
            0 => rest.len(),
            most => (1 + random.below(16 * most)).min(rest.len()),
        };
        if application.write_all(&rest[..count]).is_err() {
            break;
        }
        rest = &rest[count..];
    }
    match random.below(4) {
        0 => reset(application),
        1 => drop(application),
        2 => {
            let mut some = vec![0; 1 + random.below(1 << 18)];
            // The proxy may have broken it off.
            let _ = application.shutdown(Shutdown::Write);
            let _ = application.read(&mut some);
        }
        _ if is_endless => {
            let mut some = vec![0; 1 + random.below(1 << 20)];
            let _ = application.shutdown(Shutdown::Write);
            let _ = application.read_exact(&mut some);
        }
        _ => {
            let _ = application.shutdown(Shutdown::Write);
            let hung =
                read_to_end(&mut application).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
            assert!(!hung, "no end to {said:02x?}");
        }
    }
}

/// What an application says, and whether what it asks for may have no end.
fn words(targets: &Targets, random: &mut Random) -> (Vec<u8>, bool) {
    let target = match random.below(3) {
        0 => targets.echo,
        1 => targets.source,
        _ => targets.breaking,
    };
    let port = target.port.to_be_bytes();
    let ip = [127, 0, 0, 1];
    let five =
        |command: u8, ip: [u8; 4], port: [u8; 2]| [&[5, 1, 0, 5, command, 0, 1][..], &ip, &port].concat();
    let four = |command: u8| [&[4, command][..], &port, &ip, b"bob\0"].concat();
    let mut said = match random.below(10) {
        0 => vec![random.below(256) as u8; 1 + random.below(300)],
        1 => five(2, [0; 4], [0; 2]),
        2 => five(3, [0; 4], [0; 2]),
        3 => four(1),
        4 => four(2),
        5 => five(0xf0, ip, port),
        6 => b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        _ => five(1, ip, port),
    };
    match random.below(4) {
        0 => said.truncate(random.below(said.len() + 1)),
        // Never the address: nobody else is to be called.
        1 => {
            let place = random.below(7.min(said.len()));
            said[place] = random.below(256) as u8;
        }
        2 => {
            let count = random.below(100_000);
            said.extend(random.bytes(count));
        }
        _ => {}
    }
    (said, target == targets.source)
}

/// A target that sends for as long as it is let.
fn source() -> Address {
    serve(|stream| {
        let data = [7; 65536];
        while (&stream).write_all(&data).is_ok() {}
    })
}

/// A target that takes some bytes and sends some, and breaks off.
fn breaking() -> Address {
    serve(|mut stream| {
        let _ = stream.write_all(&[7; 1000]);
        let _ = stream.read(&mut [0; 100]);
        reset(stream);
    })
}

fn serve(service: fn(TcpStream)) -> Address {
    let target = Target::listen();
    let address = target.address();
    thread::spawn(move || {
        loop {
            let stream = target.accept();
            thread::spawn(move || service(stream));
        }
    });
    address
}
