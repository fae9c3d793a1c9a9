//! From what a route block said to a route: the checks that need all of its keys, and the defaults.

use super::Result;
use super::gateway::Gateway;
use super::parser::Parser;
use crate::caution::Caution;
use crate::problem::Problem;
use crate::{Commands, Endpoint, Method, Place, Protocols, Proxy, ProxyProtocol, ProxyProtocols, Route, Via};
use std::ops::Range;

/// What a route block said so far.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) from: Option<(Endpoint, Range<usize>)>,
    pub(super) to: Option<Endpoint>,
    pub(super) via: Option<Gateway>,
    pub(super) commands: Commands,
    pub(super) protocols: Protocols,
    pub(super) proxyprotocols: ProxyProtocols,
    pub(super) proxyprotocols_at: Option<Range<usize>>,
    pub(super) methods: Vec<Method>,
    pub(super) methods_at: Option<Range<usize>>,
    /// Whether something in the block could not be read.
    pub(super) broken: bool,
}

impl Parser<'_> {
    /// Adds the route that the draft stands for; `route` is where it begins.
    pub(super) fn complete(&mut self, draft: Draft, route: Range<usize>, line: u32) -> Result<()> {
        if draft.broken {
            return Ok(());
        }
        let Some((from, from_at)) = draft.from.clone() else {
            return self.fail(route, Problem::Missing("from"));
        };
        let Some(to) = draft.to.clone() else {
            return self.fail(route, Problem::Missing("to"));
        };
        let Some(gateway) = draft.via.clone() else {
            return self.fail(route, Problem::Missing("via"));
        };
        self.check_from(&from, &gateway, from_at)?;
        let (via, draft) = self.lead(gateway, draft)?;
        if via == Via::Direct && to.place.is_everything() && self.config.has_proxy_route() {
            self.warn(route, Caution::DirectForEverything);
        }
        self.config.routes.push(Route {
            commands: draft.commands.or(Commands::of(&via, draft.proxyprotocols)),
            protocols: draft.protocols.or(Protocols::of(draft.proxyprotocols)),
            from,
            to: vec![to],
            via,
            proxyprotocols: draft.proxyprotocols,
            methods: draft.methods,
            line,
        });
        Ok(())
    }

    /// Where the route leads, with what that leaves to be filled in.
    fn lead(&mut self, gateway: Gateway, draft: Draft) -> Result<(Via, Draft)> {
        match gateway {
            Gateway::Direct => Ok((Via::Direct, self.without_proxy(draft, "direct")?)),
            Gateway::Block => Ok((Via::Block, self.without_proxy(draft, "block")?)),
            Gateway::Proxy(host, port) => {
                let draft = self.with_proxy(draft)?;
                let default = if draft.proxyprotocols.contains(ProxyProtocol::Http) { 80 } else { 1080 };
                let proxy = Proxy::new(host, port.unwrap_or(default), draft.proxyprotocols);
                Ok((Via::Proxies(vec![self.config.proxy_index(proxy, &draft.methods)]), draft))
            }
        }
    }

    fn check_from(&mut self, from: &Endpoint, gateway: &Gateway, at: Range<usize>) -> Result<()> {
        match &from.place {
            Place::Everything | Place::Network(_) => {}
            _ if matches!(gateway, Gateway::Block) => return self.fail(at, Problem::BlockFromName),
            name => self.warn(at, Caution::FromName(name.to_string())),
        }
        Ok(())
    }

    fn without_proxy(&self, mut draft: Draft, via: &'static str) -> Result<Draft> {
        if let Some(at) = draft.proxyprotocols_at {
            return self.fail(at, Problem::NoProxyToTalkTo { keyword: "proxyprotocol", via });
        }
        match draft.methods_at.take() {
            Some(at) if draft.methods.contains(&Method::Username) => {
                self.fail(at, Problem::NoProxyToTalkTo { keyword: "method", via })
            }
            _ => Ok(Draft { methods: vec![Method::None], ..draft }),
        }
    }

    fn with_proxy(&self, mut draft: Draft) -> Result<Draft> {
        if draft.proxyprotocols.is_empty() {
            draft.proxyprotocols = ProxyProtocols::from([ProxyProtocol::SocksV4, ProxyProtocol::SocksV5]);
        }
        let only_http = ProxyProtocols::from([ProxyProtocol::Http]);
        if let Some(at) = draft.proxyprotocols_at.clone()
            && draft.proxyprotocols.contains(ProxyProtocol::Http)
            && draft.proxyprotocols != only_http
        {
            return self.fail(at, Problem::ProtocolsDoNotMix);
        }
        let socks5 = draft.proxyprotocols.contains(ProxyProtocol::SocksV5);
        if let Some(at) = draft.methods_at.clone()
            && draft.methods.contains(&Method::Username)
            && !socks5
        {
            return self.fail(at, Problem::MethodNeedsSocks5);
        }
        if draft.methods.is_empty() {
            draft.methods = Method::defaults(draft.proxyprotocols);
        }
        Ok(draft)
    }
}
