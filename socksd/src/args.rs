//! The command line of `socksd`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use socksd::{Network, Options};

use crate::error::Error;
use crate::files;

const EXAMPLES: &str = "\
Examples:
  socksd
      Serve the programs of this machine on 127.0.0.1:1080, without a password.
  socksd -l 10.0.0.11:1080 --allow 10.0.0.0/8
      Serve the hosts of a network, without a password.
  socksd -l 0.0.0.0:1080 -l [::]:1080 --users /etc/socksd.users
      Serve everybody who has a name and a password.
  socksd -l 127.0.0.1:0 --resolve www.example.org=127.0.0.1
      Take a free port, which the first line of the log names, and know a name that nobody else knows.

Try it:
  curl --proxy socks5h://127.0.0.1:1080 http://www.example.org/

The log goes to standard error, a line for each connection when its target was reached and when it ends:
  socksd: connect 1 from 127.0.0.1:51234 to www.example.org:80 (192.0.2.7:80) user alice: open
  socksd: connect 1 from 127.0.0.1:51234 to www.example.org:80 (192.0.2.7:80) user alice: up 78 down 1256 closed 0.31s
  socksd: connect 2 from 127.0.0.1:51236 to nowhere.example:80 user -: refused 04 unknown name: ... 0.02s
  socksd: handshake 3 from 127.0.0.1:51238 user alice: failed user name or password refused 0.00s
up counts bytes from the application, down from the target; other ends than closed are reset-by-application,
reset-by-target, idle and shutdown. The number after refused is the reply code of RFC 1928.

Exit status: 0 after SIGINT or SIGTERM, 1 if an address cannot be listened on or a file cannot be used,
2 if the command line is wrong.";

/// A small SOCKS proxy: SOCKS5 and SOCKS4a, CONNECT by name and by address, with one line in the log for each
/// connection and the bytes it carried.
///
/// Without options it serves the programs of this machine only. Other hosts are served once --allow names them or
/// users exist.
#[derive(Debug, Parser)]
#[command(name = "socksd", version, after_help = EXAMPLES, max_term_width = 120)]
pub(crate) struct Args {
    /// Listen here; port 0 takes a free one. May be repeated.
    #[arg(short, long, value_name = "ADDR:PORT", default_value = "127.0.0.1:1080")]
    listen: Vec<SocketAddr>,

    /// Require a name and password, and accept this pair. May be repeated. Others see it in the process list: prefer
    /// --users.
    #[arg(long, value_name = "NAME:PASSWORD")]
    user: Vec<String>,

    /// Require a name and password, and accept the pairs in this file, one NAME:PASSWORD a line. May be repeated.
    #[arg(long, value_name = "FILE")]
    users: Vec<PathBuf>,

    /// Serve applications at these addresses and no others, such as 10.0.0.0/8. May be repeated.
    #[arg(long, value_name = "ADDR[/LENGTH]")]
    allow: Vec<Network>,

    /// Know this name, whatever the system's resolver says. May be repeated, also for the same name: its addresses
    /// are tried in turn.
    #[arg(long, value_name = "NAME=ADDR")]
    resolve: Vec<String>,

    /// Know the names in this file, which is like /etc/hosts. May be repeated.
    #[arg(long, value_name = "FILE")]
    hosts: Vec<PathBuf>,

    /// Give an application so long for its whole request.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    handshake_timeout: Duration,

    /// Give a target so long, from the name lookup to the last of its addresses.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    connect_timeout: Duration,

    /// Reset a connection that carried nothing for so long; 0 is never.
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds_or_never)]
    idle_timeout: Duration,

    /// Give open connections so long to finish on SIGINT or SIGTERM.
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds_or_never)]
    grace: Duration,

    /// Check the options and the files they name, then exit.
    #[arg(long)]
    pub(crate) check: bool,

    /// Say more: names looked up, and every address tried.
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,

    /// Say only who was turned away and what is wrong.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl Args {
    /// The settings, with the files read that the command line names.
    pub(crate) fn options(self) -> Result<Options, Error> {
        let mut options = Options {
            listen: self.listen,
            allow: self.allow,
            handshake_timeout: self.handshake_timeout,
            connect_timeout: self.connect_timeout,
            idle_timeout: Some(self.idle_timeout).filter(|timeout| !timeout.is_zero()),
            grace: self.grace,
            ..Options::default()
        };
        // Not a value parser, for its message would show the password.
        for user in &self.user {
            options.users.add(user.parse().map_err(Error::User)?);
        }
        for file in &self.users {
            files::add_users(&mut options.users, file)?;
        }
        for pair in &self.resolve {
            options.hosts.add_pair(pair).map_err(|error| Error::Resolve { pair: pair.clone(), error })?;
        }
        for file in &self.hosts {
            files::add_hosts(&mut options.hosts, file)?;
        }
        Ok(options)
    }
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    seconds_or_never(text).ok().filter(|duration| !duration.is_zero()).ok_or("expected seconds, more than 0")
}

fn seconds_or_never(text: &str) -> Result<Duration, &'static str> {
    let seconds: f64 = text.parse().map_err(|_| "expected seconds, such as 30 or 0.5")?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "expected seconds, such as 30 or 0.5")
}
