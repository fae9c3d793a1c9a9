//! Small services of the target host, as threads of the test process with sockets on that host.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Shutdown, TcpListener, TcpStream, UdpSocket};
use std::thread;

use crate::error::{Error, system};
use crate::network::Network;
use crate::plan::{CALLER, ECHO, GREETING, GREETING_LINE, LINE};

type Service = fn(TcpStream) -> io::Result<()>;

/// Starts every service on these addresses.
pub fn start(network: &Network, addresses: &[IpAddr]) -> Result<(), Error> {
    let services: [(u16, Service); 3] = [(ECHO, echo), (LINE, answer_line), (GREETING, greet)];
    for (port, service) in services {
        for address in addresses {
            let listener = network.listen((*address, port).into()).map_err(system("listen on the target"))?;
            thread::spawn(move || accept(&listener, service));
        }
    }
    for address in addresses {
        let bound = network.enter(|| UdpSocket::bind((*address, ECHO)));
        let socket = bound.map_err(system("take datagrams on the target"))?;
        thread::spawn(move || echo_datagrams(&socket));
        let listener = network.listen((*address, CALLER).into()).map_err(system("listen on the target"))?;
        let network = network.clone();
        thread::spawn(move || accept(&listener, move |stream| call_back(&network, stream)));
    }
    Ok(())
}

/// To where they came from; what cannot be sent there is lost, as datagrams are.
fn echo_datagrams(socket: &UdpSocket) -> io::Result<()> {
    let mut datagram = vec![0; 1 << 16];
    loop {
        let (length, from) = socket.recv_from(&mut datagram)?;
        let _ = socket.send_to(&datagram[..length], from);
    }
}

fn accept(listener: &TcpListener, service: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static) {
    for stream in listener.incoming().flatten() {
        // An application that goes away early is the application's test to judge.
        let service = service.clone();
        thread::spawn(move || service(stream));
    }
}

/// Takes lines "ADDRESS PORT", calls there, and says whether anybody answered.
fn call_back(network: &Network, mut stream: TcpStream) -> io::Result<()> {
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?;
        let address =
            line.split_once(' ').and_then(|(ip, port)| Some((ip.parse().ok()?, port.parse().ok()?)));
        let address: (IpAddr, u16) = address.ok_or(io::ErrorKind::InvalidData)?;
        let call = network.enter(|| TcpStream::connect(address));
        stream.write_all(if call.is_ok() { b"called\n" } else { b"refused\n" })?;
        if let Ok(call) = call {
            thread::spawn(move || converse(call));
        }
    }
    Ok(())
}

/// Says who calls, then gives back what it hears.
fn converse(mut call: TcpStream) -> io::Result<()> {
    let own = call.local_addr()?;
    call.write_all(format!("{} {}\n", own.ip(), own.port()).as_bytes())?;
    echo(call)
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    io::copy(&mut stream.try_clone()?, &mut stream)?;
    stream.shutdown(Shutdown::Write)
}

fn answer_line(mut stream: TcpStream) -> io::Result<()> {
    let mut line = String::new();
    BufReader::new(stream.try_clone()?).read_line(&mut line)?;
    stream.write_all(format!("you said {line}").as_bytes())?;
    stream.shutdown(Shutdown::Write)
}

fn greet(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(GREETING_LINE.as_bytes())?;
    answer_line(stream)
}
