//! Our side of the dialogue with a proxy.
//!
//! [`Handshake`] is driven by whoever owns the socket: it says what to send and how many bytes may be read at most,
//! and is told what happened. It never asks for a byte beyond the proxy's reply, because the target's first bytes
//! may be right behind it and belong to the application. One message is sent at a time, each waiting for the answer
//! to the one before: some proxies lose what is pipelined.
//!
//! A failure is judged at the byte that tells it: a proxy may cut the rest of its reply short.

mod failure;
mod handshake;
mod unsendable;

pub use crate::version::Version;
pub use failure::{Failure, Stage};
pub use handshake::{Handshake, Step};
pub use unsendable::Unsendable;
