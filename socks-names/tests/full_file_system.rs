//! A file system without room is an error, never SIGBUS.
//!
//! The file system is a tmpfs in a mount namespace that only one thread sees; that takes root.

mod scratch;

use std::ffi::CString;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::{io, ptr, thread};

use scratch::Scratch;
use socks_names::{Error, Range, Table};

/// Runs a test in a directory that is a file system of so many KiB, in a thread and namespace of its own.
fn in_tmpfs(kibibytes: u32, test: fn(&Path)) {
    let scratch = Scratch::new();
    let inside = || match mount(&scratch, kibibytes) {
        Ok(()) => test(&scratch),
        Err(error) => eprintln!("SKIPPED: no tmpfs of our own can be mounted: {error}"),
    };
    thread::scope(|scope| scope.spawn(inside).join()).unwrap();
}

fn mount(directory: &Path, kibibytes: u32) -> io::Result<()> {
    let directory = CString::new(directory.as_os_str().as_bytes())?;
    let options = CString::new(format!("size={kibibytes}k,mode=0700"))?;
    let private = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: all strings end with a zero byte; the namespace is this thread's alone.
    let done = unsafe {
        libc::unshare(libc::CLONE_NEWNS) == 0
            && libc::mount(ptr::null(), c"/".as_ptr(), ptr::null(), private, ptr::null()) == 0
            && libc::mount(
                c"tmpfs".as_ptr(),
                directory.as_ptr(),
                c"tmpfs".as_ptr(),
                0,
                options.as_ptr().cast(),
            ) == 0
    };
    if done { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Takes all the room that is left.
fn fill(directory: &Path) {
    let mut file = File::create(directory.join("filling")).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
}

#[test]
fn no_room_to_create_a_table() {
    in_tmpfs(64, |directory| {
        let opened = Table::open(&directory.join("table"), Range::default());
        assert!(matches!(opened, Err(Error::Storage(_))), "{opened:?}");
        assert_eq!(fs::read_dir(directory).unwrap().count(), 0);
    });
}

#[test]
fn no_room_to_grow() {
    in_tmpfs(256, |directory| {
        let table = Table::open(&directory.join("table"), Range::default()).unwrap();
        let full = (1..=131_000_u32).find_map(|number| {
            let inserted = table.insert(&number.to_be_bytes());
            inserted.err().map(|error| (number, error))
        });
        let (number, error) = full.unwrap();
        assert!(
            matches!(&error, Error::Storage(error) if error.kind() == io::ErrorKind::StorageFull),
            "{error}"
        );
        assert!(number > 400, "{number}");
        for known in 1..number {
            assert_eq!(table.insert(&known.to_be_bytes()).unwrap(), known);
            assert_eq!(table.name(known), Some(&known.to_be_bytes()[..]));
        }
        assert!((number..131_072).all(|unknown| table.name(unknown).is_none()));
        assert_eq!(table.iter().count() as u32, number - 1);
        let again = Table::open(&directory.join("table"), Range::default()).unwrap();
        assert!((1..number).all(|known| again.find(&known.to_be_bytes()) == Some(known)));
    });
}

#[test]
fn room_that_comes_back_is_used() {
    in_tmpfs(256, |directory| {
        let table = Table::open(&directory.join("table"), Range::default()).unwrap();
        fill(directory);
        let failed = (1..1000_u32).any(|number| table.insert(&number.to_be_bytes()).is_err());
        assert!(failed);
        fs::remove_file(directory.join("filling")).unwrap();
        table.insert(b"example.org").unwrap();
    });
}

/// A file of the right size whose header calls slots backed that are a hole.
#[test]
fn a_hole_where_the_header_says_there_is_none() {
    in_tmpfs(256, |directory| {
        let path = directory.join("table");
        drop(Table::open(&path, Range::default()).unwrap());
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&131_072_u32.to_ne_bytes(), 36).unwrap();
        fill(directory);
        let opened = Table::open(&path, Range::default());
        assert!(matches!(opened, Err(Error::Storage(_))), "{opened:?}");
    });
}

/// A file of the right size without any memory.
#[test]
fn a_file_that_is_all_hole() {
    in_tmpfs(64, |directory| {
        let path = directory.join("table");
        let file = File::create(&path).unwrap();
        file.set_len(64 + 65_536 + 131_072 * 264).unwrap();
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        fill(directory);
        let opened = Table::open(&path, Range::default());
        assert!(matches!(opened, Err(Error::Storage(_))), "{opened:?}");
    });
}
