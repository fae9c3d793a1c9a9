//! `socksd --nft`: the rules as an nftables ruleset, for a host that passes SOCKS traffic on without terminating it.
//!
//! A packet filter sees the proxy as the destination; the true one is in the payload of the request. The ruleset finds it
//! there by raw payload expressions, in the first segment of a connection's dialogue that holds a whole request. What
//! this cannot see is written at its head.

use std::fmt::{self, Write};
use std::net::IpAddr;

use socks_conf::sockd::{Action, Method, Rule, Sockd};
use socks_conf::{Command, Network, Place, Ports, Protocol, ProxyProtocol};

/// What the ruleset says of itself.
const HEAD: &str = "\
# SOCKS CONNECT requests, filtered by their destination. Made by socksd --nft.
# What this cannot see: requests behind other bytes in one segment (such as a greeting), requests split over segments,
# anything encrypted, names in another spelling or case, names of SOCKS4a, and what a name stands for. BIND and UDP
# ASSOCIATE pass. Data of a connection that looks like a request is taken for one. A proxy with rules has no such limits.
";

/// Where a field of a request is, in bits.
struct Form {
    /// What the request begins with.
    head: String,
    address: u32,
    port: u32,
}

const SOCKS5: &str = "@ih,0,24 0x050100";
const SOCKS4: &str = "@ih,0,16 0x0401";

/// The ruleset that does what the socks rules say, as far as a packet filter can.
pub fn ruleset(sockd: &Sockd) -> String {
    let mut text = HEAD.to_owned();
    // Writing to a String does not fail.
    let _ = write_ruleset(&mut text, sockd);
    text
}

fn write_ruleset(text: &mut String, sockd: &Sockd) -> fmt::Result {
    writeln!(text, "table inet socksd {{\n\tchain requests {{")?;
    for rule in &sockd.socks_rules {
        write_rule(text, rule)?;
    }
    writeln!(text, "\t\t# what no rule matches")?;
    for request in [SOCKS5, SOCKS4] {
        writeln!(text, "\t\t{request} counter {}", verdict(Action::Block))?;
    }
    let mut ports: Vec<u16> = sockd.internal.iter().map(|listen| listen.port).collect();
    ports.sort_unstable();
    ports.dedup();
    if ports.is_empty() {
        ports.push(1080);
    }
    let ports = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    writeln!(text, "\t}}")?;
    for hook in ["forward", "output"] {
        writeln!(text, "\tchain {hook} {{")?;
        writeln!(text, "\t\ttype filter hook {hook} priority filter; policy accept;")?;
        writeln!(text, "\t\ttcp dport {{ {ports} }} jump requests\n\t}}")?;
    }
    writeln!(text, "}}")
}

fn write_rule(text: &mut String, rule: &Rule) -> fmt::Result {
    writeln!(text, "\t\t# line {}", rule.line)?;
    if let Some(reason) = inexpressible(rule) {
        return writeln!(text, "\t\t# left out: {reason}");
    }
    for from in &rule.from {
        let Some(origin) = origin(&from.place, from.ports) else {
            writeln!(text, "\t\t# left out: from {from} is no address to a packet filter")?;
            continue;
        };
        for to in &rule.to {
            let requests = requests(&to.place, to.ports, rule);
            if requests.is_empty() {
                writeln!(text, "\t\t# left out: to {to} is nothing that a packet filter can compare")?;
            }
            for request in requests {
                writeln!(text, "\t\t{origin}{request} counter {}", verdict(rule.action))?;
            }
        }
    }
    Ok(())
}

/// Why nothing can come of a rule.
fn inexpressible(rule: &Rule) -> Option<&'static str> {
    let wants_a_user = rule.names_users() || !rule.methods.is_empty() && !rule.methods.contains(Method::None);
    if !rule.commands.contains(Command::Connect) || !rule.protocols.contains(Protocol::Tcp) {
        Some("it is not about CONNECT")
    } else if wants_a_user {
        Some("it is about users, whom a packet does not name")
    } else {
        None
    }
}

