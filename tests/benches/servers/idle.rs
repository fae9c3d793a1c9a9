//! Connections at rest.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use end_to_end::measure::Outcome;

use crate::contestant::{Contestant, Stage};

const MANY: usize = 5000;

/// Whoever needs longer to take that many in looks at all of them for each.
const PATIENCE: Duration = Duration::from_secs(30);

/// KiB of process memory for each of 5,000 connections; none where the server does not hold that many.
pub(crate) fn memory(_: &Stage, contestant: &Contestant) -> Outcome<Option<f64>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let target = listener.local_addr()?;
    let accepting = thread::spawn(move || listener.incoming().flatten().take(MANY).collect::<Vec<_>>());
    // What the first connection costs is not a matter of their number.
    let _first = contestant.connect(target)?;
    let before = contestant.memory()?;
    let held = match hold(contestant, target) {
        Ok(held) => held,
        Err(error) => {
            eprintln!("{} does not hold {MANY} connections: {error}", contestant.name);
            return Ok(None);
        }
    };
    let after = contestant.memory()?;
    drop(held);
    drop(accepting);
    Ok(Some((after - before) / (MANY - 1) as f64))
}

fn hold(contestant: &Contestant, target: SocketAddr) -> io::Result<Vec<TcpStream>> {
    let begun = Instant::now();
    let connect = |_| match begun.elapsed() < PATIENCE {
        true => contestant.connect(target),
        false => Err(io::ErrorKind::TimedOut.into()),
    };
    (1..MANY).map(connect).collect()
}
