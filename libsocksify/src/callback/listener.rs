//! One listener that waits at a proxy: from the first reply to the call, and on to the next.

mod taking;

use std::io;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use libc::{c_int, c_short};

use super::request::Request;
use super::rule::Ask;
use super::token::{Outcome, Token};
use super::{elsewhere, helper};
use crate::interpose::Verdict;
use crate::own::Own;
use crate::{parking, process, sys};

/// How far a listener is.
enum Stage {
    /// The proxy listens.
    Waiting(Request),
    /// Somebody called there, or nobody will: the application is told by the token. The connection is to be his.
    Called { connection: Option<Own>, outcome: Outcome, is_told: bool },
    /// The last call was taken; from some moment on BIND is asked again, or when the application shows that it goes on.
    Resting(Option<Instant>),
    /// BIND is asked again.
    Asking(Request),
}

/// What becomes of a listener.
#[derive(PartialEq, Eq)]
pub(super) enum Next {
    Stay,
    End,
}

/// See the module.
pub(super) struct Listener {
    number: u32,
    pub(super) cookie: u64,
    /// The application's descriptors for it.
    pub(super) descriptors: Vec<RawFd>,
    ask: Ask,
    /// Where it is called, as far as the application knows.
    bnd: SocketAddr,
    token: Token,
    is_listening: bool,
    /// The process whose helper thread takes care of it.
    owner: libc::pid_t,
    /// A forked child has it, too.
    is_shared: bool,
    inode: u64,
    /// Closed here: when to look whether the child still has it.
    look_again: Option<Instant>,
    stage: Stage,
}

/// How long after a call BIND is asked again, if the application does not ask for the next call before: many close the
/// listener at once, and the proxy need not hear of it.
const REST: Duration = Duration::from_millis(100);

impl Listener {
    pub(super) fn new(
        number: u32,
        fd: RawFd,
        cookie: u64,
        mut request: Request,
        bnd: SocketAddr,
    ) -> Option<Listener> {
        let Some(token) = Token::new(request.ask.own) else {
            request.end();
            return None;
        };
        request.attempt.await_call();
        Some(Listener {
            number,
            cookie,
            descriptors: vec![fd],
            ask: request.ask,
            bnd,
            token,
            is_listening: false,
            owner: process::id(),
            is_shared: false,
            inode: sys::identity(fd)?.1,
            look_again: None,
            stage: Stage::Waiting(request),
        })
    }

    /// The number of its events.
    pub(super) fn event(&self) -> u64 {
        u64::from(self.number) << 32 | helper::MARK
    }

    /// Where it is called; `None` while that has to be asked.
    pub(super) fn name(&self) -> Option<SocketAddr> {
        matches!(self.stage, Stage::Waiting(_) | Stage::Called { .. }).then_some(self.bnd)
    }

    /// Where it was called last.
    pub(super) fn last_name(&self) -> SocketAddr {
        self.bnd
    }

    pub(super) fn spokesman(&self) -> Option<u64> {
        self.ask.spokesman
    }

    /// Another process has it as well.
    pub(super) fn share(&mut self) {
        self.is_shared = true;
    }

    fn is_own(&self) -> bool {
        self.owner == process::id()
    }

    /// Whether it is closed, here and in the children that had it from us.
    pub(super) fn is_over(&mut self) -> bool {
        if self.is_known_here() {
            return false;
        }
        if !self.is_own() || !self.is_shared || !elsewhere::listens(self.inode) {
            return true;
        }
        self.look_again = Instant::now().checked_add(Duration::from_secs(1));
        parking::wake_helper();
        false
    }

    /// Whether any descriptor still stands for it.
    fn is_known_here(&self) -> bool {
        self.descriptors.iter().any(|fd| sys::cookie(*fd).is_ok_and(|cookie| cookie == self.cookie))
    }

    /// Whether the helper has nothing to do for it.
    pub(super) fn is_idle(&self) -> bool {
        !self.is_own() || !self.is_listening || matches!(self.stage, Stage::Resting(None))
    }

    /// When the helper has something to do for it.
    pub(super) fn until(&self) -> Option<Instant> {
        let until = match &self.stage {
            _ if self.is_idle() => None,
            Stage::Resting(until) => *until,
            Stage::Asking(request) => request.attempt.until(),
            Stage::Waiting(_) | Stage::Called { .. } => None,
        };
        [until, self.look_again].into_iter().flatten().min()
    }

    /// Takes the question back, to go on with it in the application's own thread.
    pub(super) fn take_back(&mut self) -> Option<Ask> {
        if self.name().is_some() {
            return None;
        }
        if let Stage::Asking(request) = std::mem::replace(&mut self.stage, Stage::Resting(None)) {
            request.end();
        }
        Some(self.ask)
    }

    /// BIND was asked again.
    pub(super) fn renew(&mut self, mut request: Request, bnd: SocketAddr) -> Result<(), c_int> {
        if self.name().is_some() {
            request.end();
            return Ok(());
        }
        let Some(token) = Token::new(self.ask.own) else {
            request.end();
            return Err(libc::EMFILE);
        };
        request.attempt.await_call();
        (self.token, self.bnd, self.owner, self.is_shared) = (token, bnd, process::id(), false);
        self.stage = Stage::Waiting(request);
        if self.is_listening { self.begin() } else { Ok(()) }
    }

    /// The application listens: the call may come.
    pub(super) fn begin(&mut self) -> Result<(), c_int> {
        self.is_listening = true;
        match &self.stage {
            Stage::Waiting(request) if !self.watch(request.control.fd, libc::POLLIN) => Err(libc::ENOMEM),
            _ => Ok(()),
        }
    }

