//! The table: names to indices and back, without locks.
//!
//! A writer reserves a slot by moving a counter, writes the name into it, and then links the slot into its bucket
//! with one compare-and-swap. Killed before that, it leaves a slot that nobody finds and an index that stands for
//! nothing; after it, the name is there. A writer that finds its bucket changed looks through what is new, so that
//! of two writers of one name the second gives up its slot.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;

use crate::file::{self, Origin};
use crate::hash::Key;
use crate::layout::{Header, Layout, MAX_NAME, Slot};
use crate::mapping::Mapping;
use crate::{Error, Range};

/// A table of names, each with the index that its fake addresses carry.
#[derive(Debug)]
pub struct Table {
    mapping: Mapping,
    range: Range,
    seed: u64,
    origin: Option<Origin>,
}

/// What a walk through a bucket finds.
enum Walk {
    Found(u32),
    Absent,
    /// The chain leads out of the table, or in a circle.
    Broken,
}

impl Table {
    /// Opens the table at `path`, or creates it with mode 0600.
    ///
    /// No descriptor stays open. A file that is not a table of this `range`, belongs to another user or is open
    /// to others is refused.
    pub fn open(path: &Path, range: Range) -> Result<Table, Error> {
        Table::of(file::open(path, range)?, path, range)
    }

    /// Opens a table that somebody has made, whatever its range is, under the same conditions.
    pub fn existing(path: &Path) -> Result<Table, Error> {
        let (file, range) = file::open_existing(path)?;
        Table::of(file, path, range)
    }

    fn of(file: File, path: &Path, range: Range) -> Result<Table, Error> {
        let metadata = file.metadata().map_err(Error::Open)?;
        let mapping = Mapping::of_file(&file, Layout::of(range)).map_err(Error::Storage)?;
        let seed = verify(&mapping, range, file::room(&metadata))?;
        Ok(Table { mapping, range, seed, origin: Some(Origin::new(path, &metadata)) })
    }

    /// A table without a file, shared only with the processes forked from this one.
    pub fn private(range: Range) -> Result<Table, Error> {
        let layout = Layout::of(range);
        let mapping = Mapping::anonymous(layout).map_err(Error::Storage)?;
        let seed = file::unique();
        let header = Header::new(range, seed);
        header.backed.store(layout.slots, Ordering::Relaxed);
        mapping.header().copy(&header);
        Ok(Table { mapping, range, seed, origin: None })
    }

    /// The index of a name of 1 to 255 bytes, a new one if the table does not hold it yet. Names are compared
    /// byte by byte.
    pub fn insert(&self, name: &[u8]) -> Result<u32, Error> {
        if !(1..=MAX_NAME).contains(&name.len()) {
            return Err(Error::NameLength(name.len()));
        }
        let key = Key::new(self.seed, name);
        let head = self.head(key);
        match self.walk(head, 0, key, name) {
            Walk::Found(index) => Ok(index),
            Walk::Absent => self.add(head, head, key, name),
            Walk::Broken => self.add(head, 0, key, name),
        }
    }

    /// The index of a name, if the table holds it.
    pub fn find(&self, name: &[u8]) -> Option<u32> {
        let key = Key::new(self.seed, name);
        match self.walk(self.head(key), 0, key, name) {
            Walk::Found(index) => Some(index),
            Walk::Absent | Walk::Broken => None,
        }
    }

    /// The name an index stands for.
    pub fn name(&self, index: u32) -> Option<&[u8]> {
        let slot = self.mapping.slot(index)?;
        if slot.published.load(Ordering::Acquire) == 0 {
            return None;
        }
        Some(slot.name()).filter(|name| !name.is_empty())
    }

    /// The fake addresses of this table.
    pub fn range(&self) -> &Range {
        &self.range
    }

