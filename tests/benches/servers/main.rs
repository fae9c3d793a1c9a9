//! What a connection, a byte and a datagram cost through each SOCKS server there is, beside one another on loopback.
//!
//! `cargo bench -p end-to-end --bench servers` prints a table; words after `--` choose rows and servers by parts of their
//! names. The servers run as they are installed and configured to serve anybody; everything shares the processors, the
//! load included. Each figure is the best of several rounds in which the servers take turns.

mod bulk;
mod connections;
mod contestant;
mod idle;
mod usage;

use std::process::ExitCode;

use end_to_end::measure::{Outcome, report};

use crate::contestant::{Contestant, Stage};

/// One figure of one server; `None` where it cannot be had.
type Measure = fn(&Stage, &Contestant) -> Outcome<Option<f64>>;

/// A line of the table.
struct Row {
    label: &'static str,
    measure: Measure,
    decimals: usize,
    best: fn(f64, f64) -> f64,
    rounds: usize,
}

const ROUNDS: usize = 5;

const ROWS: [Row; 11] = [
    Row::most("GiB/s, one stream", 2, bulk::one_stream),
    Row::most("GiB/s, 64 streams", 2, bulk::many_streams),
    Row::least("CPU s/GiB, one stream", 2, bulk::cost_of_one_stream),
    Row::least("CPU s/GiB, 64 streams", 2, bulk::cost_of_many_streams),
    Row::most("connections/s, 1 client", 0, connections::one_client),
    Row::most("connections/s, 50 clients", 0, connections::many_clients),
    Row::least("CPU µs a connection", 0, connections::cost),
    Row::least("µs to connect, p50", 0, connections::median),
    Row::least("µs to connect, p99", 0, connections::slowest),
    Row { rounds: 1, ..Row::least("KiB an idle connection", 1, idle::memory) },
    Row::most("datagrams/s", 0, bulk::datagrams),
];

impl Row {
    const fn most(label: &'static str, decimals: usize, measure: Measure) -> Row {
        Row { label, measure, decimals, best: f64::max, rounds: ROUNDS }
    }

    const fn least(label: &'static str, decimals: usize, measure: Measure) -> Row {
        Row { label, measure, decimals, best: f64::min, rounds: ROUNDS }
    }
}

fn main() -> ExitCode {
    report(compare)
}

fn compare() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let stage = Stage::new()?;
    let contestants = stage.contestants()?;
    let chosen = |names: &[&str], name: &str| {
        let ours: Vec<_> =
            words.iter().filter(|word| names.iter().any(|name| name.contains(*word))).collect();
        ours.is_empty() || ours.iter().any(|word| name.contains(*word))
    };
    let programs: Vec<_> = contestants.iter().map(|contestant| contestant.name).collect();
    let labels: Vec<_> = ROWS.iter().map(|row| row.label).collect();
    let contestants: Vec<_> = contestants.iter().filter(|one| chosen(&programs, one.name)).collect();
    print!("{:26}", "");
    contestants.iter().for_each(|contestant| print!("  {:>10}", contestant.name));
    println!();
    for row in ROWS.iter().filter(|row| chosen(&labels, row.label)) {
        let mut best = vec![None; contestants.len()];
        for _ in 0..row.rounds {
            for (best, contestant) in best.iter_mut().zip(&contestants) {
                let measured = stage.perform(|| (row.measure)(&stage, contestant))?;
                *best = match (*best, measured) {
                    (Some(before), Some(now)) => Some((row.best)(before, now)),
                    (before, now) => before.or(now),
                };
            }
        }
        print!("{:26}", row.label);
        for figure in best {
            match figure {
                Some(figure) => print!("  {figure:>10.*}", row.decimals),
                None => print!("  {:>10}", "-"),
            }
        }
        println!();
    }
    Ok(())
}
