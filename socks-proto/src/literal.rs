//! Names that are addresses in disguise.
//!
//! A resolver does not look up `192.0.2.7`, nor `127.1`, `0x7f.1` or `2130706433`: inet_aton(3) reads all of them
//! as addresses. Whoever decides by name or address has to read them the same way, or a rule about the address is
//! evaded by spelling.

use std::net::{IpAddr, Ipv4Addr};

/// The address that a resolver would take the name for, without looking it up.
pub(crate) fn address_in(name: &[u8]) -> Option<IpAddr> {
    let name = std::str::from_utf8(name).ok()?;
    let ip = name.parse().ok().or_else(|| numbers_and_dots(name).map(IpAddr::V4))?;
    Some(ip.to_canonical())
}

/// One to four numbers; the last fills all the bytes that the others leave.
fn numbers_and_dots(name: &str) -> Option<Ipv4Addr> {
    let (leading, last) = match name.rsplit_once('.') {
        Some((leading, last)) => (Some(leading), last),
        None => (None, name),
    };
    let mut high = 0_u32;
    let mut free = 32_u32;
    for part in leading.into_iter().flat_map(|leading| leading.split('.')) {
        free = free.checked_sub(8).filter(|&free| free > 0)?;
        high |= u32::from(u8::try_from(number(part)?).ok()?) << free;
    }
    let low = u64::from(number(last)?);
    (low >> free == 0).then(|| Ipv4Addr::from_bits(high | u32::try_from(low).unwrap_or(0)))
}

/// Decimal, octal behind 0, hexadecimal behind 0x.
fn number(part: &str) -> Option<u32> {
    let (digits, radix) = match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if part.len() > 1 && part.starts_with('0') => (part, 8),
        None => (part, 10),
    };
    if digits.starts_with('+') { None } else { u32::from_str_radix(digits, radix).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Option<String> {
        address_in(name.as_bytes()).map(|ip| ip.to_string())
    }

    #[test]
    fn reads_what_inet_aton_reads() {
        for (name, address) in [
            ("192.0.2.7", "192.0.2.7"),
            ("127.1", "127.0.0.1"),
            ("10.1.258", "10.1.1.2"),
            ("2130706433", "127.0.0.1"),
            ("0x7f.1", "127.0.0.1"),
            ("0X7F000001", "127.0.0.1"),
            ("0177.0.0.01", "127.0.0.1"),
            ("0", "0.0.0.0"),
            ("4294967295", "255.255.255.255"),
            ("1.16777215", "1.255.255.255"),
        ] {
            assert_eq!(read(name).as_deref(), Some(address), "{name}");
        }
    }

    #[test]
    fn reads_ipv6() {
        assert_eq!(read("2001:db8::7").as_deref(), Some("2001:db8::7"));
        assert_eq!(read("::ffff:192.0.2.7").as_deref(), Some("192.0.2.7"));
    }

    #[test]
    fn leaves_names_alone() {
        for name in [
            "www.example.org",
            "1.2.3.4.5",
            "256.1.1.1",
            "1.2.3.256",
            "1.2.65536",
            "1.16777216",
            "4294967296",
            "1..2",
            ".1",
            "1.",
            "",
            ".",
            "08",
            "0x",
            "0xg",
            "+1",
            "-1",
            "1.+2",
            "0x+1",
            "1e3",
            "fe80::1%eth0",
            " 1",
            "1 ",
            "a1",
            "1.2.3.4.",
        ] {
            assert_eq!(read(name), None, "{name}");
        }
        assert_eq!(address_in(b"\xff.1"), None);
    }
}
