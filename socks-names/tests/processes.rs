//! Many processes share one table, and some are killed at random moments: every name has one index.
//!
//! The processes are this test binary again, started as [`writer`].

mod scratch;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::{env, fs, thread};

use scratch::{Numbers, Scratch};
use socks_names::{Range, Table};

const TABLE: &str = "TEST_TABLE";
const SEED: &str = "TEST_SEED";

const NAMES: u64 = 12_000;
const WRITERS: u64 = 8;
const KILLED: u64 = 15;

fn name(number: u64) -> String {
    format!("host-{number}.{}example.org", "sub.".repeat(number as usize % 50))
}

/// One of the processes: inserts all names in an order of its own, and tells the index of each.
#[test]
fn writer() {
    let Some(path) = env::var_os(TABLE) else { return };
    let mut numbers = Numbers::new(env::var(SEED).unwrap().parse().unwrap());
    let table = Table::open(Path::new(&path), Range::default()).unwrap();
    let mut order: Vec<u64> = (0..NAMES).collect();
    for last in (1..order.len()).rev() {
        order.swap(last, numbers.below(last as u64 + 1) as usize);
    }
    let mut out = std::io::stdout();
    for number in order {
        let index = table.insert(name(number).as_bytes()).unwrap();
        out.write_all(format!("\n={number} {index}\n").as_bytes()).unwrap();
    }
}

fn start(table: &Path, seed: u64) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "writer", "--nocapture"])
        .env(TABLE, table)
        .env(SEED, seed.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What a process said, up to a number of names; then it is killed, unless it said all.
fn listen(mut child: Child, names: u64) -> Vec<(u64, u32)> {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut said = lines.by_ref().filter_map(|line| {
        let (number, index) = line.strip_prefix('=')?.split_once(' ')?;
        Some((number.parse().ok()?, index.parse().ok()?))
    });
    let said: Vec<(u64, u32)> = said.by_ref().take(names as usize).collect();
    if names < NAMES {
        child.kill().unwrap();
        child.wait().unwrap();
    } else {
        lines.for_each(drop);
        assert!(child.wait().unwrap().success());
    }
    said
}

/// Some processes in a row are killed early, then one goes to the end.
fn writers(table: &Path, first_seed: u64) -> Vec<(u64, u32)> {
    let mut numbers = Numbers::new(first_seed);
    let killed = (0..KILLED).flat_map(|seed| listen(start(table, first_seed + seed), numbers.below(600)));
    let mut said: Vec<_> = killed.collect();
    said.extend(listen(start(table, first_seed + KILLED), NAMES));
    said
}

#[test]
fn every_name_has_one_index_whoever_dies() {
    let scratch = Scratch::new();
    let path = scratch.join("table");
    let said: Vec<(u64, u32)> = thread::scope(|scope| {
        let path = &path;
        let threads: Vec<_> =
            (0..WRITERS).map(|writer| scope.spawn(move || writers(path, 1 + writer * 1000))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });

    let table = Table::open(&path, Range::default()).unwrap();
    let mut indices = HashMap::new();
    for (number, index) in said {
        assert_eq!(*indices.entry(number).or_insert(index), index, "name {number}");
    }
    assert_eq!(indices.len() as u64, NAMES);
    for (&number, &index) in &indices {
        assert_eq!(table.name(index), Some(name(number).as_bytes()));
        assert_eq!(table.find(name(number).as_bytes()), Some(index));
    }
    let held: Vec<_> = table.iter().collect();
    let distinct: HashSet<_> = held.iter().map(|(_, name)| name).collect();
    assert_eq!((held.len() as u64, distinct.len() as u64), (NAMES, NAMES));
    assert!(held.last().unwrap().0 as u64 <= NAMES + WRITERS * (KILLED + 1) * 2, "indices lost for nothing");
}

#[test]
fn those_who_create_a_table_at_once_share_it() {
    let scratch = Scratch::new();
    for round in 0..200 {
        let path = &scratch.join(round.to_string());
        let start = &Barrier::new(WRITERS as usize);
        let open = move |writer: u64| {
            start.wait();
            let table = Table::open(path, Range::default()).unwrap();
            table.insert(&writer.to_be_bytes()).unwrap();
            table
        };
        let tables: Vec<Table> = thread::scope(|scope| {
            let threads: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || open(writer))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(tables.iter().all(|table| table.iter().count() as u64 == WRITERS));
        fs::remove_file(path).unwrap();
        assert_eq!(fs::read_dir(&*scratch).unwrap().count(), 0);
    }
}

#[test]
fn no_descriptor_stays_open() {
    let scratch = Scratch::new();
    let table = Table::open(&scratch.join("table"), Range::default()).unwrap();
    let again = Table::open(&scratch.join("table"), Range::default()).unwrap();
    for number in 0..1000_u32 {
        assert_eq!(
            table.insert(&number.to_be_bytes()).unwrap(),
            again.insert(&number.to_be_bytes()).unwrap()
        );
    }
    let open =
        fs::read_dir("/proc/self/fd").unwrap().flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    assert!(open.into_iter().all(|target| !target.starts_with(&*scratch)));
}

#[test]
fn a_private_table_is_shared_with_forked_children() {
    let table = Table::private(Range::default()).unwrap();
    // SAFETY: the child does nothing but insert, which neither allocates nor locks, and end.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let status = table.insert(b"example.org").map_or(255, |index| index as i32);
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(status) };
    }
    let mut status = 0;
    // SAFETY: waits for our own child.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    assert_eq!(table.find(b"example.org"), Some(libc::WEXITSTATUS(status) as u32));
    assert_eq!(table.iter().count(), 1);
}
