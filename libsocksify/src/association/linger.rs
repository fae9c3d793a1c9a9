//! Letting go of associations. The end of the control connection ends the association, and proxies drop what is then still
//! on its way: who sends a datagram and closes the socket, or exits, as loggers do, would have sent it for nothing. So the
//! control connection of an association whose last datagram was not answered stays open for a moment.

use std::thread;
use std::time::{Duration, Instant};

use super::{Association, Stage, armed, slot};
use crate::interpose::as_our_own;
use crate::lock::Lock;
use crate::own::Own;
use crate::{process, sys};

/// How long a proxy may take for a datagram that it has received.
const MOMENT: Duration = Duration::from_millis(100);

/// How long a process that exits waits for an association that what it sent needs.
const PATIENCE: Duration = Duration::from_secs(5);

const STACK: usize = 64 * 1024;

struct Lingering {
    /// The process whose thread closes them.
    owner: libc::pid_t,
    all: Vec<(Instant, Own)>,
}

static LINGERING: Lock<Lingering> = Lock::new(Lingering { owner: 0, all: Vec::new() });

/// Closes the control connection, now or in a moment.
pub(super) fn release(association: &Association) {
    let Some(control) = association.control else { return };
    let Some(until) = association.deadline().filter(|until| *until > Instant::now()) else {
        return control.close();
    };
    let us = process::id();
    let is_kept = LINGERING.with(|lingering| {
        if std::mem::replace(&mut lingering.owner, us) != us {
            lingering.all.drain(..).for_each(|(_, control)| control.close());
        }
        lingering.all.push((until, control));
        lingering.all.len() > 1 || start()
    });
    if !is_kept {
        LINGERING.with(|lingering| lingering.all.clear());
        control.close();
    }
}

/// Control connections of sockets that other processes have, and we no longer.
static KEPT: Lock<[Option<Own>; MOST_KEPT]> = Lock::new([None; MOST_KEPT]);

/// How many we keep: nobody tells when the other process is through with its socket.
const MOST_KEPT: usize = 16;

/// Keeps the control connection as long as this process lives, or until there are too many.
pub(super) fn keep(association: &Association) {
    let oldest = KEPT.with(|kept| {
        kept.rotate_right(1);
        std::mem::replace(&mut kept[0], association.control)
    });
    if let Some(oldest) = oldest {
        oldest.close();
    }
}

fn start() -> bool {
    // The thread inherits the mask of the hook that starts it: all signals blocked.
    thread::Builder::new().stack_size(STACK).spawn(|| as_our_own(run)).is_ok()
}

fn run() {
    loop {
        let next = LINGERING.with(|lingering| {
            let now = Instant::now();
            lingering.all.iter().filter(|(until, _)| *until <= now).for_each(|(_, control)| control.close());
            lingering.all.retain(|(until, _)| *until > now);
            lingering.all.iter().map(|(until, _)| *until).min()
        });
        let Some(next) = next else { return };
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

/// The process exits: what it has sent goes first.
pub(crate) fn at_exit() {
    armed::ended();
    for ticket in slot::all() {
        let bell =
            || slot::with(ticket, |socket| socket.bell().filter(|_| !socket.queue.is_empty())).flatten();
        if let Some(bell) = bell() {
            sys::is_ready_within(bell.fd, libc::POLLIN, PATIENCE);
        }
    }
    let open = slot::all().filter_map(|ticket| {
        slot::with(ticket, |socket| match &socket.stage {
            Stage::Open(association) => association.deadline(),
            _ => None,
        })?
    });
    let us = process::id();
    let closed = LINGERING.with(|lingering| {
        let last = lingering.all.iter().map(|(until, _)| *until).max();
        last.filter(|_| lingering.owner == us)
    });
    if let Some(until) = open.chain(closed).max() {
        thread::sleep(until.saturating_duration_since(Instant::now()));
    }
}

impl Association {
    /// Closes the control connection at once.
    pub(super) fn close(&self) {
        if let Some(control) = self.control {
            control.close();
        }
    }

    /// Until when it has to last: as long as this process has sent something that nobody answered.
    fn deadline(&self) -> Option<Instant> {
        let (sender, sent) = self.sent.filter(|_| self.control.is_some())?;
        sent.checked_add(MOMENT).filter(|_| sender == process::id())
    }
}
