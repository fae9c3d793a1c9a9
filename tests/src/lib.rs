//! A small internet for tests, made of network namespaces.
//!
//! Three hosts stand in a row: the *application* host, the *proxy* host, the *target* host. The
//! application host is linked to the proxy host only, and has a default route there, so that whatever
//! an application sends past its proxy really leaves the host and is counted by the
//! [`detector`]; the proxy host forwards nothing, so that nothing but a SOCKS proxy brings a
//! byte to the target. Names are known on the proxy host, and to a name server of the target host.
//!
//! Everything is tied to the life of the test process: namespaces are held by descriptors, servers
//! live in a process namespace whose init dies with us. Nothing stays behind, however the run ends.

pub mod application;
pub mod artifacts;
pub mod daemons;
mod database;
mod datagram_servers;
pub mod detector;
pub mod error;
pub mod fixtures;
pub mod gate;
pub mod host;
pub mod keeper;
pub mod measure;
pub mod misbehaving;
pub mod name_server;
pub mod network;
pub mod plan;
pub mod pool;
pub mod prerequisites;
pub mod proxies;
pub mod relay;
pub mod scratch;
pub mod script;
pub mod services;
mod sys;
pub mod target;
pub mod world;

pub use sys::{is_root, raise_descriptor_limit};
