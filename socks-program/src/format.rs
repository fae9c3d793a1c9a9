//! For which machine an ELF file is.

use std::fmt;

pub(crate) const MAGIC: &[u8] = b"\x7fELF";
pub(crate) const CLASS_32: u8 = 1;
const CLASS_64: u8 = 2;
const LITTLE: u8 = 1;
pub(crate) const BIG: u8 = 2;

const X86: u16 = 3;
const POWERPC64: u16 = 21;
const S390: u16 = 22;
const ARM: u16 = 40;
const X86_64: u16 = 62;
const AARCH64: u16 = 183;
const RISC_V: u16 = 243;

/// What two ELF files must have in common to live in one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    class: u8,
    data: u8,
    machine: u16,
}

impl Format {
    /// The format of this very program, and so of the library built with it.
    pub const OURS: Format = Format {
        class: if cfg!(target_pointer_width = "32") { CLASS_32 } else { CLASS_64 },
        data: if cfg!(target_endian = "big") { BIG } else { LITTLE },
        machine: if cfg!(target_arch = "x86_64") {
            X86_64
        } else if cfg!(target_arch = "aarch64") {
            AARCH64
        } else if cfg!(target_arch = "x86") {
            X86
        } else if cfg!(target_arch = "arm") {
            ARM
        } else if cfg!(any(target_arch = "riscv64", target_arch = "riscv32")) {
            RISC_V
        } else if cfg!(target_arch = "powerpc64") {
            POWERPC64
        } else if cfg!(target_arch = "s390x") {
            S390
        } else {
            0
        },
    };

    /// Reads the format from the beginning of a file; `None` if that is no ELF file.
    pub fn of(head: &[u8]) -> Option<Format> {
        let head: &[u8; 20] = head.first_chunk()?;
        let [_, _, _, _, class, data, .., high, low] = *head;
        let machine = [high, low];
        let machine = if data == BIG { u16::from_be_bytes(machine) } else { u16::from_le_bytes(machine) };
        head.starts_with(MAGIC).then_some(Format { class, data, machine })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = if self.class == CLASS_32 { "32" } else { "64" };
        match self.machine {
            X86_64 => write!(out, "{bits}-bit x86-64"),
            X86 => write!(out, "{bits}-bit x86"),
            AARCH64 => write!(out, "{bits}-bit ARM64"),
            ARM => write!(out, "{bits}-bit ARM"),
            RISC_V => write!(out, "{bits}-bit RISC-V"),
            POWERPC64 => write!(out, "{bits}-bit PowerPC"),
            S390 => write!(out, "{bits}-bit s390"),
            other => write!(out, "{bits}-bit machine {other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_that_of_this_test_program() {
        let program = std::fs::read("/proc/self/exe").unwrap();
        assert_eq!(Format::of(&program), Some(Format::OURS));
    }

    #[test]
    fn other_files_have_no_format() {
        assert_eq!(Format::of(b""), None);
        assert_eq!(Format::of(b"\x7fELF"), None);
        assert_eq!(Format::of(b"#!/bin/sh\necho a long enough script\n"), None);
    }

    #[test]
    fn a_format_is_named() {
        let mut head = [0; 20];
        head[..6].copy_from_slice(b"\x7fELF\x01\x01");
        head[18] = 3;
        assert_eq!(Format::of(&head).unwrap().to_string(), "32-bit x86");
        head[5] = 2;
        head[18..].copy_from_slice(&[0, 8]);
        assert_eq!(Format::of(&head).unwrap().to_string(), "32-bit machine 8");
    }
}
