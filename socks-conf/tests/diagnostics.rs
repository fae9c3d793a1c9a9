//! Every message as the user sees it: a fixture beside the text it has to give.

mod golden;

use golden::fixtures;
use socks_conf::{Config, Error};
use std::fs;
use std::path::Path;

fn parse(file: &Path) -> Result<Config, Error> {
    socks_conf::parse(&fs::read(file).unwrap(), Path::new(file.file_name().unwrap()))
}

#[test]
fn errors() {
    golden::errors("diagnostics", 25, parse);
}

#[test]
fn warnings() {
    golden::warnings("warnings", |file| Ok(parse(file)?.warnings));
}

#[test]
fn accepted_files_have_no_warning() {
    for file in fixtures("accepted") {
        let config = parse(&file).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(golden::listing(&config.warnings), "", "{}", file.display());
    }
}
