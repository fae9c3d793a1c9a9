//! Byte strings as the documents write them, and the ways to cut them.

use socks_proto::{Address, Host, Name};

/// Reads `05 01 00`; a message of HTTP is its text.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    if text.starts_with("CONNECT") || text.starts_with("HTTP") {
        return text.as_bytes().to_vec();
    }
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("two digits")).collect()
}

/// An address or a name, with its port behind the last colon.
pub(crate) fn address(text: &str) -> Address {
    if let Ok(address) = text.parse::<std::net::SocketAddr>() {
        return address.into();
    }
    let (name, port) = text.rsplit_once(':').expect("a port");
    let name = Name::new(name.as_bytes()).expect("a name");
    Address { host: Host::Name(name), port: port.parse().expect("a port number") }
}

/// Streams up to this length are cut in all ways there are.
const EXHAUSTIVE: usize = 13;

/// Calls `check` with the lengths of the pieces, for every way to cut `length` bytes where these are few enough; else
/// for every cut into two, and every cut into pieces of one size.
pub(crate) fn every_split(length: usize, mut check: impl FnMut(&[usize])) {
    if length <= EXHAUSTIVE {
        for cuts in 0..1_u32 << length.saturating_sub(1) {
            check(&pieces(length, |position| cuts >> (position - 1) & 1 == 1));
        }
    } else {
        for cut in 1..length {
            check(&[cut, length - cut]);
        }
        for size in 1..=length {
            check(&pieces(length, |position| position % size == 0));
        }
    }
}

fn pieces(length: usize, is_cut: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for position in (1..length).filter(|&position| is_cut(position)) {
        pieces.push(position - start);
        start = position;
    }
    pieces.push(length - start);
    pieces
}

#[test]
fn short_streams_are_cut_in_all_ways() {
    let mut seen = Vec::new();
    every_split(3, |pieces| seen.push(pieces.to_vec()));
    assert_eq!(seen, [vec![3], vec![1, 2], vec![2, 1], vec![1, 1, 1]]);
}
