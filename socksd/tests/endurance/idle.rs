//! Ten thousand connections that say nothing.

use std::io::{ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use socks_proto::Address;
use socksd::Options;

use crate::application::{connect, read_to_end};
use crate::proxy::{Proxy, options, until};
use crate::target::{Target, echo, exchange};
use crate::usage::{alone, descriptors, memory, room_for_descriptors};

const MANY: usize = 10_000;
const LIVELY: usize = 100;

/// For each connection: the application's, two of the proxy, the target's.
const DESCRIPTORS: usize = 4;
/// What the tests have besides.
const OTHER_DESCRIPTORS: usize = 1_000;

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn ten_thousand_connections_are_held_served_and_closed_in_time() {
    let _turn = alone();
    let room = room_for_descriptors((MANY * DESCRIPTORS + OTHER_DESCRIPTORS) as u64) as usize;
    let many = MANY.min((room - OTHER_DESCRIPTORS) / DESCRIPTORS);
    let proxy = Proxy::with_clock(Options { idle_timeout: Some(HOUR), ..options() });
    let (lively_target, silent) = (echo(), Target::listen());
    let silent_address = silent.address();
    drop(connect_all(proxy.address, lively_target, LIVELY));
    until("the first are gone", || proxy.tasks() == 1);
    let (had, took) = (descriptors(), memory());
    let accepting = thread::spawn(move || (LIVELY..many).map(|_| silent.accept()).collect::<Vec<_>>());

    let mut lively = connect_all(proxy.address, lively_target, LIVELY);
    let mut idle = connect_all(proxy.address, silent_address, many - LIVELY);
    let targets = accepting.join().unwrap();
    let each = memory().saturating_sub(took) * 1024 / many;
    assert!(each <= 4096, "{each} bytes a connection");
    proxy.advance(HOUR / 2);
    lively.iter_mut().for_each(|application| exchange(application, b"still here"));
    assert!(idle.iter().all(is_open));

    proxy.advance(HOUR / 2 + MINUTE);
    for application in &mut idle {
        assert_eq!(read_to_end(application).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    for mut target in targets {
        assert_eq!(read_to_end(&mut target).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    drop(idle);
    lively.iter_mut().for_each(|application| exchange(application, b"not idle"));
    exchange(&mut connect(proxy.address, lively_target), b"new");
    proxy.advance(HOUR + MINUTE);
    for mut application in lively {
        assert_eq!(read_to_end(&mut application).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
    until("every task has ended", || proxy.tasks() == 1);
    // The target that echoes has threads that close their sockets a moment later.
    until("every descriptor is closed", || descriptors() < had);
}

fn connect_all(proxy: SocketAddr, target: Address, count: usize) -> Vec<TcpStream> {
    (0..count).map(|_| connect(proxy, target)).collect()
}

fn is_open(application: &TcpStream) -> bool {
    application.set_nonblocking(true).unwrap();
    let read = (&*application).read(&mut [0]);
    application.set_nonblocking(false).unwrap();
    read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}
