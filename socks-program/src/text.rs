//! A path that is kept without allocating.

use std::ffi::{CStr, OsStr};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Longer than any path the kernel takes from the first line of a script.
const ROOM: usize = 512;

/// A path of less than 512 bytes; a longer one is cut off.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text {
    bytes: [u8; ROOM],
    length: usize,
}

impl Text {
    /// Keeps the bytes up to the first NUL.
    pub fn new(bytes: &[u8]) -> Text {
        let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        let mut text = Text { bytes: [0; ROOM], length: bytes.len().min(ROOM - 1) };
        text.bytes.iter_mut().zip(bytes).take(text.length).for_each(|(to, from)| *to = *from);
        text
    }

    /// The bytes, without a NUL.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// The bytes and a NUL.
    pub fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default()
    }

    /// The bytes as a path.
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(self.as_bytes()))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_path(), out)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_path().display().fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_at_a_nul_or_where_there_is_no_room() {
        assert_eq!(Text::new(b"/bin/sh\0rest").as_bytes(), b"/bin/sh");
        assert_eq!(Text::new(b"/bin/sh").as_c_str(), c"/bin/sh");
        let long = Text::new(&[b'x'; 600]);
        assert_eq!(long.as_bytes().len(), ROOM - 1);
        assert_eq!(long.as_c_str().to_bytes().len(), ROOM - 1);
    }
}
