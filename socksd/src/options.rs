//! What the proxy can be told, with the defaults that are safe.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::hosts::Hosts;
use crate::network::Network;
use crate::users::Users;

/// The settings of a [`Server`](crate::Server).
///
/// The default listens on 127.0.0.1:1080 and serves this host's own programs without a password.
#[derive(Clone, Debug)]
pub struct Options {
    /// The addresses to listen on; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// The users; with any, every application must give a name and a password, and so must speak SOCKS5.
    pub users: Users,
    /// Where applications may connect from. Empty means loopback only or, with `users`, anywhere.
    pub allow: Vec<Network>,
    /// Names that only this proxy knows.
    pub hosts: Hosts,
    /// The time from accept to the end of the request, in all.
    pub handshake_timeout: Duration,
    /// The time for reaching a target: name lookup and all its addresses.
    pub connect_timeout: Duration,
    /// The time for which a BIND waits for its call.
    pub bind_timeout: Duration,
    /// The time without a byte either way after which a connection is reset; `None` is for ever.
    pub idle_timeout: Option<Duration>,
    /// The time that open connections are given to finish on shutdown.
    pub grace: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            listen: vec![SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 1080)],
            users: Users::default(),
            allow: Vec::new(),
            hosts: Hosts::default(),
            handshake_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(30),
            bind_timeout: Duration::from_secs(120),
            idle_timeout: None,
            grace: Duration::from_secs(2),
        }
    }
}

impl Options {
    /// Whether an application at this address may talk to the proxy at all.
    pub(crate) fn admits(&self, application: SocketAddr) -> bool {
        let within = |networks: &[Network]| networks.iter().any(|network| network.contains(application.ip()));
        if self.admits_this_host_only() {
            within(&Network::LOOPBACK)
        } else {
            self.allow.is_empty() || within(&self.allow)
        }
    }

    /// Whether nothing was said about who may use the proxy.
    pub(crate) fn admits_this_host_only(&self) -> bool {
        self.allow.is_empty() && self.users.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(options: &Options, application: &str) -> bool {
        options.admits(SocketAddr::new(application.parse().unwrap(), 51234))
    }

    #[test]
    fn admits_loopback_alone_by_default() {
        let options = Options::default();
        assert!(admits(&options, "127.0.0.1") && admits(&options, "::1"));
        assert!(!admits(&options, "10.0.0.2"));
    }

    #[test]
    fn passwords_admit_everywhere() {
        let mut options = Options::default();
        options.users.add("alice:secret".parse().unwrap());
        assert!(admits(&options, "10.0.0.2"));
    }

    #[test]
    fn a_list_is_the_whole_truth() {
        let mut options = Options { allow: vec!["10.0.0.0/8".parse().unwrap()], ..Options::default() };
        assert!(admits(&options, "10.0.0.2"));
        assert!(!admits(&options, "127.0.0.1"));
        options.users.add("alice:secret".parse().unwrap());
        assert!(!admits(&options, "192.0.2.7"));
    }
}
