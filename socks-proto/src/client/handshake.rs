//! The dialogue itself: every transition from the first message to the last reply.

use super::{Failure, Stage, Unsendable, Version, unsendable};
use crate::address::Address;
use crate::bytes::{Bytes, Message};
use crate::command::Command;
use crate::credentials::Credentials;
use crate::decode::{Decoded, Malformed};
use crate::socks4::{self, Cd};
use crate::socks5::{self, MAX_REPLY, Method, Rep};

/// What the owner of the socket is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "the handshake may not use the heap")]
pub enum Step<'a> {
    /// Send these bytes, if possible with one write, and say with [`Handshake::sent`] how many went.
    Send(&'a [u8]),
    /// Read at most so many bytes, never more, and hand them to [`Handshake::received`].
    Receive(usize),
    /// The proxy granted the request; this is BND, as it came.
    Done(Address),
    /// The proxy did not, or does not speak SOCKS. Nothing but closing the connection is left.
    Failed(Failure),
}

/// One request to one proxy.
#[derive(Clone, Debug)]
pub struct Handshake {
    version: Version,
    command: Command,
    target: Address,
    credentials: Option<Credentials>,
    state: State,
    outgoing: Message,
    sent: usize,
    incoming: Bytes<MAX_REPLY>,
}

#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "the handshake may not use the heap")]
enum State {
    /// Sending what the stage answers.
    Sending(Stage),
    Receiving(Stage, usize),
    Done(Address),
    Failed(Failure),
}

impl Handshake {
    /// Prepares a request for `target` as the version says it.
    ///
    /// With credentials SOCKS5 offers none and user name and password, without them only none; SOCKS4 sends the
    /// user name as USERID. Address literals among the names are sent as addresses, IPv4-mapped ones as IPv4, and
    /// names without a trailing dot.
    pub fn new(
        version: Version,
        command: Command,
        target: &Address,
        credentials: Option<&Credentials>,
    ) -> Result<Self, Unsendable> {
        let target = target.canonical();
        unsendable::check(version, command, &target, credentials)?;
        let mut handshake = Self {
            version,
            command,
            target,
            credentials: credentials.cloned(),
            state: State::Receiving(Stage::Method, 0),
            outgoing: Message::EMPTY,
            sent: 0,
            incoming: Bytes::EMPTY,
        };
        handshake.open();
        Ok(handshake)
    }

