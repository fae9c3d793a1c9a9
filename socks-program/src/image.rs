//! What an ELF file's headers say about preloading: loader, and whether Go made it.
//!
//! Only the headers are read, by position, so that a browser of 200 MB costs what `true` costs. What the kernel would not
//! execute is [`Malformed`], and nothing else is: whatever runs must be judged.

use crate::format::{BIG, CLASS_32, MAGIC};
use crate::text::Text;

/// Bytes to be read by position.
pub trait Bytes {
    /// Fills as much of the buffer as there is from this position on, and says how much that was.
    fn read(&self, offset: u64, buffer: &mut [u8]) -> usize;
}

impl Bytes for [u8] {
    fn read(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        buffer.iter_mut().zip(rest).map(|(to, from)| *to = *from).count()
    }
}

/// The kernel would not execute such a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// The headers of an ELF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    /// The file can be executed or loaded at all: neither object file nor core dump.
    pub is_loadable: bool,
    /// It is a shared object (or a position-independent executable).
    pub is_shared: bool,
    /// The dynamic loader it asks for; `None` if it is statically linked.
    pub loader: Option<Text>,
    /// It holds code made by the Go compiler.
    pub holds_go: bool,
}

impl Image {
    /// Reads the headers.
    ///
    /// # Errors
    /// [`Malformed`] for what is no ELF file that the kernel would execute, or the loader load.
    pub fn read<B: Bytes + ?Sized>(bytes: &B) -> Result<Image, Malformed> {
        let header = Header::read(bytes)?;
        let mut image = Image {
            is_loadable: matches!(header.kind, EXECUTABLE | SHARED),
            is_shared: header.kind == SHARED,
            loader: None,
            holds_go: has_go_section(bytes, &header),
        };
        for index in 0..header.segments {
            let segment = header.segment(bytes, index)?;
            match segment.kind {
                INTERPRETER if image.loader.is_none() => image.loader = Some(loader(bytes, &segment)?),
                NOTES => image.holds_go |= has_go_note(bytes, &header, &segment),
                _ => {}
            }
        }
        Ok(image)
    }
}

const EXECUTABLE: u16 = 2;
const SHARED: u16 = 3;
const INTERPRETER: u32 = 3;
const NOTES: u32 = 4;

/// Where the fields stand that depend on the class; elf(5).
struct Layout {
    /// Bytes of an address or offset.
    word: usize,
    /// e_phoff; e_shoff follows.
    header_offsets: usize,
    /// e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx.
    header_counts: usize,
    /// Of a program header: its size, p_offset, p_filesz.
    segment: (usize, usize, usize),
    /// Of a section header: its size, sh_offset; sh_size follows.
    section: (usize, usize),
}

const LAYOUT_32: Layout =
    Layout { word: 4, header_offsets: 28, header_counts: 42, segment: (32, 4, 16), section: (40, 16) };
const LAYOUT_64: Layout =
    Layout { word: 8, header_offsets: 32, header_counts: 54, segment: (56, 8, 32), section: (64, 24) };

struct Header {
    layout: &'static Layout,
    is_big: bool,
    kind: u16,
    segments: u16,
    segment_table: u64,
    section_table: u64,
    section_size: u16,
    sections: u16,
    names: u16,
}

/// A part of the file, as a program header describes it.
struct Segment {
    kind: u32,
    offset: u64,
    size: u64,
}

impl Header {
    fn read<B: Bytes + ?Sized>(bytes: &B) -> Result<Header, Malformed> {
        // As in the kernel, what the file lacks of its header is zero.
        let mut head = [0; 64];
        bytes.read(0, &mut head);
        let [_, _, _, _, class, data, ..] = head;
        if !head.starts_with(MAGIC) {
            return Err(Malformed);
        }
        let layout = if class == CLASS_32 { &LAYOUT_32 } else { &LAYOUT_64 };
        let is_big = data == BIG;
        let word = |at| number(&head, at, layout.word, is_big);
        let half = |at| number(&head, at, 2, is_big) as u16;
        let count = |nth: usize| half(layout.header_counts + 2 * nth);
        let header = Header {
            layout,
            is_big,
            kind: half(16),
            segments: count(1),
            segment_table: word(layout.header_offsets),
            section_table: word(layout.header_offsets + layout.word),
            section_size: count(2),
            sections: count(3),
            names: count(4),
        };
        let is_sane = usize::from(count(0)) == layout.segment.0 && header.segments > 0;
        let fits = usize::from(header.segments) * layout.segment.0 <= MOST_SEGMENT_BYTES;
        if is_sane && fits { Ok(header) } else { Err(Malformed) }
    }

