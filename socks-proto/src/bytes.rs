//! Byte strings of bounded length kept inline, because the handshakes may neither allocate nor have a destructor.

use std::fmt;
use std::hash::{Hash, Hasher};

/// At most `N` bytes, stored in place.
#[derive(Clone, Copy)]
pub struct Bytes<const N: usize> {
    len: u16,
    bytes: [u8; N],
}

/// A complete message, ready to be written with one write; the longest is a SOCKS4a request.
pub type Message = Bytes<520>;

impl<const N: usize> Bytes<N> {
    pub(crate) const EMPTY: Self = Self { len: 0, bytes: [0; N] };

    /// The bytes as a slice.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// Copies all of `bytes`, unless they do not fit.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut copy = Self::EMPTY;
        copy.push(bytes).then_some(copy)
    }

    /// Appends all of `more`, or nothing and says `false` when it does not fit.
    pub(crate) fn push(&mut self, more: &[u8]) -> bool {
        let start = usize::from(self.len);
        let end = start.saturating_add(more.len());
        let (Ok(len), Some(free)) = (u16::try_from(end), self.bytes.get_mut(start..end)) else {
            return false;
        };
        free.copy_from_slice(more);
        self.len = len;
        true
    }

    /// Copies the bytes to the beginning of `out`, as many as fit, and gives their number.
    pub(crate) fn copy_to(&self, out: &mut [u8]) -> usize {
        let length = self.as_bytes().len().min(out.len());
        for (to, from) in out.iter_mut().zip(self.as_bytes()) {
            *to = *from;
        }
        length
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }
}

impl<const N: usize> AsRef<[u8]> for Bytes<N> {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl<const N: usize> PartialEq for Bytes<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const N: usize> Eq for Bytes<N> {}

impl<const N: usize> Hash for Bytes<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl<const N: usize> fmt::Debug for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_all_or_nothing() {
        let mut bytes = Bytes::<4>::EMPTY;
        assert!(bytes.push(b"abc"));
        assert!(!bytes.push(b"de"));
        assert_eq!(bytes.as_bytes(), b"abc");
        assert!(bytes.push(b"d"));
        assert!(bytes.push(b""));
        assert_eq!(Bytes::<4>::new(b"abcd"), Some(bytes));
        assert_eq!(Bytes::<4>::new(b"abcde"), None);
    }

    #[test]
    fn compares_what_is_there_now() {
        let mut bytes = Bytes::<4>::new(b"abcd").unwrap();
        bytes.clear();
        bytes.push(b"a");
        assert_eq!(Some(bytes), Bytes::new(b"a"));
        assert_ne!(bytes, Bytes::EMPTY);
    }

    #[test]
    fn copies_as_much_as_fits() {
        let bytes = Bytes::<4>::new(b"abc").unwrap();
        let (mut short, mut long) = ([0; 2], [0; 4]);
        assert_eq!((bytes.copy_to(&mut short), bytes.copy_to(&mut long)), (2, 3));
        assert_eq!((&short, &long), (b"ab", b"abc\0"));
    }
}
