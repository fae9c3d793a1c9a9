//! The first line of a script: which program the kernel starts for it.

/// What stands behind `#!`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interpreter<'a> {
    /// The program.
    pub path: &'a [u8],
    /// The rest of the line: the kernel hands it over as one argument.
    pub argument: &'a [u8],
}

impl<'a> Interpreter<'a> {
    /// Reads the first line as the kernel does; `None` if this is no script.
    pub fn of(head: &'a [u8]) -> Option<Interpreter<'a>> {
        let line = head.strip_prefix(b"#!")?;
        let line = line.split(|byte| matches!(byte, b'\n' | 0)).next()?.trim_ascii();
        let end = line.iter().position(|byte| is_blank(*byte)).unwrap_or(line.len());
        let (path, argument) = line.split_at_checked(end)?;
        (!path.is_empty()).then_some(Interpreter { path, argument: argument.trim_ascii() })
    }

    /// The program that env(1) starts, when the interpreter is env(1).
    pub fn started_by_env(&self) -> Option<&'a [u8]> {
        if self.path.rsplit(|byte| *byte == b'/').next() != Some(b"env") {
            return None;
        }
        let (words, splits) = self.env_arguments();
        let mut words =
            words.split(|byte| splits && is_blank(*byte)).filter(|word| !splits || !word.is_empty());
        while let Some(word) = words.next() {
            match word {
                b"-u" | b"--unset" | b"-C" | b"--chdir" => drop(words.next()),
                option if option.starts_with(b"-") => {}
                assignment if assignment.contains(&b'=') => {}
                _ => return Some(word),
            }
        }
        None
    }

    /// env's arguments: one, unless -S says to split it.
    fn env_arguments(&self) -> (&'a [u8], bool) {
        let split = [&b"--split-string="[..], b"--split-string", b"-S", b"-vS"]
            .iter()
            .find_map(|option| self.argument.strip_prefix(*option));
        split.map_or((self.argument, false), |words| (words, true))
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Interpreter<'_>> {
        Interpreter::of(line.as_bytes())
    }

    fn started_by_env(line: &str) -> Option<&str> {
        read(line).unwrap().started_by_env().map(|word| std::str::from_utf8(word).unwrap())
    }

    #[test]
    fn the_first_word_is_the_interpreter() {
        assert_eq!(read("#!/bin/sh\necho").unwrap().path, b"/bin/sh");
        assert_eq!(read("#! /bin/sh -e -u\n").unwrap().path, b"/bin/sh");
        assert_eq!(read("#!/bin/sh -e -u\n").unwrap().argument, b"-e -u");
        assert_eq!(read("#!/bin/sh").unwrap().path, b"/bin/sh");
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
        assert_eq!(started_by_env("#!/usr/bin/env python3\n"), Some("python3"));
        assert_eq!(started_by_env("#!/usr/bin/env -S python3 -u\n"), Some("python3"));
        assert_eq!(started_by_env("#!/usr/bin/env -S A=b --ignore-signal perl -w\n"), Some("perl"));
        assert_eq!(started_by_env("#!/usr/bin/env -S -u HOME -C /tmp perl -w\n"), Some("perl"));
        assert_eq!(started_by_env("#!/usr/bin/env --split-string=perl -w\n"), Some("perl"));
        assert_eq!(started_by_env("#!/usr/bin/env\n"), Some(""));
        assert_eq!(started_by_env("#!/bin/sh env\n"), None);
    }
}
