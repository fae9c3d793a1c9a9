//! The targets of one socket: the header each is addressed with, and which of them the sender of an answer is.

use std::net::{IpAddr, SocketAddr};

use socks_proto::udp::{self, MAX_HEADER, encode_header};
use socks_proto::{Address, Host};

use super::label::{Label, Text};

/// How many targets of one socket are remembered; one that is used again later is decided anew.
const MOST: usize = 8;

/// A header in front of a datagram.
#[derive(Clone, Copy)]
pub(crate) struct Header {
    bytes: [u8; MAX_HEADER],
    length: usize,
}

impl Header {
    pub(crate) fn new(address: &Address) -> Header {
        let mut bytes = [0; MAX_HEADER];
        let length = encode_header(address, &mut bytes);
        Header { bytes, length }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// Who takes datagrams to a target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// The relay of a proxy.
    Relay,
    /// The name engine.
    Engine,
}

/// One target, in the application's words and in the proxy's.
#[derive(Clone, Copy)]
struct Target {
    address: SocketAddr,
    header: Header,
    way: Way,
    is_name: bool,
    /// For a name: who has answered.
    answered: Option<IpAddr>,
    /// When it was last sent to, in datagrams.
    used: u64,
}

/// The targets a socket has sent to most recently.
#[derive(Clone, Copy)]
pub(crate) struct Targets {
    all: [Option<Target>; MOST],
    clock: u64,
}

impl Targets {
    pub(crate) const NONE: Targets = Targets { all: [None; MOST], clock: 0 };

    /// The way to a target that is known, and the header for it.
    pub(crate) fn find(&mut self, address: SocketAddr) -> Option<(Way, Header)> {
        self.clock += 1;
        let target = self.all.iter_mut().flatten().find(|target| target.address == address)?;
        target.used = self.clock;
        Some((target.way, target.header))
    }

    /// Whether this may be somebody who answers.
    pub(crate) fn knows(&self, from: &Address) -> bool {
        let header = Header::new(from);
        let may_be = |target: &Target| {
            target.header.as_bytes() == header.as_bytes() || (target.is_name && target.port() == from.port)
        };
        self.all.iter().flatten().any(may_be)
    }

    /// Remembers a target, in the place of the one not used for longest.
    pub(crate) fn add(&mut self, address: SocketAddr, wire: &Address, way: Way) {
        let fresh = Target {
            address,
            header: Header::new(wire),
            way,
            is_name: matches!(wire.host, Host::Name(_)),
            answered: None,
            used: self.clock,
        };
        let oldest = self.all.iter_mut().min_by_key(|place| place.map_or(0, |target| target.used + 1));
        if let Some(place) = oldest {
            *place = Some(fresh);
        }
    }

    /// The sender of an answer as the application knows it. Proxies answer for a name with an address, which belongs to
    /// the name that it has belonged to before, else to the one that has waited longest for its first answer, else to the
    /// only one there is.
    pub(crate) fn sender(&mut self, from: &Address) -> Option<SocketAddr> {
        let header = Header::new(from);
        let is_exact = |target: &&Target| target.header.as_bytes() == header.as_bytes();
        if let Some(exact) = self.all.iter().flatten().find(is_exact) {
            return Some(exact.address);
        }
        let from = from.socket_address()?;
        let names =
            || self.all.iter().flatten().filter(|target| target.is_name && target.port() == from.port());
        let known = names().find(|target| target.answered == Some(from.ip()));
        let waiting = || names().filter(|target| target.answered.is_none()).min_by_key(|target| target.used);
        let only = || names().next().filter(|_| names().count() == 1);
        let Some(found) = known.or_else(waiting).or_else(only).map(|target| target.address) else {
            return Some(from);
        };
        for target in self.all.iter_mut().flatten().filter(|target| target.address == found) {
            target.answered = Some(from.ip());
        }
        Some(found)
    }

    /// Writes the targets on a label, that of `first` before the others: as many as it has room for.
    pub(super) fn write(&self, label: &mut Label, first: Option<SocketAddr>) {
        let is_first = |target: &&Target| Some(target.address) == first;
        let all = || self.all.iter().flatten();
        for target in all().filter(is_first).chain(all().filter(|target| !is_first(target))) {
            label.put_whole(|label| target.write(label));
        }
    }

    /// Reads them, to the end of the label.
    pub(super) fn read(text: &mut Text<'_>) -> Targets {
        let mut targets = Targets::NONE;
        for place in &mut targets.all {
            *place = Target::read(text);
        }
        targets
    }
}

impl Target {
    fn write(&self, label: &mut Label) -> bool {
        let answered = self.answered.map(|ip| SocketAddr::new(ip, 0));
        let header = self.header.as_bytes();
        label.put_address(Some(self.address))
            && label.put_address(answered)
            && label.put(&[u8::from(self.way == Way::Engine)])
            && label.put(&(header.len() as u16).to_ne_bytes())
            && label.put(header)
    }

