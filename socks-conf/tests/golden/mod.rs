//! Files with the text they have to give, beside them in a file of the same name and `.txt`.
//!
//! `BLESS=1 cargo test` writes what came; read the difference before committing it.

use std::fs;
use std::path::{Path, PathBuf};

/// The files of a directory below `fixtures` without their texts, in order.
pub(crate) fn fixtures(directory: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(directory);
    let entries = fs::read_dir(directory).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension != "txt"));
    files.sort();
    files
}

/// Holds what came of a file to its text.
pub(crate) fn compare(file: &Path, came: &str) {
    let golden = PathBuf::from(format!("{}.txt", file.display()));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&golden, came).unwrap();
    }
    assert_eq!(came, fs::read_to_string(&golden).unwrap_or_default(), "{}", file.display());
}

/// Holds the error of every file in a directory, each with its place in the file, to its text.
pub(crate) fn errors<T>(directory: &str, least: usize, read: impl Fn(&Path) -> Result<T, socks_conf::Error>) {
    let fixtures = fixtures(directory);
    assert!(fixtures.len() > least);
    for file in fixtures {
        let error = read(&file).err().unwrap_or_else(|| panic!("{} is accepted", file.display()));
        compare(&file, &format!("{error}\n"));
    }
}

/// Likewise the warnings of files that are accepted, one a line.
pub(crate) fn warnings(
    directory: &str,
    read: impl Fn(&Path) -> Result<Vec<socks_conf::Warning>, socks_conf::Error>,
) {
    for file in fixtures(directory) {
        let warnings = read(&file).unwrap_or_else(|error| panic!("{error}"));
        assert!(!warnings.is_empty(), "{}", file.display());
        compare(&file, &listing(&warnings));
    }
}

/// Warnings as they are shown, one a line.
pub(crate) fn listing(warnings: &[socks_conf::Warning]) -> String {
    warnings.iter().map(|warning| format!("{warning}\n")).collect()
}
