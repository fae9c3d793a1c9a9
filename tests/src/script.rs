//! Proxies that do exactly what a test tells them, on the proxy host.
//!
//! A script is played anew for every connection. Sockets and threads belong to the test process; only the
//! listening socket's network is that of the proxy host.

use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::SockRef;
use socks_proto::{Address, Command, Decoded, Host, Malformed, Name, socks4, socks5};

use crate::error::{Error, system};
use crate::gate::Gate;
use crate::plan::PROXY;
use crate::world::World;

/// One thing a scripted proxy does.
#[derive(Clone, Debug)]
pub enum Act {
    /// Reads a SOCKS5 greeting.
    Greeting,
    /// Reads the message with user name and password.
    Password,
    /// Reads a SOCKS5 request.
    Request,
    /// Reads a SOCKS4 request.
    Request4,
    /// Reads a CONNECT of HTTP.
    Connect,
    /// Sends bytes with one write.
    Send(Vec<u8>),
    /// Sends bytes, each in a segment of its own.
    SendBytewise(Vec<u8>),
    /// Says nothing for a while, as a proxy far away.
    Pause(Duration),
    /// Says nothing until the application opens the gate.
    Gate(Gate),
    /// Plays the target that answers one line.
    Answer,
    /// Plays the target that sends back what it gets.
    Echo,
    /// Reads one line and forgets it.
    Line,
    /// Ends the connection in good order.
    Close,
    /// Resets the connection.
    Reset,
    /// Says nothing more until the application gives up.
    Hang,
}

/// A scripted proxy, listening until dropped.
pub struct Scripted {
    /// Where it listens on the proxy host.
    pub port: u16,
    listener: TcpListener,
    thread: Option<JoinHandle<()>>,
    requests: Arc<Mutex<Vec<Asked>>>,
}

/// What an application asked its proxy for; nothing for a command that has no name.
type Asked = (Option<Command>, Address);

impl Scripted {
    /// Lets a proxy play these acts for each connection.
    pub fn start(world: &World, acts: Vec<Act>) -> Result<Scripted, Error> {
        Scripted::start_at(world, PROXY.v4.into(), acts)
    }

    /// The same on another address of the proxy host.
    pub fn start_at(world: &World, address: IpAddr, acts: Vec<Act>) -> Result<Scripted, Error> {
        let port = world.scripted_port();
        let network = &world.proxy.network;
        let listener = network.listen((address, port).into()).map_err(system("listen as a proxy"))?;
        let accepting = listener.try_clone().map_err(system("copy a descriptor"))?;
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let thread = thread::spawn(move || accept(&accepting, &acts, &seen));
        Ok(Scripted { port, listener, thread: Some(thread), requests })
    }

    /// The targets asked for so far.
    pub fn requests(&self) -> Vec<Address> {
        self.commands().into_iter().map(|(_, address)| address).collect()
    }

    /// The same, with the commands.
    pub fn commands(&self) -> Vec<Asked> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        // Ends the accept of the thread.
        let _ = SockRef::from(&self.listener).shutdown(std::net::Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, acts: &[Act], requests: &Arc<Mutex<Vec<Asked>>>) {
    while let Ok((stream, _)) = listener.accept() {
        let (acts, requests) = (acts.to_owned(), requests.clone());
        thread::spawn(move || {
            // What an application does to its proxy is judged at the application.
            let _ = play(stream, &acts, &requests);
        });
    }
}

fn play(mut stream: TcpStream, acts: &[Act], requests: &Mutex<Vec<Asked>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    for act in acts {
        match act {
            Act::Greeting => receive(&mut stream, socks5::decode_greeting).map(drop)?,
            Act::Password => receive(&mut stream, socks5::decode_password_request).map(drop)?,
            Act::Request => {
                let request = receive(&mut stream, socks5::decode_request)?;
                note(requests, (request.command.ok(), request.address));
            }
            Act::Request4 => {
                let request = receive(&mut stream, socks4::decode_request)?;
                note(requests, (request.command.ok(), request.address));
            }
            Act::Connect => connect(&mut stream)?
                .into_iter()
                .for_each(|target| note(requests, (Some(Command::Connect), target))),
            Act::Send(bytes) => stream.write_all(bytes)?,
            Act::SendBytewise(bytes) => send_bytewise(&mut stream, bytes)?,
            Act::Pause(length) => thread::sleep(*length),
            Act::Gate(gate) => gate.pass(&stream)?,
            Act::Answer => answer(&mut stream)?,
            Act::Echo => io::copy(&mut stream.try_clone()?, &mut stream).map(drop)?,
            Act::Line => line(&mut stream).map(drop)?,
            Act::Close => return Ok(()),
            Act::Reset => return SockRef::from(&stream).set_linger(Some(Duration::ZERO)),
            Act::Hang => return io::copy(&mut stream, &mut io::sink()).map(drop),
        }
    }
    Ok(())
}

/// Reads the header of a request; its target is a name.
fn connect(stream: &mut TcpStream) -> io::Result<Option<Address>> {
    let first = line(stream)?;
    while line(stream)? != b"\r\n" {}
    let first = String::from_utf8_lossy(&first);
    let authority = first.strip_prefix("CONNECT ").and_then(|rest| rest.strip_suffix(" HTTP/1.1\r\n"));
    let Some((name, port)) = authority.and_then(|authority| authority.rsplit_once(':')) else {
        return Err(io::Error::other("no CONNECT"));
    };
    let name = Name::new(name.as_bytes()).map_err(io::Error::other)?;
    Ok(port.parse().ok().map(|port| Address { host: Host::Name(name), port }))
}

fn note(requests: &Mutex<Vec<Asked>>, asked: Asked) {
    requests.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
}

/// Reads one message, and no byte beyond it.
fn receive<M>(
    stream: &mut TcpStream,
    decode: impl Fn(&[u8]) -> Result<Decoded<M>, Malformed>,
) -> io::Result<M> {
    let mut bytes = Vec::new();
    loop {
        match decode(&bytes).map_err(io::Error::other)? {
            Decoded::Complete(message, _) => return Ok(message),
            Decoded::Incomplete(missing) => {
                let have = bytes.len();
                bytes.resize(have + missing, 0);
                stream.read_exact(&mut bytes[have..])?;
            }
        }
    }
}

/// Without Nagle's algorithm a write of one byte is a segment of one byte.
fn send_bytewise(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    bytes.iter().try_for_each(|byte| {
        stream.write_all(std::slice::from_ref(byte))?;
        thread::yield_now();
        Ok(())
    })
}

fn answer(stream: &mut TcpStream) -> io::Result<()> {
    let line = line(stream)?;
    stream.write_all(&[b"you said ".as_slice(), &line].concat())
}

fn line(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        line.extend(byte);
    }
    Ok(line)
}
