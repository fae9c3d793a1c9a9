//! Who has which address, port and name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IPv4 and an IPv6 address of one host.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// The IPv4 address, in a network of 24 bits.
    pub v4: Ipv4Addr,
    /// The IPv6 address, in a network of 64 bits.
    pub v6: Ipv6Addr,
}

impl Addresses {
    /// Both addresses.
    pub fn each(self) -> [IpAddr; 2] {
        [self.v4.into(), self.v6.into()]
    }
}

/// The application host.
pub const APPLICATION: Addresses =
    Addresses { v4: Ipv4Addr::new(10, 99, 1, 2), v6: Ipv6Addr::new(0xfd99, 1, 0, 0, 0, 0, 0, 2) };
/// The proxy host, as the application host sees it.
pub const PROXY: Addresses =
    Addresses { v4: Ipv4Addr::new(10, 99, 1, 1), v6: Ipv6Addr::new(0xfd99, 1, 0, 0, 0, 0, 0, 1) };
/// Another address of the proxy host.
pub const PROXY_SECOND: Ipv4Addr = Ipv4Addr::new(10, 99, 1, 3);
/// The proxy host, as the target host sees it.
pub const PROXY_OUTSIDE: Addresses =
    Addresses { v4: Ipv4Addr::new(203, 0, 113, 1), v6: Ipv6Addr::new(0x2001, 0xdb8, 7, 0, 0, 0, 0, 1) };
/// The target host.
pub const TARGET: Addresses =
    Addresses { v4: Ipv4Addr::new(203, 0, 113, 2), v6: Ipv6Addr::new(0x2001, 0xdb8, 7, 0, 0, 0, 0, 2) };
/// The proxy host has a route to it that says "host unreachable".
pub const UNREACHABLE_HOST: Addresses =
    Addresses { v4: Ipv4Addr::new(192, 0, 2, 66), v6: Ipv6Addr::new(0x2001, 0xdb8, 0x66, 0, 0, 0, 0, 1) };
/// The proxy host has no route to it.
pub const UNREACHABLE_NETWORK: Addresses =
    Addresses { v4: Ipv4Addr::new(198, 51, 100, 66), v6: Ipv6Addr::new(0x2001, 0xdb8, 0x77, 0, 0, 0, 0, 1) };
/// Where the application host would look names up: an address of the target host, which has a name server; so a look-up
/// past the proxy is a leak, and goes nowhere.
pub const RESOLVER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 53);
/// On the link of application and proxy, but nobody has it.
pub const ABSENT_PROXY: &str = "10.99.1.77";
/// The application host has a route to it that says "host unreachable".
pub const UNREACHABLE_PROXY: &str = "10.99.2.1";

/// The target, known to the proxy host's resolver only, with an IPv4 and an IPv6 address.
pub const NAME: &str = "www.target.test";
/// The target by a name that has an IPv4 address only.
pub const NAME_V4: &str = "v4.target.test";
/// The target by a name that has an IPv6 address only.
pub const NAME_V6: &str = "v6.target.test";
/// The name of [`UNREACHABLE_HOST`].
pub const NAME_UNREACHABLE: &str = "unreachable.target.test";
/// The proxy host, known to the application host, with all its addresses.
pub const NAME_PROXY: &str = "several.proxy.test";
/// The domain of all these names, which has MX and TXT records.
pub const DOMAIN: &str = "target.test";
/// A domain of which every name is one of the target, to the target's name server.
pub const DOMAIN_OF_ANYTHING: &str = "uses.test";
/// The preference of its MX record, which names [`NAME_V4`].
pub const MX_PREFERENCE: u16 = 10;
/// What its TXT record says.
pub const TEXT: &str = "text of the target";
/// Another name of [`NAME`].
pub const NAME_ALIAS: &str = "alias.target.test";
/// Has an SRV record: priority 5, weight 7, port [`LINE`] of [`NAME`].
pub const NAME_SERVICE: &str = "_line._tcp.target.test";
/// Has a TXT record too long for a datagram.
pub const NAME_LONG_TEXT: &str = "long.target.test";
/// Lines of the application host's `/etc/hosts` beside its own: names that nobody has to be asked for.
pub const LOCAL_HOSTS: &str = "10.1.2.3 several.local.test several # the first of three lines\n\
    10.1.2.4\tseveral.local.test\tagain.local.test\n\
    fd00::3 several.local.test several6\n\
    192.0.2.50 Inet.local.test inet\n\
    fd00::5 inet6.local.test inet6\n\
    10.1.2.7 last.local.test inet\n";
/// The proxy host, by a name that name servers know, for routes that send it direct.
pub const NAME_DIRECT: &str = "direct.link.test";
/// A name nobody knows.
pub const NAME_UNKNOWN: &str = "missing.target.test";

/// What may be reached on the proxy host; everything else that leaves the application host is a leak.
pub const PROXY_PORTS: std::ops::RangeInclusive<u16> = 1080..=1999;
/// Proxies have their relays for datagrams on ports the kernel chooses, from here on.
pub const FIRST_RELAY_PORT: u16 = 2000;
/// The first port of scripted proxies.
pub const SCRIPTED_PORTS: u16 = 1200;
/// Nobody listens here on the proxy host.
pub const CLOSED_PROXY_PORT: u16 = 1999;

/// Name server.
pub const DNS: u16 = 53;
/// Web server.
pub const HTTP: u16 = 80;
/// Web server with TLS.
pub const HTTPS: u16 = 443;
/// File transfer.
pub const FTP: u16 = 21;
/// Remote shell.
pub const SSH: u16 = 22;
/// Key-value store.
pub const REDIS: u16 = 6379;
/// Database.
pub const POSTGRESQL: u16 = 5432;
/// Answers what it gets until the end of it.
pub const ECHO: u16 = 7;
/// Answers one line and closes.
pub const LINE: u16 = 4001;
/// Greets before it is asked, then as [`LINE`].
pub const GREETING: u16 = 4002;
/// Calls back where it is told to.
pub const CALLER: u16 = 4003;
/// Time server.
pub const NTP: u16 = 123;
/// Web server by QUIC.
pub const QUIC: u16 = 4433;
/// Measures throughput.
pub const IPERF: u16 = 5201;
/// Nobody listens here on the target host.
pub const CLOSED: u16 = 9;

/// What [`GREETING`] says first.
pub const GREETING_LINE: &str = "220 target ready\n";

/// User name that proxies with a password know.
pub const USERNAME: &str = "alice";
/// Her password.
pub const PASSWORD: &str = "open-sesame";
