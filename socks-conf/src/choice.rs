//! Keys whose value is one word out of a few.

use crate::Isolation;
use crate::keyword::{BIND_POLICIES, BLOCK_ERRNOS, RESOLVE_PROTOCOLS, UDP_FALLBACKS};
use crate::problem::Problem;
use crate::value::unknown_value;

/// The value of a key that takes one word.
pub(crate) trait Choice: Copy + 'static {
    /// The key.
    const KEYWORD: &'static str;
    /// The words, as in the table of keywords.
    const WORDS: &'static [&'static str];
    /// What each of them means.
    const MEANINGS: &'static [Self];

    /// The word for this value.
    fn word(self) -> &'static str
    where
        Self: PartialEq,
    {
        let mut meanings = Self::WORDS.iter().zip(Self::MEANINGS);
        meanings.find(|(_, meaning)| **meaning == self).map_or("", |(word, _)| word)
    }

    /// What `word` means.
    fn from_word(word: &str) -> Result<Self, Problem> {
        let mut meanings = Self::WORDS.iter().zip(Self::MEANINGS);
        let found = meanings.find(|(known, _)| **known == word).map(|(_, meaning)| *meaning);
        found.ok_or_else(|| unknown_value(Self::KEYWORD, word, Self::WORDS))
    }
}

/// How the application's name look-ups are answered (the key `resolveprotocol`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolveProtocol {
    /// Not at all: the name gets an address of [`Config::fake_range`](crate::Config::fake_range) and goes to the
    /// proxy as a name.
    Fake,
    /// By DNS over TCP through the proxy.
    Tcp,
    /// By DNS over UDP through the proxy.
    Udp,
    /// By libc, past the proxy.
    Local,
    /// By the proxy, with Tor's commands RESOLVE and RESOLVE_PTR.
    Tor,
}

impl Choice for ResolveProtocol {
    const KEYWORD: &'static str = "resolveprotocol";
    const WORDS: &'static [&'static str] = RESOLVE_PROTOCOLS;
    const MEANINGS: &'static [ResolveProtocol] = &[
        ResolveProtocol::Fake,
        ResolveProtocol::Tcp,
        ResolveProtocol::Udp,
        ResolveProtocol::Local,
        ResolveProtocol::Tor,
    ];
}

/// What becomes of datagrams whose proxy cannot carry them (the key `udp`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpFallback {
    /// They are refused.
    Block,
    /// They go out past the proxy.
    Direct,
}

impl Choice for UdpFallback {
    const KEYWORD: &'static str = "udp";
    const WORDS: &'static [&'static str] = UDP_FALLBACKS;
    const MEANINGS: &'static [UdpFallback] = &[UdpFallback::Block, UdpFallback::Direct];
}

/// When a proxy is asked to listen in the application's place, with BIND (the key `bind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindPolicy {
    /// When the application waits for a call back: it listens on a port the system chose, and has a connection
    /// to an FTP server through a proxy.
    Auto,
    /// Whenever it listens where others than this machine could reach it.
    Always,
    /// Never: it listens on this machine.
    Never,
}

impl Choice for BindPolicy {
    const KEYWORD: &'static str = "bind";
    const WORDS: &'static [&'static str] = BIND_POLICIES;
    const MEANINGS: &'static [BindPolicy] = &[BindPolicy::Auto, BindPolicy::Always, BindPolicy::Never];
}

/// What a call fails with that a route blocks (the key `errno`), out of what connect(2) documents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BlockErrno {
    /// EACCES: not allowed.
    #[default]
    Acces,
    /// EPERM: not allowed, as a firewall on this machine says it.
    Perm,
    /// ECONNREFUSED: nobody listens there.
    ConnRefused,
    /// ENETUNREACH: there is no way to that network.
    NetUnreach,
    /// EHOSTUNREACH: there is no way to that host.
    HostUnreach,
    /// ETIMEDOUT: nobody answered, which is said at once.
    TimedOut,
}

impl BlockErrno {
    /// The name that errno(3) has for it.
    pub fn name(self) -> &'static str {
        self.word()
    }
}

impl Choice for BlockErrno {
    const KEYWORD: &'static str = "errno";
    const WORDS: &'static [&'static str] = BLOCK_ERRNOS;
    const MEANINGS: &'static [BlockErrno] = &[
        BlockErrno::Acces,
        BlockErrno::Perm,
        BlockErrno::ConnRefused,
        BlockErrno::NetUnreach,
        BlockErrno::HostUnreach,
        BlockErrno::TimedOut,
    ];
}

impl Choice for Isolation {
    const KEYWORD: &'static str = "isolate";
    const WORDS: &'static [&'static str] = &["process"];
    const MEANINGS: &'static [Isolation] = &[Isolation::Process];
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_have_meanings<T: Choice>() {
        assert_eq!(T::WORDS.len(), T::MEANINGS.len(), "{}", T::KEYWORD);
    }

    #[test]
    fn every_word_has_a_meaning() {
        all_have_meanings::<ResolveProtocol>();
        all_have_meanings::<UdpFallback>();
        all_have_meanings::<BindPolicy>();
        all_have_meanings::<BlockErrno>();
        all_have_meanings::<Isolation>();
    }
}
