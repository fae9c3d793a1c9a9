//! `--convert`: any configuration as commented TOML on standard output.

use crate::error::Error;
use crate::message;
use std::path::Path;

/// Prints what `file` says.
pub(crate) fn run(file: &Path) -> Result<(), Error> {
    let text = std::fs::read(file)
        .map_err(|error| socks_conf::Error::Unreadable { file: file.to_owned(), error })
        .map_err(Error::Configuration)?;
    let config = socks_conf::parse(&text, file).map_err(Error::Configuration)?;
    let toml = config.to_toml().map_err(|reason| Error::Unconvertible(file.to_owned(), reason))?;
    message::print(toml.as_bytes())
}
