//! The messages of SOCKS5 (RFC 1928) and of its user name and password method (RFC 1929).
//!
//! `encode_…` gives a [`Message`](crate::Message); `decode_…` reads from the bytes that have come so far and says
//! how many more may be read.

mod address;
mod method;
mod password;
mod rep;
mod reply;
mod request;

pub use method::{Method, decode_choice, decode_greeting, encode_choice, encode_greeting};
pub use password::{
    decode_password_reply, decode_password_request, encode_password_reply, encode_password_request,
};
pub use rep::Rep;
pub use reply::{decode_reply, encode_reply};
pub use request::{Request, decode_request, encode_request};

pub(crate) use address::{push_address, read_address};

/// VER of every message (RFC 1928, 3).
pub const VERSION: u8 = 0x05;

/// VER of the messages of the user name and password method (RFC 1929, 2).
pub const PASSWORD_VERSION: u8 = 0x01;

/// The longest request, and the longest reply.
pub const MAX_REPLY: usize = 262;
