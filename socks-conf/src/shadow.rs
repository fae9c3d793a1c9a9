//! Routes that can never decide anything, because another one matches all that they match and is asked first.
//!
//! Only one route at a time is held against another: what several hide together is not found, and nothing is
//! reported that could be used after all.

use crate::caution::Caution;
use crate::text::Text;
use crate::{
    Command, Commands, Config, Endpoint, Method, Network, Place, Ports, ProxyProtocol, Route, Search, Via,
    Warning,
};
use std::ops::RangeInclusive;

/// The comparison is quadratic, and every process reads the file.
const MOST_ROUTES: usize = 200;

const BIND: &[Command] = &[Command::Bind, Command::BindReply];

impl Config {
    /// Adds a warning for each route that is never used.
    pub(crate) fn warn_about_shadows(&mut self, text: &Text<'_>) {
        if self.routes.len() > MOST_ROUTES {
            return;
        }
        let mut warned = 0;
        for index in 0..self.routes.len() {
            let Some((line, by, but_for_bind)) = self.shadow_over(index) else { continue };
            if line != warned {
                let location = text.locate(text.beginning_of(line));
                self.warnings.push(Warning { location, caution: Caution::Shadowed { by, but_for_bind } });
                warned = line;
            }
        }
    }

    /// The line of a route that is never used, and that of the route that hides it. The routes of one line are
    /// one table of a file.
    fn shadow_over(&self, index: usize) -> Option<(u32, u32, bool)> {
        let route = self.routes.get(index)?;
        let line = route.line;
        let hiding = |hidden: usize| {
            (0..self.routes.len()).find_map(|by| {
                let above = self.routes.get(by)?;
                (above.line != line && self.hides(by, hidden)).then_some(above)
            })
        };
        let mut siblings =
            (0..self.routes.len()).filter(|i| self.routes.get(*i).is_some_and(|r| r.line == line));
        let first = hiding(index)?;
        siblings.all(|sibling| hiding(sibling).is_some()).then_some((
            line,
            first.line,
            !route.commands.is_subset(first.commands),
        ))
    }

    /// Whether the route at `by` takes every call from the one at `hidden`.
    fn hides(&self, by: usize, hidden: usize) -> bool {
        let (Some(above), Some(route)) = (self.routes.get(by), self.routes.get(hidden)) else {
            return false;
        };
        by != hidden && self.is_asked_before(by, hidden, above, route) && above.covers(route)
    }

    fn is_asked_before(&self, by: usize, hidden: usize, above: &Route, route: &Route) -> bool {
        let first = by < hidden;
        match (self.search, &above.via, &route.via) {
            (_, Via::Block, _) => first,
            (Search::FirstMatch, Via::Direct, _) => first,
            (Search::FirstMatch, Via::Proxies(_), _) => first && above.carries_all_of(route),
            (Search::ByProxyProtocol, Via::Direct, Via::Direct | Via::Block) => first,
            (Search::ByProxyProtocol, Via::Direct, Via::Proxies(_)) => {
                // A direct route for everything has a warning of its own.
                let everything = above.to.iter().any(|to| to.place.is_everything());
                let blocks = self.routes.iter().take(by).any(|route| route.via == Via::Block);
                first || !blocks && !everything
            }
            (Search::ByProxyProtocol, Via::Proxies(_), _) if above.has_several() => false,
            (Search::ByProxyProtocol, Via::Proxies(_), Via::Direct) => false,
            (Search::ByProxyProtocol, Via::Proxies(_), Via::Block) => first && above.carries_all_of(route),
            (Search::ByProxyProtocol, Via::Proxies(_), Via::Proxies(_)) => {
                first
                    && !route.has_several()
                    && route.proxyprotocols.is_subset(above.proxyprotocols)
                    && (above.offers(Method::None) || !route.offers(Method::None))
            }
        }
    }
}

impl Route {
    /// Whether this route through proxies can express every call that `other` can.
    fn carries_all_of(&self, other: &Route) -> bool {
        let same = matches!(other.via, Via::Proxies(_))
            && other.proxyprotocols.is_subset(self.proxyprotocols)
            && self.offers(Method::None);
        !self.is_chain() && (self.proxyprotocols.contains(ProxyProtocol::SocksV5) || same)
    }

