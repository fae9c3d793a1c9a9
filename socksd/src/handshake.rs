//! Learns from an application what it wants: the SOCKS dialogue up to the request, over a real connection.

use std::fmt;
use std::io;
use std::net::IpAddr;

use socks_conf::sockd::Method;
use socks_proto::server::{Acceptance, Fault, Handshake, Request, Step};
use socks_proto::socks5::Method as Wire;
use tokio::net::TcpStream;

use crate::crowd::Full;
use crate::options::Options;
use crate::proof::Proof;
use crate::rules::Denial;
use crate::stream::{read, write_all};

/// A complete request.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) request: Request,
    /// What the name and password have proved, if they were asked for.
    pub(crate) proof: Proof,
    /// What the application sent beyond its request; it belongs to the target.
    pub(crate) early: Vec<u8>,
}

/// Why there is no request.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There are too many connections already; nothing was read.
    Full(Full),
    /// The application may not use the proxy; nothing was read.
    NotAdmitted(Denial),
    /// The application was told what is wrong.
    Refused(Fault),
    /// The dialogue has no words for what is wrong.
    Closed(Fault),
    /// The connection broke.
    Lost(io::Error),
    /// The time for the whole dialogue is over.
    TimedOut,
}

/// Carries the dialogue out with an application at this address. `user` is told the name that was given, whether the password was right or not.
pub(crate) async fn handshake(
    application: &TcpStream,
    from: IpAddr,
    options: &Options,
    mut user: impl FnMut(&[u8]),
) -> Result<Asked, Failure> {
    let mut dialogue = Handshake::new(acceptance(options.methods()));
    let mut input = Input::new();
    let mut proof = Proof::default();
    loop {
        match dialogue.step() {
            Step::Receive if input.is_empty() => match input.fill(application).await? {
                0 => dialogue.closed(),
                _ => continue,
            },
            Step::Receive => input.consume(|held| dialogue.received(held)),
            Step::Send(bytes) => {
                let count = send(application, bytes).await?;
                dialogue.sent(count);
            }
            Step::Authenticate(given) => {
                user(given.username());
                proof = Proof::of(options, given.username(), given.password(), from).await;
                dialogue.authenticated(proof.is_any());
            }
            Step::Request(request) => return Ok(Asked { request, proof, early: input.held().to_vec() }),
            Step::Refuse(bytes) => {
                let count = send(application, bytes).await?;
                let fault = dialogue.fault().unwrap_or(Fault::Closed);
                dialogue.sent(count);
                return Err(Failure::Refused(fault));
            }
            Step::Close(fault) => return Err(Failure::Closed(fault)),
        }
    }
}

/// What the methods mean on the wire. SOCKS4 knows no password, so it is spoken where none is required.
fn acceptance(methods: &[Method]) -> Acceptance {
    const NONE: Wire = Wire::NONE;
    const PASSWORD: Wire = Wire::USERNAME_PASSWORD;
    let needs_password = |method: &Method| matches!(method, Method::Username | Method::PamUsername);
    let first_password = methods.iter().position(needs_password);
    let first_other = methods.iter().position(|method| !needs_password(method));
    let offered: &[Wire] = match (first_other, first_password) {
        (None, None) => &[],
        (Some(_), None) => &[NONE],
        (None, Some(_)) => &[PASSWORD],
        (Some(other), Some(password)) if other < password => &[NONE, PASSWORD],
        (Some(_), Some(_)) => &[PASSWORD, NONE],
    };
    Acceptance { socks4: first_other.is_some(), socks5: true, methods: offered }
}

async fn send(application: &TcpStream, bytes: &[u8]) -> Result<usize, Failure> {
    write_all(application, bytes).await.map_err(Failure::Lost)?;
    Ok(bytes.len())
}

/// What was read and not yet consumed.
struct Input {
    buffer: [u8; 1024],
    start: usize,
    end: usize,
}

impl Input {
    fn new() -> Input {
        Input { buffer: [0; 1024], start: 0, end: 0 }
    }

    fn held(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn consume(&mut self, consumer: impl FnOnce(&[u8]) -> usize) {
        self.start += consumer(self.held());
    }

    /// Reads anew; for when all is consumed.
    async fn fill(&mut self, application: &TcpStream) -> Result<usize, Failure> {
        self.start = 0;
        self.end = read(application, &mut self.buffer).await.map_err(Failure::Lost)?;
        Ok(self.end)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NotAdmitted(denial) => denial.fmt(f),
            Failure::Refused(fault) | Failure::Closed(fault) => fault.fmt(f),
            Failure::Lost(error) => error.fmt(f),
            Failure::Full(full) => write!(f, "refused: {full}"),
            Failure::TimedOut => f.write_str("handshake timed out"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socks4_is_spoken_where_no_password_is_required() {
        let of = |methods: &[Method]| acceptance(methods);
        assert_eq!(of(&[Method::None]), Acceptance::ANYONE);
        assert_eq!(of(&[Method::Rfc931]), Acceptance::ANYONE);
        assert_eq!(of(&[Method::Username]), Acceptance::USERS);
        let both = of(&[Method::Username, Method::Rfc931, Method::None]);
        assert_eq!((both.socks4, both.methods), (true, &[Wire::USERNAME_PASSWORD, Wire::NONE][..]));
        assert_eq!(of(&[Method::None, Method::Username]).methods, [Wire::NONE, Wire::USERNAME_PASSWORD]);
        assert_eq!((of(&[]).socks4, of(&[]).methods), (false, &[][..]));
    }
}
