//! How the proxies of one route are used: one of them, or several one behind the other.

use crate::choice::Choice;
use crate::keyword::MODES;
use crate::problem::Problem;
use crate::{Command, Commands, Proxy, ProxyProtocol, ProxyProtocols, Route, Via};

/// How the proxies of a route are used (the key `mode`). The chains are those of proxychains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// One of them: the first that can be reached and does what it is asked.
    #[default]
    FailOver,
    /// All of them, one behind the other, in order; each has to work.
    Strict,
    /// As `Strict`, but those that cannot be reached are left out.
    Dynamic,
    /// As many as [`Route::chain_len`] says, drawn anew for each connection.
    Random,
    /// The next so many, in turn.
    RoundRobin,
}

impl Choice for Mode {
    const KEYWORD: &'static str = "mode";
    const WORDS: &'static [&'static str] = MODES;
    const MEANINGS: &'static [Mode] =
        &[Mode::FailOver, Mode::Strict, Mode::Dynamic, Mode::Random, Mode::RoundRobin];
}

impl Mode {
    /// Whether [`Route::chain_len`] says how many proxies are used.
    pub fn takes_some(self) -> bool {
        matches!(self, Mode::Random | Mode::RoundRobin)
    }

    /// The word that configuration files use for it.
    pub fn word(self) -> &'static str {
        Choice::word(self)
    }
}

/// The most proxies that a route can have.
const MOST_PROXIES: usize = 256;

/// What is wrong with a mode, for so many proxies and with this `chain_len`, if it was given.
pub(crate) fn objection(proxies: usize, mode: Mode, chain_len: Option<usize>) -> Option<Problem> {
    let reason = match chain_len {
        _ if proxies > MOST_PROXIES => "a route can have at most 256 proxies",
        Some(_) if !mode.takes_some() => "`chain_len` is for the modes random and round_robin",
        Some(0) => "a connection goes through one proxy at least",
        Some(length) if length > proxies => "there are not so many proxies in this route",
        _ => return None,
    };
    Some(Problem::Mode(reason))
}

impl Route {
    /// How many proxies a connection goes through when all of them work; 0 for direct and block.
    pub fn length(&self) -> usize {
        match (&self.via, self.mode) {
            (Via::Direct | Via::Block, _) => 0,
            (Via::Proxies(_), Mode::FailOver) => 1,
            (Via::Proxies(all), Mode::Strict | Mode::Dynamic) => all.len(),
            (Via::Proxies(_), Mode::Random | Mode::RoundRobin) => self.chain_len,
        }
    }

    /// Whether proxies stand one behind the other.
    pub fn is_chain(&self) -> bool {
        self.length() > 1
    }

    /// The proxies, as indices into [`Config::proxies`](crate::Config::proxies), that may be the first of a chain: all
    /// but in a strict one.
    pub fn entrances(&self) -> &[usize] {
        match &self.via {
            Via::Direct | Via::Block => &[],
            Via::Proxies(all) if self.mode == Mode::Strict => all.get(..1).unwrap_or_default(),
            Via::Proxies(all) => all,
        }
    }

    /// Whether the proxies are asked in a way that files of Dante do not know: several of them.
    pub(crate) fn has_several(&self) -> bool {
        matches!(&self.via, Via::Proxies(all) if all.len() > 1)
    }

    /// The route with the commands that its mode serves unless told otherwise. `last` is what the last proxy speaks.
    pub(crate) fn in_mode(self, last: ProxyProtocols) -> Route {
        let commands = Commands::of(&self.via, self.spoken_to_target(last)).intersection(self.possible());
        Route { commands, ..self }
    }

    /// What is wrong with serving these commands in this mode.
    pub(crate) fn objection_to(&self, commands: Commands) -> Option<Problem> {
        let reason = match () {
            () if commands.is_subset(self.possible()) => return None,
            () if self.is_chain() && commands.contains(Command::UdpAssociate) => {
                "a chain carries no datagrams"
            }
            () => "a call back cannot be waited for at a proxy that is drawn anew each time",
        };
        Some(Problem::Mode(reason))
    }

    /// What can be spoken with the proxy that is told the target: in a chain of all it is the last.
    fn spoken_to_target(&self, last: ProxyProtocols) -> ProxyProtocols {
        match self.mode {
            Mode::Strict | Mode::Dynamic => last,
            Mode::FailOver | Mode::Random | Mode::RoundRobin => self.proxyprotocols,
        }
    }

    /// The commands that the mode can serve. A chain carries streams, no datagrams. A call back has to come to the
    /// proxy that the first connection left by, which another draw may not find again.
    pub(crate) fn possible(&self) -> Commands {
        let draws = self.mode.takes_some() && self.has_several();
        Commands::all()
            .iter()
            .filter(|command| match command {
                Command::Connect => true,
                Command::Bind | Command::BindReply => !draws,
                Command::UdpAssociate | Command::UdpReply => !self.is_chain(),
            })
            .collect()
    }
}

impl ProxyProtocol {
    /// All that the proxies speak.
    pub(crate) fn of_all<'a>(proxies: impl Iterator<Item = &'a Proxy>) -> ProxyProtocols {
        proxies.fold(ProxyProtocols::EMPTY, |all, proxy| all.union(proxy.protocols))
    }
}
