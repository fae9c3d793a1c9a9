//! What the proxy can be told, with the defaults that are safe.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use socks_conf::sockd::Method;

use crate::external::External;
use crate::follow::Follow;
use crate::hosts::Hosts;
use crate::network::Network;
use crate::relay::Patience;
use crate::rules::Rules;
use crate::users::Users;

/// The settings of a [`Server`](crate::Server).
///
/// The default listens on 127.0.0.1:1080 and serves this host's own programs without a password.
#[derive(Clone, Debug)]
pub struct Options {
    /// The addresses to listen on; port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Interfaces whose addresses are listened on when they come; those they have are in `listen`.
    pub follow: Vec<Follow>,
    /// The users; with any, every application must give a name and a password, and so must speak SOCKS5.
    pub users: Users,
    /// Where applications may connect from. Empty means loopback only or, with `users`, anywhere.
    pub allow: Vec<Network>,
    /// The addresses of this host's own that other hosts may reach through the proxy.
    pub reach: Vec<Network>,
    /// The rules; with them, `allow` plays no part.
    pub rules: Option<Rules>,
    /// What is asked of an application before its first byte; empty is nothing.
    pub clientmethods: Vec<Method>,
    /// How users authenticate, the most preferred first. `None` is by password if there are users, else not at all.
    pub socksmethods: Option<Vec<Method>>,
    /// The local addresses of connections to targets.
    pub external: External,
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
    /// The same while one direction of the connection has ended.
    pub half_closed_timeout: Option<Duration>,
    /// The same for associations.
    pub udp_idle_timeout: Option<Duration>,
    /// Connections at a time, counted from accept; `None` is any number.
    pub max_connections: Option<usize>,
    /// The same for those from one address.
    pub max_connections_per_host: Option<usize>,
    /// The time that open connections are given to finish on shutdown.
    pub grace: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            listen: vec![SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 1080)],
            follow: Vec::new(),
            users: Users::default(),
            allow: Vec::new(),
            reach: Vec::new(),
            rules: None,
            clientmethods: Vec::new(),
            socksmethods: None,
            external: External::default(),
            hosts: Hosts::default(),
            handshake_timeout: Duration::from_secs(120),
            connect_timeout: Duration::from_secs(30),
            bind_timeout: Duration::from_secs(120),
            idle_timeout: None,
            half_closed_timeout: Some(Duration::from_secs(120)),
            udp_idle_timeout: None,
            max_connections: None,
            max_connections_per_host: Some(200),
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

    /// How long a connection may carry nothing.
    pub(crate) fn patience(&self) -> Patience {
        Patience { idle: self.idle_timeout, half_closed: self.half_closed_timeout }
    }

    /// Whether nothing was said about who may use the proxy.
    pub(crate) fn admits_this_host_only(&self) -> bool {
        self.rules.is_none() && self.allow.is_empty() && self.users.is_empty()
    }

    /// Whether, without rules, an application may use the proxy that has not shown who it is.
    pub(crate) fn admits_anybody(&self, application: SocketAddr) -> bool {
        let networks = if self.allow.is_empty() { &Network::LOOPBACK[..] } else { &self.allow };
        networks.iter().any(|network| network.contains(application.ip()))
    }

    /// How users authenticate, the most preferred first.
    pub(crate) fn methods(&self) -> &[Method] {
        match &self.socksmethods {
            Some(methods) => methods,
            None if self.users.is_empty() => &[Method::None],
            None => &[Method::Username],
        }
    }

    /// Whether the ident server of an application's host is to be asked.
    pub(crate) fn wants_ident(&self) -> bool {
        self.clientmethods.iter().chain(self.methods()).any(|method| *method == Method::Rfc931)
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
    fn limits_are_those_of_the_manual_page() {
        let options = Options::default();
        assert_eq!((options.max_connections, options.max_connections_per_host), (None, Some(200)));
        let two_minutes = Duration::from_secs(120);
        assert_eq!(
            (options.handshake_timeout, options.half_closed_timeout),
            (two_minutes, Some(two_minutes))
        );
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
