//! Networks with dotted masks, and ports between address and mask: `10.0.0.0:80/255.0.0.0`.

use super::{Import, Result};
use crate::caution::Caution;
use crate::dante::dotted_prefix;
use crate::problem::Problem;
use crate::{Network, Ports};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

impl Import<'_> {
    /// `ADDRESS[:PORT[-PORT]]/MASK`; an IPv6 address with a port stands in brackets. A mask is dotted, or where
    /// `lengths` says so, a length.
    pub(super) fn network(&mut self, word: Range<usize>, lengths: bool) -> Result<(Network, Ports)> {
        let text = self.str(&word);
        let Some((place, mask)) = text.split_once('/') else {
            return self.expected(word, "an address, `/` and a mask");
        };
        let (address, ports) = split_port(place);
        let ports = match ports.map(read_ports) {
            None => Ports::Any,
            Some(Some(ports)) => ports,
            Some(None) => return self.expected(word, "a port, or two with a dash"),
        };
        let Ok(address) = address.parse::<IpAddr>() else {
            return self.expected(word, "an address in front of the mask");
        };
        let prefix = self.mask(word, address, mask, lengths)?;
        Ok((Network { address, prefix }, ports))
    }

    fn mask(&self, word: Range<usize>, address: IpAddr, mask: &str, lengths: bool) -> Result<u8> {
        let limit: u8 = if address.is_ipv4() { 32 } else { 128 };
        match (address, mask.parse::<Ipv4Addr>(), mask.parse::<u8>()) {
            (IpAddr::V4(_), Ok(dotted), _) => dotted_prefix(dotted)
                .map_or_else(|| self.fail(word, Problem::MaskWithHoles(mask.to_owned())), Ok),
            (_, _, Ok(length)) if lengths && length <= limit => Ok(length),
            (_, _, Ok(_)) if lengths => self.fail(word, Problem::MaskTooLong { limit }),
            _ => self.expected(word, "a dotted mask such as 255.0.0.0"),
        }
    }

    /// Warns where bits of the address do not count.
    pub(super) fn warn_about_host_bits(&mut self, word: Range<usize>, network: &Network) {
        if network.has_host_bits() {
            let written = self.str(&word).into_owned();
            self.warn(word, Caution::HostBits { written, network: network.masked().to_string() });
        }
    }
}

fn split_port(place: &str) -> (&str, Option<&str>) {
    if let Some((address, port)) = place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (address, port.strip_prefix(':'));
    }
    if place.parse::<Ipv6Addr>().is_ok() {
        return (place, None);
    }
    place.split_once(':').map_or((place, None), |(address, port)| (address, Some(port)))
}

fn read_ports(text: &str) -> Option<Ports> {
    match text.split_once('-') {
        Some((first, last)) => {
            let (first, last) = (first.parse().ok()?, last.parse().ok()?);
            (first <= last).then_some(Ports::Range(first, last))
        }
        None => text.parse().ok().map(|port: u16| if port == 0 { Ports::Any } else { Ports::Equal(port) }),
    }
}

impl Network {
    /// The same addresses as two networks, neither of which is the one that also means names.
    pub(super) fn halves(&self) -> Vec<Network> {
        [Ipv4Addr::UNSPECIFIED, Ipv4Addr::new(128, 0, 0, 0)]
            .map(|half| Network { address: half.into(), prefix: 1 })
            .to_vec()
    }
}
