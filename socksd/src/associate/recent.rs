//! A memory of bounded size that forgets what was put in longest ago.

use std::collections::HashMap;
use std::hash::Hash;

/// Keeps at least the last `least` entries and at most twice as many.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    least: usize,
    new: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq, V> Recent<K, V> {
    pub(super) fn new(least: usize) -> Recent<K, V> {
        Recent { least, new: HashMap::new(), old: HashMap::new() }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.new.get(key).or_else(|| self.old.get(key))
    }

    pub(super) fn contains(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.new.len() >= self.least && !self.new.contains_key(&key) {
            self.old = std::mem::take(&mut self.new);
        }
        self.new.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_kept_and_old_ones_forgotten() {
        let mut recent = Recent::new(10);
        for number in 0_u32..1000 {
            recent.insert(number, ());
            assert!((number.saturating_sub(9)..=number).all(|kept| recent.contains(&kept)));
            assert!(recent.new.len() + recent.old.len() <= 20);
        }
        assert!(!recent.contains(&0));
    }

    #[test]
    fn what_is_put_in_again_is_new_again() {
        let mut recent = Recent::new(2);
        for number in 1..100 {
            recent.insert(0, number);
            recent.insert(number, number);
            assert_eq!(recent.get(&0), Some(&number));
        }
    }
}
