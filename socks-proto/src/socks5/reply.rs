//! The reply (RFC 1928, 6).

use super::address::{push_address, read_bound};
use super::{Rep, VERSION};
use crate::address::Address;
use crate::bytes::Message;
use crate::decode::{Decoded, Malformed, decode};

/// Answers with an outcome and BND.
pub fn encode_reply(rep: Rep, bnd: &Address) -> Message {
    let mut reply = Message::EMPTY;
    reply.push(&[VERSION, rep.0, 0x00]);
    push_address(&mut reply, bnd);
    reply
}

/// Reads a reply: BND of a success, or REP of a failure.
///
/// A failure is complete with its REP: some proxies send nothing behind it, and nothing behind it is of use.
pub fn decode_reply(bytes: &[u8]) -> Result<Decoded<Result<Address, Rep>>, Malformed> {
    decode(bytes, |cursor| {
        cursor.at_least(5);
        cursor.version(VERSION)?;
        let rep = Rep(cursor.byte()?);
        if rep != Rep::SUCCEEDED {
            return Ok(Err(rep));
        }
        cursor.byte()?;
        read_bound(cursor).map(Ok)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::{address, hex};

    fn decoded(reply: &str) -> Result<Decoded<Result<Address, Rep>>, Malformed> {
        decode_reply(&hex(reply))
    }

    fn granted(bnd: &str, length: usize) -> Result<Decoded<Result<Address, Rep>>, Malformed> {
        Ok(Decoded::Complete(Ok(address(bnd)), length))
    }

    #[test]
    fn what_is_written_is_read() {
        for (bnd, length) in [
            ("198.51.100.1:45261", 10),
            ("0.0.0.0:0", 10),
            ("[2001:db8::1]:45261", 22),
            ("[::]:0", 22),
            ("proxy.example:1080", 20),
        ] {
            let reply = encode_reply(Rep::SUCCEEDED, &address(bnd));
            assert_eq!(decode_reply(reply.as_bytes()), granted(bnd, length));
        }
    }

    #[test]
    fn the_length_is_found_before_the_end() {
        assert_eq!(decoded(""), Ok(Decoded::Incomplete(5)));
        assert_eq!(decoded("05 00 00 01 c6"), Ok(Decoded::Incomplete(5)));
        assert_eq!(decoded("05 00 00 04 20"), Ok(Decoded::Incomplete(17)));
        assert_eq!(decoded("05 00 00 03 0d"), Ok(Decoded::Incomplete(15)));
        assert_eq!(decoded("05 00 00 03 00"), Ok(Decoded::Incomplete(2)));
    }

    #[test]
    fn a_failure_needs_no_more_than_its_code() {
        for code in 1..=u8::MAX {
            assert_eq!(decode_reply(&[0x05, code]), Ok(Decoded::Complete(Err(Rep(code)), 2)));
        }
    }

    #[test]
    fn an_empty_name_is_no_address() {
        assert_eq!(decoded("05 00 00 03 00 04 38"), granted("0.0.0.0:1080", 7));
    }
}
