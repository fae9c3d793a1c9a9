//! Bytes from somebody who means no good: no panic, bounded memory and time, and progress with every byte.

use crate::vector::address;
use proptest::prelude::*;
use socks_proto::client::{self, Version};
use socks_proto::server::{self, Acceptance};
use socks_proto::socks5::Method;
use socks_proto::{Command, Credentials, Decoded, Malformed, socks4, socks5, udp};
use std::fmt::Debug;

/// The longest that any side can be made to read: the longest greeting, password request and request.
const MOST: usize = 257 + 513 + 520;

/// Random bytes do not get far; ones that are often codes of the protocol do.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let code = prop::sample::select(vec![
        0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x5a, 0x5b, 0xf0, 0xff, b'\r', b'\n', b'2',
    ]);
    let byte = prop_oneof![3 => code, 1 => any::<u8>()];
    let opening = prop::sample::select(vec![
        vec![],
        vec![0x05, 0x00],
        vec![0x05, 0x02, 0x01, 0x00],
        vec![0x05, 0x00, 0x05, 0x00, 0x00],
        vec![0x05, 0x01, 0x00, 0x05, 0x01, 0x00],
        vec![0x05, 0x01, 0x02, 0x01],
        b"HTTP/1.".to_vec(),
        b"HTTP/1.1 200 OK\r\n".to_vec(),
        b"HTTP/1.1 100 Continue\r\n\r\n".to_vec(),
        vec![0x04, 0x01, 0x00, 0x50, 0x00, 0x00, 0x00, 0x01],
    ]);
    (opening, prop::collection::vec(byte, 0..1500)).prop_map(|(opening, rest)| [opening, rest].concat())
}

fn askings() -> impl Strategy<Value = client::Handshake> {
    let versions =
        prop::sample::select(vec![Version::Socks4, Version::Socks4a, Version::Socks5, Version::Http]);
    (versions, any::<bool>(), any::<bool>()).prop_map(|(version, binds, authenticates)| {
        let command = if binds && version != Version::Http { Command::Bind } else { Command::Connect };
        let credentials = authenticates.then(|| Credentials::new(b"bob", b"secret").expect("in bounds"));
        client::Handshake::new(version, command, &address("192.0.2.7:80"), credentials.as_ref())
            .expect("sendable")
    })
}

fn acceptances() -> impl Strategy<Value = Acceptance> {
    let both = &[Method::NONE, Method::USERNAME_PASSWORD];
    prop::sample::select(vec![
        Acceptance::ANYONE,
        Acceptance { socks4: true, ..Acceptance::USERS },
        Acceptance { socks4: true, socks5: true, methods: both },
    ])
}

/// A message is judged the same whatever follows it, no prefix asks beyond its end, and a fault that a prefix shows
/// stays.
fn decodes_soundly<T: PartialEq + Debug>(
    bytes: &[u8],
    decode: impl Fn(&[u8]) -> Result<Decoded<T>, Malformed>,
) {
    let whole = decode(bytes);
    if let Ok(Decoded::Complete(_, length)) = whole {
        assert!(length <= bytes.len() && length <= MOST);
    }
    for count in 0..bytes.len() {
        match (decode(&bytes[..count]), &whole) {
            (Ok(Decoded::Incomplete(missing)), Ok(Decoded::Complete(_, length))) => {
                assert!(missing > 0 && count + missing <= *length);
            }
            (Ok(Decoded::Incomplete(missing)), _) => assert!(missing > 0 && missing <= MOST),
            (judged, whole) => assert_eq!(judged, *whole),
        }
    }
}

