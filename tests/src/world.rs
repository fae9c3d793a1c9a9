//! The three hosts, linked and staffed.

use std::collections::HashMap;
use std::fs::File;
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::daemons::Daemons;
use crate::detector::{self, Leaks};
use crate::error::{Error, file, system};
use crate::fixtures::Fixtures;
use crate::host::Host;
use crate::keeper::Keeper;
use crate::plan::*;
use crate::proxies::{self, Proxy};
use crate::scratch::Scratch;
use crate::{database, datagram_servers, misbehaving, name_server, services, target};

/// The three hosts. One test at a time uses it, so that a leak has an author.
pub struct World {
    /// Where programs under test run.
    pub application: Host,
    /// Where the proxies run.
    pub proxy: Host,
    /// Where the programs want to go.
    pub target: Host,
    /// What the target offers.
    pub fixtures: Arc<Fixtures>,
    /// Runs every process of the three hosts.
    pub keeper: Keeper,
    daemons: Daemons,
    running: Mutex<HashMap<Proxy, Result<(), String>>>,
    database: OnceLock<Result<(), String>>,
    datagram_servers: OnceLock<Result<(), String>>,
    next_port: AtomicU16,
    scratch: Scratch,
}

/// What a server needs to be started.
pub struct Staff<'a> {
    /// Where it runs.
    pub host: &'a Host,
    /// Where its files go.
    pub scratch: &'a Scratch,
    keeper: &'a Keeper,
}

impl World {
    /// Links the hosts and starts the servers of the target and the name servers.
    pub fn new(fixtures: Arc<Fixtures>) -> Result<World, Error> {
        let scratch = Scratch::new()?;
        let daemons = Daemons::start(&scratch)?;
        let world = World {
            application: application_host(&scratch, &daemons)?,
            proxy: proxy_host(&scratch)?,
            target: target_host(&scratch)?,
            fixtures,
            keeper: Keeper::new()?,
            daemons,
            running: Mutex::default(),
            database: OnceLock::new(),
            datagram_servers: OnceLock::new(),
            next_port: AtomicU16::new(SCRIPTED_PORTS),
            scratch,
        };
        world.link()?;
        detector::install(&world.application, "proxy")?;
        let target = world.staff(&world.target);
        target::start(&target, &world.fixtures)?;
        services::start(&world.target.network, &TARGET.each())?;
        misbehaving::start(&world.target.network)?;
        name_server::start_on_target(&target, &world.fixtures)?;
        name_server::start_for_proxies(&world.staff(&world.proxy))?;
        world.leaks()?;
        Ok(world)
    }

    /// Makes sure the proxy runs.
    pub fn start(&self, proxy: Proxy) -> Result<(), String> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let start = || proxy.start(&self.staff(&self.proxy)).map_err(|error| error.to_string());
        running.entry(proxy).or_insert_with(start).clone()
    }

    /// Makes sure the target's database runs.
    pub fn start_database(&self) -> Result<(), String> {
        let start = || database::start(&self.staff(&self.target)).map_err(|error| error.to_string());
        self.database.get_or_init(start).clone()
    }

    /// Makes sure the target's servers that speak by datagrams run.
    pub fn start_datagram_servers(&self) -> Result<(), String> {
        let target = self.staff(&self.target);
        let start = || datagram_servers::start(&target, &self.fixtures).map_err(|error| error.to_string());
        self.datagram_servers.get_or_init(start).clone()
    }

    /// The packets that left the application host past the proxy since the last call, and the questions asked of
    /// daemons on it.
    pub fn leaks(&self) -> Result<Leaks, Error> {
        let mut leaks = detector::take(&self.application)?;
        leaks.asked = self.daemons.take()?;
        Ok(leaks)
    }

    /// A port on the proxy host that nothing else uses now.
    pub fn scripted_port(&self) -> u16 {
        let taken = self.next_port.fetch_add(1, Ordering::Relaxed);
        let span = CLOSED_PROXY_PORT - SCRIPTED_PORTS;
        SCRIPTED_PORTS + (taken - SCRIPTED_PORTS) % span
    }

    /// What a server of the proxy host wrote, its last part.
    pub fn log(&self, server: &str) -> String {
        tail(&log_path(&self.scratch, server))
    }

    fn staff<'a>(&'a self, host: &'a Host) -> Staff<'a> {
        Staff::new(host, &self.scratch, &self.keeper)
    }

    /// Nothing forwards, and only the application has a default route: what it sends past its proxy
    /// leaves the host, is counted, and ends there.
    fn link(&self) -> Result<(), Error> {
        let (application, proxy, target) = (&self.application, &self.proxy, &self.target);
        proxy.set("ipv4/ip_forward", "0")?;
        proxy.set("ipv6/conf/all/forwarding", "0")?;
        proxy.ip(&format!(
            "link add inside type veth peer name proxy netns {}\n\
             link add outside type veth peer name proxy netns {}\n\
             {}{}\
             addr add {PROXY_SECOND}/24 dev inside\n\
             route add {RESOLVER}/32 dev outside\n\
             route add unreachable {}\nroute add unreachable {}\n",
            application.network.path(),
            target.network.path(),
            up("inside", PROXY),
            up("outside", PROXY_OUTSIDE),
            UNREACHABLE_HOST.v4,
            UNREACHABLE_HOST.v6,
        ))?;
        application.ip(&format!(
            "{}route add default via {}\nroute add default via {}\nroute add unreachable {UNREACHABLE_PROXY}\n",
            up("proxy", APPLICATION),
            PROXY.v4,
            PROXY.v6
        ))?;
        target.ip(&format!("{}addr add {RESOLVER}/32 dev proxy\n", up("proxy", TARGET)))
    }
}

