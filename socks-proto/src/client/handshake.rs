//! The dialogue itself: every transition from the first message to the last reply.

use super::{Failure, Stage, Unsendable, Version, unsendable};
use crate::address::Address;
use crate::bytes::Message;
use crate::command::Command;
use crate::credentials::Credentials;
use crate::decode::{Decoded, Malformed};
use crate::http::{self, Response};
use crate::socks4;
use crate::socks5::{self, Method};
use std::fmt;

/// What the owner of the socket is to do next.
#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "the handshake may not use the heap")]
pub enum Step<'a> {
    /// Send these bytes, if possible with one write, and say with [`Handshake::sent`] how many went.
    Send(&'a [u8]),
    /// Read at most so many bytes, never more, and hand them to [`Handshake::received`].
    Receive(usize),
    /// The proxy granted the request; this is BND, which may be zero or a name.
    Done(Address),
    /// The proxy did not, or speaks something else. Nothing but closing the connection is left.
    Failed(Failure),
}

/// One request to one proxy.
///
/// Plain data without a destructor, small enough for the stack of a hook: the message being sent and the message
/// being received are never needed at the same time and share one buffer.
#[derive(Clone)]
pub struct Handshake {
    version: Version,
    command: Command,
    target: Address,
    credentials: Option<Credentials>,
    state: State,
    message: Message,
    /// How much of an HTTP request has been sent with earlier messages.
    gone: usize,
    response: Response,
}

#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "the handshake may not use the heap")]
enum State {
    /// So many bytes of the message are sent; what the stage names comes back for it.
    Sending(Stage, usize),
    /// So many bytes, at least, are missing.
    Receiving(Stage, usize),
    Done(Stage, Address),
    Failed(Failure),
}

/// Where a complete answer leads.
#[expect(clippy::large_enum_variant, reason = "the handshake may not use the heap")]
enum Next {
    Authenticate,
    Request,
    Done(Address),
    Fail(Failure),
}