    /// Whether this route matches every call that `other` matches; a direct route may leave it bind, which it does not
    /// serve unless told to.
    fn covers(&self, other: &Route) -> bool {
        let left = if self.via == Via::Direct { BIND.iter().copied().collect() } else { Commands::EMPTY };
        !other.commands.is_subset(left)
            && other.commands.is_subset(self.commands.union(left))
            && other.protocols.is_subset(self.protocols)
            && self.callers.cover(&other.callers)
            && self.from.covers_origin(&other.from)
            && other.to.iter().all(|target| self.to.iter().any(|ours| self.reaches_all_of(ours, target)))
    }

    fn reaches_all_of(&self, ours: &Endpoint, target: &Endpoint) -> bool {
        ours.ports.cover(target.ports) && ours.place.covers(&target.place, self.via == Via::Direct)
    }
}

impl Endpoint {
    fn covers_origin(&self, other: &Endpoint) -> bool {
        let place = match (&self.place, &other.place) {
            _ if self.place.is_everything() => true,
            (Place::Network(ours), Place::Network(theirs)) => ours.covers(theirs),
            _ => false,
        };
        place && self.ports.cover(other.ports)
    }
}

impl Place {
    /// Whether every target in `other` is also here; `0.0.0.0/0` means less in a direct route.
    fn covers(&self, other: &Place, direct: bool) -> bool {
        match (self, other) {
            (Place::Everything, _) => true,
            (Place::Network(ours), Place::Network(theirs)) if ours.is_all_ipv4() => {
                theirs.address.is_ipv4() || !direct
            }
            (Place::Network(ours), Place::Everything) => ours.is_all_ipv4() && !direct,
            (Place::Network(ours), Place::Name(_) | Place::Domain(_) | Place::EveryName) => {
                ours.is_all_ipv4()
            }
            (Place::Network(_), Place::Network(theirs)) if theirs.is_all_ipv4() => false,
            (Place::Network(ours), Place::Network(theirs)) => ours.covers(theirs),
            (Place::EveryName, Place::Name(_) | Place::Domain(_) | Place::EveryName) => true,
            (Place::Name(_) | Place::Domain(_), Place::Name(name)) => self.includes_name(name),
            (Place::Domain(_), Place::Domain(domain)) => self.includes_name(domain),
            _ => false,
        }
    }
}

impl Network {
    fn covers(&self, other: &Network) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }
}

impl Ports {
    /// Whether every port in `other` is also here.
    fn cover(self, other: Ports) -> bool {
        let ours = self.ranges();
        let inside = |theirs: &RangeInclusive<u32>| {
            theirs.is_empty()
                || ours.iter().any(|ours| ours.contains(theirs.start()) && ours.contains(theirs.end()))
        };
        other.ranges().iter().all(inside)
    }

    fn ranges(self) -> [RangeInclusive<u32>; 2] {
        const LAST: u32 = u16::MAX as u32;
        // The empty range.
        #[expect(clippy::reversed_empty_ranges)]
        let none = 1..=0;
        let (first, second) = match self {
            Ports::Any => (0..=LAST, none),
            Ports::Equal(port) => (port.into()..=port.into(), none),
            Ports::NotEqual(port) => (below(port), u32::from(port) + 1..=LAST),
            Ports::Greater(port) => (u32::from(port) + 1..=LAST, none),
            Ports::GreaterOrEqual(port) => (port.into()..=LAST, none),
            Ports::Less(port) => (below(port), none),
            Ports::LessOrEqual(port) => (0..=port.into(), none),
            Ports::Range(first, last) => (first.into()..=last.into(), none),
        };
        [first, second]
    }
}

fn below(port: u16) -> RangeInclusive<u32> {
    #[expect(clippy::reversed_empty_ranges)]
    let none = 1..=0;
    u32::from(port).checked_sub(1).map_or(none, |last| 0..=last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_cover_what_they_contain() {
        let all = [
            Ports::Any,
            Ports::Equal(0),
            Ports::Equal(80),
            Ports::NotEqual(80),
            Ports::NotEqual(0),
            Ports::Greater(79),
            Ports::Greater(u16::MAX),
            Ports::GreaterOrEqual(80),
            Ports::Less(0),
            Ports::Less(81),
            Ports::LessOrEqual(80),
            Ports::LessOrEqual(u16::MAX),
            Ports::Range(0, u16::MAX),
            Ports::Range(20, 80),
            Ports::Range(81, 90),
        ];
        for ours in all {
            for theirs in all {
                let contained = (0..=u16::MAX).all(|port| ours.contains(port) || !theirs.contains(port));
                assert_eq!(ours.cover(theirs), contained, "{ours:?} {theirs:?}");
            }
        }
    }
}
