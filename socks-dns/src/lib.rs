//! The name engine: what to answer to a DNS query where the proxy alone resolves names, and how to carry the queries
//! that a real name server has to answer.
//!
//! Everything here is a pure function of bytes or a state machine: no sockets, no clock, no hooks. [`answer()`] decides
//! on a query with the help of a [`Names`]; what it says [`Verdict::Forward`] to goes to a name server through an
//! [`Exchange`], DNS over TCP. [`question`] and [`host`] are for those who want the addresses of a name
//! themselves. Bytes of either side may be hostile: they are bounded, checked and never trusted to be DNS at all.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, clippy::panic)
)]

mod answer;
mod exchange;
mod limit;
mod query;
mod reading;
mod reply;
mod reverse;
mod text;
mod written;

pub use answer::{Fake, Names, Remote, Reverse, Verdict, answer, asked, asked_address, asked_for_addresses};
pub use exchange::{Exchange, Ticket};
pub use limit::{datagram_limit, fit};
pub use query::{Asked, question, without_edns};
pub use reading::{Host, Outcome, answers, host, knows_no_edns, name, server_failed, was_cut};
pub use reply::{Refusal, refusal, with_addresses, with_name};
pub use text::is_host_name;
pub use written::Written;
