//! What the file holds, byte by byte: header, bucket heads, slots.
//!
//! Everything is an atomic of at most 32 bits, so that programs of any word size share one table. Nothing read
//! here is trusted: whatever bytes a file has, they are some header, some heads and some slots.

use std::ops;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use crate::{Error, Range};

const MAGIC: [u32; 2] = [u32::from_be_bytes(*b"sock"), u32::from_be_bytes(*b"sify")];
const VERSION: u32 = 1;
const MAX_BUCKETS: u32 = 1 << 14;

/// How many slots are given their memory at a time: less than two system calls for a usual run, and little memory
/// wasted in a short one.
const CHUNK: u32 = 62;

/// The longest name.
pub(crate) const MAX_NAME: usize = 255;

/// Opens the file. The words up to `sum` never change once the file has its name.
#[repr(C)]
#[derive(Debug, Default)]
pub(crate) struct Header {
    magic: [AtomicU32; 2],
    version: AtomicU32,
    base: AtomicU32,
    prefix: AtomicU32,
    seed: [AtomicU32; 2],
    sum: AtomicU32,
    /// The first index that no writer has reserved.
    pub(crate) next: AtomicU32,
    /// The slots below this index have their memory: touching one above can end in SIGBUS.
    pub(crate) backed: AtomicU32,
    spare: [AtomicU32; 6],
}

impl Header {
    /// A new table's header, in a file where the first chunk of slots has its memory.
    pub(crate) fn new(range: Range, seed: u64) -> Header {
        let header = Header {
            magic: MAGIC.map(AtomicU32::new),
            version: VERSION.into(),
            base: range.base().to_bits().into(),
            prefix: u32::from(range.prefix()).into(),
            seed: [AtomicU32::new(seed as u32), AtomicU32::new((seed >> 32) as u32)],
            next: 1.into(),
            backed: Layout::of(range).first_chunk().into(),
            ..Header::default()
        };
        header.sum.store(header.checksum(), Ordering::Relaxed);
        header
    }

    /// Takes over what another header says.
    pub(crate) fn copy(&self, from: &Header) {
        for (to, from) in self.words().zip(from.words()) {
            to.store(from.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// The bytes of the header as they stand in the file.
    pub(crate) fn bytes(&self) -> [u8; size_of::<Header>()] {
        let mut bytes = [0; size_of::<Header>()];
        for (to, word) in bytes.chunks_exact_mut(4).zip(self.words()) {
            to.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
        }
        bytes
    }

    /// The range of the table whose file begins with these bytes, if that is what it says; nothing else is verified.
    pub(crate) fn range(bytes: &[u8; size_of::<Header>()]) -> Option<Range> {
        let header = Header::default();
        for (word, bytes) in header.words().zip(bytes.chunks_exact(4)) {
            word.store(u32::from_ne_bytes(bytes.try_into().ok()?), Ordering::Relaxed);
        }
        let (base, prefix) = (value(&header.base), u8::try_from(value(&header.prefix)).ok()?);
        (words(&header.magic) == MAGIC).then(|| Range::new(base.into(), prefix).ok()).flatten()
    }

    /// The seed of the hash, if this is the header of a table of `range`.
    pub(crate) fn verify(&self, range: Range) -> Result<u64, Error> {
        let expected = Header::new(range, 0);
        if words(&self.magic) != MAGIC || value(&self.version) != VERSION {
            return Err(Error::Format);
        }
        if value(&self.sum) != self.checksum() {
            return Err(Error::Damaged);
        }
        if value(&self.base) != value(&expected.base) || value(&self.prefix) != value(&expected.prefix) {
            return Err(Error::OtherRange { expected: range });
        }
        let (next, backed) = (value(&self.next), value(&self.backed));
        if !(1..=backed).contains(&next) || backed > range.capacity() {
            return Err(Error::Damaged);
        }
        let [low, high] = words(&self.seed);
        Ok(u64::from(high) << 32 | u64::from(low))
    }

    fn checksum(&self) -> u32 {
        let words = [&self.version, &self.base, &self.prefix].into_iter().chain(&self.seed);
        words
            .fold(0x811c_9dc5, |sum: u32, word| (sum ^ value(word)).wrapping_mul(0x0100_0193).rotate_left(13))
    }

    fn words(&self) -> impl Iterator<Item = &AtomicU32> {
        let fixed = self.magic.iter().chain([&self.version, &self.base, &self.prefix]).chain(&self.seed);
        fixed.chain([&self.sum, &self.next, &self.backed]).chain(&self.spare)
    }
}

/// One name. Its index is the slot's number.
///
/// A slot belongs to the writer that reserved it until that writer links it into its bucket; after that nothing of
/// it is written but `published`.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Slot {
    /// The next slot of the bucket, 0 at the end.
    pub(crate) next: AtomicU32,
    /// [`Key::mark`](crate::hash::Key::mark) of the name.
    pub(crate) mark: AtomicU32,
    /// Not zero once the slot is known to be in its bucket: before, another slot may still win the name.
    pub(crate) published: AtomicU8,
    /// The name, as long as the mark says.
    pub(crate) name: [AtomicU8; MAX_NAME],
}

/// Where things stand in the file of a range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Layout {
    /// How many slots there are, with the one of index 0.
    pub(crate) slots: u32,
    /// How many bucket heads there are, a power of two.
    pub(crate) buckets: u32,
}

impl Layout {
    pub(crate) fn of(range: Range) -> Layout {
        Layout { slots: range.capacity(), buckets: range.capacity().min(MAX_BUCKETS) }
    }