fn verdict(action: Action) -> &'static str {
    match action {
        Action::Pass => "accept",
        Action::Block => "reject with tcp reset",
    }
}

/// What selects the application, with a blank behind it.
fn origin(place: &Place, ports: Ports) -> Option<String> {
    let mut origin = match place {
        Place::Everything => String::new(),
        Place::Network(Network { address: IpAddr::V4(_), prefix: 0 }) => "meta nfproto ipv4 ".to_owned(),
        Place::Network(Network { address: IpAddr::V6(_), prefix: 0 }) => "meta nfproto ipv6 ".to_owned(),
        Place::Network(network) if network.address.is_ipv4() => format!("ip saddr {network} "),
        Place::Network(network) => format!("ip6 saddr {network} "),
        Place::Name(_) | Place::Domain(_) | Place::EveryName => return None,
    };
    if let Some(compared) = compared(ports) {
        origin += &format!("tcp sport {compared} ");
    }
    Some(origin)
}

/// The requests for a place, in each version of SOCKS that the rule is about.
fn requests(place: &Place, ports: Ports, rule: &Rule) -> Vec<String> {
    let speaks = |version| rule.proxyprotocols.contains(version);
    let (five, four) = (speaks(ProxyProtocol::SocksV5), speaks(ProxyProtocol::SocksV4));
    let mut requests = Vec::new();
    match place {
        Place::Everything if compared(ports).is_none() => {
            requests.extend(five.then(|| SOCKS5.to_owned()));
            requests.extend(four.then(|| SOCKS4.to_owned()));
        }
        Place::Everything => {
            requests.extend(five.then(|| with_port(&Form::five_v4(), ports)));
            requests.extend(five.then(|| with_port(&Form::five_v6(), ports)));
            requests.extend(four.then(|| with_port(&Form::four(), ports)));
        }
        Place::Network(network) => {
            let forms = match network.address {
                IpAddr::V4(_) => [five.then(Form::five_v4), four.then(Form::four)],
                IpAddr::V6(_) => [five.then(Form::five_v6), None],
            };
            requests.extend(forms.into_iter().flatten().map(|form| with_address(form, *network, ports)));
        }
        Place::Name(name) => requests.extend(five.then(|| with_port(&Form::named(name), ports))),
        Place::EveryName if compared(ports).is_none() => {
            requests.extend(five.then(|| "@ih,0,32 0x05010003".to_owned()));
        }
        Place::Domain(_) | Place::EveryName => {}
    }
    requests
}

impl Form {
    fn five_v4() -> Form {
        Form { head: "@ih,0,32 0x05010001".into(), address: 32, port: 64 }
    }

    fn five_v6() -> Form {
        Form { head: "@ih,0,32 0x05010004".into(), address: 32, port: 160 }
    }

    /// Not 0.0.0.x, which announces a name in SOCKS4a.
    fn four() -> Form {
        Form { head: format!("{SOCKS4} @ih,32,24 != 0x000000"), address: 32, port: 16 }
    }

    fn named(name: &str) -> Form {
        /// The longest that can be compared at once, in bytes.
        const MOST: usize = 16;
        let mut head = format!("@ih,0,32 0x05010003 @ih,32,8 {}", name.len());
        let mut at = 40;
        for piece in name.as_bytes().chunks(MOST) {
            let bits = 8 * piece.len() as u32;
            let digits: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
            head += &format!(" @ih,{at},{bits} 0x{digits}");
            at += bits;
        }
        Form { head, address: 0, port: at }
    }
}

fn with_address(form: Form, network: Network, ports: Ports) -> String {
    let (bits, value) = match network.address {
        IpAddr::V4(address) => (32, u128::from(address.to_bits())),
        IpAddr::V6(address) => (128, address.to_bits()),
    };
    let prefix = u32::from(network.prefix).min(bits);
    let all = u128::MAX >> (128 - bits);
    let mask = all & !(all.checked_shr(prefix).unwrap_or(0));
    let digits = (bits / 4) as usize;
    let at = form.address;
    let compared = match prefix {
        0 => String::new(),
        _ if prefix == bits => format!(" @ih,{at},{bits} 0x{value:0digits$x}"),
        _ => format!(" @ih,{at},{bits} & 0x{mask:0digits$x} == 0x{:0digits$x}", value & mask),
    };
    with_port(&Form { head: form.head + &compared, ..form }, ports)
}

