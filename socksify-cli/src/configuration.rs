//! The configuration as the library will find it, read and checked while there is still someone to tell.

use crate::args::Arguments;
use crate::environment::Environment;
use crate::error::Error;
use socks_conf::{Config, Proxy, Source, Warning};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Checks the URLs of `-p` one by one, so that a mistake is shown where it was made.
pub(crate) fn check_urls(urls: &[String]) -> Result<(), Error> {
    for url in urls {
        if url.contains(char::is_whitespace) {
            return Err(Error::BlankInUrl(url.clone()));
        }
        Proxy::from_url(url).map_err(|error| Error::Url(url.clone(), error))?;
    }
    Ok(())
}

/// Reads the configuration, and holds the command to the file it came from.
pub(crate) fn load(environment: &mut Environment) -> Result<Config, Error> {
    let variable = |name: &str| environment.variable(name);
    let mut config =
        socks_conf::load(&variable, &|path| std::fs::read(path)).map_err(Error::Configuration)?;
    warn_about_exposed_passwords(&mut config);
    if let Source::File(file) = &config.source {
        environment.pin(file).map_err(Error::Directory)?;
    }
    Ok(config)
}

/// Warns of each file that holds a password and that others can read.
fn warn_about_exposed_passwords(config: &mut Config) {
    let mut files: Vec<PathBuf> =
        config.proxies.iter().filter_map(|proxy| proxy.password_file.clone()).collect();
    if let (Source::File(file), true) = (&config.source, config.holds_password) {
        files.push(file.clone());
    }
    files.sort();
    files.dedup();
    let exposed = files.into_iter().filter(|file| is_readable_by_others(file));
    let warnings: Vec<Warning> = exposed.map(Warning::exposed).collect();
    config.warnings.extend(warnings);
}

/// Whether more than the owner, and those who share the owner's group by name alone, can read it.
fn is_readable_by_others(file: &Path) -> bool {
    const OTHERS: u32 = 0o004;
    std::fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.mode() & OTHERS != 0)
}

/// Where the configuration comes from, as the user named it: the variable that options set is nothing to them.
pub(crate) fn origin(arguments: &Arguments, config: &Config) -> String {
    match arguments {
        Arguments { embedded: true, .. } => "--embedded".to_owned(),
        Arguments { proxies, .. } if !proxies.is_empty() => "-p".to_owned(),
        _ => config.source.to_string(),
    }
}
