//! The proxies of a route in the order in which one attempt goes through them, and which of them it does without.

use socks_conf::{Mode, Route};

/// Proxies of a route by their places in its list; as many as a route can have.
#[derive(Clone, Copy, Default)]
struct Places([u64; 4]);

/// The way of one attempt through the proxies of its route: a chain of one or more of them.
#[derive(Clone, Copy)]
pub(crate) struct Hops {
    mode: Mode,
    /// How many proxies can serve the call.
    count: usize,
    /// How many of them the chain has when it stands; for `Dynamic`, at most.
    length: usize,
    /// What `Random` and `RoundRobin` choose by.
    draw: u64,
    /// Those that cannot be reached.
    out: Places,
    /// Those that were out of reach a while ago: used where there is nothing else.
    doubtful: Places,
}

impl Places {
    fn contain(&self, place: usize) -> bool {
        self.0.get(place / 64).is_none_or(|word| word >> (place % 64) & 1 != 0)
    }

    fn insert(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }
}

impl Hops {
    /// The way through `count` proxies of a route. `draw` is a number by chance, or, in turn, how many attempts there
    /// were.
    pub(crate) fn new(route: &Route, count: usize, draw: u64) -> Hops {
        let length = if route.mode.takes_some() { route.chain_len } else { route.length().min(count) };
        let (out, doubtful) = Default::default();
        Hops { mode: route.mode, count, length, draw, out, doubtful }
    }

    /// The same with all proxies to be tried again.
    pub(crate) fn afresh(self) -> Hops {
        let (out, doubtful) = Default::default();
        Hops { out, doubtful, ..self }
    }

    /// Which proxy of the list stands at `hop` of the chain; `None` behind its end, and where there are too few for one.
    pub(crate) fn place(&self, hop: usize) -> Option<usize> {
        let mut found = None;
        for _ in 0..=self.is_complete().then_some(hop)? {
            let later = |rank: u64| found.is_none_or(|(latest, _)| rank > latest);
            let usable = self.usable().map(|place| (self.rank(place), place));
            found = Some(usable.filter(|(rank, _)| later(*rank)).min()?);
        }
        found.map(|(_, place)| place).filter(|_| hop < self.length())
    }

    /// How many proxies the chain has.
    pub(crate) fn length(&self) -> usize {
        match self.mode {
            Mode::Dynamic => self.usable().count(),
            _ => self.length,
        }
    }

    /// Whether the proxy at `hop` is told the target.
    pub(crate) fn is_last(&self, hop: usize) -> bool {
        hop + 1 >= self.length()
    }

    /// Does without the proxy at `hop` from now on; false where nothing is left then.
    pub(crate) fn leave_out(&mut self, hop: usize) -> bool {
        if let Some(place) = self.place(hop) {
            self.out.insert(place);
        }
        self.settle();
        self.is_complete()
    }

    /// Whether anything would be left without the proxy at `hop`.
    pub(crate) fn can_spare(&self, hop: usize) -> bool {
        self.clone().leave_out(hop)
    }

    #[cfg(test)]
    /// Uses the proxy at this place of the list only where there are too few others.
    pub(crate) fn doubt(&mut self, place: usize) {
        if self.mode != Mode::Strict {
            self.doubtful.insert(place);
            self.settle();
        }
    }

    /// Doubtful ones are better than none.
    fn settle(&mut self) {
        if !self.is_complete() {
            self.doubtful = Places::default();
        }
    }

    fn is_complete(&self) -> bool {
        let least = if self.mode == Mode::Dynamic { 1 } else { self.length };
        least > 0 && self.usable().nth(least - 1).is_some()
    }

    fn usable(&self) -> impl Iterator<Item = usize> {
        (0..self.count).filter(|place| !self.out.contain(*place) && !self.doubtful.contain(*place))
    }

    /// Proxies with a lower rank come first; no two have the same.
    fn rank(&self, place: usize) -> u64 {
        let (place, count) = (place as u64, self.count.max(1) as u64);
        match self.mode {
            Mode::FailOver | Mode::Strict | Mode::Dynamic => place,
            Mode::Random => scattered(self.draw.wrapping_add(place << 32)) & !0xffff | place,
            Mode::RoundRobin => {
                let first = self.draw.wrapping_mul(self.length as u64) % count;
                (place + count - first) % count
            }
        }
    }
}

