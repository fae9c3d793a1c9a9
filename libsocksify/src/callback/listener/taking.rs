//! accept(2) on a listener that waits at a proxy: which of those who call is the token, and what it stands for.

use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::time::Instant;

use libc::c_int;

use super::{Listener, REST, Stage};
use crate::callback::Call;
use crate::callback::token::{self, Outcome};
use crate::own::Own;
use crate::{address, descriptors, parking, process, replacement, sys};

impl Listener {
    /// Takes the next call, without blocking.
    pub(in crate::callback) fn take_call(&mut self, fd: RawFd, flags: c_int) -> Call {
        self.adopt();
        loop {
            if !sys::is_ready(fd, libc::POLLIN) {
                self.see_that_somebody_waits();
                return Call::None;
            }
            match self.accept(fd, flags) {
                Err(libc::EAGAIN) => return Call::None,
                Err(errno) => return Call::Failed(errno),
                Ok((connection, from)) if self.is_token(from) => {
                    return self.answer(fd, connection, flags);
                }
                Ok((connection, from)) if !self.ask.is_secret && comes_from_here(connection, from) => {
                    return Call::Local(connection, from);
                }
                Ok((connection, from)) => {
                    log::info!("{from} is not whom the application waits for");
                    sys::close(connection);
                }
            }
        }
    }

    /// The application wants the next call.
    fn see_that_somebody_waits(&mut self) {
        match &self.stage {
            Stage::Resting(_) => self.ask_again(),
            // Programs close descriptors they know nothing of.
            Stage::Waiting(request) if !request.control.is_intact() => {
                self.called(Err(libc::ECONNABORTED));
            }
            _ => {}
        }
    }

    /// accept4(2). Another process may have been quicker, and this one must not sleep here.
    fn accept(&self, fd: RawFd, flags: c_int) -> Result<(RawFd, SocketAddr), c_int> {
        let may_sleep = (self.is_shared || !self.is_own()) && !sys::is_nonblocking(fd);
        if !may_sleep {
            return token::accept(fd, flags);
        }
        sys::set_nonblocking(fd, true);
        let accepted = token::accept(fd, flags);
        sys::set_nonblocking(fd, false);
        accepted
    }

    /// The process that took care of it is gone, as daemon(3) has it.
    fn adopt(&mut self) {
        if !self.is_own() && !sys::is_alive(self.owner) {
            (self.owner, self.is_shared) = (process::id(), false);
            self.watch_again();
        }
    }

    /// Whether a connection from there announces a call.
    pub(in crate::callback) fn is_token(&self, from: SocketAddr) -> bool {
        from == self.token.source && self.token.socket.is_intact()
    }

    /// The token was accepted: what it stands for.
    pub(in crate::callback) fn answer(&mut self, listener: RawFd, accepted: RawFd, flags: c_int) -> Call {
        let (connection, outcome) = match &self.stage {
            Stage::Called { connection, outcome, .. } => (*connection, Some(*outcome)),
            // The parent knows more; the connection was inherited.
            Stage::Waiting(request) => (Some(request.control), token::heard(accepted)),
            _ => (None, None),
        };
        let call =
            match (outcome.unwrap_or(Err(libc::ECONNABORTED)), connection.filter(|own| own.is_intact())) {
                (Ok(caller), Some(connection)) => {
                    self.connect_through(connection, listener, accepted, caller, flags)
                }
                (Ok(_), None) => Err(libc::ECONNABORTED),
                (Err(errno), _) => Err(errno),
            };
        self.release();
        match call {
            Ok(caller) => Call::From(accepted, caller),
            Err(errno) => {
                sys::close(accepted);
                Call::Failed(errno)
            }
        }
    }

    fn connect_through(
        &self,
        connection: Own,
        listener: RawFd,
        accepted: RawFd,
        caller: SocketAddr,
        flags: c_int,
    ) -> Outcome {
        replacement::copy_options(listener, connection.fd);
        sys::settle(connection.fd);
        if !token::put_behind(connection.fd, accepted, flags) {
            return Err(libc::ECONNABORTED);
        }
        descriptors::copy(connection.fd, accepted);
        descriptors::remember(accepted, caller);
        Ok(caller)
    }

    /// The token was accepted.
    fn release(&mut self) {
        let is_over = matches!(self.stage, Stage::Called { outcome: Err(_), .. });
        let next = if is_over { None } else { Instant::now().checked_add(REST) };
        if let Stage::Waiting(_) = self.stage
            && let Stage::Waiting(request) = std::mem::replace(&mut self.stage, Stage::Resting(None))
        {
            request.end();
        }
        self.taken(next);
        self.owner = process::id();
        parking::wake_helper();
    }
}

/// Whether both ends of a connection are on this machine.
fn comes_from_here(connection: RawFd, from: SocketAddr) -> bool {
    address::is_local(from.ip()) || sys::own_address(connection).is_some_and(|own| own.ip() == from.ip())
}
