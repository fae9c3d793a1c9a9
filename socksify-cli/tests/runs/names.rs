//! `--names`: which names stand behind addresses.

use crate::scene::Scene;
use socks_names::directory::{per_run_table, per_user_table};
use socks_names::{Range, Table};
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

const LINE: &str = "198.18.0.1       fd00:736f:636b:7369::1        www.example.org\n";

fn write(table: &Path, name: &str) {
    Table::open(table, Range::default()).unwrap().insert(name.as_bytes()).unwrap();
}

/// A runtime directory of the user's with a place for tables.
fn runtime(scene: &Scene) -> PathBuf {
    let directory = scene.path("runtime/socksify");
    fs::create_dir(scene.path("runtime")).unwrap();
    fs::DirBuilder::new().mode(0o700).create(&directory).unwrap();
    directory
}

#[test]
fn a_run_shows_its_own_table() {
    let scene = Scene::new();
    let table = scene.path("table");
    write(&table, "www.example.org");
    let mut socksify = scene.socksify();
    assert_eq!(scene.outcome(socksify.env("SOCKSIFY_NAMES", &table).arg("--names")).succeeds(), LINE);
    let json = scene.outcome(socksify.arg("--json")).succeeds();
    let entry = format!(
        "[\n  {{\"address\": \"198.18.0.1\", \"address6\": \"fd00:736f:636b:7369::1\", \"name\": \"www.example.org\", \
         \"table\": \"{}\"}}\n]\n",
        table.display()
    );
    assert_eq!(json, entry);
}

#[test]
fn nothing_asked_for_is_nothing_shown() {
    let scene = Scene::new();
    let missing = scene.path("missing");
    let mut socksify = scene.socksify();
    assert_eq!(scene.outcome(socksify.env("SOCKSIFY_NAMES", &missing).arg("--names")).succeeds(), "");
    assert!(!missing.exists());
}

#[test]
fn a_user_sees_all_tables() {
    let scene = Scene::new();
    let directory = runtime(&scene);
    let mut socksify = scene.socksify();
    socksify.env("XDG_RUNTIME_DIR", scene.path("runtime")).arg("--names");
    assert_eq!(scene.outcome(&mut socksify).succeeds(), "");
    let (run, user) = (per_run_table(&directory), per_user_table(&directory, &Range::default()));
    write(&run, "www.example.org");
    assert_eq!(scene.outcome(&mut socksify).succeeds(), LINE);
    write(&user, "www.example.org");
    let both = format!("{}:\n{LINE}\n{}:\n{LINE}", run.display(), user.display());
    assert_eq!(scene.outcome(&mut socksify).succeeds(), both);
}

#[test]
fn what_is_no_table_is_said_to_be_none() {
    let scene = Scene::new();
    let table = scene.write("table", "not a table", 0o600);
    let mut socksify = scene.socksify();
    let message = format!("socksify: {}: not a table of fake addresses of this version\n", table.display());
    scene.outcome(socksify.env("SOCKSIFY_NAMES", &table).arg("--names")).fails(125, &message);
}
