//! The bodies of the hooks, one file per family of calls: guard clauses, one decision, one exit per outcome.

pub(crate) mod asynchronous;
pub(crate) mod confine;
pub(crate) mod connect;
pub(crate) mod data;
pub(crate) mod datagram;
pub(crate) mod descriptor;
pub(crate) mod epoll;
pub(crate) mod exec;
pub(crate) mod host;
pub(crate) mod identity;
pub(crate) mod late;
pub(crate) mod listen;
pub(crate) mod local;
pub(crate) mod option;
pub(crate) mod poll;
pub(crate) mod query;
pub(crate) mod resolve;
pub(crate) mod stream;
pub(crate) mod thread;
