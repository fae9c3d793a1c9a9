//! The first line of a script: which program the kernel starts for it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// What stands behind `#!`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interpreter {
    /// The program.
    pub(crate) path: PathBuf,
    /// The rest of the line: the kernel hands it over as one argument.
    argument: Vec<u8>,
}

impl Interpreter {
    /// Reads the first line as the kernel does; `None` if this is no script.
    pub(crate) fn of(head: &[u8]) -> Option<Interpreter> {
        let line = head.strip_prefix(b"#!")?;
        let line = line.split(|byte| matches!(byte, b'\n' | 0)).next()?.trim_ascii();
        let end = line.iter().position(|byte| is_blank(*byte)).unwrap_or(line.len());
        let (path, argument) = line.split_at(end);
        if path.is_empty() {
            return None;
        }
        let path = PathBuf::from(OsStr::from_bytes(path));
        Some(Interpreter { path, argument: argument.trim_ascii().to_vec() })
    }

    /// The program that env(1) starts, when the interpreter is env(1).
    pub(crate) fn started_by_env(&self) -> Option<OsString> {
        if self.path.file_name() != Some(OsStr::new("env")) {
            return None;
        }
        let mut words = self.env_words().into_iter();
        while let Some(word) = words.next() {
            match word.as_slice() {
                b"-u" | b"--unset" | b"-C" | b"--chdir" => drop(words.next()),
                option if option.starts_with(b"-") => {}
                assignment if assignment.contains(&b'=') => {}
                _ => return Some(OsString::from_vec(word)),
            }
        }
        None
    }

    /// env's arguments: one, unless -S says to split it.
    fn env_words(&self) -> Vec<Vec<u8>> {
        let split = [&b"--split-string="[..], b"--split-string", b"-S", b"-vS"]
            .iter()
            .find_map(|option| self.argument.strip_prefix(*option));
        match split {
            Some(words) => {
                words.split(|byte| is_blank(*byte)).map(<[u8]>::to_vec).filter(|w| !w.is_empty()).collect()
            }
            None => vec![self.argument.clone()],
        }
    }
}

/// The interpreter of a file that execvp(3) finds in no format the kernel knows.
pub(crate) fn default_interpreter() -> &'static Path {
    Path::new("/bin/sh")
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Interpreter> {
        Interpreter::of(line.as_bytes())
    }

    fn started_by_env(line: &str) -> Option<OsString> {
        read(line).unwrap().started_by_env()
    }

    #[test]
    fn the_first_word_is_the_interpreter() {
        assert_eq!(read("#!/bin/sh\necho").unwrap().path, Path::new("/bin/sh"));
        assert_eq!(read("#! /bin/sh -e -u\n").unwrap().path, Path::new("/bin/sh"));
        assert_eq!(read("#!/bin/sh -e -u\n").unwrap().argument, b"-e -u");
        assert_eq!(read("#!/bin/sh").unwrap().path, Path::new("/bin/sh"));
        assert_eq!(read("#!\t/bin/sh\t\n").unwrap().argument, b"");
    }

    #[test]
    fn other_files_have_none() {
        assert_eq!(read(""), None);
        assert_eq!(read("echo"), None);
        assert_eq!(read("#!\n/bin/sh"), None);
        assert_eq!(read("#!   \n"), None);
    }

    #[test]
    fn env_is_seen_through() {
        assert_eq!(started_by_env("#!/usr/bin/env python3\n"), Some("python3".into()));
        assert_eq!(started_by_env("#!/usr/bin/env -S python3 -u\n"), Some("python3".into()));
        assert_eq!(started_by_env("#!/usr/bin/env -S A=b --ignore-signal perl -w\n"), Some("perl".into()));
        assert_eq!(started_by_env("#!/usr/bin/env -S -u HOME -C /tmp perl -w\n"), Some("perl".into()));
        assert_eq!(started_by_env("#!/usr/bin/env --split-string=perl -w\n"), Some("perl".into()));
        assert_eq!(started_by_env("#!/usr/bin/env\n"), Some("".into()));
        assert_eq!(started_by_env("#!/bin/sh env\n"), None);
    }
}
