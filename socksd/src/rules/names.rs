//! The host names in rules, which also stand for the addresses they have.
//!
//! They are looked up when the rules are taken over and again every so often. A name that cannot be looked up keeps
//! the addresses it had.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use log::warn;
use socks_conf::Place;
use socks_conf::sockd::Rule;
use tokio::net::lookup_host;
use tokio::task::JoinSet;

use crate::hosts::Hosts;
use crate::interfaces::Interfaces;

/// The names and what they stood for when they were last looked up.
#[derive(Clone, Debug)]
pub(crate) struct Names(Arc<RwLock<HashMap<String, Vec<IpAddr>>>>);

impl Names {
    pub(super) fn of<'a>(rules: impl Iterator<Item = &'a Rule>) -> Names {
        let names =
            rules.flat_map(|rule| rule.from.iter().chain(&rule.to)).filter_map(|end| match &end.place {
                Place::Name(name) => Some((name.clone(), Vec::new())),
                _ => None,
            });
        Names(Arc::new(RwLock::new(names.collect())))
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Whether `name` stands for `address`.
    pub(super) fn has(&self, name: &str, address: IpAddr) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(name).is_some_and(|addresses| addresses.contains(&address))
    }

    /// Looks all of them up, except those of interfaces.
    pub(crate) async fn look_up(&self, hosts: &Hosts) {
        let interfaces = Interfaces::now();
        let names: Vec<String> = {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            known.keys().filter(|name| !interfaces.know(name)).cloned().collect()
        };
        let mut lookups = JoinSet::new();
        for name in names {
            match hosts.addresses(&name) {
                Some(addresses) => self.learn(name, addresses.to_vec()),
                None => _ = lookups.spawn(look_up(name)),
            }
        }
        while let Some(found) = lookups.join_next().await {
            match found {
                Ok((name, Some(addresses))) => self.learn(name, addresses),
                Ok((name, None)) => {
                    warn!("a rule names {name}, which is neither an interface nor a known host")
                }
                Err(_) => {}
            }
        }
    }

    fn learn(&self, name: String, addresses: Vec<IpAddr>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(name, addresses);
    }
}

async fn look_up(name: String) -> (String, Option<Vec<IpAddr>>) {
    let found = lookup_host((name.as_str(), 0)).await;
    let addresses = found.ok().map(|found| found.map(|address| address.ip().to_canonical()).collect());
    (name, addresses)
}
