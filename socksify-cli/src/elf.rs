//! What an ELF file's headers say about preloading: machine, loader, and whether Go made it.
//!
//! Only the headers are read, by position, so that a browser of 200 MB costs what `true` costs.

use object::elf;
use object::read::ReadCache;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::{Endianness, ReadRef};
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

#[cfg(target_pointer_width = "64")]
type NativeHeader = elf::FileHeader64<Endianness>;
#[cfg(target_pointer_width = "32")]
type NativeHeader = elf::FileHeader32<Endianness>;

/// What two ELF files must have in common to live in one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    class: u8,
    data: u8,
    machine: u16,
}

impl Format {
    /// Reads the format from the beginning of a file; `None` if that is no ELF file.
    pub(crate) fn of(head: &[u8]) -> Option<Format> {
        let head: &[u8; 20] = head.first_chunk()?;
        if !head.starts_with(&elf::ELFMAG) {
            return None;
        }
        let (class, data) = (head[4], head[5]);
        let machine = [head[18], head[19]];
        let big = data == elf::ELFDATA2MSB;
        let machine = if big { u16::from_be_bytes(machine) } else { u16::from_le_bytes(machine) };
        Some(Format { class, data, machine })
    }

    /// The format of this very program.
    pub(crate) fn ours() -> io::Result<Format> {
        let head = head(Path::new("/proc/self/exe"))?;
        Format::of(&head).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = if self.class == elf::ELFCLASS32 { "32" } else { "64" };
        match self.machine {
            elf::EM_X86_64 => write!(out, "{bits}-bit x86-64"),
            elf::EM_386 => write!(out, "{bits}-bit x86"),
            elf::EM_AARCH64 => write!(out, "{bits}-bit ARM64"),
            elf::EM_ARM => write!(out, "{bits}-bit ARM"),
            elf::EM_RISCV => write!(out, "{bits}-bit RISC-V"),
            elf::EM_PPC64 => write!(out, "{bits}-bit PowerPC"),
            elf::EM_S390 => write!(out, "{bits}-bit s390"),
            other => write!(out, "{bits}-bit machine {other}"),
        }
    }
}

/// The headers of an ELF file of our own format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    /// The file can be executed or loaded at all: neither object file nor core dump.
    pub(crate) is_loadable: bool,
    /// It is a shared object (or a position-independent executable).
    pub(crate) is_shared: bool,
    /// The dynamic loader it asks for; `None` if it is statically linked.
    pub(crate) loader: Option<PathBuf>,
    /// It holds code made by the Go compiler.
    pub(crate) holds_go: bool,
}

impl Image {
    /// Reads the headers of a file of [`Format::ours`].
    pub(crate) fn read(file: File) -> Result<Image, object::Error> {
        let data = &ReadCache::new(file);
        let header = NativeHeader::parse(data)?;
        let endian = header.endian()?;
        let kind = header.e_type(endian);
        Ok(Image {
            is_loadable: matches!(kind, elf::ET_EXEC | elf::ET_DYN),
            is_shared: kind == elf::ET_DYN,
            loader: loader(header, endian, data)?,
            holds_go: has_go_note(header, endian, data)? || has_go_section(header, endian, data),
        })
    }
}

fn loader<'data, R: ReadRef<'data>>(
    header: &NativeHeader,
    endian: Endianness,
    data: R,
) -> Result<Option<PathBuf>, object::Error> {
    for segment in header.program_headers(endian, data)? {
        if let Some(loader) = segment.interpreter(endian, data)? {
            return Ok(Some(PathBuf::from(OsStr::from_bytes(loader))));
        }
    }
    Ok(None)
}

/// The build id note that the Go linker writes under the name "Go"; it survives strip(1).
fn has_go_note<'data, R: ReadRef<'data>>(
    header: &NativeHeader,
    endian: Endianness,
    data: R,
) -> Result<bool, object::Error> {
    for segment in header.program_headers(endian, data)? {
        let Some(mut notes) = segment.notes(endian, data)? else { continue };
        while let Some(note) = notes.next()? {
            if note.name() == b"Go" {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The section with the Go version and modules. A file without readable sections runs all the same: no error.
///
/// The names are searched as one text: reading section by section would cost a system call for each.
fn has_go_section<'data, R: ReadRef<'data>>(header: &NativeHeader, endian: Endianness, data: R) -> bool {
    const NAME: &[u8] = b".go.buildinfo\0";
    let names = || {
        let sections = header.section_headers(endian, data).ok()?;
        let index = header.shstrndx(endian, data).ok()?;
        sections.get(usize::try_from(index).ok()?)?.data(endian, data).ok()
    };
    names().is_some_and(|names| names.windows(NAME.len()).any(|window| window == NAME))
}

/// The first bytes of a file, as many as the kernel looks at to tell what it is.
pub(crate) fn head(path: &Path) -> io::Result<Vec<u8>> {
    const BINPRM_BUF_SIZE: usize = 256;
    let mut head = Vec::with_capacity(BINPRM_BUF_SIZE);
    File::open(path)?.take(BINPRM_BUF_SIZE as u64).read_to_end(&mut head)?;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_program_is_of_our_format_and_hookable() {
        let program = std::env::current_exe().unwrap();
        assert_eq!(Format::of(&head(&program).unwrap()), Some(Format::ours().unwrap()));
        let image = Image::read(File::open(program).unwrap()).unwrap();
        assert!(image.is_loadable && !image.holds_go);
        assert!(image.loader.is_some());
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

    #[test]
    fn truncated_files_are_errors_not_panics() {
        let whole = std::fs::read("/proc/self/exe").unwrap();
        let path = std::env::temp_dir().join(format!("socksify-elf-{}", std::process::id()));
        for length in [0, 4, 19, 20, 63, 64, 100, 300, 1000] {
            std::fs::write(&path, &whole[..length]).unwrap();
            let _ = Image::read(File::open(&path).unwrap());
        }
        std::fs::remove_file(&path).unwrap();
    }
}
