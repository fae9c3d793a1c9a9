//! How long the parts of a dialogue with a proxy took.

use std::time::{Duration, Instant};

use super::is_on;

/// A part of the dialogue.
#[derive(Clone, Copy)]
pub(crate) enum Phase {
    /// Connecting to the proxy, or in vain to others.
    Tcp,
    /// Agreeing on a method.
    Method,
    /// User name and password.
    Authentication,
    /// The request and the reply to it.
    Request,
}

/// The time spent on each; nothing is measured where nobody wants to know.
#[derive(Clone, Copy, Default)]
pub(crate) struct Phases {
    spent: [Duration; 4],
    since: Option<Instant>,
}

impl Phases {
    /// Starts the clock.
    pub(crate) fn begin() -> Phases {
        Phases { since: is_on().then(Instant::now), ..Phases::default() }
    }

    /// Adds the time since the last call to a phase.
    pub(crate) fn spend(&mut self, phase: Phase) {
        if let (Some(since), Some(spent)) = (&mut self.since, self.spent.get_mut(phase as usize)) {
            let now = Instant::now();
            *spent += now.duration_since(std::mem::replace(since, now));
        }
    }

    /// Each phase that took any time, by its name.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, Duration)> {
        let names = ["tcp", "method", "authentication", "request"];
        names.into_iter().zip(self.spent).filter(|(_, spent)| !spent.is_zero())
    }
}
