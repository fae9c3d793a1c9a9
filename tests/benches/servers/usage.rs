//! What the processes of a server use, its children included (proc(5)).

use std::collections::HashMap;
use std::fs;

use end_to_end::measure::Outcome;

/// The unit of times in `/proc/PID/stat` (USER_HZ).
const TICKS_A_SECOND: f64 = 100.0;

/// Seconds of processor time that these processes and their descendants have used, those that have ended included.
pub(crate) fn processor_time(roots: &[u32]) -> Outcome<f64> {
    let table = table()?;
    Ok(tree(&table, roots).iter().map(|process| table[process].ticks).sum::<u64>() as f64 / TICKS_A_SECOND)
}

/// KiB of memory, what is shared among processes in shares.
pub(crate) fn memory(roots: &[u32]) -> Outcome<f64> {
    let mut sum = 0.0;
    for process in tree(&table()?, roots) {
        // A process that has ended meanwhile takes nothing.
        let Ok(text) = fs::read_to_string(format!("/proc/{process}/smaps_rollup")) else { continue };
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).ok_or("no Pss")?;
        sum += line.trim_end_matches("kB").trim().parse::<f64>()?;
    }
    Ok(sum)
}

struct Process {
    parent: u32,
    ticks: u64,
}

fn table() -> Outcome<HashMap<u32, Process>> {
    let numbers =
        fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // A process that has ended meanwhile is none of ours.
    Ok(numbers.filter_map(|number| Some((number, process(number)?))).collect())
}

fn process(number: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
    // The name, in parentheses, may hold anything.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = fields.get(11..15)?.iter().map(|field| field.parse::<u64>().ok());
    Some(Process { parent: fields.get(1)?.parse().ok()?, ticks: ticks.sum::<Option<u64>>()? })
}

fn tree(table: &HashMap<u32, Process>, roots: &[u32]) -> Vec<u32> {
    let mut found = roots.to_vec();
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(table.iter().filter(|(_, process)| process.parent == parent).map(|(number, _)| *number));
        next += 1;
    }
    found.retain(|process| table.contains_key(process));
    found
}
