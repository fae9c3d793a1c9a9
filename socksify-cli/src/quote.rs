//! Words for a POSIX shell: quoted so that the shell reads back exactly the bytes we had.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The word as the shell must see it.
pub(crate) fn quote(word: &OsStr) -> Vec<u8> {
    let bytes = word.as_bytes();
    if !bytes.is_empty() && bytes.iter().all(|byte| is_plain(*byte)) {
        return bytes.to_vec();
    }
    let mut quoted = vec![b'\''];
    for byte in bytes {
        match byte {
            b'\'' => quoted.extend(b"'\\''"),
            other => quoted.push(*other),
        }
    }
    quoted.push(b'\'');
    quoted
}

/// Bytes that mean nothing to any shell, at any place of a word.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_./:@%+,-".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn quoted(word: &str) -> String {
        String::from_utf8(quote(OsStr::new(word))).unwrap()
    }

    #[test]
    fn plain_words_stay_as_they_are() {
        assert_eq!(quoted("/usr/lib/libsocksify.so"), "/usr/lib/libsocksify.so");
        assert_eq!(quoted("socks5://host:1080"), "socks5://host:1080");
    }

    #[test]
    fn everything_else_is_quoted() {
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("$(reboot)"), "'$(reboot)'");
        assert_eq!(quoted("~"), "'~'");
    }

    /// Words of 1 to 40 bytes without NUL, from a fixed linear congruential sequence: every run tests the same ones.
    fn words() -> Vec<Vec<u8>> {
        let mut state = 0x5eed_u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8
        };
        let mut words: Vec<Vec<u8>> = (1..=255u8).map(|byte| vec![byte]).collect();
        words.extend((0..300).map(|_| (0..=next() % 40).map(|_| next().max(1)).collect()));
        words
    }

    #[test]
    fn a_shell_reads_back_the_same_bytes() {
        let words = words();
        let mut script = b"printf '%s\\0'".to_vec();
        for word in &words {
            script.push(b' ');
            script.extend(quote(OsStr::from_bytes(word)));
        }
        let output = Command::new("/bin/sh").arg("-c").arg(OsStr::from_bytes(&script)).output().unwrap();
        assert!(output.status.success());
        let read: Vec<&[u8]> = output.stdout.split(|byte| *byte == 0).collect();
        assert_eq!(read.len(), words.len() + 1);
        for (read, word) in read.iter().zip(&words) {
            assert_eq!(read, word);
        }
    }
}
