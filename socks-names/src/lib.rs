//! The table of fake addresses that stand for remote names, shared by a tree of processes.
//!
//! A name that only the proxy can resolve is answered with an address of a range where no target lives. Whoever
//! connects to such an address finds the name again and sends it to the proxy. The one who resolves need not be
//! the one who connects, so the table is a mapped file that a whole tree of processes shares: it survives fork,
//! exec, and the death of a process in the middle of an insert.
//!
//! Names are only ever added: an address keeps its meaning as long as the table exists. There are no locks, and
//! finding a name or an address neither allocates nor blocks, so both are fit for signal handlers and for
//! forked children.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)
)]
#![deny(unsafe_code)]

pub mod directory;
mod error;
mod file;
mod hash;
mod layout;
#[allow(unsafe_code)]
mod mapping;
mod range;
#[cfg(test)]
mod scratch;
mod table;

pub use error::Error;
pub use range::{Range, RangeError};
pub use table::Table;
