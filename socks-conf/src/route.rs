//! A route: which calls of the application it is about, and where they go.

use crate::proxy::ProxyProtocols;
use crate::set::{Member, Set};
use crate::{BlockErrno, Callers, Endpoint, Mode, Place, Ports};

/// One route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The local address of the application's socket; an unbound one is 0.0.0.0 port 0.
    pub from: Endpoint,
    /// The targets; one of them must match.
    pub to: Vec<Endpoint>,
    /// Where the call goes.
    pub via: Via,
    /// How its proxies are used.
    pub mode: Mode,
    /// How many of them a connection goes through; counts in the modes [`Mode::Random`] and [`Mode::RoundRobin`].
    pub chain_len: usize,
    /// What the call fails with where the route leads nowhere.
    pub errno: BlockErrno,
    /// Whose calls it is about.
    pub callers: Callers,
    /// The operations it serves.
    pub commands: Commands,
    /// The transport protocols it serves.
    pub protocols: Protocols,
    /// What may be spoken with its proxies; empty for direct and block.
    pub proxyprotocols: ProxyProtocols,
    /// The authentication offered, in the order of the greeting.
    pub methods: Vec<Method>,
    /// The line of the file where the route begins, or the number of a `SOCKS_ROUTE_n` variable; 0 when the
    /// route was made from another variable.
    pub line: u32,
}

impl Route {
    /// Whether `method` may be offered to the proxy.
    pub fn offers(&self, method: Method) -> bool {
        self.methods.contains(&method)
    }
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Via {
    /// Past every proxy.
    Direct,
    /// Nowhere: the call fails.
    Block,
    /// Through these proxies, indices into [`Config::proxies`](crate::Config::proxies), as [`Route::mode`] says.
    Proxies(Vec<usize>),
}

/// What the application does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// An outgoing connection.
    Connect,
    /// Waiting for an incoming connection.
    Bind,
    /// Sending datagrams.
    UdpAssociate,
    /// The incoming connection itself.
    BindReply,
    /// An incoming datagram.
    UdpReply,
}

/// A set of commands.
pub type Commands = Set<Command>;

impl Member for Command {
    const ALL: &'static [Command] =
        &[Command::Connect, Command::Bind, Command::UdpAssociate, Command::BindReply, Command::UdpReply];

    fn bit(self) -> u8 {
        1 << self as u8
    }

    fn word(self) -> &'static str {
        match self {
            Command::Connect => "connect",
            Command::Bind => "bind",
            Command::UdpAssociate => "udpassociate",
            Command::BindReply => "bindreply",
            Command::UdpReply => "udpreply",
        }
    }
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Stream sockets.
    Tcp,
    /// Datagram sockets.
    Udp,
}

/// A set of transport protocols.
pub type Protocols = Set<Protocol>;

impl Member for Protocol {
    const ALL: &'static [Protocol] = &[Protocol::Tcp, Protocol::Udp];

    fn bit(self) -> u8 {
        1 << self as u8
    }

    fn word(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        }
    }
}

/// An authentication method of RFC 1928 that we can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// No authentication.
    None,
    /// User name and password, RFC 1929.
    Username,
}

impl Endpoint {
    /// Every address, every name, every port.
    pub const EVERYTHING: Endpoint = Endpoint { place: Place::Everything, ports: Ports::Any };
}
