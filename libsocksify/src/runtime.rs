//! What the process knows once it has needed it: the proxies' credentials and addresses, the table of names. Nothing is
//! looked up before the first call that needs it; nothing is taken back.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use once_cell::race::OnceBox;
use socks_conf::{Config, Process, Proxy, ProxyHost, Route};
use socks_names::{Range, Table};
use socks_proto::Credentials;

use crate::configuration::runtime;
use crate::{environment, process, resolver, stack, sys};

static NAMES: OnceBox<Option<Table>> = OnceBox::new();

/// A configuration ready for use.
pub(crate) struct Runtime {
    pub(crate) config: Config,
    /// The fake addresses; `None` where the configured range cannot serve.
    pub(crate) range: Option<Range>,
    proxies: Vec<Prepared>,
    program: Option<Program>,
}

/// The program we are in; of interest where a route is about some.
struct Program {
    started_as: Option<PathBuf>,
    executable: Option<PathBuf>,
}

/// What a proxy needs besides its configuration.
struct Prepared {
    credentials: Option<Credentials>,
    has_password: bool,
    addresses: OnceBox<Vec<IpAddr>>,
    /// When its name could not be resolved.
    failed: Moment,
    /// When it said that it has no UDP, and whether anybody was told.
    lacks_udp: Moment,
    lack_is_told: AtomicBool,
}

/// Seconds since the machine started; 0 for never.
#[derive(Default)]
struct Moment(AtomicU64);

impl Moment {
    fn note(&self) {
        self.0.store(sys::uptime().as_secs().max(1), Ordering::Relaxed);
    }

    fn is_recent(&self) -> bool {
        let noted = self.0.load(Ordering::Relaxed);
        noted != 0 && sys::uptime().as_secs() < noted + PATIENCE.as_secs()
    }
}

impl Runtime {
    /// Makes a configuration ready. Names have their addresses from `range`, where some may have been given out already.
    pub(crate) fn new(config: Config, range: Option<Range>) -> Runtime {
        let proxies = config.proxies.iter().map(Prepared::new).collect();
        let (base, prefix) = config.fake_range;
        let fresh =
            || Range::new(base, prefix).inspect_err(|error| log::error!("fake addresses: {error}")).ok();
        let program = config
            .names_programs()
            .then(|| Program { started_as: process::started_as(), executable: process::executable() });
        Runtime { range: range.or_else(fresh), config, proxies, program }
    }

    /// Whether a route is one of this configuration.
    pub(crate) fn has(&self, route: &Route) -> bool {
        self.config.routes.iter().chain(&self.config.automatic).any(|own| std::ptr::eq(own, route))
    }

    /// This process, as far as the routes care. The user may be another at the next call.
    pub(crate) fn process(&self) -> Process<'_> {
        Process {
            started_as: self.program.as_ref().and_then(|program| program.started_as.as_deref()),
            executable: self.program.as_ref().and_then(|program| program.executable.as_deref()),
            user: self.config.names_users().then(process::user),
        }
    }

    /// What to authenticate with at a proxy; without `password` the name alone will do.
    pub(crate) fn credentials(&self, proxy: usize, password: bool) -> Option<&Credentials> {
        let prepared = self.proxies.get(proxy)?;
        prepared.credentials.as_ref().filter(|_| prepared.has_password || !password)
    }

    /// The addresses of a proxy in the order to try them; empty where its name could not be resolved.
    pub(crate) fn addresses(&self, proxy: usize) -> &[IpAddr] {
        let (Some(config), Some(prepared)) = (self.config.proxies.get(proxy), self.proxies.get(proxy)) else {
            return &[];
        };
        match &config.host {
            ProxyHost::Ip(ip) => std::slice::from_ref(ip),
            ProxyHost::Name(_) => prepared.addresses.get().map_or(&[], Vec::as_slice),
        }
    }

    /// Whether the proxy has said, not long ago, that it has no UDP.
    pub(crate) fn lacks_udp(&self, proxy: usize) -> bool {
        self.proxies.get(proxy).is_some_and(|prepared| prepared.lacks_udp.is_recent())
    }

    /// Takes note that the proxy has no UDP; true the first time.
    pub(crate) fn note_lack_of_udp(&self, proxy: usize) -> bool {
        let Some(prepared) = self.proxies.get(proxy) else { return false };
        prepared.lacks_udp.note();
        !prepared.lack_is_told.swap(true, Ordering::Relaxed)
    }

    /// Looks up the proxy's name, unless that is known or has just failed. This may take long.
    pub(crate) fn resolve(&self, proxy: usize) {
        if let (Some(Proxy { host: ProxyHost::Name(name), .. }), Some(prepared)) =
            (self.config.proxies.get(proxy), self.proxies.get(proxy))
        {
            prepared.resolve(name);
        }
    }
}

/// For how long a proxy is left alone whose name could not be resolved, or which has no UDP.
const PATIENCE: Duration = Duration::from_secs(30);

impl Prepared {
    fn new(proxy: &Proxy) -> Prepared {
        let credentials = proxy.username.as_ref().and_then(|username| {
            let password = proxy.password.as_ref().map_or(UNUSED, |password| password.reveal());
            let credentials = Credentials::new(username.as_bytes(), password.as_bytes());
            credentials.inspect_err(|error| log::warn!("proxy {proxy}: {error}; none are offered")).ok()
        });
        let has_password = proxy.password.is_some();
        Prepared {
            credentials,
            has_password,
            addresses: OnceBox::new(),
            failed: Moment::default(),
            lacks_udp: Moment::default(),
            lack_is_told: AtomicBool::new(false),
        }
    }

    /// The one name that must be resolved here: the proxy cannot resolve its own.
    fn resolve(&self, name: &str) {
        if self.addresses.get().is_some() || self.failed.is_recent() {
            return;
        }
        let found = resolver::locally(name);
        if found.is_empty() {
            self.failed.note();
            log::error!("the proxy's name {name} cannot be resolved");
        } else {
            let _ = self.addresses.set(Box::new(found));
        }
    }
}

/// SOCKS4 sends the user name alone.
const UNUSED: &str = "-";

/// The table of fake addresses, shared with the other processes of this run (or of this user); private to this
/// process and its forks where no file can be used, `None` where there is no memory at all.
pub(crate) fn names() -> Option<&'static Table> {
    let range = runtime()?.range?;
    NAMES.get_or_init(|| Box::new(stack::with_room(|| open_names(range)))).as_ref()
}

fn open_names(range: Range) -> Option<Table> {
    let shared = names_file(&range).and_then(|file| Table::open(&file, range));
    let table = shared.or_else(|error| {
        log::warn!("names are known to this process alone: {error}");
        Table::private(range)
    });
    table.inspect_err(|error| log::error!("no table of names: {error}")).ok()
}

fn names_file(range: &Range) -> Result<PathBuf, socks_names::Error> {
    use socks_names::directory::{per_user, per_user_table};
    match environment::variable("SOCKSIFY_NAMES") {
        Some(file) => Ok(file.into()),
        None => Ok(per_user_table(&per_user(&|name| environment::variable(name))?, range)),
    }
}
