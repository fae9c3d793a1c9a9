//! Counts what leaves the application host and does not go to a proxy.
//!
//! Two places count: the output hook sees every packet before it is known whether anybody will take it,
//! the egress hook of the link sees what packet sockets send below that. What asks a name server on this host is counted
//! too, since that would pass the question on. Exempt is what goes to a proxy's port, datagrams to the ports that proxies
//! take for relays, what the kernel answers a relay whose datagram comes when the socket is closed, and what it needs on an
//! Ethernet link: ARP, neighbour discovery, and group membership reports.

use std::fmt;

use crate::error::Error;
use crate::host::Host;
use crate::plan::{ABSENT_PROXY, FIRST_RELAY_PORT, PROXY, PROXY_PORTS, PROXY_SECOND};

/// Packets that left past the proxy, by kind.
#[derive(Clone, Debug, Default)]
pub struct Leaks {
    /// TCP over IPv4.
    pub tcp4: u64,
    /// UDP over IPv4.
    pub udp4: u64,
    /// TCP over IPv6.
    pub tcp6: u64,
    /// UDP over IPv6.
    pub udp6: u64,
    /// Any other protocol.
    pub other: u64,
    /// Frames on the link, those of the packets above included.
    pub frames: u64,
    /// Packets to a name server on this host. Responders of mDNS and LLMNR on it answer for itself alone.
    pub loopback: u64,
    /// What was asked of daemons that resolve names.
    pub asked: Vec<String>,
    destinations: String,
}

impl Leaks {
    /// True if not one packet left and nobody was asked.
    pub fn is_empty(&self) -> bool {
        self.packets() == [0; 7] && self.asked.is_empty()
    }

    fn packets(&self) -> [u64; 7] {
        [self.tcp4, self.udp4, self.tcp6, self.udp6, self.other, self.frames, self.loopback]
    }
}

impl fmt::Display for Leaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Leaks { tcp4, udp4, tcp6, udp6, other, frames, loopback, asked, destinations } = self;
        write!(f, "packets past the proxy: tcp4 {tcp4}, udp4 {udp4}, tcp6 {tcp6}, udp6 {udp6}, ")?;
        write!(f, "other {other}, frames {frames}, loopback {loopback}; to {destinations}")?;
        asked.iter().try_for_each(|question| write!(f, "\nasked {question}"))
    }
}

/// Starts counting on the host whose link to the proxy is `device`.
pub fn install(host: &Host, device: &str) -> Result<(), Error> {
    host.nft(&rules(device)).map(drop)
}

/// What leaked since the last call.
pub fn take(host: &Host) -> Result<Leaks, Error> {
    let listing = host.nft("reset counters")?;
    let mut leaks = Leaks {
        tcp4: counter(&listing, "tcp4"),
        udp4: counter(&listing, "udp4"),
        tcp6: counter(&listing, "tcp6"),
        udp6: counter(&listing, "udp6"),
        other: counter(&listing, "other"),
        frames: counter(&listing, "frames"),
        loopback: counter(&listing, "loopback"),
        ..Leaks::default()
    };
    if !leaks.is_empty() {
        leaks.destinations = take_destinations(host)?;
    }
    Ok(leaks)
}

/// Finds `counter NAME { packets N bytes M }`.
fn counter(listing: &str, name: &str) -> u64 {
    let mut words = listing.split_whitespace().skip_while(|word| *word != name);
    words.by_ref().find(|word| *word == "packets");
    words.next().and_then(|packets| packets.parse().ok()).expect("nft lists every counter")
}

fn take_destinations(host: &Host) -> Result<String, Error> {
    let mut found = String::new();
    for set in ["destinations4", "destinations6"] {
        let listing = host.nft(&format!("list set inet detector {set}"))?;
        if let Some((_, elements)) = listing.split_once("elements = {") {
            found += &elements.replace(['}', '\n', '\t'], " ");
        }
        host.nft(&format!("flush set inet detector {set}"))?;
    }
    Ok(found.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn rules(device: &str) -> String {
    let (v4, v6) = (PROXY.v4, PROXY.v6);
    let ports = format!("{}-{}", PROXY_PORTS.start(), PROXY_PORTS.end());
    let neighbours =
        "ip6 hoplimit 255 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept";
    let groups = "ip6 hoplimit 1 ip6 daddr ff02::16 icmpv6 type mld2-listener-report accept";
    let closed = format!(
        "ip daddr {{ {v4}, {PROXY_SECOND} }} icmp type destination-unreachable icmp code port-unreachable accept
    ip6 daddr {v6} icmpv6 type destination-unreachable icmpv6 code port-unreachable accept"
    );
    format!(
        "table inet detector {{
  counter tcp4 {{ }}
  counter udp4 {{ }}
  counter tcp6 {{ }}
  counter udp6 {{ }}
  counter other {{ }}
  counter loopback {{ }}
  set destinations4 {{ type ipv4_addr . inet_proto . inet_service; size 256; flags dynamic; }}
  set destinations6 {{ type ipv6_addr . inet_proto . inet_service; size 256; flags dynamic; }}
  chain questions {{
    meta nfproto ipv4 add @destinations4 {{ ip daddr . meta l4proto . th dport }}
    meta nfproto ipv6 add @destinations6 {{ ip6 daddr . meta l4proto . th dport }}
    counter name loopback
  }}
  chain output {{
    type filter hook output priority 0; policy accept;
    oifname \"lo\" meta l4proto {{ tcp, udp }} th dport 53 jump questions
    oifname \"lo\" accept
    ip daddr {{ {v4}, {PROXY_SECOND}, {ABSENT_PROXY} }} tcp dport {ports} accept
    ip6 daddr {v6} tcp dport {ports} accept
    ip daddr {{ {v4}, {PROXY_SECOND} }} udp dport >= {FIRST_RELAY_PORT} accept
    ip6 daddr {v6} udp dport >= {FIRST_RELAY_PORT} accept
    {neighbours}
    {groups}
    {closed}
    meta nfproto ipv4 add @destinations4 {{ ip daddr . meta l4proto . th dport }}
    meta nfproto ipv6 add @destinations6 {{ ip6 daddr . meta l4proto . th dport }}
    meta nfproto ipv4 meta l4proto tcp counter name tcp4 accept
    meta nfproto ipv4 meta l4proto udp counter name udp4 accept
    meta nfproto ipv6 meta l4proto tcp counter name tcp6 accept
    meta nfproto ipv6 meta l4proto udp counter name udp6 accept
    counter name other
  }}
}}
table netdev detector {{
  counter frames {{ }}
  chain egress {{
    type filter hook egress device {device} priority 0; policy accept;
    ether type arp accept
    ip daddr {{ {v4}, {PROXY_SECOND}, {ABSENT_PROXY} }} tcp dport {ports} accept
    ip6 daddr {v6} tcp dport {ports} accept
    ip daddr {{ {v4}, {PROXY_SECOND} }} udp dport >= {FIRST_RELAY_PORT} accept
    ip6 daddr {v6} udp dport >= {FIRST_RELAY_PORT} accept
    ip daddr {{ {v4}, {PROXY_SECOND} }} ip frag-off & 0x1fff != 0 accept
    ip6 daddr {v6} exthdr frag exists accept
    {neighbours}
    {groups}
    {closed}
    counter name frames
  }}
}}
"
    )
}
