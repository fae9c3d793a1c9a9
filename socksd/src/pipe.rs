//! Pipes through which bytes pass from socket to socket without being copied, lent for as long as data is in flight.
//!
//! Pipes are scarce: beyond a number of pages the system gives an unprivileged user no more room for them (pipe(7),
//! pipe-user-pages-soft), and each takes two descriptors. So there is a limit on those in use, whoever gets none
//! copies instead, and few are kept for the next time. The first ones are large, which halves the cost of a few fast
//! transfers; many slow ones do with the usual size.

use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use rustix::io::{Errno, Result, retry_on_intr};
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use tokio::net::TcpStream;

/// Pipes in existence. With the large ones they leave a quarter of what the system gives to one user.
const MOST: usize = 512;

/// Large pipes among them.
const MOST_LARGE: usize = 16;

/// What an unprivileged user can have at most (pipe-max-size).
const LARGE: usize = 1024 * 1024;

/// Pipes that each thread keeps for the next time.
const KEPT: usize = 8;

/// More than a pipe holds.
const AS_MUCH_AS_FITS: usize = 1 << 30;

static EXISTING: AtomicUsize = AtomicUsize::new(0);
static EXISTING_LARGE: AtomicUsize = AtomicUsize::new(0);

thread_local!(static SPARE: RefCell<Vec<Ends>> = const { RefCell::new(Vec::new()) });

#[derive(Debug)]
struct Ends {
    output: OwnedFd,
    input: OwnedFd,
    is_large: bool,
}

/// A pipe on loan, and how many bytes are in it.
#[derive(Debug)]
pub(crate) struct Pipe {
    /// Taken only when it is given back.
    ends: Option<Ends>,
    held: usize,
}

impl Pipe {
    /// An empty pipe, unless too many are in use.
    pub(crate) fn borrow() -> Option<Pipe> {
        let ends = SPARE.with_borrow_mut(Vec::pop).or_else(Ends::open)?;
        Some(Pipe { ends: Some(ends), held: 0 })
    }

    /// How many bytes it holds.
    pub(crate) fn held(&self) -> usize {
        self.held
    }

    /// Fills the empty pipe with what has come, and says how much that was; 0 is the end-of-file.
    ///
    /// The socket and the pipe do not block, and an empty pipe has room: "would block" is said of the socket.
    pub(crate) fn fill(&mut self, source: &TcpStream) -> Result<usize> {
        let ends = self.ends.as_ref().ok_or(Errno::BADF)?;
        let moved = retry_on_intr(|| {
            splice(source, None, &ends.input, None, AS_MUCH_AS_FITS, SpliceFlags::NONBLOCK)
        })?;
        self.held += moved;
        Ok(moved)
    }

    /// Sends on what it holds, as far as the socket takes it, and says how much that was.
    pub(crate) fn drain(&mut self, sink: &TcpStream) -> Result<usize> {
        let ends = self.ends.as_ref().ok_or(Errno::BADF)?;
        let moved =
            retry_on_intr(|| splice(&ends.output, None, sink, None, self.held, SpliceFlags::NONBLOCK))?;
        self.held -= moved;
        Ok(moved)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // What is left in it belongs to a connection that is over.
        let is_empty = self.held == 0;
        let Some(ends) = self.ends.take().filter(|_| is_empty) else { return };
        // A thread that ends has no spare pipes any more.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < KEPT {
                // The last is lent first.
                let place = if ends.is_large { spare.len() } else { 0 };
                spare.insert(place, ends);
            }
        });
    }
}

impl Ends {
    fn open() -> Option<Ends> {
        if EXISTING.fetch_add(1, Relaxed) < MOST
            && let Ok((output, input)) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)
        {
            let is_large = enlarge(&output);
            return Some(Ends { output, input, is_large });
        }
        EXISTING.fetch_sub(1, Relaxed);
        None
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        EXISTING.fetch_sub(1, Relaxed);
        if self.is_large {
            EXISTING_LARGE.fetch_sub(1, Relaxed);
        }
    }
}

/// Makes a pipe large, unless there are enough of those.
fn enlarge(pipe: &OwnedFd) -> bool {
    let is_large =
        EXISTING_LARGE.fetch_add(1, Relaxed) < MOST_LARGE && fcntl_setpipe_size(pipe, LARGE).is_ok();
    if !is_large {
        EXISTING_LARGE.fetch_sub(1, Relaxed);
    }
    is_large
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_are_lent_again_when_empty_and_never_too_many() {
        let first = Pipe::borrow().unwrap();
        assert!(first.ends.as_ref().unwrap().is_large);
        drop(first);
        assert_eq!(EXISTING.load(Relaxed), 1);
        let mut used = Pipe::borrow().unwrap();
        assert_eq!(EXISTING.load(Relaxed), 1);
        // As if it had not been drained.
        used.held = 1;
        drop(used);
        assert_eq!((EXISTING.load(Relaxed), EXISTING_LARGE.load(Relaxed)), (0, 0));
        let many: Vec<Pipe> = std::iter::from_fn(Pipe::borrow).take(MOST_LARGE + KEPT).collect();
        assert_eq!(EXISTING_LARGE.load(Relaxed), MOST_LARGE);
        drop(many);
        assert_eq!(EXISTING.load(Relaxed), KEPT);
        EXISTING.fetch_add(MOST, Relaxed);
        let rest: Vec<Pipe> = std::iter::from_fn(Pipe::borrow).collect();
        assert_eq!(rest.len(), KEPT);
        EXISTING.fetch_sub(MOST, Relaxed);
    }
}
