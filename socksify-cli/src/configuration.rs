//! The configuration as the library will find it, read and checked while there is still someone to tell.

use crate::environment::Environment;
use crate::error::Error;
use socks_conf::{Config, Proxy, Source};

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
    let config = socks_conf::load(&variable, &|path| std::fs::read(path)).map_err(Error::Configuration)?;
    if let Source::File(file) = &config.source {
        environment.pin(file).map_err(Error::Directory)?;
    }
    Ok(config)
}