    /// Every index that stands for a name, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[u8])> {
        (1..backed(&self.mapping)).filter_map(|index| Some((index, self.name(index)?)))
    }

    /// Writes a name into a slot of its own and links it, with `rest` as what follows, where `head` was the head.
    /// `rest` is 0 where the chain is broken: its names lose nothing but being found again.
    fn add(&self, mut head: u32, mut rest: u32, key: Key, name: &[u8]) -> Result<u32, Error> {
        let (index, slot) = self.reserve()?;
        slot.write(key, name);
        loop {
            slot.next.store(rest, Ordering::Relaxed);
            let Err(newer) = self.link(key, head, index) else {
                slot.publish();
                return Ok(index);
            };
            match self.walk(newer, head, key, name) {
                Walk::Found(other) => {
                    self.give_back(index);
                    return Ok(other);
                }
                Walk::Absent => rest = newer,
                Walk::Broken => rest = 0,
            }
            head = newer;
        }
    }

    /// An unused slot that no other writer will touch.
    fn reserve(&self) -> Result<(u32, &Slot), Error> {
        let next = &self.mapping.header().next;
        loop {
            let seen = next.load(Ordering::Relaxed);
            let index = seen.max(1);
            if index >= self.range.capacity() - 1 {
                return Err(Error::Full);
            }
            let Some(slot) = self.mapping.slot(index) else {
                self.grow()?;
                continue;
            };
            let moved = next.compare_exchange_weak(seen, index + 1, Ordering::Relaxed, Ordering::Relaxed);
            // A slot in use this far up means that the counter was damaged.
            if moved.is_ok() && slot.published.load(Ordering::Relaxed) == 0 {
                return Ok((index, slot));
            }
        }
    }

    /// Undoes a reservation, if nobody reserved after it; else the slot is lost.
    fn give_back(&self, index: u32) {
        let next = &self.mapping.header().next;
        let _ = next.compare_exchange(index + 1, index, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Gives the next slots their memory.
    fn grow(&self) -> Result<(), Error> {
        let layout = self.mapping.layout();
        let start = backed(&self.mapping);
        let end = layout.next_chunk(start);
        let bytes = layout.bytes(start..end);
        let result = match (self.mapping.back(bytes.clone()), &self.origin) {
            (Err(error), Some(origin)) if unknown_to_kernel(&error) => origin.allocate(bytes),
            (result, _) => result,
        };
        result.map_err(Error::Storage)?;
        self.mapping.header().backed.fetch_max(end, Ordering::Release);
        Ok(())
    }

    fn head(&self, key: Key) -> u32 {
        let buckets = self.mapping.buckets();
        buckets.get(key.bucket(buckets.len())).map_or(0, |head| head.load(Ordering::Acquire))
    }

    fn link(&self, key: Key, head: u32, index: u32) -> Result<(), u32> {
        let buckets = self.mapping.buckets();
        let Some(bucket) = buckets.get(key.bucket(buckets.len())) else { return Ok(()) };
        bucket.compare_exchange(head, index, Ordering::AcqRel, Ordering::Acquire).map(drop)
    }

    /// Looks for a name in the chain from one slot up to another, or to the end.
    fn walk(&self, from: u32, until: u32, key: Key, name: &[u8]) -> Walk {
        let mut index = from;
        for _ in 0..self.range.capacity() {
            if index == until || index == 0 {
                return Walk::Absent;
            }
            let Some(slot) = self.mapping.slot(index) else { return Walk::Broken };
            if slot.holds(key, name) {
                slot.publish();
                return Walk::Found(index);
            }
            index = slot.next.load(Ordering::Acquire);
        }
        Walk::Broken
    }
}

impl Slot {
    fn write(&self, key: Key, name: &[u8]) {
        self.mark.store(key.mark(), Ordering::Relaxed);
        for (to, from) in self.name.iter().zip(name) {
            to.store(*from, Ordering::Relaxed);
        }
    }

    fn holds(&self, key: Key, name: &[u8]) -> bool {
        self.mark.load(Ordering::Relaxed) == key.mark() && self.name() == name
    }

    /// Makes the index of a linked slot stand for its name. Whoever finds the slot does this too: its writer may be
    /// dead.
    fn publish(&self) {
        if self.published.load(Ordering::Relaxed) == 0 {
            self.published.store(1, Ordering::Release);
        }
    }
}

/// The seed of a table, if the mapped file is one and what it calls backed can be read: `room` is what it has on the
/// file system.
fn verify(mapping: &Mapping, range: Range, room: u64) -> Result<u64, Error> {
    let layout = mapping.layout();
    probe(mapping, layout.offset(layout.first_chunk()), room)?;
    let seed = mapping.header().verify(range)?;
    probe(mapping, layout.offset(backed(mapping)), room)?;
    Ok(seed)
}

/// Makes sure that the file can be read up to `end`. Reading ahead takes long in a large table, and only a file with
/// less room than that can have a hole there: a damaged or a compressed one.
fn probe(mapping: &Mapping, end: usize, room: u64) -> Result<(), Error> {
    if room >= end as u64 {
        return Ok(());
    }
    match mapping.probe(0..end) {
        Err(error) if !unknown_to_kernel(&error) => Err(Error::Storage(error)),
        _ => Ok(()),
    }
}

fn backed(mapping: &Mapping) -> u32 {
    mapping.header().backed.load(Ordering::Acquire).min(mapping.layout().slots)
}

/// madvise(2) before Linux 5.14, and where system calls are emulated.
fn unknown_to_kernel(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINVAL)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::os::unix::fs::MetadataExt;
    use std::{fs, thread};

    use super::*;
    use crate::scratch::Scratch;

    fn small() -> Range {
        Range::new(Ipv4Addr::new(10, 0, 0, 16), 28).unwrap()
    }

    #[test]
    fn a_name_keeps_its_index_and_the_index_its_name() {
        let table = Table::private(Range::default()).unwrap();
        let index = table.insert(b"www.example.org").unwrap();
        assert_eq!(table.insert(b"www.example.org").unwrap(), index);
        assert_eq!(table.find(b"www.example.org"), Some(index));
        assert_eq!(table.name(index), Some(&b"www.example.org"[..]));
    }

    #[test]
    fn a_table_that_exists_tells_its_range() {
        let scratch = Scratch::new();
        let path = scratch.join("table");
        assert!(matches!(Table::existing(&path), Err(Error::Open(_))));
        assert!(!path.exists());
        Table::open(&path, small()).unwrap().insert(b"one").unwrap();
        let table = Table::existing(&path).unwrap();
        assert_eq!(*table.range(), small());
        assert!(table.iter().eq([(1, &b"one"[..])]));
        fs::write(&path, "too short").unwrap();
        assert!(matches!(Table::existing(&path), Err(Error::Format)));
    }

    #[test]
    fn names_differ_by_case_and_by_every_byte() {
        let table = Table::private(Range::default()).unwrap();
        let names: [&[u8]; 5] =
            [b"example.org", b"Example.org", b"example.org.", b"example.org\0", b"\xff\xfe"];
        let indices = names.map(|name| table.insert(name).unwrap());
        assert_eq!(indices, [1, 2, 3, 4, 5]);
        assert!(table.iter().map(|(_, name)| name).eq(names));
    }

    #[test]
    fn a_name_has_1_to_255_bytes() {
        let table = Table::private(Range::default()).unwrap();
        assert!(matches!(table.insert(b""), Err(Error::NameLength(0))));
        assert!(matches!(table.insert(&[b'a'; 256]), Err(Error::NameLength(256))));
        assert_eq!(table.find(b""), None);
        assert_eq!(table.find(&[b'a'; 300]), None);
        for length in 1..=255 {
            let index = table.insert(&vec![b'a'; length]).unwrap();
            assert_eq!(table.name(index).unwrap().len(), length);
        }
    }

    #[test]
    fn an_index_without_a_name_stands_for_nothing() {
        let table = Table::private(Range::default()).unwrap();
        table.insert(b"one").unwrap();
        for index in [0, 2, 61, 62, 131_071, 131_072, u32::MAX] {
            assert_eq!(table.name(index), None, "{index}");
        }
    }

    #[test]
    fn a_full_table_keeps_what_it_has() {
        let scratch = Scratch::new();
        for table in [Table::private(small()).unwrap(), Table::open(&scratch.join("table"), small()).unwrap()]
        {
            let name = |number: u32| format!("host-{number}").into_bytes();
            let indices: Vec<u32> = (1..=14).map(|number| table.insert(&name(number)).unwrap()).collect();
            assert_eq!(indices, (1..=14).collect::<Vec<_>>());
            assert!(matches!(table.insert(b"one more"), Err(Error::Full)));
            assert_eq!(table.find(b"one more"), None);
            assert_eq!(table.insert(&name(7)).unwrap(), 7);
            assert!((1..=14).all(|number| table.name(number) == Some(&name(number))));
        }
    }

    #[test]
    fn a_table_is_there_for_the_next_who_opens_it() {
        let scratch = Scratch::new();
        let path = scratch.join("table");
        let first = Table::open(&path, Range::default()).unwrap();
        let index = first.insert(b"example.org").unwrap();
        let second = Table::open(&path, Range::default()).unwrap();
        assert_eq!(second.find(b"example.org"), Some(index));
        let other = second.insert(b"example.net").unwrap();
        assert_eq!(first.name(other), Some(&b"example.net"[..]));
        drop((first, second));
        assert_eq!(Table::open(&path, Range::default()).unwrap().iter().count(), 2);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(&*scratch).unwrap().count(), 1);
    }

    #[test]
    fn a_table_grows_past_what_its_file_had_room_for() {
        let scratch = Scratch::new();
        let table = Table::open(&scratch.join("table"), Range::default()).unwrap();
        for number in 1..=20_000_u32 {
            assert_eq!(table.insert(&number.to_be_bytes()).unwrap(), number);
        }
        let again = Table::open(&scratch.join("table"), Range::default()).unwrap();
        assert!((1..=20_000_u32).all(|number| again.find(&number.to_be_bytes()) == Some(number)));
    }

    #[test]
    fn a_table_lives_on_when_its_file_is_removed() {
        let scratch = Scratch::new();
        let path = scratch.join("table");
        let table = Table::open(&path, Range::default()).unwrap();
        fs::remove_file(&path).unwrap();
        for number in 1..=1000_u32 {
            assert_eq!(table.insert(&number.to_be_bytes()).unwrap(), number);
        }
    }

    #[test]
    fn threads_agree_on_every_name() {
        let table = Table::private(Range::default()).unwrap();
        let insert = || (0..5000_u32).map(|number| table.insert(&number.to_be_bytes()).unwrap()).collect();
        let indices: Vec<Vec<u32>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(insert)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(indices.iter().all(|thread| *thread == indices[0]));
        assert_eq!(table.iter().count(), 5000);
    }

    #[test]
    fn only_the_first_of_two_writers_of_a_name_keeps_its_slot() {
        let table = Table::private(small()).unwrap();
        let key = Key::new(table.seed, b"name");
        let head = table.head(key);
        let first = table.add(head, head, key, b"name").unwrap();
        let second = table.add(head, head, key, b"name").unwrap();
        assert_eq!((first, second), (1, 1));
        assert_eq!(table.insert(b"other").unwrap(), 2);
    }

    #[test]
    fn a_slot_whose_writer_was_killed_is_no_name() {
        let table = Table::private(small()).unwrap();
        let (index, slot) = table.reserve().unwrap();
        slot.write(Key::new(table.seed, b"name"), b"name");
        assert_eq!((table.name(index), table.find(b"name")), (None, None));
        assert_eq!(table.insert(b"name").unwrap(), 2);
    }

    #[test]
    fn a_name_whose_writer_was_killed_once_it_was_linked_is_found() {
        let table = Table::private(small()).unwrap();
        let key = Key::new(table.seed, b"name");
        let (index, slot) = table.reserve().unwrap();
        slot.write(key, b"name");
        table.link(key, table.head(key), index).unwrap();
        assert_eq!(table.name(index), None);
        assert_eq!(table.insert(b"name").unwrap(), index);
        assert_eq!(table.name(index), Some(&b"name"[..]));
    }

    #[test]
    fn a_broken_chain_is_replaced() {
        let table = Table::private(small()).unwrap();
        let key = Key::new(table.seed, b"name");
        let index = table.insert(b"name").unwrap();
        let slot = table.mapping.slot(index).unwrap();
        for (number, link) in [(b'a', index), (b'b', 16), (b'c', u32::MAX)] {
            slot.mark.store(!key.mark(), Ordering::Relaxed);
            slot.next.store(link, Ordering::Relaxed);
            table.mapping.buckets().iter().for_each(|head| head.store(index, Ordering::Relaxed));
            assert_eq!(table.find(&[number]), None);
            let new = table.insert(&[number]).unwrap();
            assert_eq!(table.find(&[number]), Some(new));
            assert_eq!(table.mapping.slot(new).unwrap().next.load(Ordering::Relaxed), 0);
        }
    }
}
