//! Host names as the wire carries them: bytes with a length, of which only NUL is impossible.

use crate::bytes::Bytes;
use std::fmt;

/// A host name of 1 to 255 bytes without NUL; what the bytes mean is the resolver's business.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name(Bytes<255>);

/// Why bytes are not a [`Name`].
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// A name has at least one byte.
    Empty,
    /// A name has at most 255 bytes; this one has so many.
    TooLong(usize),
    /// SOCKS4a ends a name with NUL, and some proxies cut SOCKS5 names there too.
    Nul,
}

impl Name {
    /// Takes the bytes as they are, a trailing dot included.
    pub fn new(bytes: &[u8]) -> Result<Self, NameError> {
        if bytes.is_empty() {
            return Err(NameError::Empty);
        }
        if bytes.contains(&0) {
            return Err(NameError::Nul);
        }
        Bytes::new(bytes).map(Self).ok_or(NameError::TooLong(bytes.len()))
    }

    /// The bytes of the name, without any terminator.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The same name without the dot that makes it absolute; the root itself stays a dot.
    #[must_use]
    pub fn without_trailing_dot(&self) -> Self {
        match self.as_bytes().strip_suffix(b".").map(Self::new) {
            Some(Ok(name)) => name,
            _ => *self,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.as_bytes().utf8_chunks() {
            write_visible(f, chunk.valid())?;
            write!(f, "{}", chunk.invalid().escape_ascii())?;
        }
        Ok(())
    }
}

/// Control characters are escaped: a name from the network ends up in a terminal or a log file.
fn write_visible(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    use fmt::Write;
    for character in text.chars() {
        if character.is_control() || character == '\\' {
            write!(f, "{}", character.escape_default())?;
        } else {
            f.write_char(character)?;
        }
    }
    Ok(())
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a host name needs at least one byte"),
            Self::TooLong(len) => write!(f, "a host name has at most 255 bytes, this one has {len}"),
            Self::Nul => f.write_str("a host name cannot contain a NUL byte"),
        }
    }
}

impl std::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(bytes: &[u8]) -> Name {
        Name::new(bytes).unwrap()
    }

    #[test]
    fn has_1_to_255_bytes_and_no_nul() {
        assert_eq!(Name::new(b""), Err(NameError::Empty));
        assert_eq!(Name::new(b"a\0b"), Err(NameError::Nul));
        assert_eq!(Name::new(&[b'a'; 256]), Err(NameError::TooLong(256)));
        assert_eq!(name(&[b'a'; 255]).as_bytes(), [b'a'; 255]);
    }

    #[test]
    fn shows_what_a_terminal_may_see() {
        assert_eq!(name(b"www.example.org").to_string(), "www.example.org");
        assert_eq!(name("zo\u{eb}".as_bytes()).to_string(), "zo\u{eb}");
        assert_eq!(name(b"a\x1b[31m\n\\").to_string(), r"a\u{1b}[31m\n\\");
        assert_eq!(name(b"a\xffb").to_string(), r"a\xffb");
        assert_eq!(format!("{:?}", name(b"a\xff")), r#""a\xff""#);
    }

    #[test]
    fn loses_one_trailing_dot() {
        assert_eq!(name(b"a.").without_trailing_dot(), name(b"a"));
        assert_eq!(name(b"a..").without_trailing_dot(), name(b"a."));
        assert_eq!(name(b"a").without_trailing_dot(), name(b"a"));
        assert_eq!(name(b".").without_trailing_dot(), name(b"."));
    }
}
