//! Proxy URLs: `socks5://user:password@host:port`.

use crate::{Proxy, ProxyHost, ProxyProtocol, ProxyProtocols, Secret};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Why a text is not a proxy URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlError {
    /// There is no `scheme://`, or one that is not known.
    Scheme,
    /// There is no host name, or one that cannot be a host name.
    Host,
    /// An IPv6 address without brackets.
    Brackets,
    /// The port is not a number from 1 to 65535.
    Port,
    /// Something follows the port: a path, a query, a blank.
    Trailing,
    /// A `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
    Percent,
    /// The user name or the password is empty or longer than 255 bytes.
    Credentials,
    /// A password where the protocol has none.
    PasswordInSocks4,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UrlError::Scheme => {
                "expected a proxy URL that begins with socks5://, socks5h://, socks4://, socks4a:// or http://"
            }
            UrlError::Host => "expected a host name or an address behind the scheme, as in socks5://10.0.0.11:1080",
            UrlError::Brackets => "expected brackets around the IPv6 address, as in socks5://[::1]:1080",
            UrlError::Port => "expected a port from 1 to 65535 behind the colon",
            UrlError::Trailing => "expected nothing behind the host and the port",
            UrlError::Percent => "expected two hexadecimal digits behind each %, and UTF-8 when decoded",
            UrlError::Credentials => "expected a user name and a password of 1 to 255 bytes each",
            UrlError::PasswordInSocks4 => "SOCKS4 has no password; give the user name alone, or use socks5://",
        })
    }
}

impl std::error::Error for UrlError {}

impl Proxy {
    /// Reads `socks5://[user:password@]host[:port]`, likewise `socks5h`, `socks4`, `socks4a` and `http`.
    ///
    /// `socks5` and `socks5h` mean the same: the proxy resolves the names. The port defaults to 1080, for
    /// http to 80. User name and password may hold `%xx`; an IPv6 address stands in brackets.
    pub fn from_url(url: &str) -> Result<Proxy, UrlError> {
        let (scheme, rest) = url.split_once("://").ok_or(UrlError::Scheme)?;
        let (protocol, default_port) = protocol(scheme)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if !matches!(path, "" | "/") {
            return Err(UrlError::Trailing);
        }
        let (credentials, place) = match authority.rsplit_once('@') {
            Some((credentials, place)) => (Some(credentials), place),
            None => (None, authority),
        };
        let (host, port) = host_and_port(place)?;
        let mut proxy = Proxy::new(host, port.unwrap_or(default_port), ProxyProtocols::from([protocol]));
        if let Some(credentials) = credentials {
            proxy.take_credentials(credentials)?;
        }
        Ok(proxy)
    }

    pub(crate) fn new(host: ProxyHost, port: u16, protocols: ProxyProtocols) -> Proxy {
        let name = format!("{host}:{port}");
        Proxy {
            name,
            host,
            port,
            protocols,
            username: None,
            password: None,
            password_file: None,
            isolate: None,
        }
    }

    fn take_credentials(&mut self, text: &str) -> Result<(), UrlError> {
        let (username, password) = match text.split_once(':') {
            Some((username, password)) => (username, Some(password)),
            None => (text, None),
        };
        if password.is_some() && !self.takes_password() {
            return Err(UrlError::PasswordInSocks4);
        }
        self.username = Some(credential(username)?);
        self.password = password.map(credential).transpose()?.map(Secret::new);
        Ok(())
    }

    /// Whether one of its protocols has a field for a password.
    pub(crate) fn takes_password(&self) -> bool {
        self.protocols.contains(ProxyProtocol::SocksV5) || self.protocols.contains(ProxyProtocol::Http)
    }
}

fn protocol(scheme: &str) -> Result<(ProxyProtocol, u16), UrlError> {
    match scheme.to_ascii_lowercase().as_str() {
        "socks5" | "socks5h" => Ok((ProxyProtocol::SocksV5, 1080)),
        "socks4" => Ok((ProxyProtocol::SocksV4, 1080)),
        "socks4a" => Ok((ProxyProtocol::SocksV4a, 1080)),
        "http" => Ok((ProxyProtocol::Http, 80)),
        _ => Err(UrlError::Scheme),
    }
}

/// Reads `host`, `host:port`, `[v6]` or `[v6]:port`.
pub(crate) fn host_and_port(text: &str) -> Result<(ProxyHost, Option<u16>), UrlError> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or(UrlError::Host)?;
            let address: Ipv6Addr = address.parse().map_err(|_| UrlError::Host)?;
            (ProxyHost::Ip(IpAddr::V6(address)), port)
        }
        None if text.matches(':').count() > 1 => return Err(UrlError::Brackets),
        None => {
            let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            (proxy_host(host).ok_or(UrlError::Host)?, port)
        }
    };
    match port.strip_prefix(':') {
        Some(port) => Ok((host, Some(proxy_port(port)?))),
        None if port.is_empty() => Ok((host, None)),
        None => Err(UrlError::Trailing),
    }
}

fn proxy_host(text: &str) -> Option<ProxyHost> {
    match text.parse() {
        Ok(address) => Some(ProxyHost::Ip(address)),
        Err(_) => is_host_name(text).then(|| ProxyHost::Name(text.to_owned())),
    }
}

