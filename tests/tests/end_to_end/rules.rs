//! Rules of servers, as the wire shows them: Dante's server and ours read the same file, hear the same requests, and
//! must give the same answers.

use std::fs::{self, Permissions};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Command as Program;
use std::time::Duration;

use end_to_end::artifacts;
use end_to_end::host::Host;
use end_to_end::keeper::Keeper;
use end_to_end::plan::{PASSWORD, USERNAME};
use end_to_end::scratch::Scratch;
use end_to_end::world::{Staff, proxy_host};
use libtest_mimic::Failed;
use socket2::{Domain, Socket, Type};
use socks_proto::client::{Failure, Handshake, Step, Version};
use socks_proto::socks4::Cd;
use socks_proto::socks5::Rep;
use socks_proto::{Address, Command, Credentials, Name};

use crate::suite::{Suite, Verdict};

/// A listing of 2005, to which Dante's server reads a mask of no bits as what it is: everything.
const LISTING: &str = "\
logoutput: syslog

internal: eth0 port = 1080
external: eth1

method: username

user.privileged: proxy
user.notprivileged: nobody

client pass {
from: 10.0.0.3/0 port 1-65535 to: 0.0.0.0/0
}

client block {
from: 0.0.0.0/0 to: 0.0.0.0/0
log: connect error
}

block {
from: 0.0.0.0/0 to: 10.0.0.11/0
log: connect error
}

pass {
from: 10.0.0.3/0 to: 10.0.0.10/0
protocol: tcp udp
}

block {
from: 0.0.0.0/0 to: 0.0.0.0/0
log: connect error
}
";

/// A rule for each thing a rule can say.
const RULES: &str = "\
logoutput: stderr
internal: eth0 port = 1080
external: eth1
clientmethod: none
socksmethod: username none
user.privileged: root
user.unprivileged: nobody
client block { from: 10.0.0.4/32 to: 0/0 }
client pass { from: 10.0.0.0/24 port 1-65535 to: 10.0.0.11/32 }
socks block { from: 0/0 to: 192.168.23.3/32 }
socks pass { from: 0/0 to: rebound.test }
socks pass { from: 10.0.0.3/32 to: good.test port = 80 }
socks pass { from: 10.0.0.3/32 to: 192.168.23.0/24 port 81-82 command: connect }
socks pass { from: 10.0.0.3/32 to: 192.168.23.0/24 port > 8000 proxyprotocol: socks_v4 }
socks pass { from: 10.0.0.10/32 to: 192.168.23.2/32 command: connect
    user: alice
}
socks pass { from: 10.0.0.3/32 to: 0/0 command: udpassociate }
socks pass { from: 10.0.0.3/32 to: 192.168.23.2/32 port = 90 command: bind }
socks block { from: 0/0 to: 0/0 log: connect }
";

/// What the server's host knows of names. The second leads to where nobody may go.
const NAMES: &str = "127.0.0.1 localhost\n192.168.23.2 good.test\n192.168.23.3 rebound.test\n";

/// Where somebody listens.
const TARGETS: [Ipv4Addr; 3] =
    [Ipv4Addr::new(10, 0, 0, 10), Ipv4Addr::new(192, 168, 23, 2), Ipv4Addr::new(192, 168, 23, 3)];

/// The ports at which they listen.
const PORTS: [u16; 5] = [80, 81, 82, 83, 8001];

/// How a request ends, as far as two servers must agree.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// The request is granted.
    Granted,
    /// The request is denied by a rule.
    Denied,
    /// No method is accepted, or not this user.
    Stranger,
    /// The connection is closed before a request is read.
    Closed,
}
use End::{Closed, Denied, Granted, Stranger};

/// From where, as whom, what and where to; and how it ends.
type Row = (&'static str, Who, Command, &'static str, u16, End);

