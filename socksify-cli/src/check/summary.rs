//! What the configuration means, in words.

use crate::diagnosis::{self, Style};
use socks_conf::{
    BindPolicy, Config, LogTarget, Mode, Proxy, ProxyProtocol, ResolveProtocol, Route, Search, UdpFallback,
    Via,
};
use std::fmt::{self, Display};

/// A configuration in words.
pub(super) struct Summary<'a>(pub(super) &'a Config);

impl Display for Summary<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = self.0;
        writeln!(out, "names: {}", names(config))?;
        match config.timeout_connect {
            Some(limit) => writeln!(out, "time to reach the proxy: {} s at most", limit.as_secs())?,
            None => writeln!(out, "time to reach the proxy: not limited")?,
        }
        writeln!(out, "log: {}, to {}", logged(config.debug), log_targets(&config.logoutput))?;
        writeln!(out, "udp: through proxies that carry it, else {}", without_udp(config.udp))?;
        writeln!(out, "bind: {}", bind(config.bind))?;
        config.proxies.iter().try_for_each(|proxy| write_proxy(out, proxy))?;
        writeln!(out, "routes: {}", search(config.search))?;
        config.routes.iter().try_for_each(|route| write_route(out, route, &config.proxies))?;
        write_traps(out, config)?;
        let mut warnings = config.warnings.iter();
        warnings.try_for_each(|warning| writeln!(out, "{}", diagnosis::warning(warning, Style::Plain)))
    }
}

/// Where Dante's rules lead elsewhere than its files seem to say, or ours elsewhere than Dante's.
fn write_traps(out: &mut fmt::Formatter<'_>, config: &Config) -> fmt::Result {
    if config.search != Search::ByProxyProtocol {
        return Ok(());
    }
    let both = |route: &&Route| {
        route.proxyprotocols.contains(ProxyProtocol::SocksV4)
            && route.proxyprotocols.contains(ProxyProtocol::SocksV5)
    };
    if let Some(route) = config.routes.iter().find(both) {
        writeln!(
            out,
            "note: IPv4 targets go by socks_v4, without password, where a route allows both, as that of line {} does",
            route.line
        )?;
    }
    if !config.routes.iter().all(|route| matches!(route.via, Via::Direct)) {
        writeln!(
            out,
            "note: networks of this machine go direct only where a route says so; Dante adds such routes"
        )?;
    }
    Ok(())
}

fn bind(policy: BindPolicy) -> &'static str {
    match policy {
        BindPolicy::Auto => "asked for when a program waits for a call back",
        BindPolicy::Always => "asked for whenever a program listens for other machines",
        BindPolicy::Never => "never asked for; programs listen on this machine",
    }
}

fn without_udp(fallback: UdpFallback) -> &'static str {
    match fallback {
        UdpFallback::Block => "refused",
        UdpFallback::Direct => "past the proxy",
    }
}

fn names(config: &Config) -> String {
    let (address, prefix) = config.fake_range;
    match config.resolveprotocol {
        ResolveProtocol::Fake => format!("resolved by the proxy; stand-ins from {address}/{prefix}"),
        ResolveProtocol::Tcp => {
            format!("asked for through the proxy, by DNS over TCP, of {}", name_servers(config))
        }
        ResolveProtocol::Udp => {
            format!("asked for through the proxy, by DNS over UDP, of {}", name_servers(config))
        }
        ResolveProtocol::Tor => "asked of the proxy, by RESOLVE".to_owned(),
        ResolveProtocol::Local => "resolved here, past the proxy".to_owned(),
    }
}

fn name_servers(config: &Config) -> String {
    let servers: Vec<String> = config.nameservers.iter().map(ToString::to_string).collect();
    if servers.is_empty() { "the name servers of /etc/resolv.conf".to_owned() } else { servers.join(", ") }
}

fn logged(debug: u32) -> &'static str {
    match debug {
        0 => "warnings and errors",
        1 => "each connection",
        _ => "everything",
    }
}

fn log_targets(targets: &[LogTarget]) -> String {
    let words: Vec<String> = targets.iter().map(log_target).collect();
    if words.is_empty() { "stderr".to_owned() } else { words.join(", ") }
}

fn log_target(target: &LogTarget) -> String {
    match target {
        LogTarget::Stderr => "stderr".to_owned(),
        LogTarget::Stdout => "stdout".to_owned(),
        LogTarget::Syslog(None) => "syslog".to_owned(),
        LogTarget::Syslog(Some(facility)) => format!("syslog/{facility}"),
        LogTarget::File(file) => file.display().to_string(),
    }
}

fn search(search: Search) -> &'static str {
    match search {
        Search::FirstMatch => "the first that matches counts",
        Search::ByProxyProtocol => {
            "searched once for each of direct, socks_v4, socks_v5, http, in this order"
        }
    }
}

fn write_proxy(out: &mut fmt::Formatter<'_>, proxy: &Proxy) -> fmt::Result {
    write!(out, "proxy: {proxy}")?;
    if proxy.name != proxy.to_string() {
        write!(out, " ({})", proxy.name)?;
    }
    write!(out, ", {}", proxy.protocols)?;
    if let Some(username) = &proxy.username {
        write!(out, ", user {username}")?;
    }
    writeln!(out)
}

fn write_route(out: &mut fmt::Formatter<'_>, route: &Route, proxies: &[Proxy]) -> fmt::Result {
    write!(out, "route")?;
    if route.line > 0 {
        write!(out, " (line {})", route.line)?;
    }
    let to: Vec<String> = route.to.iter().map(ToString::to_string).collect();
    let via = via(route, proxies);
    write!(out, ": from {} to {}{} via {via}", route.from, to.join(", "), route.callers)?;
    if route.via == Via::Block {
        write!(out, " with {}", route.errno.name())?;
    }
    writeln!(out, "; {}; {}", route.commands, route.protocols)
}

/// Where a route leads, in words.
pub(crate) fn via(route: &Route, proxies: &[Proxy]) -> String {
    let Via::Proxies(indices) = &route.via else {
        return if route.via == Via::Direct { "direct".to_owned() } else { "block".to_owned() };
    };
    let names = indices.iter().filter_map(|i| Some(proxies.get(*i)?.name.clone()));
    joined(route, &names.collect::<Vec<_>>())
}

/// Some proxies of a route, with how they are used.
pub(crate) fn joined(route: &Route, proxies: &[String]) -> String {
    let drawn = |how: &str, of: &str| match route.chain_len {
        1 => format!("one {how} of {of}"),
        length => format!("{length} one behind the other, {how}, of {of}"),
    };
    match route.mode {
        _ if proxies.len() < 2 => proxies.concat(),
        Mode::FailOver => proxies.join(", then "),
        Mode::Strict => proxies.join(", on to "),
        Mode::Dynamic => format!("those that can be reached of {}", proxies.join(", on to ")),
        Mode::Random => drawn("at random", &proxies.join(", ")),
        Mode::RoundRobin => drawn("in turn", &proxies.join(", ")),
    }
}
