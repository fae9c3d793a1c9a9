//! The configuration as the library will find it, read and checked while there is still someone to tell.

use crate::args::Arguments;
use crate::environment::Environment;
use crate::error::Error;
use socks_conf::{Config, Proxy, ProxyProtocol, ProxyProtocols, Source};

/// Checks the URLs of `-p` one by one, so that a mistake is shown where it was made.
pub(crate) fn check_urls(urls: &[String]) -> Result<(), Error> {
    for url in urls {
        if url.contains(char::is_whitespace) {
            return Err(Error::BlankInUrl(url.clone()));
        }
        let proxy = Proxy::from_url(url).map_err(|error| Error::Url(url.clone(), error))?;
        // The library speaks SOCKS only: every connection would fail.
        if proxy.protocols == ProxyProtocols::from([ProxyProtocol::Http]) {
            return Err(Error::HttpProxy(url.clone()));
        }
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

/// Where the configuration comes from, as the user named it: the variable that options set is nothing to them.
pub(crate) fn origin(arguments: &Arguments, config: &Config) -> String {
    match arguments {
        Arguments { embedded: true, .. } => "--embedded".to_owned(),
        Arguments { proxies, .. } if !proxies.is_empty() => "-p".to_owned(),
        _ => config.source.to_string(),
    }
}
