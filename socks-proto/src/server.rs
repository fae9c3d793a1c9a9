//! The proxy's side of the dialogue.
//!
//! [`Handshake`] takes input in any split, also several messages at once: [`Handshake::received`] says how many bytes
//! it consumed, which never go beyond the message that is due. The owner keeps the rest, hands it in again when the
//! next step is [`Step::Receive`], and what is left after the request belongs to the target.
//!
//! Malformed input is answered as carefully as it can be: with the reply that says what is wrong where the dialogue
//! has one, and by closing where it has none.

mod acceptance;
mod fault;
mod handshake;
mod refusal;
mod reply;
mod request;

pub use crate::version::Version;
pub use acceptance::Acceptance;
pub use fault::Fault;
pub use handshake::{Handshake, Step};
pub use reply::{MAX_REPLY, encode_reply};
pub use request::Request;
