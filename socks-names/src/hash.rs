//! The hash that spreads names over the buckets, the same in every process that shares the table.
//!
//! It is keyed with a number drawn when the table is made: names come from web pages and mails, and whoever
//! writes those must not be able to choose names that all fall into one bucket.

const LENGTH: u64 = 0x9e37_79b9_7f4a_7c15;
const WORD: u64 = 0xd6e8_feb8_6659_fd93;
const LAST: u64 = 0xff51_afd7_ed55_8ccd;

/// A name's place in the table: which bucket, and what a slot that holds it is marked with.
#[derive(Clone, Copy)]
pub(crate) struct Key(u64);

impl Key {
    /// The key of a name of at most 255 bytes.
    pub(crate) fn new(seed: u64, name: &[u8]) -> Key {
        let (words, rest) = name.as_chunks::<8>();
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        let start = seed ^ LENGTH.wrapping_mul(name.len() as u64);
        let whole = words.iter().fold(start, |state, word| fold(state ^ u64::from_ne_bytes(*word), WORD));
        let hash = fold(fold(whole ^ u64::from_ne_bytes(last), LAST), WORD);
        Key(hash & !0xff | name.len() as u64 & 0xff)
    }

    /// The number of the bucket among `count`, which is a power of two.
    pub(crate) fn bucket(self, count: usize) -> usize {
        (self.0 >> 32) as usize & count.wrapping_sub(1)
    }

    /// The mark: the name's length in the low eight bits, below 24 bits of the hash that the bucket does not
    /// depend on.
    pub(crate) fn mark(self) -> u32 {
        self.0 as u32
    }
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_carries_the_length() {
        for length in 1..=255 {
            assert_eq!(Key::new(7, &vec![b'a'; length]).mark() & 0xff, length as u32);
        }
    }

    #[test]
    fn names_spread_over_the_buckets() {
        let mut load = vec![0; 1024];
        for number in 0..10_240 {
            load[Key::new(1, format!("host-{number}.example.org").as_bytes()).bucket(1024)] += 1;
        }
        assert!(load.iter().all(|&names| names < 40), "{:?}", load.iter().max());
    }

    #[test]
    fn trailing_zero_bytes_and_the_seed_count() {
        assert_ne!(Key::new(1, b"a").0, Key::new(1, b"a\0").0);
        assert_ne!(Key::new(1, b"abcdefgh").0, Key::new(1, b"abcdefgh\0").0);
        assert_ne!(Key::new(1, b"a").0 >> 8, Key::new(2, b"a").0 >> 8);
    }
}
