//! One event as a line of JSON (RFC 8259), in a fixed buffer: a line that does not fit into the smallest pipe could be
//! torn, and is none.

use std::fmt::{self, Display, Write};
use std::time::{Duration, SystemTime};

use libc::c_int;
use once_cell::race::OnceBox;

use crate::{errno, process};

/// A write(2) of so many bytes to a pipe is one; POSIX.1 wants 512 at least, pipe(7) has this.
const MOST: usize = 4096;

/// How much of a program's name is told.
const PROGRAM: usize = 64;

/// An event that is being written.
pub(crate) struct Record {
    bytes: [u8; MOST],
    length: usize,
    fits: bool,
}

impl Record {
    /// Begins with what all events have: what happened, when, to which program.
    pub(crate) fn new(event: &str) -> Record {
        let mut record = Record { bytes: [0; MOST], length: 0, fits: true };
        record.raw("{\"event\":\"").raw(event).raw("\"");
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        record.duration("time", now);
        record.number("pid", process::id());
        record.text("program", program());
        record
    }

    /// Adds a text.
    pub(crate) fn text(&mut self, key: &str, value: impl Display) -> &mut Record {
        self.key(key).raw("\"");
        let _ = write!(Escaped(self), "{value}");
        self.raw("\"")
    }

    /// Adds a number.
    pub(crate) fn number(&mut self, key: &str, value: impl Display) -> &mut Record {
        self.key(key);
        let _ = write!(Escaped(self), "{value}");
        self
    }

    /// Adds a time in seconds, to the microsecond.
    pub(crate) fn duration(&mut self, key: &str, value: Duration) -> &mut Record {
        self.number(key, format_args!("{}.{:06}", value.as_secs(), value.subsec_micros()))
    }

    /// Adds an errno by its name, or its number.
    pub(crate) fn errno(&mut self, errno: c_int) -> &mut Record {
        match errno::name(errno) {
            Some(name) => self.text("errno", name),
            None => self.text("errno", errno),
        }
    }

    /// The line; `None` where it does not fit.
    pub(super) fn finish(&mut self) -> Option<&[u8]> {
        self.raw("}\n");
        self.bytes.get(..self.length).filter(|_| self.fits)
    }

    fn key(&mut self, key: &str) -> &mut Record {
        self.raw(",\"").raw(key).raw("\":")
    }

    fn raw(&mut self, text: &str) -> &mut Record {
        match self.bytes.get_mut(self.length..self.length + text.len()) {
            Some(room) if self.fits => {
                room.copy_from_slice(text.as_bytes());
                self.length += text.len();
            }
            _ => self.fits = false,
        }
        self
    }
}

/// What is written between quotes.
struct Escaped<'r>(&'r mut Record);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            match letter {
                '"' => self.0.raw("\\\""),
                '\\' => self.0.raw("\\\\"),
                letter if letter.is_control() => {
                    // Control characters have numbers up to U+009F.
                    let number = u32::from(letter) as u8;
                    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value & 0xf)]);
                    let digits = [digit(number >> 4), digit(number)];
                    self.0
                        .raw("\\u00")
                        .raw(digits[0].encode_utf8(&mut [0; 4]))
                        .raw(digits[1].encode_utf8(&mut [0; 4]))
                }
                letter => self.0.raw(letter.encode_utf8(&mut [0; 4])),
            };
        }
        Ok(())
    }
}

/// The file name of the program, as far as it can be told.
fn program() -> &'static str {
    static NAME: OnceBox<String> = OnceBox::new();
    NAME.get_or_init(|| {
        let file = std::env::current_exe().unwrap_or_default();
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        Box::new(name.chars().take(PROGRAM).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(record: &mut Record) -> String {
        String::from_utf8(record.finish().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn an_event_is_one_line() {
        let mut record = Record::new("close");
        record
            .text("target", "a\"b\\c\n\u{1b}[2J\u{9b}\u{fc}")
            .number("up", 7)
            .duration("tcp", Duration::from_millis(5));
        let line = line(&mut record);
        assert!(line.starts_with("{\"event\":\"close\",\"time\":"), "{line}");
        let rest = "\"target\":\"a\\\"b\\\\c\\u000a\\u001b[2J\\u009b\u{fc}\",\"up\":7,\"tcp\":0.005000}\n";
        assert!(line.ends_with(rest), "{line}");
    }

    #[test]
    fn what_does_not_fit_is_not_torn() {
        let mut record = Record::new("close");
        assert!(record.text("target", "x".repeat(MOST)).finish().is_none());
    }

    #[test]
    fn two_names_and_an_error_fit_however_they_are_written() {
        let name = "\u{1}".repeat(255);
        let mut record = Record::new("connection");
        record.text("target", format_args!("{name}:65535")).text("proxy", format_args!("{name}:65535"));
        assert!(record.finish().is_some());
    }
}