    fn segment<B: Bytes + ?Sized>(&self, bytes: &B, index: u16) -> Result<Segment, Malformed> {
        let (size, offset_at, size_at) = self.layout.segment;
        let mut buffer = [0; 56];
        let entry = buffer.get_mut(..size).ok_or(Malformed)?;
        let at = self.segment_table.checked_add(u64::from(index) * size as u64).ok_or(Malformed)?;
        if bytes.read(at, entry) < size {
            return Err(Malformed);
        }
        let word = |at| number(entry, at, self.layout.word, self.is_big);
        Ok(Segment {
            kind: number(entry, 0, 4, self.is_big) as u32,
            offset: word(offset_at),
            size: word(size_at),
        })
    }

    /// The names of the sections, as a part of the file. A file without readable sections runs all the same.
    fn section_names<B: Bytes + ?Sized>(&self, bytes: &B) -> Option<(u64, u64)> {
        let (size, offset_at) = self.layout.section;
        if usize::from(self.section_size) != size || self.names >= self.sections {
            return None;
        }
        let mut buffer = [0; 64];
        let entry = buffer.get_mut(..size)?;
        let at = self.section_table.checked_add(u64::from(self.names) * size as u64)?;
        let word = |entry: &[u8], at| number(entry, at, self.layout.word, self.is_big);
        (bytes.read(at, entry) == size)
            .then(|| (word(entry, offset_at), word(entry, offset_at + self.layout.word)))
    }
}

/// The kernel takes no larger table.
const MOST_SEGMENT_BYTES: usize = 65536;

/// An unsigned number of `size` bytes; zero where the bytes end before.
fn number(bytes: &[u8], at: usize, size: usize, is_big: bool) -> u64 {
    let bytes = bytes.get(at..).and_then(|rest| rest.get(..size)).unwrap_or_default();
    let append = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    if is_big { bytes.iter().fold(0, append) } else { bytes.iter().rev().fold(0, append) }
}

/// The path in a segment of that kind, which the kernel wants to end in NUL. Longer paths than we keep are told by their
/// beginning.
fn loader<B: Bytes + ?Sized>(bytes: &B, segment: &Segment) -> Result<Text, Malformed> {
    const PATH_MAX: u64 = 4096;
    if !(2..=PATH_MAX).contains(&segment.size) {
        return Err(Malformed);
    }
    let mut last = [1];
    let end = segment.offset.checked_add(segment.size - 1).ok_or(Malformed)?;
    if bytes.read(end, &mut last) < 1 || last != [0] {
        return Err(Malformed);
    }
    let mut path = [0; 512];
    let length = path.len().min(segment.size as usize);
    bytes.read(segment.offset, path.get_mut(..length).ok_or(Malformed)?);
    Ok(Text::new(&path))
}

/// The build id note that the Go linker writes under the name "Go"; it survives strip(1).
fn has_go_note<B: Bytes + ?Sized>(bytes: &B, header: &Header, segment: &Segment) -> bool {
    /// More than any linker writes: a hostile file must not keep us busy.
    const MOST_NOTES: usize = 64;
    const HEAD: u64 = 12;
    let padded = |size: u64| size.next_multiple_of(4);
    let (mut at, mut left) = (segment.offset, segment.size);
    for _ in 0..MOST_NOTES {
        let mut note = [0; HEAD as usize + 4];
        if left < HEAD || bytes.read(at, &mut note) < HEAD as usize {
            return false;
        }
        let field = |at| number(&note, at, 4, header.is_big);
        let (name_size, size) = (field(0), field(4));
        if note.ends_with(b"Go\0\0") && (3..=4).contains(&name_size) {
            return true;
        }
        let whole = HEAD + padded(name_size) + padded(size);
        let (Some(next), Some(rest)) = (at.checked_add(whole), left.checked_sub(whole)) else { return false };
        (at, left) = (next, rest);
    }
    false
}