/// How applications introduce themselves.
#[derive(Clone, Copy, Debug)]
enum Who {
    Nobody,
    Alice,
    WrongPassword,
    Socks4,
}
use Who::{Alice, Nobody, Socks4, WrongPassword};

const CONNECT: Command = Command::Connect;

/// `10.0.0.11/0` in the first rule is everything: whoever has a name and a password is denied whatever it asks.
const LISTING_ROWS: &[Row] = &[
    ("10.0.0.3", Alice, CONNECT, "10.0.0.10", 80, Denied),
    ("10.0.0.3", Alice, CONNECT, "10.0.0.11", 1080, Denied),
    ("10.0.0.3", Alice, CONNECT, "192.168.23.2", 80, Denied),
    ("10.0.0.3", Alice, CONNECT, "good.test", 80, Denied),
    ("10.0.0.4", Alice, CONNECT, "10.0.0.10", 80, Denied),
    ("10.0.0.3", Alice, Command::Bind, "192.168.23.2", 80, Denied),
    ("10.0.0.3", Nobody, CONNECT, "10.0.0.10", 80, Stranger),
    ("10.0.0.3", WrongPassword, CONNECT, "10.0.0.10", 80, Stranger),
];

/// The same with `/32`, as its author meant it.
const MEANT_ROWS: &[Row] = &[
    ("10.0.0.3", Alice, CONNECT, "10.0.0.10", 80, Granted),
    ("10.0.0.3", Alice, CONNECT, "10.0.0.11", 1080, Denied),
    ("10.0.0.3", Alice, CONNECT, "192.168.23.2", 80, Denied),
    ("10.0.0.3", Alice, CONNECT, "good.test", 80, Denied),
    ("10.0.0.3", Nobody, CONNECT, "10.0.0.10", 80, Stranger),
    ("10.0.0.3", WrongPassword, CONNECT, "10.0.0.10", 80, Stranger),
    ("10.0.0.4", Alice, CONNECT, "10.0.0.10", 80, Closed),
    ("10.0.0.10", Alice, CONNECT, "10.0.0.10", 80, Closed),
];

const ROWS: &[Row] = &[
    ("10.0.0.4", Nobody, CONNECT, "good.test", 80, Closed),
    ("10.0.0.3", Nobody, CONNECT, "good.test", 80, Granted),
    ("10.0.0.3", Nobody, CONNECT, "192.168.23.2", 80, Granted),
    ("10.0.0.3", Nobody, CONNECT, "rebound.test", 80, Denied),
    ("10.0.0.3", Nobody, CONNECT, "192.168.23.3", 80, Denied),
    ("10.0.0.3", Nobody, CONNECT, "192.168.23.2", 81, Granted),
    ("10.0.0.3", Nobody, CONNECT, "192.168.23.2", 82, Granted),
    ("10.0.0.3", Nobody, CONNECT, "192.168.23.2", 83, Denied),
    ("10.0.0.3", Nobody, CONNECT, "192.168.23.3", 81, Denied),
    ("10.0.0.3", Nobody, CONNECT, "192.168.23.2", 8001, Denied),
    ("10.0.0.3", Socks4, CONNECT, "192.168.23.2", 8001, Granted),
    ("10.0.0.3", Socks4, CONNECT, "192.168.23.2", 83, Denied),
    ("10.0.0.3", Nobody, Command::UdpAssociate, "0.0.0.0", 0, Granted),
    // No rule can be held against a target that is not known yet; the datagrams are judged.
    ("10.0.0.10", Nobody, Command::UdpAssociate, "0.0.0.0", 0, Granted),
    ("10.0.0.3", Nobody, Command::Bind, "192.168.23.2", 81, Denied),
    ("10.0.0.10", Nobody, CONNECT, "192.168.23.2", 83, Denied),
    ("10.0.0.10", Alice, CONNECT, "192.168.23.2", 83, Granted),
    ("10.0.0.10", Alice, CONNECT, "192.168.23.3", 83, Denied),
    ("10.0.0.10", WrongPassword, CONNECT, "192.168.23.2", 83, Stranger),
];

