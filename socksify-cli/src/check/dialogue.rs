//! One request to a proxy on a connection of our own.

use socks_conf::Proxy;
use socks_proto::client::{Failure, Handshake, Stage, Step, Unsendable, Version};
use socks_proto::http::Status;
use socks_proto::{Address, Command, Credentials};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Why a request was not granted.
pub(crate) enum Trouble {
    /// The connection failed.
    Io(io::Error),
    /// The proxy refused, or speaks something else.
    Refused(Failure),
    /// The protocol has no such request.
    Unsendable(Unsendable),
}

impl Trouble {
    /// Whether the proxy let us in, and only did not do what was asked: `ssh -D` hangs up on what it does not know. Of
    /// SOCKS4, which has no answer before that, nothing can be told then.
    pub(crate) fn is_about_the_request(&self, version: Version) -> bool {
        match self {
            Trouble::Refused(Failure::Closed(Stage::Reply)) => version == Version::Socks5,
            Trouble::Refused(Failure::Status(status)) => *status != Status::PROXY_AUTHENTICATION_REQUIRED,
            Trouble::Refused(failure) => matches!(failure, Failure::Reply(_) | Failure::Reply4(_)),
            Trouble::Unsendable(_) => true,
            Trouble::Io(_) => false,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Io(error) if is_timeout(error) => f.write_str("no answer in time"),
            Trouble::Io(error) => error.fmt(f),
            Trouble::Refused(failure) => failure.fmt(f),
            Trouble::Unsendable(reason) => reason.fmt(f),
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Asks the proxy at `place`; BND and the time from the first byte sent. The connection is closed at the end.
pub(crate) fn ask(
    proxy: &Proxy,
    place: SocketAddr,
    version: Version,
    request: (Command, &Address),
    limit: Duration,
) -> Result<(Address, Duration), Trouble> {
    let credentials = credentials(proxy, version);
    let (command, target) = request;
    let mut handshake =
        Handshake::new(version, command, target, credentials.as_ref()).map_err(Trouble::Unsendable)?;
    let mut stream = TcpStream::connect_timeout(&place, limit).map_err(Trouble::Io)?;
    let started = Instant::now();
    loop {
        let left = limit.checked_sub(started.elapsed()).filter(|left| !left.is_zero());
        let left = left.ok_or_else(|| Trouble::Io(io::ErrorKind::TimedOut.into()))?;
        stream
            .set_read_timeout(Some(left))
            .and_then(|()| stream.set_write_timeout(Some(left)))
            .map_err(Trouble::Io)?;
        match handshake.step() {
            Step::Send(bytes) => {
                let count = stream.write(bytes).map_err(Trouble::Io)?;
                handshake.sent(count);
            }
            Step::Receive(most) => receive(&mut stream, &mut handshake, most)?,
            Step::Done(bnd) => return Ok((bnd, started.elapsed())),
            Step::Failed(failure) => return Err(Trouble::Refused(failure)),
        }
    }
}

fn receive(stream: &mut TcpStream, handshake: &mut Handshake, most: usize) -> Result<(), Trouble> {
    let mut bytes = [0; 512];
    let room = bytes.get_mut(..most.min(512)).unwrap_or_default();
    match stream.read(room) {
        Ok(0) => handshake.closed(),
        Ok(count) => handshake.received(bytes.get(..count).unwrap_or_default()),
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => handshake.closed(),
        Err(error) => return Err(Trouble::Io(error)),
    }
    Ok(())
}

/// SOCKS5 and HTTP need a password; without one there is no use for the name either.
fn credentials(proxy: &Proxy, version: Version) -> Option<Credentials> {
    let username = proxy.username.as_ref()?;
    let password = proxy.password.as_ref().map(socks_conf::Secret::reveal);
    match (version, password) {
        (Version::Socks5 | Version::Http, None) => None,
        (_, password) => Credentials::new(username.as_bytes(), password.unwrap_or_default().as_bytes()).ok(),
    }
}
