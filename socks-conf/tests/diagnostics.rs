//! Every message as the user sees it: a fixture beside the text it has to give.
//!
//! `BLESS=1 cargo test` writes what came; read the difference before committing it.

use std::fs;
use std::path::{Path, PathBuf};

fn fixtures(directory: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(directory);
    let mut files: Vec<PathBuf> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension != "txt"));
    files.sort();
    files
}

fn compare(file: &Path, came: &str) {
    let golden = PathBuf::from(format!("{}.txt", file.display()));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&golden, came).unwrap();
    }
    let expected = fs::read_to_string(&golden).unwrap_or_default();
    assert_eq!(came, expected, "{}", file.display());
}

fn parse(file: &Path) -> Result<socks_conf::Config, socks_conf::Error> {
    let name = Path::new(file.file_name().unwrap());
    socks_conf::parse(&fs::read(file).unwrap(), name)
}

#[test]
fn errors() {
    let fixtures = fixtures("diagnostics");
    assert!(fixtures.len() > 25);
    for file in fixtures {
        let error = parse(&file).expect_err(&file.display().to_string());
        compare(&file, &format!("{error}\n"));
    }
}

#[test]
fn warnings() {
    for file in fixtures("warnings") {
        let config = parse(&file).unwrap_or_else(|error| panic!("{error}"));
        assert!(!config.warnings.is_empty(), "{}", file.display());
        let came: String = config.warnings.iter().map(|warning| format!("{warning}\n")).collect();
        compare(&file, &came);
    }
}

#[test]
fn accepted_files_have_no_warning() {
    for file in fixtures("accepted") {
        let config = parse(&file).unwrap_or_else(|error| panic!("{error}"));
        assert!(config.warnings.is_empty(), "{}: {:?}", file.display(), config.warnings);
    }
}