impl Handshake {
    /// Prepares a request for `target` as the version says it.
    ///
    /// With credentials SOCKS5 offers none and user name and password, without them only none; SOCKS4 sends the
    /// user name as USERID, HTTP offers both without being asked (Basic). Address literals among the names are sent as addresses, IPv4-mapped ones as IPv4, and
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
            state: State::Sending(Stage::Method, 0),
            message: Message::EMPTY,
            gone: 0,
            response: Response::NONE,
        };
        handshake.open();
        Ok(handshake)
    }

    /// What to do next; asking again changes nothing.
    pub fn step(&mut self) -> Step<'_> {
        match self.state {
            State::Sending(_, sent) => Step::Send(self.message.as_bytes().get(sent..).unwrap_or_default()),
            State::Receiving(_, missing) => Step::Receive(missing),
            State::Done(_, bnd) => Step::Done(bnd),
            State::Failed(failure) => Step::Failed(failure),
        }
    }

    /// The answer that is awaited, or being asked for; `None` once the dialogue has failed.
    pub fn stage(&self) -> Option<Stage> {
        match self.state {
            State::Sending(stage, _) | State::Receiving(stage, _) | State::Done(stage, _) => Some(stage),
            State::Failed(_) => None,
        }
    }

    /// Takes note that so many of the bytes to send were sent.
    pub fn sent(&mut self, count: usize) {
        let State::Sending(stage, sent) = self.state else { return };
        let sent = sent.saturating_add(count);
        if sent < self.message.as_bytes().len() {
            self.state = State::Sending(stage, sent);
        } else if !self.goes_on() {
            self.receive(stage);
        }
    }

    /// Takes what was read. More than was asked for is a failure, because it cannot be given back.
    pub fn received(&mut self, bytes: &[u8]) {
        let (stage, asked) = match self.state {
            State::Receiving(stage, missing) => (stage, missing),
            State::Sending(stage, _) | State::Done(stage, _) => (stage, 0),
            State::Failed(_) => return,
        };
        if bytes.len() > asked || !self.keep(bytes) {
            self.fail(stage, Malformed::Surplus);
        } else if !bytes.is_empty() {
            self.judge(stage, bytes);
        }
    }

    /// Takes note that the proxy closed or reset the connection.
    pub fn closed(&mut self) {
        if let State::Sending(stage, _) | State::Receiving(stage, _) = self.state {
            self.state = State::Failed(Failure::Closed(stage));
        }
    }

    /// After the first reply to BIND, waits for the second, whose BND is who connected.
    ///
    /// Anywhere else this does nothing: what comes after the last reply belongs to the application.
    pub fn await_second_reply(&mut self) {
        if let (Command::Bind, State::Done(Stage::Reply, _)) = (self.command, self.state) {
            self.receive(Stage::SecondReply);
        }
    }

    fn open(&mut self) {
        match self.version {
            Version::Socks5 => self.send(Stage::Method, socks5::encode_greeting(self.offer())),
            Version::Socks4 | Version::Socks4a | Version::Http => self.request(),
        }
    }

    fn offer(&self) -> &'static [Method] {
        match self.credentials {
            Some(_) => &[Method::NONE, Method::USERNAME_PASSWORD],
            None => &[Method::NONE],
        }
    }

    fn request(&mut self) {
        let userid = self.credentials.as_ref().map(Credentials::username).unwrap_or_default();
        let request = match self.version {
            Version::Socks5 => Some(socks5::encode_request(self.command, &self.target)),
            Version::Socks4 | Version::Socks4a => socks4::encode_request(self.command, &self.target, userid),
            Version::Http => Some(self.http_request()),
        };
        self.send(Stage::Reply, request.unwrap_or(Message::EMPTY));
    }

    fn http_request(&self) -> Message {
        http::encode_request(&self.target, self.credentials.as_ref(), self.gone)
    }

    /// Whether the request, of which a message has been sent, is longer: then the next one is.
    fn goes_on(&mut self) -> bool {
        if self.version != Version::Http {
            return false;
        }
        self.gone += self.message.as_bytes().len();
        let more = self.http_request();
        let goes_on = !more.as_bytes().is_empty();
        if goes_on {
            self.send(Stage::Reply, more);
        }
        goes_on
    }

    fn authenticate(&mut self) {
        if let Some(request) = self.credentials.as_ref().map(socks5::encode_password_request) {
            self.send(Stage::Authentication, request);
        }
    }

    fn send(&mut self, stage: Stage, message: Message) {
        self.message = message;
        self.state = State::Sending(stage, 0);
    }

    fn receive(&mut self, stage: Stage) {
        self.message.clear();
        self.judge(stage, &[]);
    }

    /// A response of HTTP is read once and not kept.
    fn keep(&mut self, bytes: &[u8]) -> bool {
        bytes.is_empty() || self.version == Version::Http || self.message.push(bytes)
    }

    /// Reads as far as the bytes of the answer go, and moves on if they suffice.
    fn judge(&mut self, stage: Stage, latest: &[u8]) {
        let answer = match stage {
            Stage::Method => self.read_choice(),
            Stage::Authentication => self.read_password_reply(),
            Stage::Reply | Stage::SecondReply => self.read_reply(latest),
        };
        match answer {
            Ok(Decoded::Incomplete(missing)) => self.state = State::Receiving(stage, missing),
            Ok(Decoded::Complete(next, _)) => self.proceed(stage, next),
            Err(error) => self.fail(stage, error),
        }
    }

    fn proceed(&mut self, stage: Stage, next: Next) {
        match next {
            Next::Authenticate => self.authenticate(),
            Next::Request => self.request(),
            Next::Done(bnd) => self.state = State::Done(stage, bnd),
            Next::Fail(failure) => self.state = State::Failed(failure),
        }
    }

    fn fail(&mut self, stage: Stage, error: Malformed) {
        self.state = State::Failed(Failure::Malformed { stage, error });
    }

    /// Every method that is offered begins its own exchange here.
    fn read_choice(&self) -> Result<Decoded<Next>, Malformed> {
        let choice = socks5::decode_choice(self.message.as_bytes())?;
        Ok(choice.map(|method| match method {
            Method::NO_ACCEPTABLE => Next::Fail(Failure::NoAcceptableMethod),
            method if !self.offer().contains(&method) => Next::Fail(Failure::MethodNotOffered(method)),
            Method::USERNAME_PASSWORD => Next::Authenticate,
            _ => Next::Request,
        }))
    }

    fn read_password_reply(&self) -> Result<Decoded<Next>, Malformed> {
        let reply = socks5::decode_password_reply(self.message.as_bytes())?;
        Ok(reply.map(|status| match status {
            0x00 => Next::Request,
            status => Next::Fail(Failure::AuthenticationRefused { status }),
        }))
    }

    fn read_reply(&mut self, latest: &[u8]) -> Result<Decoded<Next>, Malformed> {
        let bytes = self.message.as_bytes();
        let reply = match self.version {
            Version::Socks5 => socks5::decode_reply(bytes)?.map(|reply| reply.map_err(Failure::Reply)),
            Version::Socks4 | Version::Socks4a => {
                socks4::decode_reply(bytes)?.map(|reply| reply.map_err(Failure::Reply4))
            }
            Version::Http => return self.read_response(latest),
        };
        Ok(reply.map(|reply| reply.map_or_else(Next::Fail, Next::Done)))
    }

    fn read_response(&mut self, latest: &[u8]) -> Result<Decoded<Next>, Malformed> {
        Ok(match self.response.take(latest)? {
            None => Decoded::Incomplete(self.response.missing()),
            Some(Ok(())) => Decoded::Complete(Next::Done(Address::UNSPECIFIED), latest.len()),
            Some(Err(status)) => Decoded::Complete(Next::Fail(Failure::Status(status)), latest.len()),
        })
    }
}

/// Neither the handshake nor the bytes it sends are shown, because a password may be among them.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("version", &self.version)
            .field("command", &self.command)
            .field("target", &self.target)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(bytes) => write!(f, "Send({} bytes)", bytes.len()),
            Self::Receive(most) => f.debug_tuple("Receive").field(most).finish(),
            Self::Done(bnd) => f.debug_tuple("Done").field(bnd).finish(),
            Self::Failed(failure) => f.debug_tuple("Failed").field(failure).finish(),
        }
    }
}