/// A number in which every bit depends on all bits of the other.
fn scattered(number: u64) -> u64 {
    let mut number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    for (shift, factor) in [(30, 0xbf58_476d_1ce4_e5b9), (27, 0x94d0_49bb_1331_11eb)] {
        number = (number ^ number >> shift).wrapping_mul(factor);
    }
    number ^ number >> 31
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn route(mode: &str, chain_len: Option<usize>) -> Route {
        let length = chain_len.map_or(String::new(), |length| format!("chain_len: {length}"));
        let next = "socks5://192.0.2.2 socks5://192.0.2.3 socks5://192.0.2.4 socks5://192.0.2.5";
        let text =
            format!("route {{ from: 0/0 to: 0/0 via: 192.0.2.1 next: {next} mode: {mode} {length} }}\n");
        let mut config = socks_conf::parse(text.as_bytes(), Path::new("hops.conf")).unwrap();
        config.routes.remove(0)
    }

    fn hops(mode: &str, chain_len: Option<usize>, draw: u64) -> Hops {
        Hops::new(&route(mode, chain_len), 5, draw)
    }

    fn chain(hops: &Hops) -> Vec<usize> {
        (0..).map_while(|hop| hops.place(hop)).collect()
    }

    #[test]
    fn one_after_the_other() {
        let mut hops = hops("failover", None, 0);
        assert_eq!(chain(&hops), [0]);
        assert!(hops.is_last(0) && hops.can_spare(0));
        for expected in 1..5 {
            assert!(hops.leave_out(0));
            assert_eq!(chain(&hops), [expected]);
        }
        assert!(!hops.can_spare(0) && !hops.leave_out(0));
        assert_eq!(chain(&hops), []);
        assert_eq!(chain(&hops.afresh()), [0]);
    }

    #[test]
    fn a_strict_chain_spares_nobody() {
        let mut hops = hops("strict", None, 0);
        assert_eq!(chain(&hops), [0, 1, 2, 3, 4]);
        assert!(hops.is_last(4) && !hops.is_last(3) && !hops.can_spare(2));
        hops.doubt(1);
        assert_eq!(chain(&hops), [0, 1, 2, 3, 4]);
        assert!(!hops.leave_out(2));
        assert_eq!(chain(&hops), []);
    }

    #[test]
    fn a_dynamic_chain_closes_its_gaps() {
        let mut hops = hops("dynamic", None, 0);
        assert!(hops.leave_out(4) && hops.leave_out(1));
        assert_eq!(chain(&hops), [0, 2, 3]);
        assert!(hops.is_last(2));
        assert!(hops.leave_out(0) && hops.leave_out(0) && !hops.leave_out(0));
    }

    #[test]
    fn in_turn() {
        let in_turn = |length, draw| chain(&hops("round_robin", Some(length), draw));
        assert_eq!([0, 1, 2].map(|draw| in_turn(2, draw)), [[0, 1], [2, 3], [4, 0]]);
        assert_eq!([0, 1, 4, 5].map(|draw| in_turn(1, draw)), [[0], [1], [4], [0]]);
        let mut hops = hops("round_robin", Some(4), 1);
        assert_eq!(chain(&hops), [4, 0, 1, 2]);
        assert!(hops.leave_out(0));
        assert_eq!(chain(&hops), [0, 1, 2, 3]);
        assert!(!hops.leave_out(0));
    }

    #[test]
    fn by_chance_every_pair_comes() {
        let mut pairs = std::collections::HashSet::new();
        for draw in 0..1000 {
            let chain = chain(&hops("random", Some(2), draw));
            assert!(chain.len() == 2 && chain[0] != chain[1]);
            pairs.insert(chain);
        }
        assert_eq!(pairs.len(), 20);
    }

    #[test]
    fn who_was_out_of_reach_comes_last() {
        let mut hops = hops("failover", None, 0);
        hops.doubt(0);
        hops.doubt(1);
        assert_eq!(chain(&hops), [2]);
        assert!(hops.leave_out(0) && hops.leave_out(0) && hops.leave_out(0));
        assert_eq!(chain(&hops), [0]);
        assert!(hops.leave_out(0) && !hops.leave_out(0));
        let mut all = self::hops("random", Some(3), 7);
        (0..5).for_each(|place| all.doubt(place));
        assert_eq!(chain(&all).len(), 3);
    }

    #[test]
    fn places_beyond_the_last_are_out() {
        let places = Places::default();
        assert!(!places.contain(255) && places.contain(256));
    }
}