/// The section with the Go version and modules, by its name among the names of all sections.
fn has_go_section<B: Bytes + ?Sized>(bytes: &B, header: &Header) -> bool {
    const NAME: &[u8] = b".go.buildinfo\0";
    /// More than executables have; the names are read in pieces that overlap by one name.
    const MOST: u64 = 32 * 1024;
    const PIECE: usize = 512;
    let Some((offset, size)) = header.section_names(bytes) else { return false };
    let mut done = 0;
    while done < size.min(MOST) {
        let mut piece = [0; PIECE];
        let Some(at) = offset.checked_add(done) else { return false };
        let wanted = usize::try_from(size - done).unwrap_or(PIECE).min(PIECE);
        let got = bytes.read(at, piece.get_mut(..wanted).unwrap_or_default());
        let names = piece.get(..got).unwrap_or_default();
        if names.windows(NAME.len()).any(|window| window == NAME) {
            return true;
        }
        if got < PIECE {
            return false;
        }
        done += (PIECE - NAME.len()) as u64;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file of 64 bits made of these segments, whose contents follow the headers.
    fn file(kind: u16, segments: &[(u32, &[u8])]) -> Vec<u8> {
        let mut file = vec![0; 64];
        file[..6].copy_from_slice(b"\x7fELF\x02\x01");
        file[16..18].copy_from_slice(&kind.to_le_bytes());
        file[32..40].copy_from_slice(&64_u64.to_le_bytes());
        file[54..56].copy_from_slice(&56_u16.to_le_bytes());
        file[56..58].copy_from_slice(&(segments.len() as u16).to_le_bytes());
        let mut offset = 64 + 56 * segments.len() as u64;
        for (kind, content) in segments {
            let mut entry = vec![0; 56];
            entry[..4].copy_from_slice(&kind.to_le_bytes());
            entry[8..16].copy_from_slice(&offset.to_le_bytes());
            entry[32..40].copy_from_slice(&(content.len() as u64).to_le_bytes());
            file.extend(entry);
            offset += content.len() as u64;
        }
        segments.iter().for_each(|(_, content)| file.extend(*content));
        file
    }

    fn note(name: &[u8], content: &[u8]) -> Vec<u8> {
        let mut note = Vec::new();
        for number in [name.len() as u32, content.len() as u32, 4] {
            note.extend(number.to_le_bytes());
        }
        for part in [name, content] {
            note.extend(part);
            note.resize(note.len().next_multiple_of(4), 0);
        }
        note
    }

    fn with_section_names(mut file: Vec<u8>, names: &[u8]) -> Vec<u8> {
        let at = file.len() as u64;
        let mut section = vec![0; 64];
        section[24..32].copy_from_slice(&(at + 64).to_le_bytes());
        section[32..40].copy_from_slice(&(names.len() as u64).to_le_bytes());
        file[40..48].copy_from_slice(&at.to_le_bytes());
        file[58..60].copy_from_slice(&64_u16.to_le_bytes());
        file[60..62].copy_from_slice(&1_u16.to_le_bytes());
        [file, section, names.to_vec()].concat()
    }

    const LOADER: (u32, &[u8]) = (INTERPRETER, b"/lib64/ld-linux-x86-64.so.2\0");

    fn read(file: &[u8]) -> Result<Image, Malformed> {
        Image::read(file)
    }

    #[test]
    fn a_loader_is_named_or_missing() {
        let dynamic = read(&file(SHARED, &[(1, b""), LOADER])).unwrap();
        assert_eq!(dynamic.loader.unwrap().as_bytes(), b"/lib64/ld-linux-x86-64.so.2");
        assert!(dynamic.is_loadable && dynamic.is_shared && !dynamic.holds_go);
        let fixed = read(&file(EXECUTABLE, &[(1, b"")])).unwrap();
        assert!(fixed.is_loadable && !fixed.is_shared && fixed.loader.is_none());
        assert!(!read(&file(1, &[(1, b"")])).unwrap().is_loadable);
    }

    #[test]
    fn the_first_loader_counts() {
        let two = file(SHARED, &[(INTERPRETER, b"/first\0"), LOADER]);
        assert_eq!(read(&two).unwrap().loader.unwrap().as_bytes(), b"/first");
    }

    #[test]
    fn a_loader_without_an_end_is_none() {
        for path in [&b""[..], b"\0", b"/lib/loader", &[b'x'; 4097]] {
            assert_eq!(read(&file(SHARED, &[(INTERPRETER, path)])), Err(Malformed), "{path:?}");
        }
        let long = [vec![b'x'; 4095], vec![0]].concat();
        assert_eq!(
            read(&file(SHARED, &[(INTERPRETER, &long)])).unwrap().loader.unwrap().as_bytes().len(),
            511
        );
    }

    #[test]
    fn go_is_found_by_its_note() {
        let go = note(b"Go\0\0", b"build id");
        let notes = [note(b"GNU\0", &[7; 20]), go.clone()].concat();
        assert!(read(&file(EXECUTABLE, &[(NOTES, &notes)])).unwrap().holds_go);
        assert!(
            read(&file(EXECUTABLE, &[LOADER, (NOTES, &note(b"GNU\0", b"Go\0\0")), (NOTES, &go)]))
                .unwrap()
                .holds_go
        );
        for other in [
            note(b"GNU\0", b"Go\0\0"),
            note(b"Gone\0", b"x"),
            note(b"", b"Go"),
            vec![0xff; 64],
            vec![0; 4000],
        ] {
            assert!(!read(&file(EXECUTABLE, &[(NOTES, &other)])).unwrap().holds_go, "{other:?}");
        }
    }

    #[test]
    fn go_is_found_by_its_section_wherever_its_name_stands() {
        let program = file(SHARED, &[LOADER]);
        for before in [0, 1, 490, 500, 511, 512, 1000, 5000] {
            let names = [vec![b'.'; before], b".go.buildinfo\0.text\0".to_vec()].concat();
            assert!(read(&with_section_names(program.clone(), &names)).unwrap().holds_go, "{before}");
        }
        assert!(!read(&with_section_names(program, b"\0.text\0.go.build\0")).unwrap().holds_go);
    }

    #[test]
    fn every_truncation_is_an_answer() {
        let notes = [note(b"GNU\0", &[7; 20]), note(b"Go\0\0", b"build id")].concat();
        let whole = with_section_names(file(SHARED, &[LOADER, (NOTES, &notes)]), b"\0.text\0.go.buildinfo\0");
        assert!(read(&whole).unwrap().holds_go);
        for length in 0..whole.len() {
            if let Ok(image) = read(&whole[..length]) {
                assert_eq!(image.loader.unwrap().as_bytes(), b"/lib64/ld-linux-x86-64.so.2", "{length}");
            }
        }
    }

    #[test]
    fn every_hostile_byte_is_an_answer() {
        let notes = note(b"Go\0\0", b"build id");
        let whole = with_section_names(file(SHARED, &[LOADER, (NOTES, &notes)]), b"\0.go.buildinfo\0");
        for at in 0..whole.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut file = whole.clone();
                file[at] = value;
                let _ = read(&file);
                let end = file.len().min(at + 8);
                file[at..end].fill(value);
                let _ = read(&file);
            }
        }
    }

    #[test]
    fn tables_the_kernel_refuses_are_malformed() {
        assert_eq!(read(&file(SHARED, &[])), Err(Malformed));
        let mut file = file(SHARED, &[LOADER]);
        file[54] = 57;
        assert_eq!(read(&file), Err(Malformed));
        file[54] = 56;
        file[56..58].copy_from_slice(&2000_u16.to_le_bytes());
        assert_eq!(read(&file), Err(Malformed));
    }

    #[test]
    fn files_of_32_bits_and_the_other_byte_order_are_read_too() {
        let mut file = vec![0; 52 + 32];
        file[..6].copy_from_slice(b"\x7fELF\x01\x02");
        file[16..18].copy_from_slice(&SHARED.to_be_bytes());
        file[28..32].copy_from_slice(&52_u32.to_be_bytes());
        file[42..46].copy_from_slice(&[0, 32, 0, 1]);
        file[52..56].copy_from_slice(&INTERPRETER.to_be_bytes());
        file[56..60].copy_from_slice(&84_u32.to_be_bytes());
        file[68..72].copy_from_slice(&7_u32.to_be_bytes());
        file.extend(b"/ld.so\0");
        assert_eq!(read(&file).unwrap().loader.unwrap().as_bytes(), b"/ld.so");
    }
}
