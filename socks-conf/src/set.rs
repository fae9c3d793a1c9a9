//! Small sets of enum members: the commands, protocols and proxy protocols a route serves.

use std::fmt;
use std::marker::PhantomData;

/// A fieldless enum of at most eight members that can be kept in a [`Set`].
pub trait Member: Copy + 'static {
    /// Every member, in the order in which a set lists them.
    const ALL: &'static [Self];

    /// The one bit of this member.
    fn bit(self) -> u8;

    /// The word that configuration files use for it.
    fn word(self) -> &'static str;
}

/// A set of `T` in one byte.
pub struct Set<T>(u8, PhantomData<T>);

impl<T: Member> Set<T> {
    /// The set without members.
    pub const EMPTY: Set<T> = Set(0, PhantomData);

    /// The set of every member.
    pub fn all() -> Set<T> {
        T::ALL.iter().copied().collect()
    }

    /// Whether `member` is in the set.
    pub fn contains(self, member: T) -> bool {
        self.0 & member.bit() != 0
    }

    /// Whether the set has no member.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Adds `member`; false when it was there already.
    pub fn insert(&mut self, member: T) -> bool {
        let new = !self.contains(member);
        self.0 |= member.bit();
        new
    }

    /// The members of this set or the other.
    pub fn union(self, other: Set<T>) -> Set<T> {
        Set(self.0 | other.0, PhantomData)
    }

    /// The members of this set that are in the other.
    pub fn intersection(self, other: Set<T>) -> Set<T> {
        Set(self.0 & other.0, PhantomData)
    }

    /// Whether every member of this set is in the other.
    pub fn is_subset(self, other: Set<T>) -> bool {
        self.0 & !other.0 == 0
    }

    /// The members, in the order of [`Member::ALL`].
    pub fn iter(self) -> impl Iterator<Item = T> {
        T::ALL.iter().copied().filter(move |member| self.contains(*member))
    }
}

impl<T: Member> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(members: I) -> Set<T> {
        members.into_iter().fold(Set::EMPTY, |set, member| Set(set.0 | member.bit(), PhantomData))
    }
}

impl<T: Member, const N: usize> From<[T; N]> for Set<T> {
    fn from(members: [T; N]) -> Set<T> {
        members.into_iter().collect()
    }
}

impl<T: Member> Default for Set<T> {
    fn default() -> Set<T> {
        Set::EMPTY
    }
}

impl<T> Clone for Set<T> {
    fn clone(&self) -> Set<T> {
        *self
    }
}

impl<T> Copy for Set<T> {}

impl<T> PartialEq for Set<T> {
    fn eq(&self, other: &Set<T>) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Set<T> {}

impl<T: Member> fmt::Display for Set<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, member) in self.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(member.word())?;
        }
        Ok(())
    }
}

impl<T: Member> fmt::Debug for Set<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}
