//! `[proxy.NAME]` tables.

use super::file::ProxyTable;
use super::{Reader, Result};
use crate::choice::Choice;
use crate::problem::Problem;
use crate::{Diagnostic, Isolation, Proxy, ProxyProtocol, Secret};
use ::toml::Spanned;
use std::collections::BTreeMap;
use std::ops::Range;

const TWO_PASSWORDS: &str =
    "a proxy has either `password` or `password_file`, and neither when the URL has one";
const NO_PASSWORD: &str = "SOCKS4 has no password";
const NO_USER: &str = "a password needs a `username`";
const TWO_USERS: &str = "the URL has a user name already";
const NAMES_ITSELF: &str = "`isolate` makes user names for a SOCKS5 proxy that has none in the file";
const LENGTH: &str = "expected 1 to 255 bytes";

impl Reader<'_> {
    /// Adds the proxies; the mistakes in those that cannot be read.
    pub(super) fn take_proxies(&mut self, proxies: BTreeMap<Spanned<String>, ProxyTable>) -> Vec<Diagnostic> {
        let mut mistakes = Vec::new();
        for (name, table) in proxies {
            match self.proxy(name, table) {
                Ok(proxy) => self.config.proxies.push(proxy),
                Err(mistake) => mistakes.push(*mistake),
            }
        }
        mistakes
    }

    fn proxy(&self, name: Spanned<String>, table: ProxyTable) -> Result<Proxy> {
        if matches!(name.get_ref().as_str(), "direct" | "block") {
            return self.fail(name.span(), Problem::ReservedName(name.into_inner()));
        }
        let name = name.into_inner();
        let mut proxy = match Proxy::from_url(table.url.get_ref()) {
            Ok(proxy) => Proxy { name, ..proxy },
            Err(error) => return self.fail(table.url.span(), Problem::Url(error)),
        };
        if let Some(username) = table.username {
            self.require(proxy.username.is_none(), username.span(), TWO_USERS)?;
            self.require((1..=255).contains(&username.get_ref().len()), username.span(), LENGTH)?;
            proxy.username = Some(username.into_inner());
        }
        if let Some(password) = table.password {
            self.check_password(&proxy, password.span())?;
            self.require((1..=255).contains(&password.get_ref().len()), password.span(), LENGTH)?;
            proxy.password = Some(Secret::new(password.into_inner()));
        }
        if let Some(file) = table.password_file {
            self.check_password(&proxy, file.span())?;
            proxy.password_file = Some(file.into_inner());
        }
        if let Some(isolate) = table.isolate {
            let value = Isolation::from_word(isolate.get_ref());
            proxy.isolate = Some(value.or_else(|problem| self.fail(isolate.span(), problem))?);
            let socks5 = proxy.protocols.contains(ProxyProtocol::SocksV5);
            self.require(socks5 && proxy.username.is_none(), isolate.span(), NAMES_ITSELF)?;
        }
        Ok(proxy)
    }

    fn check_password(&self, proxy: &Proxy, span: Range<usize>) -> Result<()> {
        self.require(proxy.takes_password(), span.clone(), NO_PASSWORD)?;
        self.require(proxy.password.is_none(), span.clone(), TWO_PASSWORDS)?;
        self.require(proxy.username.is_some(), span, NO_USER)
    }

    fn require(&self, condition: bool, span: Range<usize>, otherwise: &'static str) -> Result<()> {
        if condition { Ok(()) } else { self.fail(span, Problem::Credentials(otherwise)) }
    }
}
