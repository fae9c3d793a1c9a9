//! The target's side: listeners on loopback, and addresses that never answer.

use std::io::{Read, Write, copy};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use socks_proto::{Address, Host};

use crate::proxy::PATIENCE;

/// A target that a test plays by hand.
pub(crate) struct Target(TcpListener);

impl Target {
    pub(crate) fn listen() -> Target {
        Target::at((Ipv4Addr::LOCALHOST, 0).into())
    }

    pub(crate) fn at(address: SocketAddr) -> Target {
        Target(TcpListener::bind(address).unwrap())
    }

    pub(crate) fn socket_addr(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    pub(crate) fn address(&self) -> Address {
        self.socket_addr().into()
    }

    pub(crate) fn accept(&self) -> TcpStream {
        let (stream, _) = self.0.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

/// A target that sends back all it gets, as often as it is asked.
pub(crate) fn echo() -> Address {
    let target = Target::listen();
    let address = target.address();
    std::thread::spawn(move || {
        loop {
            let stream = target.accept();
            std::thread::spawn(move || copy(&mut &stream, &mut &stream));
        }
    });
    address
}

/// An address where nothing listens.
pub(crate) fn closed() -> Address {
    Target::listen().address()
}

/// An address that does not answer: its queue is full, and the system drops what is beyond.
pub(crate) struct Silent {
    pub(crate) address: SocketAddr,
    _listener: Socket,
    _queued: Vec<Socket>,
}

impl Silent {
    pub(crate) fn at(ip: impl Into<IpAddr>) -> Silent {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::new(ip.into(), 0).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let mut queued = Vec::new();
        let mut full = false;
        while !full {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            full = socket.connect_timeout(&address.into(), Duration::from_millis(200)).is_err();
            queued.push(socket);
        }
        Silent { address, _listener: listener, _queued: queued }
    }
}

/// Sends and expects the same back.
pub(crate) fn exchange(stream: &mut TcpStream, data: &[u8]) {
    stream.write_all(data).unwrap();
    let mut back = vec![0; data.len()];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(back, data);
}

pub(crate) fn ip(address: Address) -> IpAddr {
    match address.host {
        Host::Ip(ip) => ip,
        Host::Name(name) => panic!("{name} is no address"),
    }
}
