//! The table: names to indices and back.

use std::path::Path;

use crate::{Error, Range};

/// A table of names, each with the index that its fake addresses carry.
#[derive(Debug)]
pub struct Table {
    range: Range,
}

impl Table {
    /// Opens the table at `path`, or creates it with mode 0600.
    ///
    /// No descriptor stays open. A file that is not a table of this `range`, belongs to another user or is open
    /// to others is refused.
    pub fn open(_path: &Path, range: Range) -> Result<Table, Error> {
        Ok(Table { range })
    }

    /// A table without a file, shared only with the processes forked from this one.
    pub fn private(range: Range) -> Result<Table, Error> {
        Ok(Table { range })
    }

    /// The index of a name of 1 to 255 bytes, a new one if the table does not hold it yet. Names are compared
    /// byte by byte.
    pub fn insert(&self, _name: &[u8]) -> Result<u32, Error> {
        Err(Error::Full)
    }

    /// The index of a name, if the table holds it.
    pub fn find(&self, _name: &[u8]) -> Option<u32> {
        None
    }

    /// The name an index stands for.
    pub fn name(&self, _index: u32) -> Option<&[u8]> {
        None
    }

    /// The fake addresses of this table.
    pub fn range(&self) -> &Range {
        &self.range
    }

    /// Every index that stands for a name, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[u8])> {
        (1..self.range.capacity()).filter_map(|index| Some((index, self.name(index)?)))
    }
}
