//! What the environment says: variables that name a proxy, credentials, and where to log.
//!
//! Dante's variables keep their meaning; `SOCKSIFY_PROXY` is ours and holds proxy URLs.

use crate::caution::Caution;
use crate::choice::Choice;
use crate::dante;
use crate::diagnostic::Location;
use crate::error::VariableError;
use crate::text::Text;
use crate::url::host_and_port;
use crate::{
    BindPolicy, BlockErrno, Callers, Commands, Config, Endpoint, Error, LogTarget, Method, Mode, Protocols,
    Proxy, ProxyProtocol, Route, Search, Secret, Source, Via, Warning, nameserver,
};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const SOCKSIFY_PROXY: &str = "SOCKSIFY_PROXY";
const SOCKSIFY_NAMESERVER: &str = "SOCKSIFY_NAMESERVER";
const USERNAMES: &[&str] = &["SOCKS_USERNAME", "SOCKS_USER", "SOCKS5_USER"];
const PASSWORDS: &[&str] = &["SOCKS_PASSWORD", "SOCKS_PASSWD", "SOCKS5_PASSWD"];

/// Dante's variables that do nothing here when they are true, and why.
const IDLE: &[(&str, &str)] = &[
    (
        "SOCKS_DIRECTROUTE_FALLBACK",
        "a call without a route fails; write a direct route for what may go direct",
    ),
    (
        "SOCKS_AUTOADD_LANROUTES",
        "nothing goes direct unless a route says so; write direct routes for the networks nearby",
    ),
    ("SOCKS_FORCE_BLOCKING_CONNECT", "non-blocking connections go through the proxy as they are"),
    ("SOCKS_DISABLE_THREADLOCK", "there is no lock that threads could wait for"),
];

/// Dante's variables that name one proxy for everything, and what they say it speaks.
const SERVERS: &[(&str, &[ProxyProtocol])] = &[
    ("SOCKS4_SERVER", &[ProxyProtocol::SocksV4]),
    ("SOCKS5_SERVER", &[ProxyProtocol::SocksV5]),
    ("SOCKS_SERVER", &[ProxyProtocol::SocksV4, ProxyProtocol::SocksV5]),
];

/// The environment, seen through the caller's look-up. A variable set to nothing counts as not set.
pub(crate) struct Environment<'a>(pub(crate) &'a dyn Fn(&str) -> Option<OsString>);

