//! Byte strings and addresses as the documents write them.

use crate::address::Address;
use crate::name::Name;
use std::net::SocketAddr;

/// Reads `05 01 00`.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

/// An address or a name, with its port behind the last colon.
pub(crate) fn address(text: &str) -> Address {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return address.into();
    }
    let (name, port) = text.rsplit_once(':').unwrap();
    Address { host: Name::new(name.as_bytes()).unwrap().into(), port: port.parse().unwrap() }
}
