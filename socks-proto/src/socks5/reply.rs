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
