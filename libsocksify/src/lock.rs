//! A lock that survives fork(2): one held by another thread at that moment is held by nobody in the child, whose
//! process number is another. It is taken only with signals blocked, and for a few system calls at a time.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use crate::process;

/// A value that one thread at a time may use.
pub(crate) struct Lock<T> {
    /// The process whose thread holds the lock, or 0.
    holder: AtomicI32,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached only by the thread that holds the lock.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Lock<T> {
        Lock { holder: AtomicI32::new(0), value: UnsafeCell::new(value) }
    }

    /// Runs `body` with the value; not to be nested.
    pub(crate) fn with<R>(&self, body: impl FnOnce(&mut T) -> R) -> R {
        let mut turn = 0;
        while !self.take() {
            rest(turn);
            turn += 1;
        }
        self.run(body)
    }

    /// As [`Lock::with`], unless somebody has the value: another thread, or one that a fork(2) left in the parent while it
    /// changed the value, which is then never touched again.
    pub(crate) fn try_with<R>(&self, body: impl FnOnce(&mut T) -> R) -> Option<R> {
        let free = self.holder.compare_exchange(0, process::id(), Ordering::Acquire, Ordering::Relaxed);
        free.is_ok().then(|| self.run(body))
    }

    fn take(&self) -> bool {
        // A vfork(2) child waits for its parent's threads, and they for it.
        let us = process::of_memory();
        match self.holder.compare_exchange(0, us, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => true,
            Err(holder) if holder == us => false,
            Err(gone) => self.holder.compare_exchange(gone, us, Ordering::Acquire, Ordering::Relaxed).is_ok(),
        }
    }

    /// For the thread that has taken the lock.
    fn run<R>(&self, body: impl FnOnce(&mut T) -> R) -> R {
        let release = Release(&self.holder);
        // SAFETY: this thread holds the lock until `release` is dropped.
        let result = body(unsafe { &mut *self.value.get() });
        drop(release);
        result
    }
}

/// Makes room for the thread that holds the lock; one of real-time priority has to sleep for that.
fn rest(turn: u32) {
    if turn < 64 {
        std::thread::yield_now();
    } else {
        std::thread::sleep(Duration::from_micros(50));
    }
}

struct Release<'a>(&'a AtomicI32);

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_at_a_time() {
        static COUNT: Lock<u32> = Lock::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| COUNT.with(|count| *count += 1)));
            }
        });
        assert_eq!(COUNT.with(|count| *count), 4000);
    }

    #[test]
    fn who_only_tries_does_not_wait() {
        let lock = Lock::new(7);
        lock.with(|_| assert_eq!(lock.try_with(|value| *value), None));
        assert_eq!(lock.try_with(|value| *value), Some(7));
    }

    #[test]
    fn a_lock_held_by_another_process_is_free() {
        let lock = Lock::new(7);
        lock.holder.store(i32::MAX, Ordering::Relaxed);
        assert_eq!(lock.try_with(|value| *value), None);
        assert_eq!(lock.with(|value| *value), 7);
    }
}
