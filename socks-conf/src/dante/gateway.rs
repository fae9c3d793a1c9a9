//! What follows `via:`.

use super::Result;
use super::address::{is_mapped, misleading};
use super::cursor::Class;
use super::parser::{Model, Parser};
use crate::caution::Caution;
use crate::problem::Problem;
use crate::url::is_host_name;
use crate::{Proxy, ProxyHost};
use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;

/// Where a route leads, before its proxy has a place in the list of proxies.
#[derive(Clone, Debug)]
pub(crate) enum Gateway {
    Direct,
    Block,
    Proxy(ProxyHost, Option<u16>),
}

const UPNP: &str = "UPnP forwards ports on a router, it is no proxy";
const HTTP_URL: &str = "Dante reads a URL here as a UPnP device; for an HTTP proxy write `via: HOST port = 3128` and `proxyprotocol: http`";

impl<M: Model> Parser<'_, M> {
    pub(crate) fn gateway(&mut self) -> Result<Gateway> {
        self.cursor.skip_space();
        let word = self.cursor.word(Class::Address);
        let text = self.str(&word);
        let gateway = match &*text {
            "" => return self.unexpected("a proxy, `direct` or `block`"),
            "direct" => Gateway::Direct,
            "block" => Gateway::Block,
            "broadcast" => return self.refuse(word, "broadcast", UPNP),
            "http:" => return self.refuse(word, "http:", HTTP_URL),
            _ => Gateway::Proxy(self.proxy_host(&text, word.clone())?, None),
        };
        self.no_mask_follows()?;
        let start = self.cursor.at;
        let port = self.proxy_port()?;
        match gateway {
            Gateway::Proxy(host, _) => Ok(Gateway::Proxy(host, port)),
            _ => {
                if port.is_some() {
                    let reason = "there is no proxy that could have a port";
                    self.warn(
                        start..self.cursor.at,
                        Caution::NoEffect { what: format!("{text} port"), reason },
                    );
                }
                Ok(gateway)
            }
        }
    }

    /// URLs of proxies, as many as come.
    pub(crate) fn proxy_urls(&mut self) -> Result<Vec<Proxy>> {
        let mut proxies = Vec::new();
        loop {
            self.cursor.skip_space();
            let mut ahead = self.cursor;
            let word = ahead.word(Class::Target);
            let text = self.str(&word);
            if !text.contains("://") {
                return if proxies.is_empty() { self.unexpected("the URL of a proxy") } else { Ok(proxies) };
            }
            self.cursor = ahead;
            proxies.push(Proxy::from_url(&text).or_else(|error| self.fail(word, Problem::Url(error)))?);
        }
    }

    fn refuse<T>(&self, word: Range<usize>, what: &str, reason: &'static str) -> Result<T> {
        self.fail(word, Problem::Refused { what: what.to_owned(), reason })
    }

    fn proxy_host(&mut self, text: &str, word: Range<usize>) -> Result<ProxyHost> {
        let bracketed = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let address = match bracketed {
            Some(address) => address.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            None => text.parse().ok(),
        };
        match address {
            Some(address) if is_mapped(address) => self.fail(word, Problem::MappedAddress),
            Some(address) => Ok(ProxyHost::Ip(address)),
            None => self.proxy_name(text, word),
        }
    }

    fn proxy_name(&mut self, text: &str, word: Range<usize>) -> Result<ProxyHost> {
        for reserved in ["direct", "block"] {
            if text.eq_ignore_ascii_case(reserved) {
                return self.fail(word, Problem::GatewayCase(reserved));
            }
        }
        if !is_host_name(text) {
            let problem = match text.rsplit_once(':') {
                Some((_, port)) if port.parse::<u16>().is_ok() => Problem::PortBehindColon,
                _ => Problem::NotAProxy(text.to_owned()),
            };
            return self.fail(word, problem);
        }
        if let Some(meant) = misleading(text) {
            self.warn(word, Caution::HostName { word: text.to_owned(), meant });
        }
        Ok(ProxyHost::Name(text.to_owned()))
    }

    pub(crate) fn no_mask_follows(&self) -> Result<()> {
        let mut ahead = self.cursor;
        ahead.skip_space();
        let start = ahead.at;
        if !ahead.take(b'/') {
            return Ok(());
        }
        ahead.word(Class::Address);
        self.fail(start..ahead.at, Problem::MaskNotAllowed)
    }
}