pub(crate) fn add(suite: &mut Suite) {
    let mut add = |name: &str, rules: fn() -> String, rows: &'static [Row]| {
        for server in [Server::Danted, Server::Socksd] {
            let name = format!("rules::{name}::{}", server.program());
            suite.add_alone(name, &["danted"], move || server.answers(&rules(), rows));
        }
    };
    add("listing_as_it_stands", || LISTING.to_owned(), LISTING_ROWS);
    add("listing_as_it_is_meant", meant, MEANT_ROWS);
    add("first_match_wins", || RULES.to_owned(), ROWS);
    suite.add_alone("rules::check_warns_of_the_listing".to_owned(), &[], check_warns);
}

fn meant() -> String {
    ["10.0.0.3", "10.0.0.10", "10.0.0.11"].iter().fold(LISTING.to_owned(), |text, address| {
        text.replace(&format!("{address}/0"), &format!("{address}/32"))
    })
}

/// A server of rules.
#[derive(Clone, Copy)]
enum Server {
    Danted,
    Socksd,
}

impl Server {
    fn program(self) -> &'static str {
        match self {
            Server::Danted => "danted",
            Server::Socksd => "socksd",
        }
    }

    fn answers(self, rules: &str, rows: &[Row]) -> Verdict {
        let office = Office::new()?;
        office.serve(self, rules)?;
        let wrong = |row: &Row| {
            let end = office.ask(row);
            (end != Ok(row.5)).then(|| format!("{row:?}: {end:?}\n"))
        };
        let wrong: String = rows.iter().filter_map(wrong).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        let log = office.scratch.path().join(format!("{}.log", self.program()));
        Err(format!("{wrong}{}", fs::read_to_string(log).unwrap_or_default()).into())
    }
}

/// A server between the network of an office and another, and one host that is all the others.
struct Office {
    server: Host,
    others: Host,
    keeper: Keeper,
    scratch: Scratch,
    /// Whoever is let through finds somebody here.
    _targets: Vec<TcpListener>,
}

impl Office {
    fn new() -> Result<Office, Failed> {
        let scratch = Scratch::new()?;
        let mut server = proxy_host(&scratch)?;
        server.replace("/etc/hosts", NAMES, &scratch)?;
        let others = Host::new("others", [127, 0, 0, 1].into(), &scratch)?;
        // Dante's server does not start where an interface has a link-local address.
        server.ip(&format!(
            "link set lo up\n\
             link add eth0 type veth peer name eth0 netns {0}\nlink add eth1 type veth peer name eth1 netns {0}\n\
             link set eth0 addrgenmode none\nlink set eth1 addrgenmode none\n\
             addr add 10.0.0.11/24 dev eth0\naddr add 192.168.23.1/24 dev eth1\n\
             link set eth0 up\nlink set eth1 up\n",
            others.network.path()
        ))?;
        others.ip("link set lo up\n\
             addr add 10.0.0.3/24 dev eth0\naddr add 10.0.0.4/24 dev eth0\naddr add 10.0.0.10/24 dev eth0\n\
             addr add 192.168.23.2/24 dev eth1\naddr add 192.168.23.3/24 dev eth1\n\
             link set eth0 up\nlink set eth1 up\n")?;
        let targets = TARGETS.iter().flat_map(|address| PORTS.map(|port| (*address, port).into()));
        let listening = targets.map(|target| others.network.listen(target)).collect::<io::Result<_>>()?;
        Ok(Office { server, others, keeper: Keeper::new()?, scratch, _targets: listening })
    }