/// Duplicate address detection would keep an IPv6 address unusable for a second.
fn up(device: &str, addresses: Addresses) -> String {
    format!(
        "link set lo up\nlink set {device} up\naddr add {}/24 dev {device}\naddr add {}/64 dev {device} nodad\n",
        addresses.v4, addresses.v6
    )
}

/// The proxy has a name here, with dead addresses if it listens on one only.
fn application_host(scratch: &Scratch, daemons: &Daemons) -> Result<Host, Error> {
    let mut host = Host::new("application", RESOLVER.into(), scratch)?;
    let own = "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 application\n".to_owned();
    let addresses = [PROXY.v4.into(), PROXY.v6.into(), PROXY_SECOND.into()];
    let lines = addresses.map(|address: IpAddr| format!("{address} {NAME_PROXY}\n")).concat();
    host.replace("/etc/hosts", own + &lines + LOCAL_HOSTS, scratch)?;
    host.replace_directory("/run", daemons.run().to_owned());
    Ok(host)
}

/// The host of proxies, without interfaces; its system knows the user.
pub fn proxy_host(scratch: &Scratch) -> Result<Host, Error> {
    let mut host = Host::new("proxy", [127, 0, 0, 1].into(), scratch)?;
    let (passwd, shadow) = proxies::user_lines()?;
    host.replace("/etc/passwd", read("/etc/passwd")? + &passwd, scratch)?;
    host.replace("/etc/shadow", read("/etc/shadow")? + &shadow, scratch)?;
    Ok(host)
}

fn target_host(scratch: &Scratch) -> Result<Host, Error> {
    let mut host = Host::new("target", [127, 0, 0, 1].into(), scratch)?;
    // A locked account ("!") may not log in over ssh, even with a key.
    let shadow = read("/etc/shadow")?;
    let others = shadow.lines().filter(|line| !line.starts_with("root:"));
    let lines = std::iter::once("root:*:19000:0:99999:7:::").chain(others);
    host.replace("/etc/shadow", lines.flat_map(|line| [line, "\n"]).collect::<String>(), scratch)?;
    Ok(host)
}

fn read(path: &str) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(file(Path::new(path)))
}

fn log_path(scratch: &Scratch, server: &str) -> PathBuf {
    scratch.path().join(format!("{server}.log"))
}

fn tail(path: &Path) -> String {
    let log = std::fs::read(path).unwrap_or_default();
    let from = log.len().saturating_sub(2000);
    String::from_utf8_lossy(&log[from..]).into_owned()
}

impl<'a> Staff<'a> {
    /// For servers of this host.
    pub fn new(host: &'a Host, scratch: &'a Scratch, keeper: &'a Keeper) -> Staff<'a> {
        Staff { host, scratch, keeper }
    }

    /// Starts a server, and gives its process; what it writes is kept for the message of a test that fails.
    pub fn spawn(&self, server: &str, mut command: Command) -> Result<u32, Error> {
        let path = log_path(self.scratch, server);
        let log = File::create(&path).map_err(file(&path))?;
        command.stdout(log.try_clone().map_err(file(&path))?).stderr(log).stdin(Stdio::null());
        self.keeper.serve(command)
    }

    /// Waits until the server accepts connections.
    pub fn await_listening(&self, server: &str, address: SocketAddr) -> Result<(), Error> {
        self.await_sign(server, address, || {
            TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
        })
    }

    /// Waits until the server answers this datagram.
    pub fn await_answering(&self, server: &str, address: SocketAddr, query: &[u8]) -> Result<(), Error> {
        self.await_sign(server, address, || {
            let any: IpAddr = if address.is_ipv4() { [0; 4].into() } else { [0_u16; 8].into() };
            let answer = UdpSocket::bind((any, 0)).and_then(|socket| {
                socket.set_read_timeout(Some(Duration::from_secs(1)))?;
                socket.connect(address)?;
                socket.send(query)?;
                socket.recv(&mut [0; 2048])
            });
            answer.is_ok()
        })
    }

    fn await_sign(
        &self,
        server: &str,
        address: SocketAddr,
        is_there: impl Fn() -> bool + Sync,
    ) -> Result<(), Error> {
        let deadline = Instant::now() + Duration::from_secs(20);
        let listens = || {
            while Instant::now() < deadline {
                if is_there() {
                    return Ok(true);
                }
                // A server tells nobody that it is ready; asking again is all there is.
                thread::park_timeout(Duration::from_millis(5));
            }
            Ok(false)
        };
        if self.host.network.enter(listens).map_err(system("enter a host"))? {
            return Ok(());
        }
        Err(Error::Silent { server: server.to_owned(), address, log: tail(&log_path(self.scratch, server)) })
    }
}
