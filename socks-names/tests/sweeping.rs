//! Tables of ended runs are removed once there are many; those that some process holds stay.
//!
//! The runs are this test binary again, started as [`run`].

mod scratch;

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};
use std::{env, io};

use scratch::Scratch;
use socks_names::{Range, Table, directory};

const DIRECTORY: &str = "TEST_DIRECTORY";
const MAPPED: &str = "TEST_MAPPED";

/// Makes the table of a run and tells its path.
#[test]
fn run() {
    let Some(directory) = env::var_os(DIRECTORY) else { return };
    let path = directory::per_run_table(Path::new(&directory));
    Table::open(&path, Range::default()).unwrap();
    println!("\n={}", path.display());
}

/// Maps a table until its standard input is closed.
#[test]
fn holder() {
    let Some(path) = env::var_os(MAPPED) else { return };
    let table = Table::open(Path::new(&path), Range::default()).unwrap();
    println!("\n={}", path.display());
    io::stdin().read_line(&mut String::new()).unwrap();
    drop(table);
}

fn spawn(test: &str, variable: &str, value: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(variable, value)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The path a child tells in one of its lines.
fn told(mut lines: impl Iterator<Item = String>) -> PathBuf {
    PathBuf::from(lines.find_map(|line| Some(line.strip_prefix('=')?.to_owned())).unwrap())
}

/// The table of a run that has ended.
fn ended_run(directory: &Path) -> PathBuf {
    let output = spawn("run", DIRECTORY, directory).wait_with_output().unwrap();
    told(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned))
}

#[test]
fn few_tables_are_left_alone() {
    let scratch = Scratch::new();
    for _ in 0..32 {
        ended_run(&scratch);
    }
    assert_eq!(directory::sweep(&scratch), 0);
    assert_eq!(fs::read_dir(&*scratch).unwrap().count(), 32);
}

#[test]
fn of_many_tables_those_held_stay() {
    let scratch = Scratch::new();
    let tables: Vec<PathBuf> = (0..40).map(|_| ended_run(&scratch)).collect();
    let ours = directory::per_run_table(&scratch);
    let of_the_user = directory::per_user_table(&scratch, &Range::default());
    for path in [&ours, &of_the_user] {
        Table::open(path, Range::default()).unwrap();
    }
    fs::write(scratch.join("names-of-something-else"), "").unwrap();
    let mut mapping = spawn("holder", MAPPED, &tables[7]);
    let mut lines = BufReader::new(mapping.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mapped = told(lines.by_ref());
    let mut waiting =
        Command::new("cat").env("SOCKSIFY_NAMES", &tables[9]).stdin(Stdio::piped()).spawn().unwrap();

    assert_eq!(directory::sweep(&scratch), 38);
    let kept = [&mapped, &tables[9], &ours, &of_the_user, &scratch.join("names-of-something-else")];
    assert!(kept.iter().all(|path| path.exists()));
    assert_eq!(fs::read_dir(&*scratch).unwrap().count(), kept.len());

    drop((mapping.stdin.take(), waiting.stdin.take()));
    lines.for_each(drop);
    mapping.wait().unwrap();
    waiting.wait().unwrap();
}

#[test]
fn what_a_killed_creator_left_goes_after_a_while() {
    let scratch = Scratch::new();
    let unfinished: Vec<PathBuf> =
        (0..40).map(|number| scratch.join(format!("names-{number}.new"))).collect();
    for (number, path) in unfinished.iter().enumerate() {
        let age = Duration::from_secs(if number < 30 { 3600 } else { 0 });
        File::create(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
    }
    assert_eq!(directory::sweep(&scratch), 30);
    assert!(unfinished.iter().skip(30).all(|path| path.exists()));
}

#[test]
fn a_directory_that_is_not_there() {
    assert_eq!(directory::sweep(Path::new("/nonexistent")), 0);
}
