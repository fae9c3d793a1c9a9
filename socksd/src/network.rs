//! An address prefix: who may talk to the proxy is a list of these.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses that share their leading bits, such as `10.0.0.0/8` or `2001:db8::/32`.
///
/// A plain address stands for itself alone. IPv4-mapped IPv6 addresses count as the IPv4 addresses they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    length: u8,
}

impl Network {
    /// The addresses of this host that no other host can use: `127.0.0.0/8` and `::1`.
    pub const LOOPBACK: [Network; 2] = [
        Network { address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), length: 8 },
        Network { address: IpAddr::V6(Ipv6Addr::LOCALHOST), length: 128 },
    ];

    /// Every IPv4 address.
    pub const EVERY_IPV4: Network = Network { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), length: 0 };

    /// Every IPv6 address.
    pub const EVERY_IPV6: Network = Network { address: IpAddr::V6(Ipv6Addr::UNSPECIFIED), length: 0 };

    /// The prefix of `length` bits; bits of `address` beyond it must be zero, or the prefix reads narrower than it is.
    pub fn new(address: IpAddr, length: u8) -> Result<Network, NetworkError> {
        let longest = width(address);
        if length > longest {
            return Err(NetworkError::Length { longest });
        }
        if significant(address, length) != bits(address) {
            return Err(NetworkError::HostBits { address, length });
        }
        Ok(Network { address, length })
    }

    /// Whether `address` lies within the prefix.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && significant(address, self.length) == bits(self.address)
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn significant(address: IpAddr, length: u8) -> u128 {
    let ignored = u32::from(width(address) - length);
    let kept = u128::MAX.checked_shl(ignored).unwrap_or(0);
    bits(address) & kept
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Network, NetworkError> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Address)?;
        let longest = width(address);
        let length = match length {
            Some(length) => length.parse().map_err(|_| NetworkError::Length { longest })?,
            None => longest,
        };
        Network::new(address, length)
    }
}

/// Why a text is not a [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetworkError {
    /// What stands before the slash is no IPv4 or IPv6 address.
    Address,
    /// What stands after the slash is no number up to the width of the address.
    Length {
        /// The greatest number that would do.
        longest: u8,
    },
    /// The address has bits beyond the prefix, so that the prefix admits more than it seems to.
    HostBits {
        /// The address as written.
        address: IpAddr,
        /// The prefix length as written.
        length: u8,
    },
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NetworkError::Address => write!(f, "expected ADDRESS or ADDRESS/LENGTH, such as 10.0.0.0/8"),
            NetworkError::Length { longest } => write!(f, "expected a prefix length from 0 to {longest}"),
            NetworkError::HostBits { address, length } => {
                let whole = width(*address);
                write!(f, "{address} has bits beyond /{length}; write {address}/{whole} for this one address")
            }
        }
    }
}

impl std::error::Error for NetworkError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn contains_its_prefix_and_nothing_else() {
        let ten = network("10.0.0.0/8");
        assert!(ten.contains("10.255.0.1".parse().unwrap()));
        assert!(ten.contains("::ffff:10.0.0.1".parse().unwrap()));
        assert!(!ten.contains("11.0.0.0".parse().unwrap()));
        assert!(!ten.contains("::10.0.0.1".parse().unwrap()));
        assert!(network("0.0.0.0/0").contains("192.0.2.7".parse().unwrap()));
        assert!(!network("0.0.0.0/0").contains("2001:db8::7".parse().unwrap()));
        assert!(network("::/0").contains("2001:db8::7".parse().unwrap()));
        assert!(network("2001:db8::7").contains("2001:db8::7".parse().unwrap()));
        assert!(!network("2001:db8::7").contains("2001:db8::8".parse().unwrap()));
    }

    #[test]
    fn loopback_is_loopback() {
        let within = |text: &str| Network::LOOPBACK.iter().any(|n| n.contains(text.parse().unwrap()));
        assert!(within("127.0.0.1") && within("127.9.9.9") && within("::1") && within("::ffff:127.0.0.1"));
        assert!(!within("128.0.0.1") && !within("::2"));
    }

    #[test]
    fn refuses_what_would_admit_more_than_it_reads() {
        assert_eq!(
            "10.0.0.3/0".parse::<Network>(),
            Err(NetworkError::HostBits { address: "10.0.0.3".parse().unwrap(), length: 0 })
        );
        assert_eq!("10.0.0.0/33".parse::<Network>(), Err(NetworkError::Length { longest: 32 }));
        assert_eq!("::/129".parse::<Network>(), Err(NetworkError::Length { longest: 128 }));
        assert_eq!("10.0.0.0/".parse::<Network>(), Err(NetworkError::Length { longest: 32 }));
        assert_eq!("host/8".parse::<Network>(), Err(NetworkError::Address));
    }

    #[test]
    fn prints_as_written() {
        assert_eq!(network("10.0.0.0/8").to_string(), "10.0.0.0/8");
        assert_eq!(network("::1").to_string(), "::1/128");
    }
}
