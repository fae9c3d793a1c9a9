//! The bodies of the hooks, one file per family of calls: guard clauses, one decision, one exit per outcome.

pub(crate) mod connect;
pub(crate) mod datagram;
pub(crate) mod descriptor;
pub(crate) mod host;
pub(crate) mod identity;
pub(crate) mod query;
pub(crate) mod resolve;
