//! Addresses as the names that PTR records have: `1.0.18.198.in-addr.arpa`, RFC 1035, 3.5, and the nibbles of `ip6.arpa`,
//! RFC 3596, 2.5.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address that a name of `in-addr.arpa` or `ip6.arpa` stands for.
pub(crate) fn address(name: &[u8]) -> Option<IpAddr> {
    let name = name.to_ascii_lowercase();
    if let Some(bytes) = name.strip_suffix(b".in-addr.arpa") {
        let [a, b, c, d] = reversed(bytes, decimal)?;
        return Some(Ipv4Addr::new(a, b, c, d).into());
    }
    let nibbles: [u8; 32] = reversed(name.strip_suffix(b".ip6.arpa")?, nibble)?;
    let bits = nibbles.iter().fold(0_u128, |bits, nibble| bits << 4 | u128::from(*nibble));
    Some(Ipv6Addr::from_bits(bits).into())
}

/// The name whose PTR record names the host at an address.
pub(crate) fn name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            let nibbles = (0..32).map(|place| format!("{:x}.", bits >> (4 * place) & 0xf));
            nibbles.collect::<String>() + "ip6.arpa"
        }
    }
}

/// Exactly `N` labels, last one first.
fn reversed<const N: usize>(labels: &[u8], value: fn(&[u8]) -> Option<u8>) -> Option<[u8; N]> {
    let mut values = [0; N];
    let mut labels = labels.rsplit(|byte| *byte == b'.');
    for place in &mut values {
        *place = value(labels.next()?)?;
    }
    labels.next().is_none().then_some(values)
}

fn decimal(label: &[u8]) -> Option<u8> {
    let plain = label.iter().all(u8::is_ascii_digit) && (label == b"0" || !label.starts_with(b"0"));
    std::str::from_utf8(label).ok().filter(|_| plain)?.parse().ok()
}

fn nibble(label: &[u8]) -> Option<u8> {
    match label {
        [digit] => char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for written in ["198.18.0.1", "0.0.0.0", "255.255.255.255", "::1", "fd00::198:18", "2001:db8::53"] {
            let ip: IpAddr = written.parse().unwrap();
            assert_eq!(address(name(ip).as_bytes()), Some(ip), "{written}");
        }
        assert_eq!(name("198.18.0.1".parse().unwrap()), "1.0.18.198.in-addr.arpa");
        assert_eq!(address(b"1.0.18.198.IN-ADDR.ARPA"), Some("198.18.0.1".parse().unwrap()));
    }

    #[test]
    fn names_of_no_address() {
        for name in [
            "1.0.18.in-addr.arpa",
            "5.1.0.18.198.in-addr.arpa",
            "256.0.18.198.in-addr.arpa",
            "01.0.18.198.in-addr.arpa",
            "+1.0.18.198.in-addr.arpa",
            "b._dns-sd._udp.0.0.18.198.in-addr.arpa",
            "in-addr.arpa",
            "1.ip6.arpa",
            "example.org",
        ] {
            assert_eq!(address(name.as_bytes()), None, "{name}");
        }
    }
}