fn with_port(form: &Form, ports: Ports) -> String {
    match compared(ports) {
        Some(compared) => format!("{} @ih,{},16 {compared}", form.head, form.port),
        None => form.head.clone(),
    }
}

/// The comparison of a port; `None` if every port will do.
fn compared(ports: Ports) -> Option<String> {
    match ports {
        _ if ports.contains_all() => None,
        Ports::Any => None,
        Ports::Equal(port) => Some(port.to_string()),
        Ports::NotEqual(port) => Some(format!("!= {port}")),
        Ports::Greater(port) => Some(format!("> {port}")),
        Ports::GreaterOrEqual(port) => Some(format!(">= {port}")),
        Ports::Less(port) => Some(format!("< {port}")),
        Ports::LessOrEqual(port) => Some(format!("<= {port}")),
        Ports::Range(first, last) => Some(format!("{first}-{last}")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let sockd = socks_conf::sockd::parse(text.as_bytes(), Path::new("test")).unwrap();
        let ruleset = ruleset(&sockd);
        let chain = ruleset.split("chain requests {\n").nth(1).unwrap();
        let rules = chain.split("\t\t# what no rule matches").next().unwrap();
        rules.lines().map(|line| line.trim().to_owned()).filter(|line| !line.starts_with("# line")).collect()
    }

    #[test]
    fn addresses_are_compared_where_each_version_has_them() {
        assert_eq!(
            lines("socks block { from: 10.0.0.0/8 to: 8.8.8.8/32 port = 53 }"),
            [
                "ip saddr 10.0.0.0/8 @ih,0,32 0x05010001 @ih,32,32 0x08080808 @ih,64,16 53 counter reject with tcp reset",
                "ip saddr 10.0.0.0/8 @ih,0,16 0x0401 @ih,32,24 != 0x000000 @ih,32,32 0x08080808 @ih,16,16 53 counter reject with tcp reset",
            ]
        );
        assert_eq!(
            lines("socks pass { from: 0/0 to: 192.168.0.0/16 proxyprotocol: socks_v5 }"),
            ["@ih,0,32 0x05010001 @ih,32,32 & 0xffff0000 == 0xc0a80000 counter accept"]
        );
        assert_eq!(
            lines("socks pass { from: ::/0 to: 2001:db8::/32 port 1-1023 }"),
            [
                "meta nfproto ipv6 @ih,0,32 0x05010004 @ih,32,128 & 0xffffffff000000000000000000000000 == 0x20010db8000000000000000000000000 @ih,160,16 1-1023 counter accept"
            ]
        );
    }

    #[test]
    fn names_are_compared_in_pieces() {
        assert_eq!(
            lines("socks block { from: 0/0 to: www.example.com.intern port = 80 }"),
            [
                "@ih,0,32 0x05010003 @ih,32,8 22 @ih,40,128 0x7777772e6578616d706c652e636f6d2e @ih,168,48 0x696e7465726e @ih,216,16 80 counter reject with tcp reset"
            ]
        );
    }

    #[test]
    fn what_cannot_be_said_is_said_to_be_left_out() {
        let left_out =
            |text: &str| assert!(lines(text).iter().all(|line| line.starts_with("# left out: ")), "{text}");
        left_out("socks block { from: 0/0 to: .example.com }");
        left_out("socks block { from: eth0 to: 0/0 }");
        left_out("socksmethod: username\nsocks pass { from: 0/0 to: 0/0 user: alice }");
        left_out("socks pass { from: 0/0 to: 0/0 command: bind }");
        assert_eq!(
            lines("socks pass { from: 0/0 to: 0/0 }"),
            ["@ih,0,24 0x050100 counter accept", "@ih,0,16 0x0401 counter accept"]
        );
    }
}