    /// Where the bucket heads start.
    pub(crate) const BUCKETS: usize = size_of::<Header>();

    /// The size of the file.
    pub(crate) fn size(self) -> usize {
        self.offset(self.slots)
    }

    /// Where a slot starts, which is also where the one before it ends.
    pub(crate) fn offset(self, slot: u32) -> usize {
        Layout::BUCKETS + self.buckets as usize * size_of::<AtomicU32>() + slot as usize * size_of::<Slot>()
    }

    /// The end of the slots that have their memory from the beginning.
    pub(crate) fn first_chunk(self) -> u32 {
        self.next_chunk(0)
    }

    /// The end of the chunk that begins at `slot`.
    pub(crate) fn next_chunk(self, slot: u32) -> u32 {
        slot.saturating_add(CHUNK).min(self.slots)
    }

    /// The bytes of some slots.
    pub(crate) fn bytes(self, slots: ops::Range<u32>) -> ops::Range<usize> {
        self.offset(slots.start)..self.offset(slots.end)
    }
}

fn value(word: &AtomicU32) -> u32 {
    word.load(Ordering::Relaxed)
}

fn words(words: &[AtomicU32; 2]) -> [u32; 2] {
    let [first, second] = words;
    [value(first), value(second)]
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn sizes_are_those_of_the_format() {
        assert_eq!(size_of::<Header>(), 64);
        assert_eq!(size_of::<Slot>(), 264);
        let layout = Layout::of(Range::default());
        assert_eq!(layout.offset(0), 64 + 65_536);
        assert_eq!(layout.size(), 64 + 65_536 + 131_072 * 264);
    }

    #[test]
    fn a_header_is_verified_by_its_range() {
        let other = Range::new(Ipv4Addr::new(10, 9, 0, 0), 16).unwrap();
        let header = Header::new(Range::default(), 0x0123_4567_89ab_cdef);
        assert_eq!(header.verify(Range::default()).unwrap(), 0x0123_4567_89ab_cdef);
        assert!(matches!(header.verify(other), Err(Error::OtherRange { .. })));
        assert!(matches!(Header::default().verify(other), Err(Error::Format)));
    }

    #[test]
    fn a_header_survives_its_bytes() {
        let header = Header::new(Range::default(), 42);
        let copy = Header::default();
        copy.copy(&header);
        assert_eq!(copy.bytes(), header.bytes());
        assert!(header.bytes().starts_with(&MAGIC[0].to_ne_bytes()));
        assert_eq!(Header::range(&header.bytes()), Some(Range::default()));
        assert_eq!(Header::range(&[0; 64]), None);
    }

    #[test]
    fn contradicting_counters_are_damage() {
        for (next, backed) in [(0, 62), (63, 62), (1, 131_073), (u32::MAX, u32::MAX)] {
            let header = Header::new(Range::default(), 1);
            header.next.store(next, Ordering::Relaxed);
            header.backed.store(backed, Ordering::Relaxed);
            assert!(matches!(header.verify(Range::default()), Err(Error::Damaged)), "{next} {backed}");
        }
    }
}
