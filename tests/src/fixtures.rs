//! What the target host offers, and the keys for it; made once for all networks of a run.

use std::collections::HashMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, file};
use crate::host::PATH;
use crate::plan::{NAME, TARGET};
use crate::scratch::Scratch;

/// How many small files the web server has: `/small/1` and so on.
pub const SMALL_FILES: usize = 50;

/// Files of the target host, and the probes.
pub struct Fixtures {
    scratch: Scratch,
    probes: Mutex<HashMap<String, Result<PathBuf, String>>>,
}

impl Fixtures {
    /// Writes all files.
    pub fn new() -> Result<Fixtures, Error> {
        let fixtures = Fixtures { scratch: Scratch::new()?, probes: Mutex::default() };
        fixtures.write_web()?;
        fixtures.write_ftp()?;
        fixtures.make_certificate()?;
        fixtures.make_ssh_keys()?;
        fixtures.make_repository()?;
        Ok(fixtures)
    }

    /// A file or directory by its path below the root of all of them.
    pub fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// The content of a file.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, Error> {
        let path = self.path(name);
        fs::read(&path).map_err(file(&path))
    }

    /// The SHA-256 digest of the target's Ed25519 key, in hex, as an SSHFP record has it (RFC 4255, 3.1).
    pub fn fingerprint(&self) -> Result<String, Error> {
        let key = self.path("ssh/host.pub");
        let lines = run_for(Command::new("ssh-keygen").args(["-r", "target", "-f"]).arg(key))?;
        let digest = lines.lines().find_map(|line| line.split_once("SSHFP 4 2 "));
        Ok(digest.map_or_else(String::new, |(_, digest)| digest.trim().to_owned()))
    }

    /// The probe `probes/NAME.c`, compiled when first asked for.
    pub fn probe(&self, name: &str) -> Result<PathBuf, String> {
        let mut probes = self.probes.lock().unwrap_or_else(PoisonError::into_inner);
        probes.entry(name.to_owned()).or_insert_with(|| self.compile(name)).clone()
    }

    fn compile(&self, name: &str) -> Result<PathBuf, String> {
        let program = self.path(&format!("probe-{name}"));
        let compiler = &mut Command::new("cc");
        compiler.args(["-std=gnu17", "-Wall", "-Wextra", "-O1", "-pthread", "-o"]).arg(&program);
        compiler.arg(source("probes").join(format!("{name}.c"))).arg("-lresolv");
        run(compiler).map_err(|error| error.to_string())?;
        Ok(program)
    }

    fn write_web(&self) -> Result<(), Error> {
        for number in 1..=SMALL_FILES {
            self.scratch
                .write(&format!("web/small/{number}"), format!("small file {number}\n").repeat(number))?;
        }
        self.scratch.write("web/big", big()).map(drop)
    }

    fn write_ftp(&self) -> Result<(), Error> {
        self.scratch.write("ftp/pub/file", "a file to fetch\n".repeat(1000))?;
        self.scratch.write("ftp/pub/big", big())?;
        let upload = self.scratch.directory("ftp/upload")?;
        fs::set_permissions(&upload, Permissions::from_mode(0o777)).map_err(file(&upload))?;
        self.scratch.directory("ftp-empty").map(drop)
    }

    fn make_certificate(&self) -> Result<(), Error> {
        self.scratch.directory("tls")?;
        let names = format!("subjectAltName=DNS:{NAME},DNS:*.target.test,IP:{},IP:{}", TARGET.v4, TARGET.v6);
        let (key, certificate) = (self.path("tls/key.pem"), self.path("tls/certificate.pem"));
        let curve = "ec_paramgen_curve:prime256v1";
        run(Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", curve, "-nodes", "-days", "2"])
            .args(["-subj", "/CN=target", "-addext", &names])
            .arg("-keyout")
            .arg(key)
            .arg("-out")
            .arg(certificate))
    }

    fn make_ssh_keys(&self) -> Result<(), Error> {
        self.scratch.directory("ssh")?;
        for name in ["ssh/host", "ssh/user"] {
            run(Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(self.path(name)))?;
        }
        let host_key = self.read("ssh/host.pub")?;
        self.scratch.write("ssh/known_hosts", [b"target ".as_slice(), &host_key].concat())?;
        let client = format!(
            "User root\nIdentityFile {}\nIdentitiesOnly yes\nBatchMode yes\nHostKeyAlias target\n\
             StrictHostKeyChecking yes\nUserKnownHostsFile {}\nGlobalKnownHostsFile /dev/null\n",
            self.path("ssh/user").display(),
            self.path("ssh/known_hosts").display(),
        );
        self.scratch.write("ssh/config", client).map(drop)
    }

    fn make_repository(&self) -> Result<(), Error> {
        let work = self.scratch.directory("git-work")?;
        self.scratch.write("git-work/README", "a file under version control\n")?;
        let git = |words: &[&str]| {
            run(Command::new("git")
                .current_dir(&work)
                .env("HOME", &work)
                .args(["-c", "user.name=nobody", "-c", "user.email=nobody@target.test"])
                .args(words))
        };
        git(&["init", "-q", "-b", "main", "."])?;
        git(&["add", "README"])?;
        git(&["commit", "-q", "-m", "Begin"])?;
        let bare = self.path("git/repository.git");
        git(&["clone", "-q", "--bare", ".", &bare.to_string_lossy()])
    }
}

fn run(command: &mut Command) -> Result<(), Error> {
    run_for(command).map(drop)
}

/// What the program prints.
fn run_for(command: &mut Command) -> Result<String, Error> {
    let line = format!("{command:?}");
    let output =
        command.env("PATH", PATH).output().map_err(|error| Error::Start { program: line.clone(), error })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(Error::Program { line, status: output.status, stderr })
}

/// 20 MiB that no compression and no repetition makes smaller (xorshift64).
fn big() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = (20 << 20) / size_of::<u64>();
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    })
    .take(words)
    .flatten()
    .collect()
}

/// A file below `tests/` of the source tree.
pub fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
