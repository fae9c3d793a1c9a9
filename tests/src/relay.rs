//! A proxy with a relay for datagrams that does what their contents tell it: first something no relay should do, then what it
//! should, so that nobody has to wait to see that the first was without effect.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use socket2::SockRef;
use socks_proto::udp::{MAX_HEADER, decode, encode_header};
use socks_proto::{Address, Decoded, Host, Malformed, Name, socks5};

use crate::error::{Error, system};
use crate::plan::{PROXY, UNREACHABLE_HOST};
use crate::world::World;

/// How the reply names the relay.
#[derive(Clone, Copy, Debug)]
pub enum Bnd {
    /// By its address.
    Address,
    /// By no address of IPv4: the proxy's own.
    Unspecified4,
    /// By no address of IPv6.
    Unspecified6,
}

/// The proxy, until dropped.
pub struct Relay {
    /// Where it listens on the proxy host.
    pub port: u16,
    listener: TcpListener,
    thread: Option<JoinHandle<()>>,
}

type Controls = Arc<Mutex<Vec<TcpStream>>>;

impl Relay {
    /// Starts it.
    pub fn start(world: &World, bnd: Bnd) -> Result<Relay, Error> {
        let port = world.scripted_port();
        let network = &world.proxy.network;
        let listener = network.listen((PROXY.v4, port).into()).map_err(system("listen as a proxy"))?;
        let socket = || network.enter(|| UdpSocket::bind((PROXY.v4, 0))).map_err(system("take datagrams"));
        let (relay, stranger) = (socket()?, socket()?);
        let at = relay.local_addr().map_err(system("find the relay"))?;
        let controls = Controls::default();
        let (accepting, open) =
            (listener.try_clone().map_err(system("copy a descriptor"))?, controls.clone());
        thread::spawn(move || carry(&relay, &stranger, &controls));
        let thread = thread::spawn(move || accept(&accepting, bnd, at, &open));
        Ok(Relay { port, listener, thread: Some(thread) })
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Ends the accept of the thread.
        let _ = SockRef::from(&self.listener).shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, bnd: Bnd, relay: SocketAddr, controls: &Controls) {
    while let Ok((mut stream, _)) = listener.accept() {
        let ip: IpAddr = match bnd {
            Bnd::Address => relay.ip(),
            Bnd::Unspecified4 => [0, 0, 0, 0].into(),
            Bnd::Unspecified6 => [0_u16; 8].into(),
        };
        // It is known before the application is answered, and so before it can ask for its end.
        let Ok(control) = stream.try_clone() else { continue };
        controls.lock().unwrap_or_else(PoisonError::into_inner).push(control);
        let _ = answer(&mut stream, &SocketAddr::new(ip, relay.port()).into());
    }
}

fn answer(stream: &mut TcpStream, bnd: &Address) -> io::Result<()> {
    receive(stream, socks5::decode_greeting)?;
    stream.write_all(socks5::encode_choice(socks5::Method::NONE).as_bytes())?;
    receive(stream, socks5::decode_request)?;
    stream.write_all(socks5::encode_reply(socks5::Rep::SUCCEEDED, bnd).as_bytes())
}

fn receive<M>(
    stream: &mut TcpStream,
    decode: impl Fn(&[u8]) -> Result<Decoded<M>, Malformed>,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    while let Decoded::Incomplete(missing) = decode(&bytes).map_err(io::Error::other)? {
        let have = bytes.len();
        bytes.resize(have + missing, 0);
        stream.read_exact(&mut bytes[have..])?;
    }
    Ok(())
}

/// Until a datagram says "end".
fn carry(relay: &UdpSocket, stranger: &UdpSocket, controls: &Controls) -> io::Result<()> {
    let mut datagram = vec![0; 1 << 16];
    loop {
        let (length, from) = relay.recv_from(&mut datagram)?;
        let datagram = &datagram[..length];
        let Ok((header, begin)) = decode(datagram) else { continue };
        let (before, data) = datagram.split_at(begin);
        if data == b"end" {
            return Ok(());
        }
        if data == b"close" {
            controls.lock().unwrap_or_else(PoisonError::into_inner).clear();
            continue;
        }
        for bad in misdeeds(data, before, &header.address) {
            relay.send_to(&bad, from)?;
        }
        if data == b"stranger" {
            stranger.send_to(datagram, from)?;
        }
        relay.send_to(datagram, from)?;
    }
}

/// Datagrams that nobody should take for an answer.
fn misdeeds(what: &[u8], header: &[u8], target: &Address) -> Vec<Vec<u8>> {
    let with = |header: &[u8]| [header, b"bad"].concat();
    let frag = |frag: u8| {
        let mut header = header.to_vec();
        header[2] = frag;
        with(&header)
    };
    let host = |host: Host| with(&encoded(&Address { host, port: target.port }));
    match what {
        b"fragments" => vec![frag(1), frag(2), frag(0x83), frag(0x80), frag(0xff)],
        b"short" => (0..header.len()).map(|length| header[..length].to_vec()).collect(),
        b"kind" => [0, 2, 5, 0xff].map(|kind| with(&[&[0, 0, 0, kind], &header[4..]].concat())).into(),
        b"no name" => vec![with(&[0, 0, 0, 3, 0, 0, 7]), vec![0, 0, 0, 3, 255, b'x']],
        b"name" => Name::new(b"elsewhere.test").map(Host::Name).map(host).into_iter().collect(),
        b"other" => {
            vec![host(Host::Ip(UNREACHABLE_HOST.v4.into())), host(Host::Ip(UNREACHABLE_HOST.v6.into()))]
        }
        _ => Vec::new(),
    }
}

fn encoded(address: &Address) -> Vec<u8> {
    let mut header = [0; MAX_HEADER];
    let length = encode_header(address, &mut header);
    header[..length].to_vec()
}
