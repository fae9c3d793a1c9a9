//! What this process knows of names.

use std::net::IpAddr;

use socks_dns::{Fake, Names, Remote, Reverse};

use crate::configuration::runtime;
use crate::policy::{self, Meaning};
use crate::runtime::names;
use crate::{address, hosts, resolver, trace};

/// hosts(5), the table of fake addresses, and the routes.
pub(super) struct Known;

impl Names for Known {
    fn here(&self, name: &[u8]) -> Option<Vec<IpAddr>> {
        let host = hosts::by_name(name)?;
        Some(host.in_family(libc::AF_UNSPEC).map(|entry| entry.addresses).unwrap_or_default())
    }

    fn remote(&self, name: &[u8]) -> Remote {
        let Some(runtime) = runtime() else { return Remote::Refused };
        let Some(name) = resolver::well_formed(name) else { return Remote::Nonexistent };
        let real = resolver::asks_for_addresses(runtime) && !resolver::is_blocked(runtime, name);
        if real || resolver::may_be_asked_for(name.as_bytes()) {
            return Remote::Elsewhere;
        }
        let fake = names().and_then(|table| {
            let index = table
                .insert(name.as_bytes())
                .inspect_err(|error| log::error!("no address for {name}: {error}"));
            let (index, range) = (index.ok()?, table.range());
            trace::lookup(name.as_bytes(), "stand-in", Some(range.v4(index).into()));
            Some(Fake { v4: range.v4(index), v6: range.v6(index) })
        });
        fake.map_or(Remote::Unavailable, Remote::Fake)
    }

    fn reverse(&self, ip: IpAddr) -> Reverse {
        match policy::meaning(ip) {
            Meaning::Name(name) => Reverse::Name(name.as_bytes().to_vec()),
            Meaning::Stale => Reverse::Nonexistent,
            Meaning::Ip(ip) => match hosts::by_address(ip) {
                Some(entry) => Reverse::Name(entry.name),
                None if runtime().is_none() => Reverse::Refused,
                None if address::is_local(ip) => Reverse::Nonexistent,
                None => Reverse::Elsewhere,
            },
        }
    }
}
