//! Method selection: the greeting and the proxy's choice (RFC 1928, 3).

use super::VERSION;
use crate::bytes::{Bytes, Message};
use crate::decode::{Decoded, Malformed, decode};
use std::fmt;

/// An authentication method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Method(pub u8);

impl Method {
    /// No authentication required.
    pub const NONE: Self = Self(0x00);
    /// GSSAPI (RFC 1961).
    pub const GSSAPI: Self = Self(0x01);
    /// User name and password (RFC 1929).
    pub const USERNAME_PASSWORD: Self = Self(0x02);
    /// No method offered is acceptable; a choice only.
    pub const NO_ACCEPTABLE: Self = Self(0xff);
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NONE => f.write_str("none"),
            Self::GSSAPI => f.write_str("GSSAPI"),
            Self::USERNAME_PASSWORD => f.write_str("user name and password"),
            Self::NO_ACCEPTABLE => f.write_str("no acceptable method"),
            Self(code) => write!(f, "method {code:02x}"),
        }
    }
}

/// Offers the methods, of which only the first 255 can be said.
pub fn encode_greeting(methods: &[Method]) -> Message {
    let count = u8::try_from(methods.len()).unwrap_or(u8::MAX);
    let mut greeting = Message::EMPTY;
    greeting.push(&[VERSION, count]);
    for method in methods.iter().take(usize::from(count)) {
        greeting.push(&[method.0]);
    }
    greeting
}

/// Reads a greeting; the bytes are the methods offered, perhaps none.
pub fn decode_greeting(bytes: &[u8]) -> Result<Decoded<Bytes<255>>, Malformed> {
    decode(bytes, |cursor| {
        cursor.at_least(2);
        cursor.version(VERSION)?;
        let count = cursor.byte()?;
        let methods = cursor.take(usize::from(count))?;
        Ok(Bytes::new(methods).unwrap_or(Bytes::EMPTY))
    })
}

/// Names the chosen method.
pub fn encode_choice(method: Method) -> Message {
    let mut choice = Message::EMPTY;
    choice.push(&[VERSION, method.0]);
    choice
}

/// Reads the proxy's choice.
pub fn decode_choice(bytes: &[u8]) -> Result<Decoded<Method>, Malformed> {
    decode(bytes, |cursor| {
        cursor.at_least(2);
        cursor.version(VERSION)?;
        cursor.byte().map(Method)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::hex;

    #[test]
    fn greetings_and_choices() {
        let greeting = |methods: &[Method]| encode_greeting(methods).as_bytes().to_vec();
        assert_eq!(greeting(&[Method::NONE]), hex("05 01 00"));
        assert_eq!(greeting(&[Method::NONE, Method::USERNAME_PASSWORD]), hex("05 02 00 02"));
        assert_eq!(greeting(&[Method(1), Method(0), Method(2)]), hex("05 03 01 00 02"));
        assert_eq!(encode_choice(Method::NO_ACCEPTABLE).as_bytes(), hex("05 ff"));
        assert_eq!(decode_choice(&hex("05 01")), Ok(Decoded::Complete(Method::GSSAPI, 2)));
    }

    #[test]
    fn the_longest_greeting_is_read_whole() {
        let methods: Vec<Method> = (0..=u8::MAX).map(Method).collect();
        let greeting = encode_greeting(&methods);
        assert_eq!(greeting.as_bytes().len(), 257);
        let offered = Bytes::new(&(0..u8::MAX).collect::<Vec<u8>>()).unwrap();
        assert_eq!(decode_greeting(greeting.as_bytes()), Ok(Decoded::Complete(offered, 257)));
    }
}
