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
use std::process::Command;
use std::{env, io, mem, ptr, thread};

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
            && libc::mount(c"none".as_ptr(), c"/".as_ptr(), c"none".as_ptr(), private, ptr::null()) == 0
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

/// Lets madvise(2) know as little in this thread as before Linux 5.14.
fn forget_populate() {
    const ERRNO: u32 = libc::SECCOMP_RET_ERRNO | libc::EINVAL as u32;
    let load = |offset: u32| (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, offset);
    let equal = |value: u32, yes: u8, no: u8| (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, yes, no, value);
    let answer = |value: u32| (libc::BPF_RET | libc::BPF_K, 0, 0, value);
    let mut filter = [
        load(mem::offset_of!(libc::seccomp_data, nr) as u32),
        equal(libc::SYS_madvise as u32, 0, 3),
        load(mem::offset_of!(libc::seccomp_data, args) as u32 + 2 * 8),
        equal(libc::MADV_POPULATE_READ as u32, 2, 0),
        equal(libc::MADV_POPULATE_WRITE as u32, 1, 0),
        answer(libc::SECCOMP_RET_ALLOW),
        answer(ERRNO),
    ]
    .map(|(code, jt, jf, k)| libc::sock_filter { code: code as u16, jt, jf, k });
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the program and its filter are alive during the calls, which concern this thread alone.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program), 0);
    }
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
    in_tmpfs(256, grow_until_full);
}

#[test]
fn no_room_to_grow_on_an_old_kernel() {
    in_tmpfs(256, |directory| {
        forget_populate();
        grow_until_full(directory);
    });
}

#[test]
fn no_growth_into_another_file_on_an_old_kernel() {
    in_tmpfs(512, |directory| {
        forget_populate();
        let path = directory.join("table");
        let table = Table::open(&path, Range::default()).unwrap();
        fs::remove_file(&path).unwrap();
        drop(Table::open(&path, Range::default()).unwrap());
        let full = (1..100_u32).find_map(|number| table.insert(&number.to_be_bytes()).err());
        assert!(matches!(full, Some(Error::Storage(_))), "{full:?}");
    });
}

fn grow_until_full(directory: &Path) {
    let table = Table::open(&directory.join("table"), Range::default()).unwrap();
    let full = (1..=131_000_u32).find_map(|number| {
        let inserted = table.insert(&number.to_be_bytes());
        inserted.err().map(|error| (number, error))
    });
    let (number, error) = full.unwrap();
    assert!(matches!(&error, Error::Storage(error) if error.kind() == io::ErrorKind::StorageFull), "{error}");
    assert!(number > 400, "{number}");
    for known in 1..number {
        assert_eq!(table.insert(&known.to_be_bytes()).unwrap(), known);
        assert_eq!(table.name(known), Some(&known.to_be_bytes()[..]));
    }
    assert!((number..131_072).all(|unknown| table.name(unknown).is_none()));
    assert_eq!(table.iter().count() as u32, number - 1);
    let again = Table::open(&directory.join("table"), Range::default()).unwrap();
    assert!((1..number).all(|known| again.find(&known.to_be_bytes()) == Some(known)));
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

/// Where a file that grows past RLIMIT_FSIZE would end the process with SIGXFSZ.
#[test]
fn a_limit_on_the_size_of_files() {
    let Some(directory) = env::var_os(LIMITED) else { return under_a_limit() };
    let opened = Table::open(&Path::new(&directory).join("table"), Range::default());
    assert!(matches!(opened, Err(Error::Storage(_))), "{opened:?}");
}

const LIMITED: &str = "TEST_LIMITED_DIRECTORY";

fn under_a_limit() {
    let scratch = Scratch::new();
    let output = Command::new("sh")
        .args(["-c", "ulimit -f 100; exec \"$0\" --exact a_limit_on_the_size_of_files"])
        .arg(env::current_exe().unwrap())
        .env(LIMITED, &*scratch)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(fs::read_dir(&*scratch).unwrap().count(), 0);
}
