//! The request (RFC 1928, 4).

use super::VERSION;
use super::address::{push_address, read_address};
use crate::address::Address;
use crate::bytes::Message;
use crate::command::Command;
use crate::decode::{Decoded, Malformed, decode};

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// CMD; an unknown one is kept, since refusing it has a code of its own.
    pub command: Result<Command, u8>,
    /// DST.ADDR and DST.PORT.
    pub address: Address,
}

/// Asks for `command`.
pub fn encode_request(command: Command, target: &Address) -> Message {
    let mut request = Message::EMPTY;
    request.push(&[VERSION, command.code(), 0x00]);
    push_address(&mut request, target);
    request
}

/// Reads a request; RSV may be anything, as with most proxies.
pub fn decode_request(bytes: &[u8]) -> Result<Decoded<Request>, Malformed> {
    decode(bytes, |cursor| {
        cursor.at_least(5);
        cursor.version(VERSION)?;
        let command = Command::try_from(cursor.byte()?);
        cursor.byte()?;
        Ok(Request { command, address: read_address(cursor)? })
    })
}
