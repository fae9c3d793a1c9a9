//! The dialogue itself: every transition from the first byte to the request.

use super::{Acceptance, Fault, Request, Version, refusal};
use crate::bytes::Message;
use crate::credentials::Credentials;
use crate::decode::{Decoded, Malformed, decode};
use crate::socks4;
use crate::socks5::{self, Method};
use std::fmt;

/// What the owner of the connection is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "the handshake may not use the heap")]
pub enum Step<'a> {
    /// Hand in what [`Handshake::received`] left over, or else what is read next.
    Receive,
    /// Send these bytes and say with [`Handshake::sent`] how many went.
    Send(&'a [u8]),
    /// Judge these and say so with [`Handshake::authenticated`].
    Authenticate(&'a Credentials),
    /// Serve this, and reply with [`encode_reply`](super::encode_reply). The dialogue is over.
    Request(Request),
    /// Send these bytes, then close; [`Handshake::fault`] says why. Discarding input until end-of-file before closing
    /// keeps a reset from overtaking them.
    Refuse(&'a [u8]),
    /// Close without an answer, or after the refusal was sent.
    Close(Fault),
}

/// One dialogue on one accepted connection.
#[derive(Clone)]
pub struct Handshake {
    acceptance: Acceptance,
    state: State,
    /// What is being received or being sent; input waits while there is something to send.
    message: Message,
    sent: usize,
}

#[derive(Clone, Debug)]
enum State {
    Receiving(Due),
    Sending(Due),
    Authenticating(Credentials),
    Requested(Request),
    Refusing(Fault),
    Closed(Fault),
}

/// The message that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The first byte, which tells the protocol.
    Version,
    Greeting,
    Password,
    Request,
    Request4,
}

/// Where a complete message leads.
enum Next {
    /// The bytes so far begin this message.
    Read(Due),
    Choose(Option<Method>),
    Authenticate(Credentials),
    Serve(Request),
    Close(Fault),
}

impl Handshake {
    /// Waits for the first message.
    pub fn new(acceptance: Acceptance) -> Self {
        Self { acceptance, state: State::Receiving(Due::Version), message: Message::EMPTY, sent: 0 }
    }

    /// What to do next; asking again changes nothing.
    pub fn step(&mut self) -> Step<'_> {
        let unsent = self.message.as_bytes().get(self.sent..).unwrap_or_default();
        match &self.state {
            State::Receiving(_) => Step::Receive,
            State::Sending(_) => Step::Send(unsent),
            State::Authenticating(credentials) => Step::Authenticate(credentials),
            State::Requested(request) => Step::Request(*request),
            State::Refusing(_) => Step::Refuse(unsent),
            State::Closed(fault) => Step::Close(*fault),
        }
    }

    /// Takes bytes up to the end of the message that is due, and says how many; 0 when none is due.
    pub fn received(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while let State::Receiving(due) = self.state {
            let Some(missing) = self.judge(due) else { continue };
            let (taken, left) = rest.split_at(missing.min(rest.len()));
            if taken.is_empty() {
                break;
            }
            self.message.push(taken);
            rest = left;
        }
        bytes.len().saturating_sub(rest.len())
    }

    /// Takes note that so many of the bytes to send were sent.
    pub fn sent(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(count);
        if self.sent < self.message.as_bytes().len() {
            return;
        }
        match self.state {
            State::Sending(due) => self.receive(due),
            State::Refusing(fault) => self.state = State::Closed(fault),
            _ => {}
        }
    }

    /// Answers [`Step::Authenticate`].
    pub fn authenticated(&mut self, accepted: bool) {
        if !matches!(self.state, State::Authenticating(_)) {
            return;
        }
        if accepted {
            self.send(socks5::encode_password_reply(0x00), State::Sending(Due::Request));
        } else {
            self.send(socks5::encode_password_reply(0x01), State::Refusing(Fault::AuthenticationRefused));
        }
    }

    /// Takes note that the other side closed or reset the connection; after the request that is no fault.
    pub fn closed(&mut self) {
        if !matches!(self.state, State::Requested(_) | State::Refusing(_) | State::Closed(_)) {
            self.state = State::Closed(Fault::Closed);
        }
    }

    /// Why the dialogue ended without a request.
    pub fn fault(&self) -> Option<Fault> {
        match self.state {
            State::Refusing(fault) | State::Closed(fault) => Some(fault),
            _ => None,
        }
    }

    fn receive(&mut self, due: Due) {
        self.message.clear();
        self.state = State::Receiving(due);
    }

    fn send(&mut self, message: Message, state: State) {
        self.message = message;
        self.sent = 0;
        self.state = state;
    }

    /// Reads as far as the bytes of the message go, and moves on if they suffice; else gives how many are missing.
    fn judge(&mut self, due: Due) -> Option<usize> {
        match self.read(due) {
            Ok(Decoded::Incomplete(missing)) => return Some(missing),
            Ok(Decoded::Complete(next, _)) => self.proceed(next),
            Err(malformed) => self.reject(due, malformed),
        }
        None
    }

    fn read(&self, due: Due) -> Result<Decoded<Next>, Malformed> {
        let bytes = self.message.as_bytes();
        Ok(match due {
            Due::Version => decode(bytes, |cursor| cursor.byte())?.map(|first| self.tell_protocol(first)),
            Due::Greeting => socks5::decode_greeting(bytes)?
                .map(|offered| Next::Choose(self.acceptance.choose(offered.as_bytes()))),
            Due::Password => socks5::decode_password_request(bytes)?.map(Next::Authenticate),
            Due::Request => socks5::decode_request(bytes)?.map(|request| Next::Serve(request.into())),
            Due::Request4 => socks4::decode_request(bytes)?.map(|request| Next::Serve(request.into())),
        })
    }

    fn tell_protocol(&self, first: u8) -> Next {
        match first {
            socks5::VERSION if self.acceptance.socks5 => Next::Read(Due::Greeting),
            // Read also where it is not accepted, for only a request can be answered.
            socks4::VERSION => Next::Read(Due::Request4),
            _ => Next::Close(Fault::Version(first)),
        }
    }

    fn proceed(&mut self, next: Next) {
        match next {
            Next::Read(due) => self.state = State::Receiving(due),
            Next::Choose(Some(method)) => self.choose(method),
            Next::Choose(None) => {
                let none = socks5::encode_choice(Method::NO_ACCEPTABLE);
                self.send(none, State::Refusing(Fault::NoAcceptableMethod));
            }
            Next::Authenticate(credentials) => self.state = State::Authenticating(credentials),
            Next::Serve(request) => self.serve(request),
            Next::Close(fault) => self.state = State::Closed(fault),
        }
    }

    /// Says the choice, after which the method's own exchange is due.
    fn choose(&mut self, method: Method) {
        let due = if method == Method::USERNAME_PASSWORD { Due::Password } else { Due::Request };
        self.send(socks5::encode_choice(method), State::Sending(due));
    }

    fn serve(&mut self, request: Request) {
        match self.check(&request) {
            Ok(()) => self.state = State::Requested(request),
            Err(fault) => self.send(refusal::of_request(request.version, fault), State::Refusing(fault)),
        }
    }

    fn check(&self, request: &Request) -> Result<(), Fault> {
        match request.version {
            Version::Socks4 | Version::Socks4a if !self.acceptance.socks4 => {
                Err(Fault::Version(socks4::VERSION))
            }
            _ => request.check(),
        }
    }

    fn reject(&mut self, due: Due, malformed: Malformed) {
        let fault = Fault::Malformed(malformed);
        match refusal::of_malformed(due, malformed) {
            Some(reply) => self.send(reply, State::Refusing(fault)),
            None => self.state = State::Closed(fault),
        }
    }
}

/// The bytes received are not shown, because a password may be among them.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("acceptance", &self.acceptance)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
