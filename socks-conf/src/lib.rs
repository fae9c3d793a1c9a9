//! The configuration of socksify, and the routing decision it stands for.
//!
//! Dante's `socks.conf`, our TOML and the environment variables are read into one plain data model,
//! [`Config`]. [`Config::route`] then answers, for one call of the application, whether it goes direct,
//! through which proxy it goes, or whether it is refused. Nothing here opens a file or a socket: [`load`] is
//! given the two functions it needs, so that the preload library can read files past its own hooks.
//!
//! ```
//! use socks_conf::{Command, Decision, Host, Process, Protocol, ProxyProtocol, Question};
//! use std::path::Path;
//!
//! let text = b"route { from: 0.0.0.0/0 to: 0.0.0.0/0 via: 10.0.0.11 port = 1080 proxyprotocol: socks_v5 }";
//! let config = socks_conf::parse(text, Path::new("socks.conf")).unwrap();
//! let question = Question {
//!     command: Command::Connect,
//!     protocol: Protocol::Tcp,
//!     from: "0.0.0.0:0".parse().unwrap(),
//!     to: Host::Name("www.example.com"),
//!     port: Some(443),
//!     process: Process::default(),
//! };
//! assert!(matches!(config.route(&question), Decision::Proxy(_, ProxyProtocol::SocksV5)));
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, clippy::panic)
)]

mod automatic;
mod caller;
mod caution;
mod choice;
mod config;
mod convert;
mod dante;
mod defaults;
mod diagnostic;
mod endpoint;
mod environment;
mod error;
mod explain;
mod foreign;
mod import;
mod keyword;
mod load;
mod matching;
mod mode;
mod nameserver;
mod parse;
mod problem;
mod proxy;
mod route;
mod routing;
mod service;
mod set;
mod shadow;
mod similar;
pub mod sockd;
mod text;
mod toml;
mod url;
mod value;
mod veil;

pub use caller::{Callers, Process, Program, User};
pub use caution::Caution;
pub use choice::{BindPolicy, BlockErrno, ResolveProtocol, UdpFallback};
pub use config::{Config, LogTarget, Search, Source};
pub use convert::Unconvertible;
pub use diagnostic::{Diagnostic, Location, Warning};
pub use endpoint::{Endpoint, Network, Place, Ports};
pub use error::{Error, VariableError};
pub use explain::{Considered, Reason};
pub use foreign::Format;
pub use keyword::{ClauseKey, KEYWORDS, Key, Keyword, OptionKey, Section, Standing, Value};
pub use load::load;
pub use mode::Mode;
pub use parse::parse;
pub use problem::Problem;
pub use proxy::{Isolation, Proxy, ProxyHost, ProxyProtocol, ProxyProtocols, Secret};
pub use route::{Command, Commands, Method, Protocol, Protocols, Route, Via};
pub use routing::{Decision, Host, Question};
pub use set::{Member, Set};
pub use sockd::SOCKD_KEYWORDS;
pub use url::UrlError;
