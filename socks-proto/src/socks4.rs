//! The messages of SOCKS4 and of its extension for names, 4a.

mod cd;
mod reply;
mod request;

pub use cd::Cd;
pub use reply::{REPLY_LENGTH, decode_reply, encode_reply};
pub(crate) use request::means_name;
pub use request::{Request, Userid, decode_request, encode_request};

/// VN of a request.
pub const VERSION: u8 = 0x04;

/// VN of a reply.
pub const REPLY_VERSION: u8 = 0x00;
