//! What a configuration says that is accepted, but may not do what its author thinks.

use crate::sockd::SockdCaution;
use std::fmt;
use std::path::PathBuf;

/// What to know about something that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Caution {
    /// There is no route at all.
    NoRoutes,
    /// A keyword or value without effect.
    NoEffect {
        /// What was written.
        what: String,
        /// Why it does nothing.
        reason: &'static str,
    },
    /// An old name of a keyword.
    Renamed {
        /// The old name.
        old: &'static str,
        /// The name it has now.
        new: &'static str,
    },
    /// A value given twice.
    Duplicate(String),
    /// The syslog facility is none we know.
    UnknownFacility(String),
    /// A number with a leading zero.
    Octal {
        /// As written.
        word: String,
        /// What it means.
        value: u32,
    },
    /// A network whose address has bits that the mask ignores.
    HostBits {
        /// As written.
        written: String,
        /// What it means.
        network: String,
    },
    /// A setting that the program the file is for does not have.
    UnknownSetting {
        /// The word.
        word: String,
        /// A setting like it.
        similar: Option<&'static str>,
    },
    /// What stands where a user name would, and looks like a comment.
    TakenForComment,
    /// Names that another program would resolve here, for want of this setting.
    NamesToProxy(&'static str),
    /// A name in `from`.
    FromName(String),
    /// A word that reads like an interface or a wildcard and is a host name.
    HostName {
        /// The word.
        word: String,
        /// What its author may have meant.
        meant: &'static str,
    },
    /// The scope of an IPv6 address.
    Scope,
    /// The operator behind the port of a proxy.
    ProxyPortOperator,
    /// A direct route for everything, below routes through proxies.
    DirectForEverything,
    /// A route that another one takes every call from.
    Shadowed {
        /// The line of the other route.
        by: u32,
        /// Whether it leaves this one the command bind, as direct routes do.
        but_for_bind: bool,
    },
    /// A route for some places sends the connections to its own proxy through that proxy.
    OwnAddress(String),
    /// A file that holds a password can be read by others.
    Exposed(PathBuf),
    /// Names are not resolved and no proxy route can carry them.
    NoWayForNames,
    /// `method: username` is the only method and there is no user name.
    NoUserName,
    /// A user name without a password.
    NoPassword,
    /// What only a server's file can say.
    Sockd(SockdCaution),
}

impl Caution {
    /// Whether the configuration does something else than it seems to say; else something is merely superfluous.
    pub fn changes_meaning(&self) -> bool {
        !matches!(
            self,
            Caution::NoEffect { .. }
                | Caution::Renamed { .. }
                | Caution::Duplicate(_)
                | Caution::UnknownFacility(_)
                | Caution::Scope
                | Caution::NamesToProxy(_)
                | Caution::ProxyPortOperator
        )
    }
}

impl fmt::Display for Caution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Caution::NoRoutes => f.write_str(
                "there is no route, so every connection fails (Dante would let all of them out directly)",
            ),
            Caution::NoEffect { what, reason } => write!(f, "`{what}` has no effect: {reason}"),
            Caution::Renamed { old, new } => write!(f, "`{old}` is now called `{new}`"),
            Caution::Duplicate(word) => write!(f, "`{word}` is given twice"),
            Caution::UnknownFacility(word) => write!(f, "syslog has no facility `{word}`; `user` is used"),
            Caution::Octal { word, value } => write!(f, "the leading zero makes {word} octal: it is {value}"),
            Caution::HostBits { written, network } if network.ends_with("/0") => {
                let (address, _) = written.split_once('/').unwrap_or((written, ""));
                let one = if address.contains(':') { 128 } else { 32 };
                write!(f, "{written} matches every address; the one address is {}/{one}", address.trim())
            }
            Caution::HostBits { written, network } => {
                write!(f, "{written} means the whole network {network}, not one address")
            }
            Caution::UnknownSetting { word, similar: None } => {
                write!(f, "there is no setting `{word}`; it has no effect")
            }
            Caution::UnknownSetting { word, similar: Some(similar) } => {
                write!(f, "there is no setting `{word}`; it has no effect. Did you mean `{similar}`?")
            }
            Caution::TakenForComment => {
                f.write_str("this is taken for a comment; proxychains would take it for user name and password")
            }
            Caution::NamesToProxy(setting) => write!(
                f,
                "names are left to the proxy, although without `{setting}` they would be resolved here"
            ),
            Caution::FromName(name) => write!(
                f,
                "the local address of a socket is never compared with the name `{name}`: this route never matches"
            ),
            Caution::HostName { word, meant } => write!(f, "`{word}` is read as a host name, not as {meant}"),
            Caution::Scope => f.write_str("the scope behind `%` is not compared"),
            Caution::ProxyPortOperator => f.write_str("the operator is read as `=`: a proxy has one port"),
            Caution::DirectForEverything => f.write_str(
                "this direct route is used before the proxy routes above it: routes are searched by proxy protocol, direct first",
            ),
            Caution::Shadowed { by, but_for_bind } => {
                let but_for_bind = if *but_for_bind { ", but for bind" } else { "" };
                write!(
                    f,
                    "this route is never used{but_for_bind}: the one of line {by} takes everything that it matches"
                )
            }
            Caution::OwnAddress(proxy) => write!(
                f,
                "this route sends connections to its own proxy, {proxy}, through that proxy; write a direct route above it"
            ),
            Caution::Exposed(file) => {
                write!(f, "other users of this machine can read the password in {0}: chmod 600 {0}", file.display())
            }
            Caution::NoWayForNames => f.write_str(
                "every proxy route is socks_v4, which carries no names, and `resolveprotocol` is `fake`: no name can be reached",
            ),
            Caution::NoUserName => f.write_str(
                "only the method `username` is allowed, but there is no user name: set SOCKS_USERNAME and SOCKS_PASSWORD",
            ),
            Caution::Sockd(caution) => caution.fmt(f),
            Caution::NoPassword => {
                f.write_str("there is a user name but no password, so the method `username` cannot be used")
            }
        }
    }
}