fn proxy_port(text: &str) -> Result<u16, UrlError> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(UrlError::Port);
    }
    text.parse().ok().filter(|port| *port != 0).ok_or(UrlError::Port)
}

/// Whether `text` can be a host name: labels of letters, digits, `-`, `_` and anything beyond ASCII, the last
/// of them not a number, since that would be a misspelt address.
pub(crate) fn is_host_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii() && !c.is_control();
    let label = |label: &str| !label.is_empty() && label.chars().all(allowed);
    let numeric = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 255 && text.split('.').all(label) && !text.rsplit('.').next().is_some_and(numeric)
}

fn credential(text: &str) -> Result<String, UrlError> {
    let text = percent_decode(text)?;
    if (1..=255).contains(&text.len()) { Ok(text) } else { Err(UrlError::Credentials) }
}

fn percent_decode(text: &str) -> Result<String, UrlError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hexadecimal(bytes.next())? << 4 | hexadecimal(bytes.next())?,
            byte => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| UrlError::Percent)
}

fn hexadecimal(digit: Option<u8>) -> Result<u8, UrlError> {
    let value = digit.and_then(|digit| char::from(digit).to_digit(16));
    value.and_then(|value| u8::try_from(value).ok()).ok_or(UrlError::Percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<(String, Option<String>, Option<String>, String), UrlError> {
        let proxy = Proxy::from_url(url)?;
        let password = proxy.password.as_ref().map(|secret| secret.reveal().to_owned());
        Ok((proxy.to_string(), proxy.username.clone(), password, proxy.protocols.to_string()))
    }

    fn place(url: &str) -> Result<String, UrlError> {
        read(url).map(|(place, ..)| place)
    }

    #[test]
    fn every_scheme() {
        let protocols = |url| read(url).map(|(_, _, _, protocols)| protocols);
        assert_eq!(protocols("socks5://h").unwrap(), "socks_v5");
        assert_eq!(protocols("SOCKS5H://h").unwrap(), "socks_v5");
        assert_eq!(protocols("socks4://h").unwrap(), "socks_v4");
        assert_eq!(protocols("socks4a://h").unwrap(), "socks_v4a");
        assert_eq!(protocols("http://h").unwrap(), "http");
        assert_eq!(protocols("https://h"), Err(UrlError::Scheme));
        assert_eq!(protocols("10.0.0.11:1080"), Err(UrlError::Scheme));
        assert_eq!(protocols(""), Err(UrlError::Scheme));
    }

    #[test]
    fn hosts_and_ports() {
        assert_eq!(place("socks5://10.0.0.11").unwrap(), "10.0.0.11:1080");
        assert_eq!(place("http://proxy.example/").unwrap(), "proxy.example:80");
        assert_eq!(place("socks5://[2001:db8::1]:9050").unwrap(), "[2001:db8::1]:9050");
        assert_eq!(place("socks5://[::1]").unwrap(), "[::1]:1080");
        assert_eq!(place("socks5://::1:1080"), Err(UrlError::Brackets));
        assert_eq!(place("socks5://2001:db8::1"), Err(UrlError::Brackets));
        assert_eq!(place("socks5://[::1"), Err(UrlError::Host));
        assert_eq!(place("socks5://[::1]1080"), Err(UrlError::Trailing));
        assert_eq!(place("socks5://"), Err(UrlError::Host));
        assert_eq!(place("socks5://300.1.1.1"), Err(UrlError::Host));
        assert_eq!(place("socks5://h:0"), Err(UrlError::Port));
        assert_eq!(place("socks5://h:65536"), Err(UrlError::Port));
        assert_eq!(place("socks5://h:+80"), Err(UrlError::Port));
        assert_eq!(place("socks5://h:"), Err(UrlError::Port));
        assert_eq!(place("socks5://h/path"), Err(UrlError::Trailing));
        assert_eq!(place("socks5://a b"), Err(UrlError::Host));
    }

    #[test]
    fn credentials() {
        let (_, username, password, _) = read("socks5://al%69ce:p%40ss:word@h:1").unwrap();
        assert_eq!((username.as_deref(), password.as_deref()), (Some("alice"), Some("p@ss:word")));
        let (_, username, password, _) = read("socks5://alice@b@h").unwrap();
        assert_eq!((username.as_deref(), password), (Some("alice@b"), None));
        assert_eq!(read("socks4://alice@h").unwrap().1.as_deref(), Some("alice"));
        assert_eq!(read("socks4://alice:x@h"), Err(UrlError::PasswordInSocks4));
        assert_eq!(read("socks5://%zz:x@h"), Err(UrlError::Percent));
        assert_eq!(read("socks5://%ff:x@h"), Err(UrlError::Percent));
        assert_eq!(read("socks5://a%4"), Err(UrlError::Host));
        assert_eq!(read("socks5://:x@h"), Err(UrlError::Credentials));
        assert_eq!(read(&format!("socks5://{}:x@h", "u".repeat(256))), Err(UrlError::Credentials));
    }

    #[test]
    fn a_password_is_never_printed() {
        let proxy = Proxy::from_url("socks5://alice:hush@h").unwrap();
        assert!(!format!("{proxy:?} {proxy}").contains("hush"));
    }
}
