//! The application's side: sockets that speak SOCKS as scripted.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use socket2::{Domain, SockRef, Socket, Type};
use socks_proto::client::{Failure, Handshake, Step, Version};
use socks_proto::{Address, Command, Credentials, Host, Name};

use crate::proxy::PATIENCE;

/// Connects to a proxy and says nothing yet.
///
/// Each IPv4 application has a loopback address of its own, by which the log can be searched: ports come again.
pub(crate) fn dial(proxy: SocketAddr) -> TcpStream {
    static APPLICATIONS: AtomicU32 = AtomicU32::new(Ipv4Addr::new(127, 1, 0, 1).to_bits());
    let socket = Socket::new(Domain::for_address(proxy), Type::STREAM, None).unwrap();
    if proxy.is_ipv4() {
        let ip = Ipv4Addr::from_bits(APPLICATIONS.fetch_add(1, Relaxed));
        socket.bind(&SocketAddr::from((ip, 0)).into()).unwrap();
    }
    socket.connect(&proxy.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// CONNECT with SOCKS5 and no password, which must succeed.
pub(crate) fn connect(proxy: SocketAddr, target: Address) -> TcpStream {
    ask(proxy, Version::Socks5, Command::Connect, target, None).unwrap().0
}

/// UDP ASSOCIATE with no promise of a port: the connection, and where to send.
pub(crate) fn associate(proxy: SocketAddr) -> (TcpStream, SocketAddr) {
    let (control, bnd) =
        ask(proxy, Version::Socks5, Command::UdpAssociate, Address::UNSPECIFIED, None).unwrap();
    let Host::Ip(ip) = bnd.host else { panic!("{bnd}") };
    (control, SocketAddr::new(ip, bnd.port))
}

/// CONNECT with SOCKS5 and no password, which must fail.
pub(crate) fn refused(proxy: SocketAddr, target: Address) -> Failure {
    ask(proxy, Version::Socks5, Command::Connect, target, None).unwrap_err()
}

/// Any request: the connection with BND, or why there is none.
pub(crate) fn ask(
    proxy: SocketAddr,
    version: Version,
    command: Command,
    target: Address,
    credentials: Option<Credentials>,
) -> Result<(TcpStream, Address), Failure> {
    let mut stream = dial(proxy);
    let mut handshake = Handshake::new(version, command, &target, credentials.as_ref()).unwrap();
    loop {
        match handshake.step() {
            Step::Send(bytes) => {
                let sent = stream.write(bytes).unwrap();
                handshake.sent(sent);
            }
            Step::Receive(most) => {
                let mut bytes = vec![0; most];
                match stream.read(&mut bytes) {
                    Ok(0) | Err(_) => handshake.closed(),
                    Ok(count) => handshake.received(&bytes[..count]),
                }
            }
            Step::Done(bnd) => return Ok((stream, bnd)),
            Step::Failed(failure) => return Err(failure),
        }
    }
}

/// A target given by name.
pub(crate) fn named(name: &str, port: u16) -> Address {
    Address { host: Host::Name(Name::new(name.as_bytes()).unwrap()), port }
}

pub(crate) fn credentials(username: &str, password: &str) -> Option<Credentials> {
    Some(Credentials::new(username.as_bytes(), password.as_bytes()).unwrap())
}

/// Reads this many bytes.
pub(crate) fn read_exactly(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

/// Reads to the end-of-file, or to the error that comes in its place.
pub(crate) fn read_to_end(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Sends an end-of-file and goes on reading.
pub(crate) fn half_close(stream: &TcpStream) {
    stream.shutdown(Shutdown::Write).unwrap();
}

/// Closes with a reset.
pub(crate) fn reset(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(std::time::Duration::ZERO)).unwrap();
}
