//! Small services of the target host, as threads of the test process with sockets on that host.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Shutdown, TcpListener, TcpStream, UdpSocket};
use std::thread;

use crate::error::{Error, system};
use crate::network::Network;
use crate::plan::{ECHO, GREETING, GREETING_LINE, LINE};

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

fn accept(listener: &TcpListener, service: Service) {
    for stream in listener.incoming().flatten() {
        // An application that goes away early is the application's test to judge.
        thread::spawn(move || service(stream));
    }
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
