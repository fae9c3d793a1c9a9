//! The servers, each as it is installed, on one host that has loopback alone.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use end_to_end::artifacts;
use end_to_end::fixtures::Fixtures;
use end_to_end::host::Host;
use end_to_end::keeper::Keeper;
use end_to_end::measure::Outcome;
use end_to_end::prerequisites::find;
use end_to_end::raise_descriptor_limit;
use end_to_end::scratch::Scratch;
use end_to_end::world::{Staff, proxy_host};

use crate::usage;

/// Where it all happens.
pub(crate) struct Stage {
    /// The host of everybody.
    pub(crate) host: Host,
    /// The programs that speak UDP.
    pub(crate) fixtures: Fixtures,
    keeper: Keeper,
    scratch: Scratch,
}

/// A server that runs.
pub(crate) struct Contestant {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Whether it relays datagrams.
    pub(crate) has_datagrams: bool,
    processes: Vec<u32>,
}

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

impl Stage {
    /// A host with loopback, room for many connections, and nobody on it.
    pub(crate) fn new() -> Outcome<Stage> {
        let scratch = Scratch::new()?;
        let host = proxy_host(&scratch)?;
        host.ip("link set lo up\n")?;
        host.set("ipv4/ip_local_port_range", "10000 65000")?;
        host.set("core/somaxconn", "4096")?;
        raise_descriptor_limit()?;
        Ok(Stage { host, fixtures: Fixtures::new()?, keeper: Keeper::new()?, scratch })
    }

    /// Starts every server that is installed.
    pub(crate) fn contestants(&self) -> Outcome<Vec<Contestant>> {
        let mut contestants = vec![self.contestant("socksd", 1080, true, vec![self.socksd(1080)?])?];
        if find("microsocks").is_some() {
            contestants.push(self.contestant("microsocks", 1081, false, vec![self.microsocks(1081)?])?);
        }
        if find("danted").is_some() {
            contestants.push(self.contestant("danted", 1082, true, vec![self.danted(1082)?])?);
        }
        if let (Some(sshd), Some(_)) = (find("sshd"), find("ssh")) {
            let sshd = self.sshd(sshd)?;
            contestants.push(self.contestant("ssh -D", 1083, false, vec![sshd, self.ssh(1083)?])?);
        }
        Ok(contestants)
    }

    /// Runs `work` as a process of the host would.
    pub(crate) fn perform<T: Send>(&self, work: impl FnOnce() -> Outcome<T> + Send) -> Outcome<T> {
        Ok(self.host.network.enter(|| work().map_err(|error| io::Error::other(error.to_string())))?)
    }

    fn contestant(
        &self,
        name: &'static str,
        port: u16,
        has_datagrams: bool,
        commands: Vec<Command>,
    ) -> Outcome<Contestant> {
        let staff = Staff::new(&self.host, &self.scratch, &self.keeper);
        let processes = commands.into_iter().map(|command| staff.spawn(name, command));
        let processes = processes.collect::<Result<_, _>>()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        staff.await_listening(name, address)?;
        Ok(Contestant { name, address, has_datagrams, processes })
    }

    fn socksd(&self, port: u16) -> Outcome<Command> {
        let mut command = self.host.command(artifacts::socksd())?;
        command.args(["-l", &format!("127.0.0.1:{port}"), "--max-connections-per-host", "0"]);
        Ok(command)
    }

    fn microsocks(&self, port: u16) -> Outcome<Command> {
        let mut command = self.host.command("microsocks")?;
        command.args(["-i", "127.0.0.1", "-p", &port.to_string()]);
        Ok(command)
    }

    fn danted(&self, port: u16) -> Outcome<Command> {
        let content = format!(
            "logoutput: stderr\ninternal: 127.0.0.1 port = {port}\nexternal: 127.0.0.1\nsocksmethod: none\n\
             clientmethod: none\nuser.privileged: root\nuser.unprivileged: nobody\n\
             client pass {{ from: 0/0 to: 0/0 }}\nsocks pass {{ from: 0/0 to: 0/0 }}\n"
        );
        let mut command = self.host.command("danted")?;
        command.arg("-f").arg(self.scratch.write("danted.conf", content)?);
        command.arg("-p").arg(self.scratch.path().join("danted.pid"));
        Ok(command)
    }

    fn sshd(&self, program: std::path::PathBuf) -> Outcome<Command> {
        // Debian's sshd insists on this directory, which its init script makes.
        std::fs::create_dir_all("/run/sshd")?;
        let content = format!(
            "ListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPermitRootLogin prohibit-password\n\
             StrictModes no\nUsePAM no\nUseDNS no\nPidFile none\n",
            self.fixtures.path("ssh/host").display(),
            self.fixtures.path("ssh/user.pub").display(),
        );
        // The program wants its own absolute path: it starts itself again for each connection.
        let mut command = self.host.command(program)?;
        command.args(["-D", "-e", "-f"]).arg(self.scratch.write("sshd_config", content)?);
        Ok(command)
    }

    fn ssh(&self, port: u16) -> Outcome<Command> {
        let mut command = self.host.command("ssh")?;
        command.arg("-F").arg(self.fixtures.path("ssh/config"));
        // Its server may need a moment before it listens.
        command.args(["-N", "-o", "ConnectionAttempts=20", "-D", &format!("127.0.0.1:{port}"), "127.0.0.1"]);
        Ok(command)
    }
}

impl Contestant {
    /// The processor time that it has used, in seconds.
    pub(crate) fn processor_time(&self) -> Outcome<f64> {
        usage::processor_time(&self.processes)
    }

    /// The memory that it takes, in KiB; what several of its processes share counts once.
    pub(crate) fn memory(&self) -> Outcome<f64> {
        usage::memory(&self.processes)
    }

    /// A connection to `target`.
    pub(crate) fn connect(&self, target: SocketAddr) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut choice = [0; 2];
        stream.write_all(b"\x05\x01\x00")?;
        stream.read_exact(&mut choice)?;
        let SocketAddr::V4(target) = target else { return Err(io::ErrorKind::Unsupported.into()) };
        let mut request = *b"\x05\x01\x00\x01....pp";
        request[4..8].copy_from_slice(&target.ip().octets());
        request[8..].copy_from_slice(&target.port().to_be_bytes());
        stream.write_all(&request)?;
        let mut reply = [0; 10];
        stream.read_exact(&mut reply)?;
        let is_open = choice == [5, 0] && reply[..2] == [5, 0];
        if is_open { Ok(stream) } else { Err(io::Error::other(format!("{choice:?} {reply:?}"))) }
    }
}
