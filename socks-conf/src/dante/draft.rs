//! From what a route block said to a route: the checks that need all of its keys, and the defaults.

use super::Result;
use super::gateway::Gateway;
use super::parser::Parser;
use crate::caution::Caution;
use crate::mode::{self, Mode};
use crate::problem::Problem;
use crate::{
    BlockErrno, Callers, Commands, Endpoint, Method, Place, Protocols, Proxy, ProxyProtocol, ProxyProtocols,
    Route, Via,
};
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
    /// The proxies behind that of `via`, and how all of them are used.
    pub(super) next: Vec<Proxy>,
    pub(super) mode: Mode,
    pub(super) chain_len: Option<usize>,
    /// The first key that says something of several proxies.
    pub(super) several_at: Option<(Range<usize>, &'static str)>,
    pub(super) callers: Callers,
    pub(super) errno: Option<(BlockErrno, Range<usize>)>,
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
        let errno = self.block_errno(&via, draft.errno.clone())?;
        let everybody = draft.callers.is_everybody();
        if via == Via::Direct && to.place.is_everything() && everybody && self.config.has_proxy_route() {
            self.warn(route, Caution::DirectForEverything);
        }
        let last = draft.next.last().map_or(draft.proxyprotocols, |last| last.protocols);
        let model = Route {
            commands: Commands::EMPTY,
            protocols: draft.protocols.or(Protocols::of(draft.proxyprotocols)),
            from,
            to: vec![to],
            via,
            mode: draft.mode,
            chain_len: draft.chain_len.unwrap_or(1),
            errno,
            callers: draft.callers,
            proxyprotocols: draft.proxyprotocols,
            methods: draft.methods,
            line,
        };
        let model = model.in_mode(last);
        let commands = draft.commands.or(model.commands);
        if let (Some(problem), Some((at, _))) = (model.objection_to(commands), draft.several_at) {
            return self.fail(at, problem);
        }
        self.config.routes.push(Route { commands, ..model });
        Ok(())
    }

    fn block_errno(&self, via: &Via, errno: Option<(BlockErrno, Range<usize>)>) -> Result<BlockErrno> {
        match (via, errno) {
            (_, None) => Ok(BlockErrno::default()),
            (Via::Block, Some((errno, _))) => Ok(errno),
            (_, Some((_, at))) => self.fail(at, Problem::ErrnoWithoutBlock),
        }
    }

    /// Where the route leads, with what that leaves to be filled in.
    fn lead(&mut self, gateway: Gateway, draft: Draft) -> Result<(Via, Draft)> {
        match gateway {
            Gateway::Direct => Ok((Via::Direct, self.without_proxy(draft, "direct")?)),
            Gateway::Block => Ok((Via::Block, self.without_proxy(draft, "block")?)),
            Gateway::Proxy(host, port) => {
                let mut draft = self.with_proxy(draft)?;
                let first = match draft.several_at.clone() {
                    Some((at, _)) => self.with_several(&mut draft, at)?,
                    None => draft.proxyprotocols,
                };
                let default = if first.contains(ProxyProtocol::Http) { 80 } else { 1080 };
                let proxy = Proxy::new(host, port.unwrap_or(default), first);
                let all = std::iter::once(proxy).chain(draft.next.iter().cloned());
                let all = all.map(|proxy| self.config.proxy_index(proxy, &draft.methods)).collect();
                Ok((Via::Proxies(all), draft))
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

    /// What a route with several proxies says of all of them; what the first one speaks.
    fn with_several(&self, draft: &mut Draft, at: Range<usize>) -> Result<ProxyProtocols> {
        if let Some(problem) = mode::objection(1 + draft.next.len(), draft.mode, draft.chain_len) {
            return self.fail(at, problem);
        }
        if draft.next.is_empty() {
            return Ok(draft.proxyprotocols);
        }
        // The protocol of each proxy is in its URL; that of the first one has to be as plain.
        if draft.proxyprotocols_at.is_none() {
            draft.proxyprotocols = ProxyProtocols::from([ProxyProtocol::SocksV5]);
        }
        if draft.proxyprotocols.iter().count() > 1 {
            return self.fail(at, Problem::Mode("beside `next`, `proxyprotocol` names one protocol"));
        }
        let first = draft.proxyprotocols;
        draft.proxyprotocols = first.union(ProxyProtocol::of_all(draft.next.iter()));
        if draft.methods_at.is_none() {
            draft.methods = Method::possible(draft.proxyprotocols);
        }
        Ok(first)
    }

    fn without_proxy(&self, mut draft: Draft, via: &'static str) -> Result<Draft> {
        if let Some(at) = draft.proxyprotocols_at {
            return self.fail(at, Problem::NoProxyToTalkTo { keyword: "proxyprotocol", via });
        }
        if let Some((at, keyword)) = draft.several_at {
            return self.fail(at, Problem::NoProxyToTalkTo { keyword, via });
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