    fn read(text: &mut Text<'_>) -> Option<Target> {
        let address = text.address()??;
        let answered = text.address()?.map(|answered| answered.ip());
        let way = if text.byte()? == 0 { Way::Relay } else { Way::Engine };
        let length = u16::from_ne_bytes(text.array()?);
        let (wire, _) = udp::decode(text.take(length.into())?).ok()?;
        let is_name = matches!(wire.address.host, Host::Name(_));
        Some(Target { address, header: Header::new(&wire.address), way, is_name, answered, used: 0 })
    }

    fn port(&self) -> u16 {
        self.address.port()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use socks_proto::Name;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn named(name: &str, port: u16) -> Address {
        Address { host: Host::Name(Name::new(name.as_bytes()).unwrap()), port }
    }

    fn sender(targets: &mut Targets, from: &str) -> Option<SocketAddr> {
        targets.sender(&Address::from(address(from)))
    }

    #[test]
    fn an_address_answers_for_itself_in_the_applications_form() {
        let mut targets = Targets::NONE;
        let mapped = address("[::ffff:192.0.2.7]:123");
        targets.add(mapped, &Address::from(mapped), Way::Relay);
        assert_eq!(sender(&mut targets, "192.0.2.7:123"), Some(mapped));
        assert_eq!(sender(&mut targets, "192.0.2.8:123"), Some(address("192.0.2.8:123")));
    }

    #[test]
    fn an_address_that_answers_for_a_name_is_that_name() {
        let mut targets = Targets::NONE;
        let (one, other) = (address("198.18.0.1:123"), address("198.18.0.2:123"));
        targets.add(one, &named("one.example", 123), Way::Relay);
        targets.add(other, &named("other.example", 123), Way::Relay);
        assert!(targets.find(one).is_some() && targets.find(other).is_some());
        assert_eq!(sender(&mut targets, "192.0.2.1:123"), Some(one));
        assert_eq!(sender(&mut targets, "192.0.2.2:123"), Some(other));
        assert_eq!(sender(&mut targets, "192.0.2.1:123"), Some(one));
        assert_eq!(sender(&mut targets, "192.0.2.3:123"), Some(address("192.0.2.3:123")));
        assert_eq!(sender(&mut targets, "192.0.2.1:124"), Some(address("192.0.2.1:124")));
    }

    #[test]
    fn the_only_name_may_have_several_addresses() {
        let mut targets = Targets::NONE;
        targets.add(address("198.18.0.1:123"), &named("pool.example", 123), Way::Relay);
        for from in ["192.0.2.1:123", "192.0.2.2:123", "192.0.2.1:123"] {
            assert_eq!(sender(&mut targets, from), Some(address("198.18.0.1:123")));
        }
    }

    #[test]
    fn targets_survive_on_a_label() {
        let mut targets = Targets::NONE;
        let long = "a".repeat(63) + "." + &"b".repeat(63) + "." + &"c".repeat(63) + "." + &"d".repeat(63);
        for (number, name) in ["one.example", "other.example", &long].into_iter().enumerate() {
            let address = SocketAddr::from(([198, 18, 0, number as u8], 123));
            targets.add(address, &named(name, 123), if number == 1 { Way::Engine } else { Way::Relay });
            assert!(targets.find(address).is_some());
        }
        let first = address("198.18.0.2:123");
        assert_eq!(sender(&mut targets, "192.0.2.7:123"), Some(address("198.18.0.0:123")));
        let mut label = Label::new();
        targets.write(&mut label, Some(first));
        let mut read = Targets::read(&mut label.text());
        assert_eq!(read.all[0].unwrap().address, first);
        for target in targets.all.into_iter().flatten() {
            let (way, header) = read.find(target.address).unwrap();
            assert!(way == target.way && header.as_bytes() == target.header.as_bytes());
        }
        assert_eq!(sender(&mut read, "192.0.2.7:123"), Some(address("198.18.0.0:123")));
        let full = Targets { all: [targets.all[2]; MOST], clock: 0 };
        let mut label = Label::new();
        full.write(&mut label, None);
        assert_eq!(Targets::read(&mut label.text()).all.iter().flatten().count(), 3);
    }

    #[test]
    fn the_oldest_target_makes_room() {
        let mut targets = Targets::NONE;
        let all: Vec<SocketAddr> =
            (1..=MOST as u16 + 1).map(|port| SocketAddr::from(([192, 0, 2, 7], port))).collect();
        for target in &all {
            targets.add(*target, &Address::from(*target), Way::Relay);
            assert!(targets.find(*target).is_some());
        }
        assert!(targets.find(all[0]).is_none());
        assert!(all[1..].iter().all(|target| targets.find(*target).is_some()));
    }
}
