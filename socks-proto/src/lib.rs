//! SOCKS 4, 4a and 5 on the wire: every message, and both sides of the dialogue as state machines; of HTTP CONNECT our side.
//!
//! Nothing here owns a socket, a clock or the heap. Bytes go in, bytes and events come out, so the same code
//! serves a hook on the stack of somebody else's thread, an asynchronous proxy, and a test that feeds it one byte
//! at a time. Whatever the other side sends, the answer is a value: nothing panics, and what it can make us keep is
//! bounded by the sizes of the inline buffers.
//!
//! - [`client`] speaks to a proxy, and never asks for a byte beyond the proxy's reply, because those belong to
//!   the application.
//! - [`server`] is the proxy's side, which takes split and pipelined input.
//! - [`socks5`], [`socks4`], [`udp`] and [`http`] are the messages themselves.
//!
//! # Asking a proxy for a connection
//!
//! ```
//! use socks_proto::client::{Handshake, Step, Version};
//! use socks_proto::{Address, Command, Host, Name};
//! use std::io::{self, Read, Write};
//!
//! fn connect(proxy: &mut (impl Read + Write), target: &Address) -> io::Result<Address> {
//!     let mut handshake =
//!         Handshake::new(Version::Socks5, Command::Connect, target, None).map_err(io::Error::other)?;
//!     loop {
//!         match handshake.step() {
//!             Step::Send(bytes) => {
//!                 let sent = proxy.write(bytes)?;
//!                 handshake.sent(sent);
//!             }
//!             Step::Receive(most) => {
//!                 let mut bytes = vec![0; most];
//!                 match proxy.read(&mut bytes)? {
//!                     0 => handshake.closed(),
//!                     read => handshake.received(&bytes[..read]),
//!                 }
//!             }
//!             Step::Done(bound) => return Ok(bound),
//!             Step::Failed(failure) => return Err(io::Error::other(failure)),
//!         }
//!     }
//! }
//!
//! # struct Scripted(&'static [u8], Vec<u8>);
//! # impl Read for Scripted {
//! #     fn read(&mut self, into: &mut [u8]) -> io::Result<usize> { self.0.read(into) }
//! # }
//! # impl Write for Scripted {
//! #     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> { self.1.write(bytes) }
//! #     fn flush(&mut self) -> io::Result<()> { Ok(()) }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut proxy = Scripted(b"\x05\x00\x05\x00\x00\x01\xc6\x33\x64\x01\xb0\xcdhello", Vec::new());
//! let target = Address { host: Host::Name(Name::new(b"www.example.org")?), port: 443 };
//! let bound = connect(&mut proxy, &target)?;
//! assert_eq!(bound.to_string(), "198.51.100.1:45261");
//! # assert_eq!(proxy.0, b"hello");
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, clippy::panic)
)]

mod address;
mod bytes;
pub mod client;
mod command;
mod credentials;
mod decode;
pub mod http;
mod literal;
mod name;
pub mod server;
pub mod socks4;
pub mod socks5;
pub mod udp;
#[cfg(test)]
mod vector;
mod version;

pub use address::{Address, Host};
pub use bytes::{Bytes, Message};
pub use command::Command;
pub use credentials::{Credentials, CredentialsError};
pub use decode::{Decoded, Malformed};
pub use name::{Name, NameError};
pub use version::Version;