    /// What to do next; asking again changes nothing.
    pub fn step(&mut self) -> Step<'_> {
        match self.state {
            State::Sending(_) => Step::Send(self.outgoing.as_bytes().get(self.sent..).unwrap_or_default()),
            State::Receiving(_, missing) => Step::Receive(missing),
            State::Done(bnd) => Step::Done(bnd),
            State::Failed(failure) => Step::Failed(failure),
        }
    }

    /// Takes note that so many of the bytes to send were sent.
    pub fn sent(&mut self, count: usize) {
        let State::Sending(stage) = self.state else { return };
        self.sent = self.sent.saturating_add(count);
        if self.sent >= self.outgoing.as_bytes().len() {
            self.receive(stage);
        }
    }

    /// Takes what was read. More than was asked for is a failure, because it cannot be given back.
    pub fn received(&mut self, bytes: &[u8]) {
        let State::Receiving(stage, missing) = self.state else {
            return self.refuse_surplus(bytes);
        };
        if bytes.len() > missing || !self.incoming.push(bytes) {
            return self.fail(stage, Malformed::Surplus);
        }
        self.judge(stage);
    }

    /// Takes note that the proxy closed or reset the connection.
    pub fn closed(&mut self) {
        if let State::Sending(stage) | State::Receiving(stage, _) = self.state {
            self.state = State::Failed(Failure::Closed(stage));
        }
    }

    /// After the first reply to BIND is done, waits for the second, whose BND is who connected.
    pub fn await_second_reply(&mut self) {
        if let State::Done(_) = self.state {
            self.receive(Stage::SecondReply);
        }
    }

    fn open(&mut self) {
        match self.version {
            Version::Socks5 => self.send(Stage::Method, socks5::encode_greeting(self.offer())),
            Version::Socks4 | Version::Socks4a => {
                let userid = self.credentials.as_ref().map(Credentials::username).unwrap_or_default();
                let request = socks4::encode_request(self.command, &self.target, userid);
                self.send(Stage::Reply, request.unwrap_or(Message::EMPTY));
            }
        }
    }

    fn offer(&self) -> &'static [Method] {
        match self.credentials {
            Some(_) => &[Method::NONE, Method::USERNAME_PASSWORD],
            None => &[Method::NONE],
        }
    }

    fn send(&mut self, stage: Stage, message: Message) {
        self.outgoing = message;
        self.sent = 0;
        self.state = State::Sending(stage);
    }

    fn receive(&mut self, stage: Stage) {
        self.incoming.clear();
        self.judge(stage);
    }

    fn fail(&mut self, stage: Stage, error: Malformed) {
        self.state = State::Failed(Failure::Malformed { stage, error });
    }

    fn refuse_surplus(&mut self, bytes: &[u8]) {
        match self.state {
            State::Sending(stage) if !bytes.is_empty() => self.fail(stage, Malformed::Surplus),
            State::Done(_) if !bytes.is_empty() => self.fail(Stage::Reply, Malformed::Surplus),
            _ => {}
        }
    }

    /// Reads as far as the bytes of the stage's answer go.
    fn judge(&mut self, stage: Stage) {
        let judged = match stage {
            Stage::Method => self.judge_choice(),
            Stage::Authentication => self.judge_password_reply(),
            Stage::Reply | Stage::SecondReply => self.judge_reply(),
        };
        match judged {
            Ok(Some(missing)) => self.state = State::Receiving(stage, missing),
            Ok(None) => {}
            Err(error) => self.fail(stage, error),
        }
    }

    fn judge_choice(&mut self) -> Result<Option<usize>, Malformed> {
        match socks5::decode_choice(self.incoming.as_bytes())? {
            Decoded::Incomplete(missing) => return Ok(Some(missing)),
            Decoded::Complete(Method::NO_ACCEPTABLE, _) => {
                self.state = State::Failed(Failure::NoAcceptableMethod)
            }
            Decoded::Complete(method, _) if !self.offer().contains(&method) => {
                self.state = State::Failed(Failure::MethodNotOffered(method));
            }
            Decoded::Complete(method, _) => self.begin(method),
        }
        Ok(None)
    }

    /// Begins the exchange of an offered method; each method has its stage.
    fn begin(&mut self, method: Method) {
        match &self.credentials {
            Some(credentials) if method == Method::USERNAME_PASSWORD => {
                let request = socks5::encode_password_request(credentials);
                self.send(Stage::Authentication, request);
            }
            _ => self.request(),
        }
    }

    fn request(&mut self) {
        self.send(Stage::Reply, socks5::encode_request(self.command, &self.target));
    }

    fn judge_password_reply(&mut self) -> Result<Option<usize>, Malformed> {
        match socks5::decode_password_reply(self.incoming.as_bytes())? {
            Decoded::Incomplete(missing) => return Ok(Some(missing)),
            Decoded::Complete(0x00, _) => self.request(),
            Decoded::Complete(status, _) => {
                self.state = State::Failed(Failure::AuthenticationRefused { status });
            }
        }
        Ok(None)
    }

    fn judge_reply(&mut self) -> Result<Option<usize>, Malformed> {
        match self.decode_reply()? {
            Decoded::Incomplete(missing) => return Ok(Some(missing)),
            Decoded::Complete(Ok(bnd), _) => self.state = State::Done(bnd),
            Decoded::Complete(Err(failure), _) => self.state = State::Failed(failure),
        }
        Ok(None)
    }

    fn decode_reply(&self) -> Result<Decoded<Result<Address, Failure>>, Malformed> {
        let bytes = self.incoming.as_bytes();
        Ok(match self.version {
            Version::Socks5 => socks5::decode_reply(bytes)?.map(|reply| reply.map_err(Failure::from)),
            Version::Socks4 | Version::Socks4a => {
                socks4::decode_reply(bytes)?.map(|reply| reply.map_err(Failure::from))
            }
        })
    }
}

impl From<Rep> for Failure {
    fn from(rep: Rep) -> Self {
        Self::Reply(rep)
    }
}

impl From<Cd> for Failure {
    fn from(cd: Cd) -> Self {
        Self::Reply4(cd)
    }
}
