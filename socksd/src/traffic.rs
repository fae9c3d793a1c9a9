//! What one connection has carried, and when it last did: for the log line and the idle timeout.

use std::future::pending;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::meter::{Meter, Way};

/// Bytes of one connection, each way.
#[derive(Debug)]
pub(crate) struct Traffic {
    begun: Instant,
    up: AtomicU64,
    down: AtomicU64,
    /// Milliseconds from `begun` to the last byte either way.
    last: AtomicU64,
    meter: OnceLock<Option<Box<Meter>>>,
}

impl Traffic {
    pub(crate) fn new() -> Traffic {
        Traffic {
            begun: Instant::now(),
            up: 0.into(),
            down: 0.into(),
            last: 0.into(),
            meter: OnceLock::new(),
        }
    }

    /// The counter of the direction from the application to the target.
    pub(crate) fn up(&self) -> Counter<'_> {
        Counter { traffic: self, bytes: &self.up }
    }

    /// The counter of the direction from the target to the application.
    pub(crate) fn down(&self) -> Counter<'_> {
        Counter { traffic: self, bytes: &self.down }
    }

    /// From now on everything passes through this meter, if it is one.
    pub(crate) fn set_meter(&self, meter: Option<Box<Meter>>) {
        // A connection is opened once.
        let _ = self.meter.set(meter);
    }

    /// How long the connection has lasted.
    pub(crate) fn age(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Begins to count the quiet time anew.
    pub(crate) fn touch(&self) {
        self.last.store(self.begun.elapsed().as_millis() as u64, Relaxed);
    }

    /// Completes when nothing was carried for `limit`; never without a limit.
    pub(crate) async fn quiet(&self, limit: Option<Duration>) {
        match limit {
            // Boxed, so that connections without a limit need no room for a timer.
            Some(limit) => Box::pin(self.quiet_for(limit)).await,
            None => pending().await,
        }
    }

    async fn quiet_for(&self, limit: Duration) {
        loop {
            let due = self.begun + Duration::from_millis(self.last.load(Relaxed)) + limit;
            if due <= Instant::now() {
                return;
            }
            sleep_until(due).await;
        }
    }
}

/// One direction of a [`Traffic`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counter<'a> {
    traffic: &'a Traffic,
    bytes: &'a AtomicU64,
}

impl Counter<'_> {
    /// Counts bytes that were passed on just now.
    pub(crate) fn add(&self, count: usize) {
        self.bytes.fetch_add(count as u64, Relaxed);
        self.traffic.touch();
    }

    /// The meter of the connection.
    pub(crate) fn meter(&self) -> Option<&Meter> {
        self.traffic.meter.get()?.as_deref()
    }

    /// The direction.
    pub(crate) fn way(&self) -> Way {
        if std::ptr::eq(self.bytes, &self.traffic.up) { Way::Up } else { Way::Down }
    }

    /// The bytes counted so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{sleep, timeout};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn quiet_is_counted_from_the_last_byte() {
        let traffic = Traffic::new();
        let carry = async {
            for _ in 0..5 {
                sleep(MINUTE / 2).await;
                traffic.down().add(1);
            }
            pending().await
        };
        tokio::select! {
            () = traffic.quiet(Some(MINUTE)) => assert_eq!(traffic.age(), MINUTE * 7 / 2),
            () = carry => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_before_relaying_is_not_quiet() {
        let traffic = Traffic::new();
        sleep(MINUTE * 2).await;
        traffic.touch();
        traffic.quiet(Some(MINUTE)).await;
        assert_eq!(traffic.age(), MINUTE * 3);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_it_may_be_quiet_for_ever() {
        assert!(timeout(MINUTE * 1_000_000, Traffic::new().quiet(None)).await.is_err());
    }
}