    fn watch(&self, fd: RawFd, events: c_short) -> bool {
        parking::watch(self.event(), fd, events)
    }

    /// Watches everything anew, in another set.
    pub(super) fn watch_again(&mut self) {
        if self.is_idle() {
            return;
        }
        match &self.stage {
            Stage::Waiting(request) | Stage::Asking(request) => {
                self.watch(request.control.fd, libc::POLLIN | libc::POLLOUT);
            }
            Stage::Called { .. } => {
                self.watch(self.token.socket.fd, libc::POLLIN | libc::POLLOUT);
            }
            Stage::Resting(_) => {}
        }
    }

    /// Goes on, in the helper thread.
    pub(super) fn advance(&mut self) -> Next {
        if self.look_again.is_some_and(|again| again <= Instant::now()) && self.is_over() {
            return Next::End;
        }
        match &mut self.stage {
            Stage::Waiting(request) | Stage::Asking(request) => match request.advance() {
                Verdict::Wait(wait) => {
                    let (fd, events) = (request.control.fd, wait.events());
                    self.watch(fd, events);
                    Next::Stay
                }
                Verdict::Fail(errno) | Verdict::Tell(_, errno) => self.called(Err(errno)),
                Verdict::Done(_) | Verdict::Direct => self.replied(),
            },
            Stage::Called { .. } => self.go_on_telling(),
            Stage::Resting(Some(until)) if *until <= Instant::now() => {
                self.ask_again();
                Next::Stay
            }
            Stage::Resting(_) => Next::Stay,
        }
    }

    /// A reply has come: the second one, or the first of a BIND that was asked again.
    fn replied(&mut self) -> Next {
        match std::mem::replace(&mut self.stage, Stage::Resting(None)) {
            Stage::Waiting(request) => {
                let caller = request.caller();
                log::info!("a call from {caller} for {}", self.bnd);
                self.stage = Stage::Waiting(request);
                self.called(Ok(caller))
            }
            Stage::Asking(request) => match request.bnd() {
                Some(bnd) => {
                    let renewed = self.renew(request, bnd);
                    renewed.map_or_else(|errno| self.called(Err(errno)), |()| Next::Stay)
                }
                None => {
                    request.end();
                    self.called(Err(libc::EADDRNOTAVAIL))
                }
            },
            stage => {
                self.stage = stage;
                Next::Stay
            }
        }
    }

    /// The application is to be told.
    fn called(&mut self, outcome: Outcome) -> Next {
        let stage = std::mem::replace(&mut self.stage, Stage::Resting(None));
        let connection = match stage {
            Stage::Waiting(request) | Stage::Asking(request) => {
                parking::unwatch(request.control);
                request.attempt.free();
                Some(request.control)
            }
            _ => None,
        };
        let connection = match outcome {
            Ok(_) => connection,
            Err(_) => {
                connection.into_iter().for_each(Own::close);
                None
            }
        };
        let is_told = match self.intact_token().and_then(Token::knock) {
            Ok(is_told) => is_told,
            Err(error) => {
                log::info!("nobody listens for the call to {}: {error}", self.bnd);
                connection.into_iter().for_each(Own::close);
                return Next::End;
            }
        };
        if is_told {
            self.token.say(outcome);
        }
        self.stage = Stage::Called { connection, outcome, is_told };
        self.watch(self.token.socket.fd, if is_told { libc::POLLIN } else { libc::POLLOUT });
        Next::Stay
    }

    /// The token, or another one where it has served.
    fn intact_token(&mut self) -> io::Result<Token> {
        if !self.token.socket.is_intact() {
            self.token =
                Token::new(self.ask.own).ok_or_else(|| io::Error::from_raw_os_error(libc::EMFILE))?;
        }
        Ok(self.token)
    }

    /// The token has been heard, or its other end was closed: another process took the call, or nobody will.
    fn go_on_telling(&mut self) -> Next {
        let Stage::Called { outcome, is_told, .. } = &mut self.stage else { return Next::Stay };
        let socket = self.token.socket.fd;
        if *is_told {
            if sys::is_ready(socket, libc::POLLIN) {
                self.taken(None);
            }
        } else if sys::pending_error(socket).is_ok_and(|errno| errno == 0) {
            *is_told = true;
            self.token.say(*outcome);
            self.watch(socket, libc::POLLIN);
        } else {
            return Next::End;
        }
        Next::Stay
    }

    /// The call was taken; the next one may come.
    fn taken(&mut self, next: Option<Instant>) {
        parking::unwatch(self.token.socket);
        self.token.socket.close();
        if let Stage::Called { connection: Some(connection), .. } =
            std::mem::replace(&mut self.stage, Stage::Resting(next))
        {
            connection.close();
        }
    }

    /// Asks for BIND again; where that fails at once the application is told.
    fn ask_again(&mut self) {
        let Some(request) = Request::new(self.ask) else {
            self.called(Err(libc::ENOBUFS));
            return;
        };
        let control = request.control.fd;
        self.owner = process::id();
        self.stage = Stage::Asking(request);
        self.watch(control, libc::POLLIN | libc::POLLOUT);
    }

    /// Lets everything go.
    pub(super) fn end(self) {
        parking::unwatch(self.token.socket);
        self.token.socket.close();
        match self.stage {
            Stage::Waiting(request) | Stage::Asking(request) => request.end(),
            Stage::Called { connection: Some(connection), .. } => connection.close(),
            Stage::Called { connection: None, .. } | Stage::Resting(_) => {}
        }
    }
}
