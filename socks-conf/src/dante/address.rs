//! Addresses, networks and names in `from:` and `to:`.

use super::Result;
use super::cursor::Class;
use super::number;
use super::parser::{Model, Parser};
use crate::caution::Caution;
use crate::problem::Problem;
use crate::sockd::is_interface_label;
use crate::url::is_host_name;
use crate::{Endpoint, Network, Place};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

impl<M: Model> Parser<'_, M> {
    /// A place and its ports.
    pub(crate) fn endpoint(&mut self) -> Result<Endpoint> {
        self.cursor.skip_space();
        let place = self.place()?;
        Ok(Endpoint { place, ports: self.ports()? })
    }

    fn place(&mut self) -> Result<Place> {
        let word = self.cursor.word(Class::Address);
        if word.is_empty() {
            return self.unexpected("an address or a host name");
        }
        let text = self.str(&word);
        if text == "0" {
            return self.everything(word);
        }
        match literal(&text) {
            Some((address, scoped)) => {
                if scoped {
                    self.warn(word.clone(), Caution::Scope);
                }
                self.network(address, word)
            }
            None => self.name(&text, word),
        }
    }

    /// `0/0`, behind its first digit.
    fn everything(&mut self, zero: Range<usize>) -> Result<Place> {
        let Some(mask) = self.mask() else {
            return self.fail(zero, Problem::NotAnAddress("0".to_owned()));
        };
        match number::parse(&self.str(&mask)) {
            Some(0) => Ok(Place::Everything),
            _ => self.fail(mask, Problem::ZeroNeedsZero),
        }
    }

    /// The word behind `/`, if there is one.
    fn mask(&mut self) -> Option<Range<usize>> {
        let mut ahead = self.cursor;
        ahead.skip_space();
        if !ahead.take(b'/') {
            return None;
        }
        ahead.skip_space();
        let mask = ahead.word(Class::Address);
        self.cursor = ahead;
        Some(mask)
    }

    fn network(&mut self, address: IpAddr, word: Range<usize>) -> Result<Place> {
        if is_mapped(address) {
            return self.fail(word, Problem::MappedAddress);
        }
        let Some(mask) = self.mask() else {
            return self.fail(word, Problem::MaskRequired(address));
        };
        let prefix = self.prefix(address, mask.clone())?;
        let network = Network { address, prefix };
        if network.has_host_bits() {
            let written = self.str(&(word.start..mask.end)).into_owned();
            self.warn(
                word.start..mask.end,
                Caution::HostBits { written, network: network.masked().to_string() },
            );
        }
        Ok(Place::Network(network))
    }

    fn prefix(&mut self, address: IpAddr, mask: Range<usize>) -> Result<u8> {
        let text = self.str(&mask);
        if let (IpAddr::V4(_), Ok(dotted)) = (address, text.parse::<Ipv4Addr>()) {
            return match dotted_prefix(dotted) {
                Some(prefix) => Ok(prefix),
                None => self.fail(mask, Problem::MaskWithHoles(text.into_owned())),
            };
        }
        let limit: u8 = if address.is_ipv4() { 32 } else { 128 };
        if mask.is_empty() {
            return self.unexpected("a mask behind `/`");
        }
        let prefix = match number::parse(&text) {
            Some(length) if length > u64::from(limit) => {
                return self.fail(mask, Problem::MaskTooLong { limit });
            }
            _ => self.number_in(mask, "a mask", u32::from(limit))?,
        };
        Ok(u8::try_from(prefix).unwrap_or(limit))
    }

    fn name(&mut self, text: &str, word: Range<usize>) -> Result<Place> {
        let interface = M::INTERFACES && !text.contains(':') && is_interface_label(text);
        let interface = interface.then(|| Place::Name(text.to_owned()));
        let Some(place) = named_place(text).or(interface) else {
            return self.fail(word, Problem::NotAnAddress(text.to_owned()));
        };
        if let Some(mask) = self.mask() {
            return self.fail(mask, Problem::MaskNotAllowed);
        }
        if let Some(meant) = misleading(text).filter(|_| !M::INTERFACES) {
            self.warn(word, Caution::HostName { word: text.to_owned(), meant });
        }
        Ok(place)
    }
}

/// The place that a name, a `.domain` or `.` stands for.
pub(crate) fn named_place(text: &str) -> Option<Place> {
    let normal = |name: &str| name.strip_suffix('.').unwrap_or(name).to_lowercase();
    match text.strip_prefix('.') {
        Some("") => Some(Place::EveryName),
        Some(domain) if is_host_name(domain) => Some(Place::Domain(normal(domain))),
        None if is_host_name(text) => Some(Place::Name(normal(text))),
        _ => None,
    }
}

/// The address that `text` is, and whether it had a scope.
pub(crate) fn literal(text: &str) -> Option<(IpAddr, bool)> {
    match text.split_once('%') {
        Some((address, scope)) if !scope.is_empty() => {
            address.parse::<Ipv6Addr>().ok().map(|address| (IpAddr::V6(address), true))
        }
        _ => text.parse().ok().map(|address| (address, false)),
    }
}

pub(crate) fn is_mapped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.to_ipv4_mapped().is_some())
}

/// The length of a mask whose one bits are all on the left.
pub(crate) fn dotted_prefix(mask: Ipv4Addr) -> Option<u8> {
    let bits = mask.to_bits();
    let contiguous = bits.leading_ones() + bits.trailing_zeros() == 32 || bits == 0;
    contiguous.then(|| u8::try_from(bits.leading_ones()).ok()).flatten()
}

/// What a word that we read as a host name looks like to a person.
pub(crate) fn misleading(text: &str) -> Option<&'static str> {
    const INTERFACES: &[&str] = &[
        "eth", "en", "ens", "eno", "wlan", "wl", "tun", "tap", "ppp", "br", "veth", "wg", "bond", "lo", "de",
    ];
    let letters = text.trim_end_matches(|c: char| c.is_ascii_digit());
    match text {
        "any" | "all" | "default" => Some("everything; that is 0/0"),
        "lo" => Some("an interface"),
        _ if letters.len() < text.len() && INTERFACES.contains(&letters) => Some("an interface"),
        _ => None,
    }
}
