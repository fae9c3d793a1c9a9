//! Reading messages that may not be complete yet.
//!
//! Every message tells its own length, but only piece by piece. A [`Cursor`] reads what is there and, when bytes are
//! missing, knows how many may be asked for without touching what follows the message.

use crate::name::NameError;
use std::fmt;

/// The longest string of SOCKS4 that is read, with its NUL.
const MAX_STRING: usize = 256;

/// The outcome of reading a message from the bytes that have come so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded<T> {
    /// The message goes on for at least so many more bytes.
    Incomplete(usize),
    /// The message, and the bytes it took.
    Complete(T, usize),
}

impl<T> Decoded<T> {
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Decoded<U> {
        match self {
            Self::Incomplete(missing) => Decoded::Incomplete(missing),
            Self::Complete(message, length) => Decoded::Complete(change(message), length),
        }
    }
}

/// Why bytes are no message.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The first byte of the message is not the version it must be.
    Version {
        /// The version of the protocol.
        expected: u8,
        /// The byte that came.
        came: u8,
    },
    /// An ATYP other than 01, 03 and 04.
    AddressType(u8),
    /// A host name of length 0 or with a NUL in it.
    Name(NameError),
    /// A USERID or name of SOCKS4 that goes on after 255 bytes; the protocol sets no limit, so a proxy must.
    Unterminated,
    /// A user name or password of length 0, which RFC 1929 does not have.
    EmptyCredentials,
    /// This byte where the status line of HTTP/1 has another.
    StatusLine(u8),
    /// The header of an HTTP response goes on after 16 KiB.
    HeaderTooLong,
    /// More bytes were handed in than were asked for.
    Surplus,
}

/// Why reading stops before the end of the message.
pub(crate) enum Stop {
    Short(usize),
    Malformed(Malformed),
}

impl From<Malformed> for Stop {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<NameError> for Stop {
    fn from(error: NameError) -> Self {
        Self::Malformed(Malformed::Name(error))
    }
}

pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    taken: usize,
    least: usize,
}

/// Reads one message with `read`.
pub(crate) fn decode<'a, T>(
    bytes: &'a [u8],
    read: impl FnOnce(&mut Cursor<'a>) -> Result<T, Stop>,
) -> Result<Decoded<T>, Malformed> {
    let mut cursor = Cursor { bytes, taken: 0, least: 0 };
    match read(&mut cursor) {
        Ok(message) => Ok(Decoded::Complete(message, cursor.taken)),
        Err(Stop::Short(missing)) => Ok(Decoded::Incomplete(missing)),
        Err(Stop::Malformed(malformed)) => Err(malformed),
    }
}

impl<'a> Cursor<'a> {
    /// States that the message has at least `more` bytes from here, so that they can be asked for at once.
    pub(crate) fn at_least(&mut self, more: usize) {
        self.least = self.least.max(self.taken.saturating_add(more));
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Stop> {
        self.at_least(count);
        let end = self.taken.saturating_add(count);
        let taken = self.bytes.get(self.taken..end).ok_or_else(|| self.short())?;
        self.taken = end;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| self.short())
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Stop> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn port(&mut self) -> Result<u16, Stop> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn version(&mut self, expected: u8) -> Result<(), Stop> {
        match self.byte()? {
            came if came == expected => Ok(()),
            came => Err(Malformed::Version { expected, came }.into()),
        }
    }

    /// Takes a string of at most 255 bytes and the NUL that ends it.
    pub(crate) fn string(&mut self) -> Result<&'a [u8], Stop> {
        let rest = self.bytes.get(self.taken..).unwrap_or_default();
        match rest.iter().take(MAX_STRING).position(|&byte| byte == 0) {
            Some(length) => {
                let string = self.take(length)?;
                self.byte().map(|_nul| string)
            }
            None if rest.len() >= MAX_STRING => Err(Malformed::Unterminated.into()),
            None => {
                self.at_least(rest.len().saturating_add(1));
                Err(self.short())
            }
        }
    }

    fn short(&self) -> Stop {
        Stop::Short(self.least.saturating_sub(self.bytes.len()).max(1))
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Version { expected, came } => {
                write!(f, "expected version {expected:02x}, got {came:02x}{}", speaks(came))
            }
            Self::AddressType(atyp) => write!(f, "expected ATYP 01, 03 or 04, got {atyp:02x}"),
            Self::Name(error) => error.fmt(f),
            Self::Unterminated => f.write_str("expected a NUL after at most 255 bytes, got more"),
            Self::EmptyCredentials => {
                f.write_str("expected a user name and a password of at least one byte each")
            }
            Self::StatusLine(came) => {
                write!(f, "expected the status line of HTTP/1, got {came:02x} in it{}", speaks(came))
            }
            Self::HeaderTooLong => f.write_str("expected a header of at most 16 KiB, got more"),
            Self::Surplus => f.write_str("got more bytes than were asked for"),
        }
    }
}

impl std::error::Error for Malformed {}

/// A first byte tells which protocol is spoken, which is the usual mistake behind a wrong version.
pub(crate) fn speaks(first: u8) -> &'static str {
    match first {
        0x00 | 0x04 => " (SOCKS4)",
        0x05 => " (SOCKS5)",
        0x15 | 0x16 => " (TLS)",
        b'H' | b'G' | b'P' | b'C' | b'D' | b'O' => " (perhaps HTTP)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Decoded<(u8, &[u8])>, Malformed> {
        decode(bytes, |cursor| {
            cursor.at_least(3);
            let length = cursor.byte()?;
            Ok((length, cursor.take(usize::from(length))?))
        })
    }

    #[test]
    fn asks_for_all_that_is_sure_to_come() {
        assert_eq!(read(&[]), Ok(Decoded::Incomplete(3)));
        assert_eq!(read(&[5]), Ok(Decoded::Incomplete(5)));
        assert_eq!(read(&[5, 1, 2]), Ok(Decoded::Incomplete(3)));
        assert_eq!(read(&[2, 1, 2, 9]), Ok(Decoded::Complete((2, [1, 2].as_slice()), 3)));
    }

    #[test]
    fn a_string_ends_with_nul_within_256_bytes() {
        let string = |bytes: &[u8]| decode(bytes, |cursor| cursor.string().map(<[u8]>::len));
        assert_eq!(string(b""), Ok(Decoded::Incomplete(1)));
        assert_eq!(string(b"bob"), Ok(Decoded::Incomplete(1)));
        assert_eq!(string(b"\0bob"), Ok(Decoded::Complete(0, 1)));
        assert_eq!(string(b"bob\0bob"), Ok(Decoded::Complete(3, 4)));
        assert_eq!(string(&[[1; 255].as_slice(), &[0]].concat()), Ok(Decoded::Complete(255, 256)));
        assert_eq!(string(&[1; 255]), Ok(Decoded::Incomplete(1)));
        assert_eq!(string(&[1; 256]), Err(Malformed::Unterminated));
    }

    #[test]
    fn a_wrong_version_hints_at_the_protocol_spoken() {
        let shown = |came| Malformed::Version { expected: 0x05, came }.to_string();
        assert_eq!(shown(b'H'), "expected version 05, got 48 (perhaps HTTP)");
        assert_eq!(shown(0x15), "expected version 05, got 15 (TLS)");
        assert_eq!(shown(0x77), "expected version 05, got 77");
    }
}
