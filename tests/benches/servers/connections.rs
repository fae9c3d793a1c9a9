//! New connections: how many a second, how long each takes, what they cost the server.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use end_to_end::measure::Outcome;

use crate::contestant::{Contestant, Stage};

const SPAN: Duration = Duration::from_millis(1500);
const CLIENTS: usize = 50;
/// What a server does once is done before anything is measured.
const WARM_UP: usize = 100;

/// Connections a second that one client makes, one after another.
pub(crate) fn one_client(_: &Stage, contestant: &Contestant) -> Outcome<Option<f64>> {
    Load::of(contestant, 1).map(|load| Some(load.rate()))
}

/// Connections a second that 50 clients make, each one after another.
pub(crate) fn many_clients(_: &Stage, contestant: &Contestant) -> Outcome<Option<f64>> {
    Load::of(contestant, CLIENTS).map(|load| Some(load.rate()))
}

/// Microseconds of processor time that a connection costs the server, with 50 clients.
pub(crate) fn cost(_: &Stage, contestant: &Contestant) -> Outcome<Option<f64>> {
    let before = contestant.processor_time()?;
    let load = Load::of(contestant, CLIENTS)?;
    Ok(Some((contestant.processor_time()? - before) * 1e6 / (load.times.len() + WARM_UP) as f64))
}

/// Microseconds from connect to the reply, for one client, in the middle.
pub(crate) fn median(_: &Stage, contestant: &Contestant) -> Outcome<Option<f64>> {
    Load::of(contestant, 1).map(|load| Some(load.quantile(0.5)))
}

/// The same, that one in a hundred exceeds.
pub(crate) fn slowest(_: &Stage, contestant: &Contestant) -> Outcome<Option<f64>> {
    Load::of(contestant, 1).map(|load| Some(load.quantile(0.99)))
}

/// What came of connecting for a while.
struct Load {
    /// From connect to the reply, in order of length.
    times: Vec<Duration>,
    elapsed: Duration,
}

impl Load {
    fn of(contestant: &Contestant, clients: usize) -> Outcome<Load> {
        let target = target()?;
        for _ in 0..WARM_UP {
            contestant.connect(target)?;
        }
        let is_over = AtomicBool::new(false);
        let begun = Instant::now();
        let times = thread::scope(|scope| {
            let client = || -> std::io::Result<Vec<Duration>> {
                let mut times = Vec::new();
                while !is_over.load(Relaxed) {
                    let begun = Instant::now();
                    let stream = contestant.connect(target)?;
                    times.push(begun.elapsed());
                    drop(stream);
                }
                Ok(times)
            };
            let clients: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
            thread::sleep(SPAN);
            is_over.store(true, Relaxed);
            clients
                .into_iter()
                .map(|client| client.join().unwrap_or(Ok(Vec::new())))
                .collect::<Result<Vec<_>, _>>()
        });
        let elapsed = begun.elapsed();
        let mut times = times?.concat();
        times.sort_unstable();
        Ok(Load { times, elapsed })
    }

    fn rate(&self) -> f64 {
        self.times.len() as f64 / self.elapsed.as_secs_f64()
    }

    fn quantile(&self, share: f64) -> f64 {
        let index = (self.times.len() as f64 * share) as usize;
        self.times.get(index).copied().unwrap_or_default().as_secs_f64() * 1e6
    }
}

/// A target that waits for the end of each connection.
fn target() -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    // Enough that none waits for another; they end with the process.
    for _ in 0..CLIENTS {
        let listener = listener.try_clone()?;
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read(&mut [0]);
            }
        });
    }
    Ok(address)
}
