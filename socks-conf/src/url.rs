//! Proxy URLs: `socks5://user:password@host:port`.

use crate::Proxy;
use std::fmt;

/// Why a text is not a proxy URL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlError {
    /// There is no `scheme://`, or one that is not known.
    Scheme,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected socks5://, socks5h://, socks4://, socks4a:// or http://")
    }
}

impl std::error::Error for UrlError {}

impl Proxy {
    /// Reads `socks5://[user:password@]host[:port]`, likewise `socks5h`, `socks4`, `socks4a` and `http`.
    pub fn from_url(_url: &str) -> Result<Proxy, UrlError> {
        Err(UrlError::Scheme)
    }
}
