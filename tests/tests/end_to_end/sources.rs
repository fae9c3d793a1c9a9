//! What a build and the sources show without being run: exported symbols, unsafe code, package names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use end_to_end::artifacts::{Build, workspace};
use end_to_end::fixtures;
use end_to_end::prerequisites::PROGRAMS;

use crate::suite::{Suite, Verdict};

pub(crate) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        let name = format!("sources::exports_are_the_table::{}", build.name());
        suite.add_plain(&name, &["nm"], move || exports_are_the_table(build));
    }
    suite.add_plain("sources::unsafe_is_where_the_architecture_says", &[], unsafe_is_where_it_is_said_to_be);
    suite.add_plain("sources::packages_are_those_the_tests_name", &[], packages_are_listed);
}

fn read(path: &Path) -> Result<String, libtest_mimic::Failed> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn same(what: &str, expected: &BTreeSet<String>, found: &BTreeSet<String>) -> Verdict {
    let missing: Vec<_> = expected.difference(found).collect();
    let surplus: Vec<_> = found.difference(expected).collect();
    if missing.is_empty() && surplus.is_empty() {
        return Ok(());
    }
    Err(format!("{what}: missing {missing:?}, surplus {surplus:?}").into())
}

/// `nm` against the table that the library's own test generates from its rows.
fn exports_are_the_table(build: Build) -> Verdict {
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(build.library()).output()?;
    let listing = String::from_utf8_lossy(&output.stdout).into_owned();
    let exported =
        listing.lines().filter_map(|line| line.split_whitespace().last()).map(unversioned).collect();
    let table = read(&workspace().join("INTERPOSED.md"))?;
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    same("exported symbols", &rows.map(str::to_owned).collect(), &exported)
}

fn unversioned(symbol: &str) -> String {
    symbol.split('@').next().unwrap_or_default().to_owned()
}

/// ARCHITECTURE.md names for each crate the modules that may have unsafe code; no other source file has any.
fn unsafe_is_where_it_is_said_to_be() -> Verdict {
    let text = read(&workspace().join("ARCHITECTURE.md"))?;
    let section =
        text.split("## Where unsafe code may be").nth(1).and_then(|rest| rest.split("\n## ").next());
    let section = section.ok_or("ARCHITECTURE.md has no section about unsafe code")?;
    let mut crates: Vec<(String, Vec<String>)> = Vec::new();
    for word in section.split('`').skip(1).step_by(2) {
        match crates.last_mut() {
            _ if workspace().join(word).join("Cargo.toml").exists() => {
                crates.push((word.to_owned(), Vec::new()))
            }
            Some((_, modules)) => modules.push(word.trim_end_matches(".rs").trim_end_matches('/').to_owned()),
            None => return Err(format!("{word} stands before any crate").into()),
        }
    }
    let found = crates.iter().flat_map(|(name, modules)| unsafe_files(name, modules)).collect();
    same("files with unsafe code", &BTreeSet::new(), &found)
}

/// Files of a crate with unsafe code in a module not named.
fn unsafe_files(name: &str, modules: &[String]) -> Vec<String> {
    let root = workspace().join(name).join("src");
    let named = |path: &Path| {
        let path = path.strip_prefix(&root).unwrap_or(path).with_extension("");
        modules.iter().any(|module| path.starts_with(module))
    };
    let files = sources(&root).into_iter().filter(|path| !named(path));
    files.filter(|path| has_unsafe(path)).map(|path| path.display().to_string()).collect()
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let below = |path: PathBuf| if path.is_dir() { sources(&path) } else { vec![path] };
    entries
        .flat_map(below)
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The keyword, outside of comments and lint names.
fn has_unsafe(path: &Path) -> bool {
    let code = fs::read_to_string(path).unwrap_or_default();
    let code = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.flat_map(|line| line.split(|letter: char| !letter.is_alphanumeric() && letter != '_'))
        .any(|word| word == "unsafe")
}

/// `install-packages` reads the list; the prerequisites of tests are what it has to bring.
fn packages_are_listed() -> Verdict {
    let text = read(&fixtures::source("packages.txt"))?;
    let words = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let listed = words.filter(|word| !word.is_empty()).map(str::to_owned);
    same("packages", &PROGRAMS.iter().map(|(_, package)| (*package).to_owned()).collect(), &listed.collect())
}
