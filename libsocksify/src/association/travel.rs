//! Sockets that travel: to the program that takes over this process, or a child, by exec(2) and posix_spawn(3), and to other
//! processes by SCM_RIGHTS (unix(7)). What is known of them goes along on a [`Label`]; whoever is one of us reads it when it
//! begins, or receives the socket. The association stays the same one: its control connection is inherited beside a socket that
//! is, under its own number. Where it is not (who closes everything but what a child needs, and who passes a socket on), the
//! process that has it keeps it as long as it lives; when that has ended, the next datagram has a new association made.

use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::time::Instant;

use super::label::{self, Carried, Label};
use super::segment::Offload;
use super::target::Targets;
use super::{Association, Socket, Stage, Ticket, armed, give, of, slot};
use crate::interpose::as_our_own;
use crate::own::Own;
use crate::sys::Kind;
use crate::{descriptors, process, sys};

/// Descriptors that are looked at when a program begins: shells and daemons give small numbers to what they hand on.
const LOOKED_AT: RawFd = 256;

/// What a program finds among its descriptors when it begins.
pub(crate) fn adopt_inherited() {
    sys::open_descriptors(LOOKED_AT, adopt);
}

/// Takes over a socket that has come from elsewhere, if it has a label.
pub(crate) fn adopt(fd: RawFd) {
    let Some(kind) = Kind::of(fd).ok().filter(|kind| kind.is_udp()) else { return };
    if of(fd).is_some() || process::runs_on_borrowed_memory() {
        return;
    }
    let (Carried::Label(label), Ok(cookie)) = (label::read(fd), sys::cookie(fd)) else { return };
    let described = || slot::take(cookie, Socket::described(&label, kind.domain)?);
    let Some(ticket) = slot::with_cookie(cookie).or_else(described) else { return };
    give(fd, ticket);
    if let Some(Some(peer)) = slot::with(ticket, |socket| socket.peer) {
        descriptors::remember(fd, peer);
    }
    armed::arm(fd);
}

/// A program is about to take over this process, or a child: what it will have is labelled, and what belongs to that stays open.
/// The file actions of posix_spawn(3), `by_actions`, may hand on what is closed otherwise.
pub(crate) fn depart(by_actions: bool) {
    if !slot::any() {
        return;
    }
    as_our_own(|| {
        each_of_ours(|fd, ticket| {
            let is_inherited = !sys::closes_on_exec(fd);
            if !is_inherited && !by_actions {
                return;
            }
            let control = slot::look(ticket, |socket| {
                socket.label().attach(fd);
                socket.control()
            });
            match control.flatten().filter(|_| is_inherited) {
                Some(control) => sys::set_close_on_exec(control.fd, false),
                None => slot::pass_on(ticket),
            }
        });
    });
}

/// The process goes on as it was.
pub(crate) fn stay() {
    if !slot::any() {
        return;
    }
    as_our_own(|| {
        for ticket in slot::all() {
            if let Some(control) = slot::look(ticket, Socket::control).flatten() {
                sys::set_close_on_exec(control.fd, true);
            }
        }
    });
}

/// A socket is passed on to another process.
pub(crate) fn pass_on(fd: RawFd) {
    if let Some(ticket) = of(fd) {
        slot::with(ticket, |socket| socket.label().attach(fd));
        slot::pass_on(ticket);
    }
}

/// A socket that the next program will inherit, whose association is on its way by a thread that will be no more: the bell
/// that rings when it has arrived.
pub(crate) fn opening_across_exec() -> Option<Own> {
    let mut found = None;
    if slot::any() {
        each_of_ours(|fd, ticket| {
            if found.is_none() && !sys::closes_on_exec(fd) {
                found = slot::look(ticket, Socket::shared_bell).flatten();
            }
        });
    }
    found
}

fn each_of_ours(mut body: impl FnMut(RawFd, Ticket)) {
    sys::open_descriptors(LOOKED_AT, |fd| {
        if let Some(ticket) = sys::cookie(fd).ok().and_then(slot::with_cookie) {
            body(fd, ticket);
        }
    });
}

impl Socket {
    /// The control connection, as long as it is there.
    fn control(&self) -> Option<Own> {
        match &self.stage {
            Stage::Open(association) => association.control.filter(|control| control.is_intact()),
            _ => None,
        }
    }

    /// The bell of a thread that works for this process, or for the parent on whose memory it runs.
    fn shared_bell(&self) -> Option<Own> {
        match self.stage {
            Stage::Opening(owner, bell) if owner == process::of_memory() => Some(bell),
            _ => None,
        }
    }

    /// What others have to know of it.
    fn label(&self) -> Label {
        let mut label = Label::new();
        let relay = self.association().map(|association| association.relay);
        let holder = self.association().map_or(0, |association| association.holder);
        let control = self.control();
        label.put(&[u8::from(self.takes_strangers), u8::from(self.is_armed), self.header as u8]);
        label.put_address(self.peer);
        label.put_address(self.responder);
        label.put_address(relay);
        label.put(&control.map_or(-1, |control| control.fd).to_ne_bytes());
        label.put(&control.map_or(0, Own::cookie).to_ne_bytes());
        label.put(&holder.to_ne_bytes());
        self.offload.values().into_iter().for_each(|value| {
            label.put(&value.to_ne_bytes());
        });
        self.targets.write(&mut label, self.peer);
        label
    }

    /// The association, if others can use it: it is held by somebody who will be there, or its control connection goes along.
    fn association(&self) -> Option<&Association> {
        match &self.stage {
            Stage::Open(association) => {
                let is_elsewhere = association.holder != process::id();
                Some(association).filter(|_| self.control().is_some() || is_elsewhere)
            }
            _ => None,
        }
    }

    /// The socket that a label is about; `None` where it makes no sense.
    fn described(label: &Label, domain: libc::c_int) -> Option<Socket> {
        let mut text = label.text();
        let [takes_strangers, is_armed, header] = text.array()?;
        let (peer, responder, relay) = (text.address()?, text.address()?, text.address()?);
        let fd = RawFd::from_ne_bytes(text.array()?);
        let cookie = u64::from_ne_bytes(text.array()?);
        let holder = libc::pid_t::from_ne_bytes(text.array()?);
        let offload = Offload::of_values([text.array()?, text.array()?].map(i32::from_ne_bytes));
        let stage = relay.map_or(Stage::Idle, |relay| taken_over(relay, Own::inherited(fd, cookie), holder));
        Some(Socket {
            peer,
            responder,
            stage,
            offload,
            header: header.into(),
            takes_strangers: takes_strangers != 0,
            is_armed: is_armed != 0,
            targets: Targets::read(&mut text),
            ..Socket::new(domain, false)
        })
    }
}

/// The association of a socket that has come from elsewhere.
fn taken_over(relay: SocketAddr, control: Option<Own>, holder: libc::pid_t) -> Stage {
    let us = process::id();
    // Whoever held it in this process has gone.
    if control.is_none() && holder == us {
        return Stage::Idle;
    }
    let holder = if control.is_some() { us } else { holder };
    Stage::Open(Association { control, holder, relay, seen: Instant::now(), sent: None })
}
