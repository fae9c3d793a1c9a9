//! The command line as data: one definition, from which parsing, `--help`, the manual page and the shell completions
//! all come.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueHint};

use crate::guide;
use crate::network::Network;

/// What the user asked for; not `Debug`, for it holds passwords.
#[derive(Clone, Parser)]
#[command(
    name = "socksd",
    version,
    about = "a small SOCKS proxy",
    long_about = guide::DESCRIPTION,
    after_help = "--help explains more, with examples.",
    after_long_help = guide::sections(),
    max_term_width = 100
)]
#[allow(
    rustdoc::broken_intra_doc_links,
    reason = "comments on options are help texts, with brackets as on a terminal"
)]
pub struct Args {
    /// Read this configuration: Dante's sockd.conf, or TOML; see socksd.conf(5)
    ///
    /// The other options add to what it says: --listen, --user, --users, --resolve, --hosts and the time-outs win.
    #[arg(short = 'f', long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "allow")]
    pub config: Option<PathBuf>,

    /// Listen here; repeat it for more addresses [default: 127.0.0.1:1080]
    ///
    /// Port 0 takes a free one, which the log names. [::] takes IPv6 only: name 0.0.0.0 beside it.
    #[arg(short, long, value_name = "ADDR:PORT", value_parser = place)]
    pub listen: Vec<SocketAddr>,

    /// Require a name and a password, and accept this pair; repeat it for more users
    ///
    /// Others see it in the process list: prefer --users.
    #[arg(long, value_name = "NAME:PASSWORD")]
    pub user: Vec<String>,

    /// Require a name and a password, and accept the pairs in this file
    ///
    /// One NAME:PASSWORD a line, or better NAME:HASH with the hash from --hash-password; empty lines and lines that
    /// begin with # are skipped. May be repeated.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub users: Vec<PathBuf>,

    /// Serve applications at these addresses and no others, such as 10.0.0.0/8; repeat it for more
    ///
    /// Without it everybody who has a password is served or, where there are no users, this machine alone.
    #[arg(long, value_name = "ADDR[/LENGTH]")]
    pub allow: Vec<Network>,

    /// Let other hosts reach these addresses of this one through the proxy; repeat it for more
    ///
    /// Without it nobody but the programs of this machine reaches its loopback and private addresses.
    #[arg(long, value_name = "ADDR[/LENGTH]")]
    pub reach: Vec<Network>,

    /// Know this name, whatever the system's resolver says; repeat it for more
    ///
    /// A name may have several addresses: they are tried in turn.
    #[arg(long, value_name = "NAME=ADDR")]
    pub resolve: Vec<String>,

    /// Know the names in this file, which is like /etc/hosts
    ///
    /// May be repeated.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub hosts: Vec<PathBuf>,

    /// Give an application so long for its whole request [default: 120]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub handshake_timeout: Option<Duration>,

    /// Give a target so long, from the name lookup to the last of its addresses [default: 30]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub connect_timeout: Option<Duration>,

    /// Wait so long for the call that a BIND asks for
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    pub bind_timeout: Duration,

    /// Reset a connection that carried nothing for so long; 0 is never [default: 0]
    #[arg(long, value_name = "SECONDS", value_parser = seconds_or_never)]
    pub idle_timeout: Option<Duration>,

    /// Reset a connection of which one direction has ended, when it carried nothing for so long; 0 is never [default: 120]
    #[arg(long, value_name = "SECONDS", value_parser = seconds_or_never)]
    pub half_closed_timeout: Option<Duration>,

    /// Serve so many connections at a time; 0 is any number [default: 0]
    ///
    /// Those beyond are closed at once.
    #[arg(long, value_name = "NUMBER")]
    pub max_connections: Option<usize>,

    /// Serve so many connections from one address at a time; 0 is any number [default: 200]
    #[arg(long, value_name = "NUMBER")]
    pub max_connections_per_host: Option<usize>,

    /// Give open connections so long to finish on SIGINT or SIGTERM
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds_or_never)]
    pub grace: Duration,

    /// Send the log here: stderr, stdout, syslog, syslog/FACILITY or a file; repeat it for more [default: stderr]
    ///
    /// Files are opened again on SIGHUP.
    #[arg(long, value_name = "TARGET")]
    pub log: Vec<String>,

    /// Become this user once the addresses are listened on and the files are read
    ///
    /// What is read again on SIGHUP must be readable by that user.
    #[arg(long, value_name = "USER", value_hint = ValueHint::Username)]
    pub run_as: Option<String>,

    /// Tell about live connections at this unix socket [default: PORT.control in the runtime directory]
    ///
    /// The directory is $RUNTIME_DIRECTORY, else /run/socksd for root, else $XDG_RUNTIME_DIR/socksd; the port is that of
    /// the first --listen. Only this user can connect to it.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub control: Option<PathBuf>,

    /// Tell Prometheus what was counted, at http://ADDR:PORT/metrics
    #[arg(long, value_name = "ADDR:PORT", value_parser = place)]
    pub metrics: Option<SocketAddr>,

    /// Show the connections of the socksd that runs, and exit; --control or --listen say which one
    #[arg(long)]
    pub connections: bool,

    /// Show them again every two seconds
    #[arg(long, requires = "connections", conflicts_with = "json")]
    pub watch: bool,

    /// Show them as JSON
    #[arg(long, requires = "connections")]
    pub json: bool,

    /// Print the rules of this file as a ruleset of nftables, which filters SOCKS that passes by, and exit
    ///
    /// It compares the destination in the payload of CONNECT requests to the ports of `internal`; what it cannot see is
    /// written at its head.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub nft: Option<PathBuf>,

    /// Read a password from standard input, print its hash for a file of users, and exit
    #[arg(long)]
    pub hash_password: bool,

    /// Check the options and the files they name, then exit
    #[arg(long)]
    pub check: bool,

    /// Say more: names looked up, and every address tried
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,

    /// Say only who was turned away and what is wrong
    #[arg(short, long)]
    pub quiet: bool,
}

fn place(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "expected an address and a port, such as 127.0.0.1:1080 or [::1]:1080")
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    seconds_or_never(text).ok().filter(|duration| !duration.is_zero()).ok_or("expected seconds, more than 0")
}

fn seconds_or_never(text: &str) -> Result<Duration, &'static str> {
    let seconds: f64 = text.parse().map_err(|_| "expected seconds, such as 30 or 0.5")?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "expected seconds, such as 30 or 0.5")
}