    /// Starts a server with this file, and knows users as it does.
    fn serve(&self, server: Server, rules: &str) -> Result<(), Failed> {
        let file = self.scratch.write("sockd.conf", rules)?;
        let mut command = match server {
            Server::Danted => self.server.command("danted")?,
            Server::Socksd => self.server.command(artifacts::socksd())?,
        };
        command.arg("-f").arg(file);
        match server {
            Server::Danted => command.arg("-p").arg(self.scratch.path().join("danted.pid")),
            Server::Socksd => {
                let users = self.scratch.write("users", format!("{USERNAME}:{PASSWORD}\n"))?;
                fs::set_permissions(&users, Permissions::from_mode(0o600))?;
                command.arg("--users").arg(users)
            }
        };
        let staff = Staff::new(&self.server, &self.scratch, &self.keeper);
        staff.spawn(server.program(), command)?;
        Ok(staff.await_listening(server.program(), PROXY)?)
    }

    fn ask(&self, &(source, who, command, target, port, _): &Row) -> Result<End, String> {
        let host = match target.parse::<IpAddr>() {
            Ok(address) => address.into(),
            Err(_) => Name::new(target.as_bytes()).map_err(|error| error.to_string())?.into(),
        };
        let dialogue = || request(source, who, command, &Address { host, port });
        self.others.network.enter(dialogue).map_err(|error| error.to_string())
    }
}

const PROXY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 11)), 1080);

fn request(source: &str, who: Who, command: Command, target: &Address) -> io::Result<End> {
    let (version, password) = match who {
        Socks4 => (Version::Socks4, None),
        Nobody => (Version::Socks5, None),
        Alice => (Version::Socks5, Some(PASSWORD)),
        WrongPassword => (Version::Socks5, Some("wrong")),
    };
    let credentials = password.and_then(|word| Credentials::new(USERNAME.as_bytes(), word.as_bytes()).ok());
    let mut handshake =
        Handshake::new(version, command, target, credentials.as_ref()).map_err(io::Error::other)?;
    let mut stream = dial(source)?;
    loop {
        match handshake.step() {
            Step::Send(bytes) => match stream.write(bytes) {
                Ok(sent) => handshake.sent(sent),
                Err(_) => return Ok(Closed),
            },
            Step::Receive(most) => {
                let mut bytes = vec![0; most];
                match stream.read(&mut bytes) {
                    Ok(0) => handshake.closed(),
                    Err(error) if error.kind() == io::ErrorKind::ConnectionReset => handshake.closed(),
                    Ok(count) => handshake.received(&bytes[..count]),
                    Err(error) => return Err(error),
                }
            }
            Step::Done(_) => return Ok(Granted),
            Step::Failed(failure) => return end_of(&failure),
        }
    }
}

/// SOCKS4 has one word for everything that is not granted.
fn end_of(failure: &Failure) -> io::Result<End> {
    match failure {
        Failure::Reply(Rep::NOT_ALLOWED) | Failure::Reply4(Cd::REJECTED) => Ok(Denied),
        Failure::NoAcceptableMethod | Failure::AuthenticationRefused { .. } => Ok(Stranger),
        Failure::Closed(_) => Ok(Closed),
        other => Err(io::Error::other(other.to_string())),
    }
}

fn dial(source: &str) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    let source: IpAddr = source.parse().map_err(io::Error::other)?;
    socket.bind(&SocketAddr::new(source, 0).into())?;
    socket.connect(&PROXY.into())?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

/// Access wider than it reads is said to be.
fn check_warns() -> Verdict {
    let office = Office::new()?;
    let file = office.scratch.write("sockd.conf", LISTING)?;
    let mut check: Program = office.server.command(artifacts::socksd())?;
    check.arg("--check").arg("-f").arg(file);
    let output = check.output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let told = |address: &str| {
        text.contains(&format!("{address}/0 matches every address; the one address is {address}/32"))
    };
    let complete = output.status.success() && ["10.0.0.3", "10.0.0.10", "10.0.0.11"].into_iter().all(told);
    if complete { Ok(()) } else { Err(format!("{}: {text}", output.status).into()) }
}
