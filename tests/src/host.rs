//! A host of the test network: a network namespace and the files its processes find in `/etc`.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, file, system};
use crate::network::Network;
use crate::scratch::Scratch;
use crate::sys::{self, Surroundings};

/// A host.
pub struct Host {
    name: &'static str,
    /// Its interfaces.
    pub network: Network,
    files: Vec<(PathBuf, &'static str)>,
}

impl Host {
    /// A host without interfaces that looks names up at `resolver`.
    pub fn new(name: &'static str, resolver: std::net::IpAddr, scratch: &Scratch) -> Result<Host, Error> {
        let mut host = Host { name, network: Network::new()?, files: Vec::new() };
        host.replace(
            "/etc/resolv.conf",
            format!("nameserver {resolver}\noptions timeout:1 attempts:1\n"),
            scratch,
        )?;
        host.replace(
            "/etc/hosts",
            format!("127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {name}\n"),
            scratch,
        )?;
        host.replace("/etc/nsswitch.conf", NSSWITCH, scratch)?;
        Ok(host)
    }

    /// Lets the host's processes see `content` at `path`.
    pub fn replace(
        &mut self,
        path: &'static str,
        content: impl AsRef<[u8]>,
        scratch: &Scratch,
    ) -> Result<(), Error> {
        let replacement = scratch.write(&format!("{}{path}", self.name), content)?;
        self.files.push((replacement, path));
        Ok(())
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Lets the host's processes see a directory at `path`.
    pub fn replace_directory(&mut self, path: &'static str, directory: PathBuf) {
        self.files.push((directory, path));
    }

    /// A program of this host: its network, its host name, its files, no environment but the path.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Result<Command, Error> {
        self.command_seeing(program, &[])
    }

    /// The same, with more files that stand at other paths.
    pub(crate) fn command_seeing(
        &self,
        program: impl AsRef<OsStr>,
        more: &[(PathBuf, &'static str)],
    ) -> Result<Command, Error> {
        let files = self.files.iter().chain(more).map(|(file, at)| (file.as_path(), *at));
        let files: Vec<(&Path, &str)> = files.collect();
        let surroundings = Surroundings::new(self.network.0.clone(), self.name, &files)
            .map_err(system("prepare a host's files"))?;
        let mut command = Command::new(program);
        command.env_clear().env("PATH", PATH).env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        sys::start_inside(&mut command, surroundings);
        Ok(command)
    }

    /// Runs `ip -batch` with these lines.
    pub fn ip(&self, lines: &str) -> Result<(), Error> {
        self.feed(&["ip", "-batch", "-"], lines).map(drop)
    }

    /// Runs `nft -f` with these lines and returns what it prints.
    pub fn nft(&self, lines: &str) -> Result<String, Error> {
        self.feed(&["nft", "-f", "-"], lines)
    }

    /// Sets a variable below `/proc/sys/net`.
    pub fn set(&self, variable: &str, value: &str) -> Result<(), Error> {
        let path = Path::new("/proc/sys/net").join(variable);
        self.network.enter(|| std::fs::write(&path, value)).map_err(file(&path))
    }

    fn feed(&self, words: &[&str], input: &str) -> Result<String, Error> {
        let line = words.join(" ");
        let started = |error| Error::Start { program: line.clone(), error };
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env("PATH", PATH);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        sys::start_in_network(&mut command, self.network.0.clone());
        let mut child = command.spawn().map_err(started)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).map_err(system("write to a child"))?;
        }
        let output = child.wait_with_output().map_err(system("wait for a child"))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Error::Program { line: format!("{line} <<<'{input}'"), status: output.status, stderr })
    }
}

/// Debian's programs, whatever the developer has put before them.
pub const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

const NSSWITCH: &str = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n\
                        networks: files\nprotocols: files\nservices: files\n";
