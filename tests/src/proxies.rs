//! The proxies under which programs are tried, started on the proxy host when first needed.

use std::process::Command;

use crate::artifacts;
use crate::error::Error;
use crate::plan::{APPLICATION, PASSWORD, PROXY, USERNAME};
use crate::world::Staff;

/// A proxy server.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Server {
    /// Ours.
    Socksd,
    /// Dante's server.
    Danted,
    /// A small one, which takes one read for one message.
    Microsocks,
    /// One that speaks HTTP.
    Tinyproxy,
}

/// How a proxy wants applications to authenticate.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Method {
    /// Not at all.
    None,
    /// With user name and password.
    Password,
}

/// A proxy server set up in one way.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Proxy {
    /// Which program.
    pub server: Server,
    /// Which authentication.
    pub method: Method,
}

impl Server {
    /// Every server that speaks SOCKS.
    pub const ALL: [Server; 3] = [Server::Socksd, Server::Danted, Server::Microsocks];

    /// The name of its program.
    pub fn program(self) -> &'static str {
        match self {
            Server::Socksd => "socksd",
            Server::Danted => "danted",
            Server::Microsocks => "microsocks",
            Server::Tinyproxy => "tinyproxy",
        }
    }

    /// The server without authentication.
    pub fn open(self) -> Proxy {
        Proxy { server: self, method: Method::None }
    }

    /// The server asking for a password.
    pub fn with_password(self) -> Proxy {
        Proxy { server: self, method: Method::Password }
    }

    /// False if it closes both directions when one ends.
    pub fn keeps_half_closed(self) -> bool {
        !matches!(self, Server::Microsocks | Server::Tinyproxy)
    }
}

impl Proxy {
    /// As it appears in the names of tests.
    pub fn name(self) -> String {
        let suffix = if self.method == Method::Password { "_password" } else { "" };
        format!("{}{suffix}", self.server.program())
    }

    /// Where it listens.
    pub fn port(self) -> u16 {
        let server = match self.server {
            Server::Socksd => 1080,
            Server::Danted => 1082,
            Server::Microsocks => 1084,
            Server::Tinyproxy => 1086,
        };
        server + u16::from(self.method == Method::Password)
    }

    /// How `socksify -p` calls it.
    pub fn url(self) -> String {
        let user = match self.method {
            Method::None => String::new(),
            Method::Password => format!("{USERNAME}:{PASSWORD}@"),
        };
        let scheme = if self.server == Server::Tinyproxy { "http" } else { "socks5" };
        format!("{scheme}://{user}{}:{}", PROXY.v4, self.port())
    }

    /// Starts it and waits until it listens.
    pub(crate) fn start(self, staff: &Staff<'_>) -> Result<(), Error> {
        let command = match self.server {
            Server::Socksd => self.socksd(staff)?,
            Server::Danted => self.danted(staff)?,
            Server::Microsocks => self.microsocks(staff)?,
            Server::Tinyproxy => self.tinyproxy(staff)?,
        };
        staff.spawn(&self.name(), command)?;
        staff.await_listening(&self.name(), (PROXY.v4, self.port()).into())
    }

    fn socksd(self, staff: &Staff<'_>) -> Result<Command, Error> {
        let mut command = staff.host.command(artifacts::socksd())?;
        for address in PROXY.each() {
            command.arg("-l").arg(std::net::SocketAddr::new(address, self.port()).to_string());
        }
        match self.method {
            Method::None => {
                let applications = APPLICATION.each().into_iter().chain(PROXY.each());
                command.args(applications.map(|address| format!("--allow={address}")))
            }
            Method::Password => command.arg("--user").arg(format!("{USERNAME}:{PASSWORD}")),
        };
        Ok(command)
    }

    fn danted(self, staff: &Staff<'_>) -> Result<Command, Error> {
        let method = if self.method == Method::Password { "username" } else { "none" };
        let content = format!(
            "logoutput: stderr
internal: {} port = {}
internal: {} port = {}
external: outside
socksmethod: {method}
clientmethod: none
user.privileged: root
user.unprivileged: nobody
client pass {{ from: 0/0 to: 0/0 }}
socks pass {{ from: 0/0 to: 0/0 }}
",
            PROXY.v4,
            self.port(),
            PROXY.v6,
            self.port()
        );
        let mut command = staff.host.command("danted")?;
        command.arg("-f").arg(staff.scratch.write(&format!("{}.conf", self.name()), content)?);
        command.arg("-p").arg(staff.scratch.path().join(format!("{}.pid", self.name())));
        Ok(command)
    }

    fn microsocks(self, staff: &Staff<'_>) -> Result<Command, Error> {
        let mut command = staff.host.command("microsocks")?;
        command.args(["-i", &PROXY.v4.to_string(), "-p", &self.port().to_string()]);
        if self.method == Method::Password {
            command.args(["-u", USERNAME, "-P", PASSWORD]);
        }
        Ok(command)
    }

    /// Without `ConnectPort` a CONNECT may go to every port.
    fn tinyproxy(self, staff: &Staff<'_>) -> Result<Command, Error> {
        let mut content = format!(
            "Port {}\nListen {}\nTimeout 600\nMaxClients 200\nLogLevel Info\n",
            self.port(),
            PROXY.v4
        );
        if self.method == Method::Password {
            content += &format!("BasicAuth {USERNAME} {PASSWORD}\n");
        }
        let mut command = staff.host.command("tinyproxy")?;
        command.arg("-d").arg("-c").arg(staff.scratch.write(&format!("{}.conf", self.name()), content)?);
        Ok(command)
    }
}

/// The lines that give the proxy host's system a user for Dante, which asks the system.
pub(crate) fn user_lines() -> Result<(String, String), Error> {
    let program = "openssl passwd".to_owned();
    let output = Command::new("openssl").args(["passwd", "-6", "-salt", "socksify", PASSWORD]).output();
    let output = output.map_err(|error| Error::Start { program, error })?;
    let hash = String::from_utf8_lossy(&output.stdout);
    let passwd = format!("{USERNAME}:x:4321:4321::/nonexistent:/usr/sbin/nologin\n");
    Ok((passwd, format!("{USERNAME}:{}:19000:0:99999:7:::\n", hash.trim())))
}
