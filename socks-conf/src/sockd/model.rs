//! What a server's file says, as plain data.

use crate::keyword::Section;
use crate::set::{Member, Set};
use crate::{Commands, Endpoint, LogTarget, Place, Ports, Protocols, ProxyProtocols, Warning};
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

/// Everything a server's file says. What it leaves open is `None` or empty; the server has the defaults.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Sockd {
    /// Where applications connect to.
    pub internal: Vec<Listen>,
    /// The local addresses of the connections to targets; empty leaves the choice to the kernel.
    pub external: Vec<Local>,
    /// The families listened on; empty is both.
    pub internal_families: Families,
    /// The families of the connections to targets; empty is both.
    pub external_families: Families,
    /// Which of several external addresses is used.
    pub rotation: Rotation,
    /// What is asked of an application before its first byte.
    pub clientmethods: Vec<Method>,
    /// How users authenticate, the most preferred first; `None` when the file does not say.
    pub socksmethods: Option<Vec<Method>>,
    /// A file of names and passwords.
    pub users: Option<PathBuf>,
    /// Whom the server becomes once its sockets are open.
    pub unprivileged: Option<String>,
    /// Where log lines go.
    pub logoutput: Vec<LogTarget>,
    /// Where errors go in addition.
    pub errorlog: Vec<LogTarget>,
    /// How much is logged: 0 is little.
    pub debug: u32,
    /// The time from accept to the end of the request; zero is for ever, and so below.
    pub timeout_negotiate: Option<Duration>,
    /// The time for reaching a target.
    pub timeout_connect: Option<Duration>,
    /// The time that a connection may be idle.
    pub timeout_io_tcp: Option<Duration>,
    /// The time that an association may be idle.
    pub timeout_io_udp: Option<Duration>,
    /// The time that a connection may be half closed and idle.
    pub timeout_tcp_fin_wait: Option<Duration>,
    /// How many connections there may be; zero is any number, and so below.
    pub connections_total: Option<u32>,
    /// How many connections one client address may have.
    pub connections_client: Option<u32>,
    /// Who may talk to the server at all; the first rule that matches decides, none is block.
    pub client_rules: Vec<Rule>,
    /// What may be asked for; the first rule that matches decides, none is block.
    pub socks_rules: Vec<Rule>,
    /// What was accepted but means less, or something else, than its author may think.
    pub warnings: Vec<Warning>,
}

impl crate::dante::Model for Sockd {
    const OUTSIDE: Section = Section::Sockd;
    const OPENERS: &'static [&'static [u8]] =
        &[b"client", b"socks", b"hostid", b"pass", b"block", b"route", b"monitor", b"redirect"];
    const INTERFACES: bool = true;

    fn warnings(&mut self) -> &mut Vec<Warning> {
        &mut self.warnings
    }
}

/// A place to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The address, or what stands for it.
    pub local: Local,
    /// The TCP port.
    pub port: u16,
}

/// An address of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Local {
    /// The address itself.
    Ip(IpAddr),
    /// An interface, which stands for its addresses, or else a host name.
    Name(String),
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Local::Ip(address) => address.fmt(f),
            Local::Name(name) => f.write_str(name),
        }
    }
}

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// A set of address families.
pub type Families = Set<Family>;

impl Member for Family {
    const ALL: &'static [Family] = &[Family::Ipv4, Family::Ipv6];

    fn bit(self) -> u8 {
        1 << self as u8
    }

    fn word(self) -> &'static str {
        match self {
            Family::Ipv4 => "ipv4",
            Family::Ipv6 => "ipv6",
        }
    }
}

/// Which of several external addresses a connection to a target uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// The first of the target's family.
    #[default]
    None,
    /// The one the routing table of the kernel chooses.
    Route,
    /// The one the application connected to.
    SameSame,
}

impl Rotation {
    /// Every value, in the order of the words in the table of keywords.
    pub(crate) const ALL: [Rotation; 3] = [Rotation::None, Rotation::Route, Rotation::SameSame];
}

/// How an application shows who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Not at all.
    None,
    /// By user name and password (RFC 1929).
    Username,
    /// By what the ident server of its host says (RFC 1413, formerly 931).
    Rfc931,
    /// By user name and password, which PAM judges.
    PamUsername,
}

/// A set of methods.
pub type Methods = Set<Method>;

impl Member for Method {
    const ALL: &'static [Method] = &[Method::None, Method::Username, Method::Rfc931, Method::PamUsername];

