//! A file that is no table, or a damaged one, is refused or lived with; it never ends the process.

mod scratch;

use std::ffi::CString;
use std::fs::{self, Permissions};
use std::net::Ipv4Addr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use scratch::{Numbers, Scratch};
use socks_names::{Error, Range, Table};

/// The parts of the file of a /28: a header, 16 bucket heads, 16 slots.
const IDENTITY: usize = 32;
const HEADER: usize = 64;
const HEADS: usize = 16 * 4;
const SLOT: usize = 264;

fn range() -> Range {
    Range::new(Ipv4Addr::new(10, 0, 0, 16), 28).unwrap()
}

/// The bytes of a table of ten names.
fn image(scratch: &Path) -> Vec<u8> {
    let path = scratch.join("image");
    let table = Table::open(&path, range()).unwrap();
    for number in 1..=10 {
        table.insert(format!("host-{number}.example.org").as_bytes()).unwrap();
    }
    fs::read(&path).unwrap()
}

fn open(path: &Path, bytes: &[u8]) -> Result<Table, Error> {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
    Table::open(path, range())
}

/// Does with a table whatever one can do.
fn exercise(table: &Table) {
    for number in 1..=20 {
        let name = format!("host-{number}.example.org");
        if let Ok(index) = table.insert(name.as_bytes()) {
            assert_eq!(table.name(index), Some(name.as_bytes()));
        }
        table.find(name.as_bytes());
    }
    for index in (0..40).chain([u32::MAX]) {
        assert!(table.name(index).is_none_or(|name| (1..=255).contains(&name.len())));
    }
    assert!(table.iter().count() <= 16);
}

#[test]
fn random_bytes_are_no_table() {
    let scratch = Scratch::new();
    let length = image(&scratch).len();
    let mut numbers = Numbers::new(1);
    for _ in 0..100 {
        let bytes: Vec<u8> = (0..length).map(|_| numbers.next() as u8).collect();
        assert!(matches!(open(&scratch.join("table"), &bytes), Err(Error::Format)));
    }
    assert!(matches!(open(&scratch.join("table"), &vec![0; length]), Err(Error::Format)));
}

#[test]
fn a_truncated_or_lengthened_file_is_no_table() {
    let scratch = Scratch::new();
    let mut bytes = image(&scratch);
    for length in (0..bytes.len()).step_by(61) {
        assert!(matches!(open(&scratch.join("table"), &bytes[..length]), Err(Error::Size { .. })));
    }
    bytes.push(0);
    assert!(matches!(open(&scratch.join("table"), &bytes), Err(Error::Size { .. })));
}

#[test]
fn every_flipped_bit_of_the_header() {
    let scratch = Scratch::new();
    let bytes = image(&scratch);
    for bit in 0..HEADER * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        match open(&scratch.join("table"), &bytes) {
            Ok(table) => {
                assert!(bit / 8 >= IDENTITY, "bit {bit} was not noticed");
                exercise(&table);
            }
            Err(Error::Format | Error::Damaged) => {}
            Err(error) => panic!("bit {bit}: {error}"),
        }
    }
}

#[test]
fn random_bytes_behind_a_good_header() {
    let scratch = Scratch::new();
    let mut numbers = Numbers::new(2);
    let image = image(&scratch);
    for _ in 0..2000 {
        let mut bytes = image.clone();
        bytes[HEADER..].fill_with(|| numbers.next() as u8);
        exercise(&open(&scratch.join("table"), &bytes).unwrap());
    }
}

#[test]
fn links_and_lengths_that_nearly_fit() {
    let scratch = Scratch::new();
    let mut numbers = Numbers::new(3);
    let image = image(&scratch);
    for _ in 0..2000 {
        let mut bytes = image.clone();
        for head in bytes[HEADER..HEADER + HEADS].chunks_exact_mut(4) {
            head.copy_from_slice(&(numbers.below(18) as u32).to_ne_bytes());
        }
        for slot in bytes[HEADER + HEADS..].chunks_exact_mut(SLOT) {
            slot[..4].copy_from_slice(&(numbers.below(18) as u32).to_ne_bytes());
            slot[4] = [0, 1, slot[4], 255][numbers.below(4) as usize];
            slot[8] = numbers.below(3) as u8;
        }
        exercise(&open(&scratch.join("table"), &bytes).unwrap());
    }
}

#[test]
fn random_bytes_in_a_table_in_use() {
    let scratch = Scratch::new();
    let mut numbers = Numbers::new(4);
    let (path, image) = (scratch.join("table"), image(&scratch));
    let table = open(&path, &image).unwrap();
    for _ in 0..500 {
        let mut bytes = image.clone();
        bytes.fill_with(|| numbers.next() as u8);
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, &bytes, 0).unwrap();
        for index in 0..40 {
            assert!(table.name(index).is_none_or(|name| (1..=255).contains(&name.len())));
        }
        assert!(table.iter().count() <= 16);
        let _ = table.insert(b"example.org");
    }
}

#[test]
fn a_table_of_another_range() {
    let scratch = Scratch::new();
    image(&scratch);
    let sibling = Range::new(Ipv4Addr::new(10, 0, 0, 32), 28).unwrap();
    assert!(matches!(Table::open(&scratch.join("image"), sibling), Err(Error::OtherRange { .. })));
    assert!(matches!(Table::open(&scratch.join("image"), Range::default()), Err(Error::Size { .. })));
}

#[test]
fn a_file_open_to_others() {
    let scratch = Scratch::new();
    image(&scratch);
    for mode in [0o640, 0o604, 0o601, 0o660, 0o777] {
        fs::set_permissions(scratch.join("image"), Permissions::from_mode(mode)).unwrap();
        let opened = Table::open(&scratch.join("image"), range());
        assert!(matches!(opened, Err(Error::Mode(found)) if found == mode), "{mode:o}");
    }
}

#[test]
fn a_file_of_another_user() {
    let scratch = Scratch::new();
    image(&scratch);
    if chown(scratch.join("image"), Some(65_534), None).is_err() {
        eprintln!("SKIPPED: only root can give a file away");
        return;
    }
    let opened = Table::open(&scratch.join("image"), range());
    assert!(matches!(opened, Err(Error::Owner { found: 65_534, .. })));
}

#[test]
fn a_symbolic_link_a_pipe_and_a_directory() {
    let scratch = Scratch::new();
    image(&scratch);
    let (link, dangling, pipe) = (scratch.join("link"), scratch.join("dangling"), scratch.join("pipe"));
    symlink(scratch.join("image"), &link).unwrap();
    symlink(scratch.join("nothing"), &dangling).unwrap();
    let name = CString::new(pipe.as_os_str().as_bytes()).unwrap();
    // SAFETY: the name ends with a zero byte.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    for path in [&link, &dangling, &scratch.to_path_buf(), &scratch.join("missing/table")] {
        assert!(matches!(Table::open(path, range()), Err(Error::Open(_))), "{path:?}");
    }
    assert!(matches!(Table::open(&pipe, range()), Err(Error::FileType)));
    assert!(!scratch.join("nothing").exists());
}
