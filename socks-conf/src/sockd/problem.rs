//! What only a server's file can have wrong, or leave to be misunderstood.

use std::fmt;

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SockdProblem {
    /// A key twice in a rule.
    Repeated(&'static str),
    /// A rule without this key.
    Missing(&'static str),
    /// A rule without `}`.
    Unclosed,
    /// A range of ports where one is listened on.
    OnePort,
    /// `external: 0.0.0.0`
    ExternalWildcard,
    /// A list of methods of which none is supported.
    NoMethodLeft,
    /// A method that needs the SOCKS dialogue, before it.
    ClientMethod,
    /// What is about requests, in a client rule.
    NotInClientRule(&'static str),
    /// The rule has a method that the file does not allow.
    MethodNotGlobal(&'static str),
    /// A rule about users that also has the method none.
    UserWithoutName,
    /// A list that is empty, so that the rule would never match.
    EmptyList(&'static str),
    /// A rate at which nothing passes.
    NoBandwidth,
    /// In TOML, an address to listen on that is none.
    NotAListen(String),
    /// In TOML, an action that is neither pass nor block.
    NotAnAction(String),
}

impl fmt::Display for SockdProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SockdProblem::Repeated(key) => write!(f, "a second `{key}:` in one rule"),
            SockdProblem::Missing(key) => write!(f, "this rule has no `{key}:`"),
            SockdProblem::Unclosed => f.write_str("this rule has no `}`"),
            SockdProblem::OnePort => f.write_str("one port is listened on, not several"),
            SockdProblem::ExternalWildcard => f.write_str("the external address cannot be a wildcard"),
            SockdProblem::NoMethodLeft => f.write_str("none of these methods is supported"),
            SockdProblem::ClientMethod => {
                f.write_str("before the first byte of SOCKS only the methods none and rfc931 are possible")
            }
            SockdProblem::NotInClientRule(key) => {
                write!(f, "`{key}` is about requests, and client rules are asked before there is one")
            }
            SockdProblem::MethodNotGlobal(method) => {
                write!(f, "the method `{method}` is not among those of the whole file, so this rule cannot match")
            }
            SockdProblem::UserWithoutName => f.write_str(
                "this rule is about users, but one of its methods yields no name: anybody could pass for them",
            ),
            SockdProblem::EmptyList(key) => write!(f, "`{key}` is an empty list, so the rule would never match"),
            SockdProblem::NoBandwidth => {
                f.write_str("at 0 bytes a second nothing would pass; a block rule says so")
            }
            SockdProblem::NotAListen(word) => write!(f, "`{word}` is no address and port to listen on"),
            SockdProblem::NotAnAction(word) => write!(f, "`{word}` is neither pass nor block"),
        }
    }
}

impl SockdProblem {
    /// What would be accepted.
    pub(crate) fn accepted(&self) -> Option<&'static str> {
        match self {
            SockdProblem::Missing(_) | SockdProblem::Unclosed => {
                Some("accepted: socks pass { from: 10.0.0.0/8 to: 0/0 }")
            }
            SockdProblem::OnePort => Some("accepted: internal: 10.0.0.11 port = 1080"),
            SockdProblem::ExternalWildcard => {
                Some("name an address or an interface, or leave the key out: the kernel then chooses")
            }
            SockdProblem::NoMethodLeft => Some("accepted: none, username, rfc931, pam.username"),
            SockdProblem::NotInClientRule(_) => Some("write it in a socks rule"),
            SockdProblem::UserWithoutName => Some("accepted: socksmethod: username, rfc931 or pam.username"),
            SockdProblem::NotAListen(_) => Some(
                "accepted: \"10.0.0.11:1080\", \"[::1]:1080\", \"eth0:1080\", or without a port for 1080",
            ),
            _ => None,
        }
    }
}

/// What to know about something that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SockdCaution {
    /// The method gssapi.
    NoGssapi,
    /// There is no socks rule.
    NoSocksRules,
    /// There is no client rule.
    NoClientRules,
    /// There is no method.
    NoMethod,
    /// A rule below one that matches everything.
    NeverReached {
        /// The line of the rule that matches everything.
        above: u32,
    },
    /// A block rule for a domain.
    DomainByAddress(String),
}

impl fmt::Display for SockdCaution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SockdCaution::NoGssapi => {
                f.write_str("`gssapi` has no effect: GSSAPI authentication is not built in")
            }
            SockdCaution::NoSocksRules => f.write_str("there is no socks rule, so every request is refused"),
            SockdCaution::NoClientRules => f.write_str("there is no client rule, so nobody is served"),
            SockdCaution::NoMethod => {
                f.write_str("there is no `socksmethod`, so every application is turned away")
            }
            SockdCaution::NeverReached { above } => {
                write!(f, "this rule is never reached: the one in line {above} matches everything")
            }
            SockdCaution::DomainByAddress(domain) => write!(
                f,
                "`{domain}` blocks what is asked for by name; an application that knows the address is not hindered"
            ),
        }
    }
}