    fn bit(self) -> u8 {
        1 << self as u8
    }

    fn word(self) -> &'static str {
        match self {
            Method::None => "none",
            Method::Username => "username",
            Method::Rfc931 => "rfc931",
            Method::PamUsername => "pam.username",
        }
    }
}

impl Method {
    /// Whether it yields the name of a user.
    pub fn names_a_user(self) -> bool {
        self != Method::None
    }
}

/// What a rule does with what it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is served.
    Pass,
    /// It is refused.
    Block,
}

/// What a rule wants logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEvent {
    /// The beginning of what was served, or the refusal.
    Connect,
    /// The end, with what was carried.
    Disconnect,
    /// Whatever went wrong.
    Error,
    /// Every read from either side, with the number of bytes.
    IoOperation,
    /// The same, with the bytes themselves.
    Data,
    /// What the kernel knows of the connections, wherever they are logged.
    TcpInfo,
}

/// A set of events.
pub type LogEvents = Set<LogEvent>;

impl Member for LogEvent {
    const ALL: &'static [LogEvent] = &[
        LogEvent::Connect,
        LogEvent::Disconnect,
        LogEvent::Error,
        LogEvent::IoOperation,
        LogEvent::Data,
        LogEvent::TcpInfo,
    ];

    fn bit(self) -> u8 {
        1 << self as u8
    }

    fn word(self) -> &'static str {
        match self {
            LogEvent::Connect => "connect",
            LogEvent::Disconnect => "disconnect",
            LogEvent::Error => "error",
            LogEvent::IoOperation => "iooperation",
            LogEvent::Data => "data",
            LogEvent::TcpInfo => "tcpinfo",
        }
    }
}

/// One rule: everything it says must match.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rule {
    /// What it does.
    pub action: Action,
    /// Where the application is; one must match. A [`Place::Name`] may be an interface.
    pub from: Vec<Endpoint>,
    /// The server's address in a client rule, the target in a socks rule; one must match.
    pub to: Vec<Endpoint>,
    /// The commands.
    pub commands: Commands,
    /// The transport protocols.
    pub protocols: Protocols,
    /// The versions of SOCKS.
    pub proxyprotocols: ProxyProtocols,
    /// The methods; empty is any.
    pub methods: Methods,
    /// The names of users, of which one must match; empty, with no `groups`, is anybody.
    pub users: Vec<String>,
    /// The system's groups, of which the user must be in one.
    pub groups: Vec<String>,
    /// The service of PAM that must have accepted the user, where that is how he shows who he is.
    pub pam_service: Option<String>,
    /// The bytes a second, both ways together, that may pass in all by this rule; `None` is any number.
    pub bandwidth: Option<NonZeroU64>,
    /// The same for each user.
    pub user_bandwidth: Option<NonZeroU64>,
    /// What is logged; `None` when the rule does not say.
    pub log: Option<LogEvents>,
    /// The line of the file where it begins.
    pub line: u32,
}

impl LogEvent {
    /// The event of the word at this place of the table.
    pub(super) fn of(index: usize) -> Option<LogEvent> {
        use LogEvent::{Connect, Data, Disconnect, Error, IoOperation, TcpInfo};
        [Connect, Disconnect, Error, IoOperation, IoOperation, Data, TcpInfo].get(index).copied()
    }
}

impl Rule {
    /// The service of PAM where a rule names none, as Dante calls it.
    pub const PAM_SERVICE: &str = "sockd";

    /// A rule that matches everything.
    pub fn new(action: Action) -> Rule {
        Rule {
            action,
            from: vec![Endpoint::EVERYTHING],
            to: vec![Endpoint::EVERYTHING],
            commands: Set::all(),
            protocols: Set::all(),
            proxyprotocols: Set::all(),
            methods: Set::EMPTY,
            users: Vec::new(),
            groups: Vec::new(),
            pam_service: None,
            bandwidth: None,
            user_bandwidth: None,
            log: None,
            line: 0,
        }
    }

    /// Whether the rule is about some users only.
    pub fn names_users(&self) -> bool {
        !self.users.is_empty() || !self.groups.is_empty()
    }
}

/// Whether every target there can be is among these.
pub(super) fn is_everything(endpoints: &[Endpoint]) -> bool {
    endpoints.iter().any(|to| to.place == Place::Everything && to.ports == Ports::Any)
}