impl Environment<'_> {
    pub(crate) fn raw(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        self.raw(name).map(PathBuf::from)
    }

    fn text(&self, name: &str) -> Result<Option<String>, Error> {
        let unreadable = |_| variable_error(name, VariableError::NotUtf8);
        self.raw(name).map(OsString::into_string).transpose().map_err(unreadable)
    }

    /// The configuration that the variables hold, when one of them names a proxy.
    pub(crate) fn config(&self) -> Result<Option<Config>, Error> {
        if let Some(urls) = self.text(SOCKSIFY_PROXY)? {
            return proxies_in_order(&urls).map(Some);
        }
        let mut config = Config::new(Source::Environment("SOCKS_ROUTE_1"), Search::ByProxyProtocol);
        self.add_route_variables(&mut config)?;
        self.add_servers(&mut config)?;
        if config.routes.is_empty() {
            return Ok(None);
        }
        if self.raw("SOCKS_REDIRECT_FROM").is_some() {
            return Err(variable_error("SOCKS_REDIRECT_FROM", VariableError::RedirectFrom));
        }
        config.add_automatic_routes();
        config.warn_about_the_whole(Location::whole(PathBuf::from(config.source.to_string())));
        Ok(Some(config))
    }

    /// `SOCKS_ROUTE_1`, `SOCKS_ROUTE_2`, … up to the first gap.
    fn add_route_variables(&self, config: &mut Config) -> Result<(), Error> {
        for number in 1..=u32::MAX {
            let name = format!("SOCKS_ROUTE_{number}");
            let Some(value) = self.raw(&name) else {
                return Ok(());
            };
            let file = PathBuf::from(format!("${name}"));
            let text = Text::new(value.as_bytes(), &file);
            dante::read_route(&text, number, config).map_err(Error::from)?;
        }
        Ok(())
    }

    fn add_servers(&self, config: &mut Config) -> Result<(), Error> {
        for (name, protocols) in SERVERS {
            if let Some(value) = self.text(name)? {
                let (host, port) = host_and_port(value.trim())
                    .map_err(|error| variable_error(name, VariableError::HostAndPort(error)))?;
                let protocols = protocols.iter().copied().collect();
                config.add_server(name, Proxy::new(host, port.unwrap_or(1080), protocols));
            }
        }
        if let Some(value) = self.text("HTTP_CONNECT_PROXY")? {
            let error = |error| variable_error("HTTP_CONNECT_PROXY", error);
            let proxy = Proxy::from_url(value.trim()).map_err(|e| error(VariableError::Url(e)))?;
            if !proxy.protocols.contains(ProxyProtocol::Http) {
                return Err(error(VariableError::NotHttp));
            }
            config.add_server("HTTP_CONNECT_PROXY", proxy);
        }
        match self.raw("UPNP_IGD") {
            Some(_) => Err(variable_error("UPNP_IGD", VariableError::Upnp)),
            None => Ok(()),
        }
    }

    /// Gives the user name and password of the environment to the proxies that have none of their own.
    pub(crate) fn add_credentials(&self, config: &mut Config) -> Result<(), Error> {
        let password = self.credential(PASSWORDS)?;
        let mut username = self.credential(USERNAMES)?;
        if username.is_none() && password.is_some() {
            username = self.credential(&["LOGNAME", "USER"])?;
        }
        let offered = config.proxies_offered_a_password();
        for (proxy, offered) in config.proxies.iter_mut().zip(offered) {
            if proxy.username.is_none() && (offered || proxy.has_user_id()) {
                proxy.username.clone_from(&username);
                if offered && username.is_some() {
                    proxy.password = proxy.password.take().or(password.clone().map(Secret::new));
                }
            }
        }
        config.warn_about_credentials();
        Ok(())
    }

    fn credential(&self, names: &[&str]) -> Result<Option<String>, Error> {
        for name in names {
            if let Some(value) = self.text(name)? {
                return match value.len() {
                    1..=255 => Ok(Some(value)),
                    _ => Err(variable_error(name, VariableError::CredentialLength)),
                };
            }
        }
        Ok(None)
    }

    /// Adds where and how much to log. A file's own targets stay, and the larger debug level counts, so that
    /// the command line, which speaks through these variables, is heard.
    pub(crate) fn add_logging(&self, config: &mut Config) -> Result<(), Error> {
        self.add_targets("SOCKS_LOGOUTPUT", &mut config.logoutput);
        self.add_targets("SOCKS_ERRLOGOUTPUT", &mut config.errorlog);
        if let Some(debug) = self.text("SOCKS_DEBUG")? {
            let debug =
                debug.trim().parse().map_err(|_| variable_error("SOCKS_DEBUG", VariableError::NotANumber))?;
            config.debug = config.debug.max(debug);
        }
        Ok(())
    }

    /// Puts what the variables say in the place of what the file says.
    pub(crate) fn add_settings(&self, config: &mut Config) -> Result<(), Error> {
        self.choose("SOCKSIFY_RESOLVEPROTOCOL", &mut config.resolveprotocol)?;
        self.choose("SOCKSIFY_UDP", &mut config.udp)?;
        if self.raw("SOCKS_BINDLOCALONLY").is_some() {
            config.bind = BindPolicy::Never;
        }
        self.choose("SOCKSIFY_BIND", &mut config.bind)?;
        if let Some(servers) = self.text(SOCKSIFY_NAMESERVER)? {
            let servers: Result<Vec<_>, _> =
                servers.split_ascii_whitespace().map(nameserver::parse).collect();
            config.nameservers =
                servers.map_err(|_| variable_error(SOCKSIFY_NAMESERVER, VariableError::NotANameServer))?;
        }
        Ok(())
    }

    fn choose<T: Choice>(&self, name: &str, value: &mut T) -> Result<(), Error> {
        if let Some(word) = self.text(name)? {
            let accepted = |_| variable_error(name, VariableError::NotOneOf(T::WORDS));
            *value = T::from_word(word.trim()).map_err(accepted)?;
        }
        Ok(())
    }

    /// Warns of Dante's variables that would let calls out past the routes, or change how calls are made.
    pub(crate) fn warn_about_idle_variables(&self, config: &mut Config) {
        for (name, reason) in IDLE {
            let value = self.raw(name).unwrap_or_default().to_ascii_lowercase();
            if value == "yes" || value == "true" || value == "1" {
                let location = Location::whole(PathBuf::from(format!("${name}")));
                let caution = Caution::NoEffect { what: (*name).to_owned(), reason };
                config.warnings.push(Warning { location, caution });
            }
        }
    }

    fn add_targets(&self, name: &str, targets: &mut Vec<LogTarget>) {
        let value = self.raw(name).unwrap_or_default();
        for word in value.as_bytes().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
            let target = LogTarget::from_bytes(word);
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
    }
}