proptest! {
    #[test]
    fn our_side_ends_and_reads_no_more_than_it_asks_for(
        mut handshake in askings(), bytes in bytes(), piece in 1..300_usize,
    ) {
        let mut rest = bytes.as_slice();
        for _ in 0..4 * MOST {
            match handshake.step() {
                client::Step::Send(out) => {
                    prop_assert!(!out.is_empty());
                    let count = piece.min(out.len());
                    handshake.sent(count);
                }
                client::Step::Receive(most) => {
                    prop_assert!((1..=262).contains(&most));
                    let (now, later) = rest.split_at(most.min(piece).min(rest.len()));
                    if now.is_empty() { handshake.closed() } else { handshake.received(now) }
                    rest = later;
                }
                client::Step::Done(_) => {
                    handshake.await_second_reply();
                    if matches!(handshake.step(), client::Step::Done(_)) {
                        return Ok(());
                    }
                }
                client::Step::Failed(failure) => {
                    prop_assert!(!failure.to_string().is_empty());
                    return Ok(());
                }
            }
        }
        prop_assert!(false, "the dialogue does not end");
    }

    #[test]
    fn our_side_survives_misuse(mut handshake in askings(), bytes in bytes(), calls in prop::collection::vec(0..6_u8, 0..50)) {
        for call in calls {
            match call {
                0 => handshake.sent(1),
                1 => handshake.sent(usize::MAX),
                2 => handshake.received(&bytes),
                3 => handshake.received(bytes.get(..2).unwrap_or_default()),
                4 => handshake.await_second_reply(),
                _ => handshake.closed(),
            }
            let again = format!("{:?}", handshake.step());
            prop_assert_eq!(again, format!("{:?}", handshake.step()));
        }
    }

    #[test]
    fn the_proxy_side_ends_and_consumes_something_whenever_it_waits(
        acceptance in acceptances(), bytes in bytes(), piece in 1..600_usize, accepted in any::<bool>(),
    ) {
        let mut handshake = server::Handshake::new(acceptance);
        let mut rest = bytes.as_slice();
        for _ in 0..4 * MOST {
            match handshake.step() {
                server::Step::Receive if rest.is_empty() => handshake.closed(),
                server::Step::Receive => {
                    let count = handshake.received(&rest[..piece.min(rest.len())]);
                    prop_assert!(count > 0);
                    rest = &rest[count..];
                    prop_assert!(bytes.len() - rest.len() <= MOST);
                }
                server::Step::Send(out) | server::Step::Refuse(out) => {
                    prop_assert!(!out.is_empty());
                    let count = piece.min(out.len());
                    handshake.sent(count);
                }
                server::Step::Authenticate(_) => handshake.authenticated(accepted),
                server::Step::Request(request) => {
                    prop_assert_eq!(request.address, request.address.canonical());
                    return Ok(());
                }
                server::Step::Close(fault) => {
                    prop_assert!(!fault.to_string().is_empty());
                    return Ok(());
                }
            }
        }
        prop_assert!(false, "the dialogue does not end");
    }

    #[test]
    fn every_message_is_judged_by_its_own_bytes(bytes in bytes()) {
        decodes_soundly(&bytes, socks5::decode_greeting);
        decodes_soundly(&bytes, socks5::decode_choice);
        decodes_soundly(&bytes, socks5::decode_password_request);
        decodes_soundly(&bytes, socks5::decode_password_reply);
        decodes_soundly(&bytes, socks5::decode_request);
        decodes_soundly(&bytes, socks4::decode_request);
    }

    /// A failure is complete before its end, which is nevertheless asked for.
    #[test]
    fn every_granting_reply_is_judged_by_its_own_bytes(bytes in bytes()) {
        if let Ok(Decoded::Complete(Ok(_), _)) = socks5::decode_reply(&bytes) {
            decodes_soundly(&bytes, socks5::decode_reply);
        }
        if let Ok(Decoded::Complete(Ok(_), _)) = socks4::decode_reply(&bytes) {
            decodes_soundly(&bytes, socks4::decode_reply);
        }
    }

    #[test]
    fn a_datagram_is_judged_by_its_header(bytes in bytes()) {
        if let Ok((header, length)) = udp::decode(&bytes) {
            prop_assert!(length <= bytes.len() && length <= udp::MAX_HEADER);
            prop_assert_eq!(header.address, header.address.canonical());
            prop_assert_eq!(udp::decode(&bytes[..length]), Ok((header, length)));
        }
    }
}
