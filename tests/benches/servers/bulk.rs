//! Bytes and datagrams in quantity.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use end_to_end::measure::Outcome;
use end_to_end::plan::ECHO;
use end_to_end::services;

use crate::contestant::{Contestant, Stage};

const SPAN: Duration = Duration::from_millis(1500);
const STREAMS: usize = 64;
const GIB: f64 = (1_u64 << 30) as f64;
const DATAGRAMS: u32 = 50_000;

/// GiB a second through one connection, from the target.
pub(crate) fn one_stream(_: &Stage, contestant: &Contestant) -> Outcome<Option<f64>> {
    transfer(contestant, 1).map(|transfer| Some(transfer.gib / transfer.elapsed))
}

/// The same through 64 at a time.
pub(crate) fn many_streams(_: &Stage, contestant: &Contestant) -> Outcome<Option<f64>> {
    transfer(contestant, STREAMS).map(|transfer| Some(transfer.gib / transfer.elapsed))
}

/// Seconds of processor time that the server uses for a GiB through one connection.
pub(crate) fn cost_of_one_stream(_: &Stage, contestant: &Contestant) -> Outcome<Option<f64>> {
    transfer(contestant, 1).map(|transfer| Some(transfer.processor_time / transfer.gib))
}

/// The same through 64 at a time.
pub(crate) fn cost_of_many_streams(_: &Stage, contestant: &Contestant) -> Outcome<Option<f64>> {
    transfer(contestant, STREAMS).map(|transfer| Some(transfer.processor_time / transfer.gib))
}

struct Transfer {
    gib: f64,
    elapsed: f64,
    processor_time: f64,
}

fn transfer(contestant: &Contestant, streams: usize) -> Outcome<Transfer> {
    let source = source()?;
    let read = AtomicU64::new(0);
    let streams = (0..streams).map(|_| contestant.connect(source)).collect::<Result<Vec<_>, _>>()?;
    thread::scope(|scope| {
        for mut stream in streams {
            let read = &read;
            scope.spawn(move || {
                let mut buffer = vec![0; 1 << 18];
                let begun = Instant::now();
                while begun.elapsed() < SPAN
                    && let Ok(count) = stream.read(&mut buffer)
                {
                    read.fetch_add(count as u64, Relaxed);
                }
            });
        }
        let (begun, before, first) = (Instant::now(), contestant.processor_time()?, read.load(Relaxed));
        thread::sleep(SPAN - SPAN / 10);
        let gib = (read.load(Relaxed) - first) as f64 / GIB;
        let (elapsed, after) = (begun.elapsed().as_secs_f64(), contestant.processor_time()?);
        Ok(Transfer { gib, elapsed, processor_time: after - before })
    })
}

/// A target that sends without end.
fn source() -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let data = vec![7; 1 << 18];
                while stream.write_all(&data).is_ok() {}
            });
        }
    });
    Ok(address)
}

/// Datagrams of 1200 bytes a second that come back from an echo service, 16 of them on their way at a time.
pub(crate) fn datagrams(stage: &Stage, contestant: &Contestant) -> Outcome<Option<f64>> {
    if !contestant.has_datagrams {
        return Ok(None);
    }
    static SERVICES: std::sync::Once = std::sync::Once::new();
    let localhost = Ipv4Addr::LOCALHOST;
    let mut started = Ok(());
    SERVICES.call_once(|| started = services::start(&stage.host.network, &[localhost.into()]));
    started?;
    let mut probe = stage.host.command(stage.fixtures.probe("rate")?)?;
    probe.args([localhost.to_string(), ECHO.to_string(), DATAGRAMS.to_string()]);
    probe.args([localhost.to_string(), contestant.address.port().to_string()]);
    let output = probe.output()?;
    let text = String::from_utf8(output.stdout)?;
    let (nanoseconds, _) = text.trim().split_once(' ').ok_or("no figures")?;
    Ok(Some(1e9 / nanoseconds.parse::<f64>()?))
}