/// All proxies in one route, in fail-over order.
fn proxies_in_order(urls: &str) -> Result<Config, Error> {
    let mut config = Config::new(Source::Environment(SOCKSIFY_PROXY), Search::FirstMatch);
    for url in urls.split_ascii_whitespace() {
        let proxy = Proxy::from_url(url);
        config
            .proxies
            .push(proxy.map_err(|error| variable_error(SOCKSIFY_PROXY, VariableError::Url(error)))?);
    }
    if config.proxies.is_empty() {
        return Err(variable_error(SOCKSIFY_PROXY, VariableError::Empty));
    }
    let route = Route::through_all(&config.proxies, (0..config.proxies.len()).collect(), Mode::FailOver, 1);
    config.routes.push(route);
    Ok(config)
}

fn variable_error(name: &str, error: VariableError) -> Error {
    Error::Variable { name: name.to_owned(), error }
}

impl Config {
    fn add_server(&mut self, variable: &'static str, proxy: Proxy) {
        if self.routes.is_empty() {
            self.source = Source::Environment(variable);
        }
        self.proxies.push(proxy);
        let route = Route::through_all(&self.proxies, vec![self.proxies.len() - 1], Mode::FailOver, 1);
        self.routes.push(route);
    }

    /// For each proxy, whether a route to it allows the method `username`.
    fn proxies_offered_a_password(&self) -> Vec<bool> {
        let offers = |index: usize| {
            self.routes.iter().any(|route| match &route.via {
                Via::Proxies(indices) => indices.contains(&index) && route.offers(Method::Username),
                Via::Direct | Via::Block => false,
            })
        };
        (0..self.proxies.len()).map(offers).collect()
    }

    fn warn_about_credentials(&mut self) {
        let only_username = |index: usize| {
            self.routes.iter().any(|route| {
                matches!(&route.via, Via::Proxies(indices) if indices.contains(&index))
                    && route.methods == [Method::Username]
            })
        };
        let caution = |(index, proxy): (usize, &Proxy)| match (
            &proxy.username,
            &proxy.password,
            &proxy.password_file,
        ) {
            (None, ..) if only_username(index) => Some(Caution::NoUserName),
            (Some(_), None, None) if proxy.takes_password() => Some(Caution::NoPassword),
            _ => None,
        };
        let location = Location::whole(PathBuf::from(self.source.to_string()));
        let cautions: Vec<Caution> = self.proxies.iter().enumerate().filter_map(caution).collect();
        let warnings = cautions.into_iter().map(|caution| Warning { location: location.clone(), caution });
        self.warnings.extend(warnings);
    }
}

impl Route {
    /// A route for everything through the proxies that `indices` name, used as `mode` says.
    pub(crate) fn through_all(proxies: &[Proxy], indices: Vec<usize>, mode: Mode, chain_len: usize) -> Route {
        let named = || indices.iter().filter_map(|index| proxies.get(*index));
        let proxyprotocols = ProxyProtocol::of_all(named());
        let last = ProxyProtocol::of_all(named().next_back().into_iter());
        let route = Route {
            from: Endpoint::EVERYTHING,
            to: vec![Endpoint::EVERYTHING],
            commands: Commands::EMPTY,
            protocols: Protocols::of(proxyprotocols),
            via: Via::Proxies(indices),
            mode,
            chain_len,
            errno: BlockErrno::default(),
            callers: Callers::default(),
            proxyprotocols,
            methods: Method::possible(proxyprotocols),
            line: 0,
        };
        route.in_mode(last)
    }
}

impl Proxy {
    /// Whether one of its protocols has a USERID.
    fn has_user_id(&self) -> bool {
        self.protocols.contains(ProxyProtocol::SocksV4) || self.protocols.contains(ProxyProtocol::SocksV4a)
    }
}

/// `~/` at the beginning of `path` as the home directory.
pub(crate) fn expand_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
