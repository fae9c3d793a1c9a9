//! The routes in the order in which they are asked.

use super::Unconvertible;
use crate::matching::PASSES;
use crate::{Commands, Config, Method, ProxyProtocol, ProxyProtocols, Route, Search, Via};

/// A route, and what is spoken with its proxies; nothing where that is left to each of them.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) route: &'a Route,
    pub(super) protocol: Option<ProxyProtocol>,
    /// Whether nobody wrote the route.
    pub(super) automatic: bool,
}

impl Config {
    pub(super) fn steps(&self) -> Result<Vec<Step<'_>>, Unconvertible> {
        let plain = |route| Step { route, protocol: None, automatic: false };
        if self.search == Search::FirstMatch {
            return Ok(self.routes.iter().map(plain).collect());
        }
        let mut steps: Vec<Step<'_>> =
            self.automatic.iter().map(|route| Step { automatic: true, ..plain(route) }).collect();
        // The latest pass that a route above the block takes part in.
        let mut latest = 0;
        let mut above = None;
        for segment in self.routes.split_inclusive(|route| route.via == Via::Block) {
            let asked = in_passes(segment);
            if let (Some(block), Some((first, _))) = (above, asked.first())
                && *first < latest
            {
                return Err(Unconvertible::BlockInBetween(block));
            }
            latest = asked.last().map_or(latest, |(pass, _)| latest.max(*pass));
            steps.extend(asked.into_iter().map(|(_, step)| step));
            if let Some(block) = segment.last().filter(|route| route.via == Via::Block) {
                steps.push(plain(block));
                above = Some(block.line);
            }
        }
        Ok(steps)
    }
}

/// The routes of a stretch without blocks, with the pass that asks them, in that order.
fn in_passes(routes: &[Route]) -> Vec<(usize, Step<'_>)> {
    let mut steps = Vec::new();
    for (pass, protocol) in PASSES.into_iter().enumerate() {
        let asked = routes.iter().filter(|route| match protocol {
            None => route.via == Via::Direct,
            Some(_) if route.has_several() => route.first_pass() == protocol,
            Some(protocol) => matches!(route.via, Via::Proxies(_)) && route.speaks(protocol),
        });
        steps.extend(asked.map(|route| {
            let protocol = protocol.filter(|_| !route.has_several());
            (pass, Step { route, protocol, automatic: false })
        }));
    }
    steps
}

impl Route {
    /// Whether any call could go through this route by `protocol`.
    fn speaks(&self, protocol: ProxyProtocol) -> bool {
        let socks4 = matches!(protocol, ProxyProtocol::SocksV4 | ProxyProtocol::SocksV4a);
        self.proxyprotocols.contains(protocol)
            && (!socks4 || self.offers(Method::None))
            && !self
                .commands
                .intersection(Commands::of(&self.via, ProxyProtocols::from([protocol])))
                .is_empty()
    }
}
