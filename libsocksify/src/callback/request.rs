//! One BIND: a connection of ours to the proxy, and how far the dialogue on it is.

use std::net::SocketAddr;

use libc::c_int;
use socks_proto::{Address, Host};

use super::rule::Ask;
use crate::attempt::Attempt;
use crate::held::Held;
use crate::interpose::Verdict;
use crate::own::Own;
use crate::{address, descriptors, parking, sys};

/// A BIND on its way.
pub(crate) struct Request {
    pub(crate) ask: Ask,
    /// Our connection to the proxy.
    pub(super) control: Own,
    pub(super) attempt: Held,
}

impl Request {
    /// Begins one; `None` where descriptors or memory have run out.
    pub(crate) fn new(ask: Ask) -> Option<Request> {
        let control = Own::adopt(sys::moved(sys::tcp_socket(ask.family)?)?)?;
        let Some(attempt) = Held::new(Attempt::new(control.fd, ask.family, ask.passage)) else {
            control.close();
            return None;
        };
        Some(Request { ask, control, attempt })
    }

    /// Goes on with it; done when a reply has come.
    pub(crate) fn advance(&mut self) -> Verdict<c_int> {
        let verdict = self.attempt.advance(self.control.fd);
        // An IPv6 socket may have taken the place of ours.
        if descriptors::is_replaced(self.control.fd)
            && let Ok(cookie) = sys::cookie(self.control.fd)
        {
            self.control = self.control.followed(cookie);
        }
        verdict
    }

    /// The address of the first reply, as the application can use it: where the proxy says no address, it is its own.
    pub(crate) fn bnd(&self) -> Option<SocketAddr> {
        let Address { host: Host::Ip(ip), port: port @ 1.. } = self.attempt.bnd().canonical() else {
            return None;
        };
        let ip = if ip.is_unspecified() { sys::connected_to(self.control.fd)?.ip() } else { ip };
        address::for_family(SocketAddr::new(ip, port), self.ask.family)
    }

    /// Who called, by the second reply.
    pub(super) fn caller(&self) -> SocketAddr {
        let caller = self.attempt.bnd().canonical().socket_address().unwrap_or(address::UNBOUND);
        address::for_family(caller, self.ask.family).unwrap_or(caller)
    }

    /// Lets it go, and the connection with it.
    pub(crate) fn end(self) {
        parking::unwatch(self.control);
        self.attempt.free();
        self.control.close();
    }
}
