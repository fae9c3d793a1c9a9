//! The dialogue itself: every transition from the first byte to the request.

use super::{Acceptance, Fault, Request};
use crate::address::Address;
use crate::bytes::Message;
use crate::credentials::Credentials;
use crate::decode::{Decoded, Malformed};
use crate::name::NameError;
use crate::socks4::{self, Cd};
use crate::socks5::{self, Method, Rep};

/// What the owner of the connection is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "the handshake may not use the heap")]
pub enum Step<'a> {
    /// Hand in what was read, or what [`Handshake::received`] left over.
    Receive,
    /// Send these bytes and say with [`Handshake::sent`] how many went.
    Send(&'a [u8]),
    /// Judge these and say so with [`Handshake::authenticated`].
    Authenticate(&'a Credentials),
    /// Serve this, and reply with [`encode_reply`](super::encode_reply). The dialogue is over.
    Request(Request),
    /// Send these bytes, then close; [`Handshake::fault`] says why. Reading on until end-of-file before closing
    /// keeps a reset from overtaking them.
    Refuse(&'a [u8]),
    /// Close without an answer.
    Close(Fault),
}

/// One dialogue on one accepted connection.
#[derive(Clone, Debug)]
pub struct Handshake {
    acceptance: Acceptance,
    state: State,
    incoming: Message,
    outgoing: Message,
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
#[derive(Clone, Copy, Debug)]
enum Due {
    Version,
    Greeting,
    Password,
    Request,
    Request4,
}

impl Handshake {
    /// Waits for the first message.
    pub fn new(acceptance: Acceptance) -> Self {
        Self {
            acceptance,
            state: State::Receiving(Due::Version),
            incoming: Message::EMPTY,
            outgoing: Message::EMPTY,
            sent: 0,
        }
    }

    /// What to do next; asking again changes nothing.
    pub fn step(&mut self) -> Step<'_> {
        let unsent = self.outgoing.as_bytes().get(self.sent..).unwrap_or_default();
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
            let Some(wanted) = self.judge(due) else { continue };
            if rest.is_empty() {
                break;
            }
            let (taken, left) = rest.split_at(wanted.min(rest.len()));
            self.incoming.push(taken);
            rest = left;
        }
        bytes.len().saturating_sub(rest.len())
    }

    /// Takes note that so many of the bytes to send were sent.
    pub fn sent(&mut self, count: usize) {
        self.sent = self.sent.saturating_add(count);
        if self.sent < self.outgoing.as_bytes().len() {
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
            self.refuse(socks5::encode_password_reply(0x01), Fault::AuthenticationRefused);
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
        self.incoming.clear();
        self.state = State::Receiving(due);
    }

    fn send(&mut self, message: Message, state: State) {
        self.outgoing = message;
        self.sent = 0;
        self.state = state;
    }

    fn refuse(&mut self, message: Message, fault: Fault) {
        self.send(message, State::Refusing(fault));
    }

    /// Reads as far as the bytes of the message go; gives how many more it wants, if it wants more.
    fn judge(&mut self, due: Due) -> Option<usize> {
        let wanted = match due {
            Due::Version => self.judge_version(),
            Due::Greeting => self.judge_greeting(),
            Due::Password => self.judge_password(),
            Due::Request => self.judge_request(),
            Due::Request4 => self.judge_request4(),
        };
        wanted.unwrap_or_else(|malformed| {
            self.reject(due, malformed);
            None
        })
    }

    /// The first byte tells the protocol.
    fn judge_version(&mut self) -> Result<Option<usize>, Malformed> {
        let due = match self.incoming.as_bytes().first() {
            None => return Ok(Some(1)),
            Some(&socks5::VERSION) if self.acceptance.socks5 => Due::Greeting,
            Some(&socks4::VERSION) if self.acceptance.socks4 => Due::Request4,
            Some(&first) => {
                self.state = State::Closed(Fault::Version(first));
                return Ok(None);
            }
        };
        self.state = State::Receiving(due);
        Ok(None)
    }

    fn judge_greeting(&mut self) -> Result<Option<usize>, Malformed> {
        let offered = match socks5::decode_greeting(self.incoming.as_bytes())? {
            Decoded::Incomplete(missing) => return Ok(Some(missing)),
            Decoded::Complete(offered, _) => offered,
        };
        match self.acceptance.choose(offered.as_bytes()) {
            Some(method) => self.choose(method),
            None => self.refuse(socks5::encode_choice(Method::NO_ACCEPTABLE), Fault::NoAcceptableMethod),
        }
        Ok(None)
    }

    /// Says the choice, after which the method's own exchange is due.
    fn choose(&mut self, method: Method) {
        let due = if method == Method::USERNAME_PASSWORD { Due::Password } else { Due::Request };
        self.send(socks5::encode_choice(method), State::Sending(due));
    }

    fn judge_password(&mut self) -> Result<Option<usize>, Malformed> {
        match socks5::decode_password_request(self.incoming.as_bytes())? {
            Decoded::Incomplete(missing) => return Ok(Some(missing)),
            Decoded::Complete(credentials, _) => self.state = State::Authenticating(credentials),
        }
        Ok(None)
    }

    fn judge_request(&mut self) -> Result<Option<usize>, Malformed> {
        match socks5::decode_request(self.incoming.as_bytes())? {
            Decoded::Incomplete(missing) => return Ok(Some(missing)),
            Decoded::Complete(request, _) => self.serve(request.into()),
        }
        Ok(None)
    }

    fn judge_request4(&mut self) -> Result<Option<usize>, Malformed> {
        match socks4::decode_request(self.incoming.as_bytes())? {
            Decoded::Incomplete(missing) => return Ok(Some(missing)),
            Decoded::Complete(request, _) => self.serve(request.into()),
        }
        Ok(None)
    }

    fn serve(&mut self, request: Request) {
        match request.check() {
            Ok(()) => self.state = State::Requested(request),
            Err((rep, fault)) => {
                let mut reply = [0; super::MAX_REPLY];
                let length = super::encode_reply(request.version, rep, &Address::UNSPECIFIED, &mut reply);
                let reply = reply.get(..length).and_then(Message::copied).unwrap_or(Message::EMPTY);
                self.refuse(reply, fault);
            }
        }
    }

    fn reject(&mut self, due: Due, malformed: Malformed) {
        let fault = Fault::Malformed(malformed);
        match answer(due, malformed) {
            Some(reply) => self.refuse(reply, fault),
            None => self.state = State::Closed(fault),
        }
    }
}

/// The answer to a malformed message, where the dialogue has one.
fn answer(due: Due, malformed: Malformed) -> Option<Message> {
    let unspecified = &Address::UNSPECIFIED;
    match (due, malformed) {
        (_, Malformed::Version { .. }) => None,
        (Due::Password, _) => Some(socks5::encode_password_reply(0x01)),
        (Due::Request, Malformed::AddressType(_)) => {
            Some(socks5::encode_reply(Rep::ADDRESS_TYPE_NOT_SUPPORTED, unspecified))
        }
        (Due::Request, Malformed::Name(NameError::Nul)) => {
            Some(socks5::encode_reply(Rep::HOST_UNREACHABLE, unspecified))
        }
        (Due::Request, _) => Some(socks5::encode_reply(Rep::GENERAL_FAILURE, unspecified)),
        (Due::Request4, _) => Some(socks4::encode_reply(Cd::REJECTED, unspecified)),
        (Due::Version | Due::Greeting, _) => None,
    }
}
