//! A writer is stopped after every single instruction of an insert: the file as it stands there, which is what
//! SIGKILL would leave, is a table in order that still takes the name.

#![cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]

mod scratch;

use std::collections::HashSet;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::ptr;

use scratch::Scratch;
use socks_names::{Range, Table};

fn range() -> Range {
    Range::new(Ipv4Addr::new(10, 0, 0, 0), 24).unwrap()
}

/// A table with some names, in a file.
fn table_of(path: &Path, names: u32) -> Table {
    let table = Table::open(path, range()).unwrap();
    for number in 1..=names {
        assert_eq!(table.insert(format!("host-{number}").as_bytes()).unwrap(), number);
    }
    table
}

/// A process that waits to be traced and then inserts one name.
fn writer(table: &Table, name: &[u8]) -> i32 {
    // SAFETY: the child does nothing but stop, insert, which neither allocates nor locks, and end.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: these calls take numbers only.
        unsafe {
            libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0);
            libc::raise(libc::SIGSTOP);
        }
        let status = i32::from(table.insert(name).is_err());
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(status) };
    }
    child
}

fn wait(child: i32) -> i32 {
    let mut status = 0;
    // SAFETY: waits for our own child.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    status
}

/// Lets the child do one instruction; false once it has ended.
fn step(child: i32) -> bool {
    // SAFETY: the child is stopped and ours to trace.
    let stepped = unsafe { libc::ptrace(libc::PTRACE_SINGLESTEP, child, ptr::null_mut::<u8>(), 0) };
    assert_eq!(stepped, 0, "{}", std::io::Error::last_os_error());
    let status = wait(child);
    if libc::WIFEXITED(status) {
        assert_eq!(libc::WEXITSTATUS(status), 0);
        return false;
    }
    assert!(libc::WIFSTOPPED(status) && libc::WSTOPSIG(status) == libc::SIGTRAP, "{status:x}");
    true
}

/// What another process finds if the writer is killed here.
fn check(image: &[u8], copy: &Path, names: u32, name: &[u8]) {
    fs::write(copy, image).unwrap();
    fs::set_permissions(copy, fs::Permissions::from_mode(0o600)).unwrap();
    let table = Table::open(copy, range()).unwrap();
    let before: Vec<(u32, Vec<u8>)> = table.iter().map(|(index, name)| (index, name.to_vec())).collect();
    let index = table.insert(name).unwrap();
    assert_eq!(table.name(index), Some(name));
    assert!(before.iter().all(|(index, name)| table.name(*index) == Some(name)));
    let other = table.insert(b"other").unwrap();
    assert_ne!(index, other);
    for number in 1..=names {
        assert_eq!(table.find(format!("host-{number}").as_bytes()), Some(number));
    }
    let held: Vec<_> = table.iter().map(|(_, name)| name).collect();
    let distinct: HashSet<_> = held.iter().collect();
    assert_eq!(held.len(), distinct.len());
    assert!(distinct.contains(&name) && distinct.contains(&&b"other"[..]));
}

/// Inserts a name into a table of some names, one instruction at a time.
fn kill_everywhere(names: u32, name: &[u8]) {
    let scratch = Scratch::new();
    let (path, copy) = (scratch.join("table"), scratch.join("copy"));
    let table = table_of(&path, names);
    let child = writer(&table, name);
    let status = wait(child);
    if !libc::WIFSTOPPED(status) {
        eprintln!("SKIPPED: ptrace(2) is not permitted here");
        return;
    }
    let mut checked = Vec::new();
    let mut images = 0;
    while step(child) {
        let image = fs::read(&path).unwrap();
        if image != checked {
            check(&image, &copy, names, name);
            checked = image;
            images += 1;
        }
    }
    assert!(images > 1, "the writer was never seen writing");
}

#[test]
fn killed_while_inserting_the_first_name() {
    kill_everywhere(0, b"example.org");
}

#[test]
fn killed_while_inserting_among_others() {
    kill_everywhere(40, b"a-rather-long-name-of-a-host.in-some-domain.example.org");
}

#[test]
fn killed_while_the_table_grows() {
    kill_everywhere(61, b"example.org");
}
