//! The companion proxy of socksify: a SOCKS server small enough to be read in one sitting.
//!
//! It serves CONNECT, BIND and UDP ASSOCIATE for SOCKS5 (names, IPv4, IPv6; no authentication, or user name and
//! password), and CONNECT and BIND for SOCKS4 and 4a on the same port; it answers Tor's RESOLVE and RESOLVE_PTR, and any
//! other command truthfully with "command not supported". Four functions tell the story of a connection: `accept`,
//! `handshake`, `connect`, `relay`, each in the file of its name; `bind` waits for the connection instead, `associate`
//! relays datagrams, and `answer` tells about names.
//!
//! ```no_run
//! use socksd::{Options, Server, interrupted};
//!
//! # fn main() -> std::io::Result<()> {
//! let mut options = Options { listen: vec![([127, 0, 0, 1], 0).into()], ..Options::default() };
//! options.hosts.add("www.example.org", [192, 0, 2, 7].into());
//! let server = Server::bind(options)?;
//! println!("socks5://{}", server.local_addrs()[0]);
//! server.run_blocking(interrupted())
//! # }
//! ```
//!
//! # The log
//!
//! Everything is said through the `log` facade. Each connection leaves one line when its target was reached and one
//! when it ends, at level Info; applications that were turned away leave theirs at level Warn:
//!
//! ```text
//! listening on 127.0.0.1:1080
//! connect 1 from 127.0.0.1:51234 to www.example.org:80 (192.0.2.7:80) user alice: open
//! connect 1 from 127.0.0.1:51234 to www.example.org:80 (192.0.2.7:80) user alice: up 78 down 1256 closed 0.31s
//! connect 2 from 127.0.0.1:51236 to nowhere.example:80 user -: refused 04 unknown name: … 0.02s
//! handshake 3 from 127.0.0.1:51238 user alice: failed user name or password refused 0.00s
//! bind 4 from 127.0.0.1:51240 to ftp.example.org:21 user -: listening on 192.0.2.1:40112
//! bind 4 from 127.0.0.1:51240 to ftp.example.org:21 (192.0.2.9:20) user -: open
//! udpassociate 5 from 127.0.0.1:51242 to 0.0.0.0:0 user -: listening on 127.0.0.1:40113
//! udpassociate 5 from 127.0.0.1:51242 to 0.0.0.0:0 user -: up 40 down 90 sent 1 received 1 dropped 0 closed 2.10s
//! resolve 6 from 127.0.0.1:51244 to www.example.org:0 user -: answered 192.0.2.7 0.01s
//! connect 7 from 127.0.0.1:51246 to www.example.org:80 (192.0.2.7:80) user -: up 18 data GET\x20/\x20HTTP/1.0\r\n
//! connect 8 from 127.0.0.1:51248 to www.example.org:80 (192.0.2.7:80) user -: tcpinfo target rtt 8.012ms rttvar 4.006ms mss 1448 cwnd 10 retransmits 0
//! ```
//!
//! Such a line reads `SUBJECT: OUTCOME`. The subject is the command (`handshake` before there is one), the number of
//! the connection since the start, the application, the target as it was asked for, the address it stands for once
//! that is known (for BIND: who called), and the user. The outcome is `listening on` where a call or the application's
//! datagrams are waited for; `open`; or `refused` with the reply code and the reason; or `failed`
//! with the reason; or `answered` with the address or name; or the bytes from the application (`up`) and from the target (`down`), with datagrams also their
//! numbers, and how it ended: `closed`, `reset-by-application`, `reset-by-target`, `idle`, `shutdown`. All but `open`
//! and `listening on` end with the duration. A rule may want a line for every read, `up` or `down` with the number of bytes
//! and perhaps the bytes (`data`), and what the kernel knows of the connections, `tcpinfo`.
#![forbid(unsafe_code)]

mod accept;
mod answer;
pub mod args;
mod associate;
mod bandwidth;
mod bind;
mod connect;
pub mod connections;
mod control;
mod crowd;
mod descriptors;
mod external;
mod follow;
mod forward;
mod gate;
pub mod guide;
mod handshake;
mod hashed;
mod hosts;
mod ident;
mod interfaces;
mod listen;
mod listeners;
mod live;
mod lookup;
mod meter;
mod metrics;
mod network;
pub mod nft;
mod options;
mod outgoing;
mod outlook;
#[cfg(feature = "pam")]
mod pam;
mod pipe;
mod proof;
mod record;
mod refusal;
mod relay;
mod reload;
mod rules;
mod runtime;
mod server;
mod session;
mod site;
mod stream;
mod tcp_info;
mod totals;
mod traffic;
mod turns;
mod users;

pub use control::Control;
pub use descriptors::raise_descriptor_limit;
pub use external::External;
pub use follow::Follow;
pub use hashed::hash as hash_password;
pub use hosts::{Hosts, HostsError};
pub use interfaces::interface_addresses;
pub use listen::BindError;
pub use network::{Network, NetworkError};
pub use options::Options;
pub use reload::Reloader;
pub use rules::{NoSuchGroup, Rules};
pub use runtime::{interrupted, run};
pub use server::Server;
pub use users::{User, UserError, Users};
