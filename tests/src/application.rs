//! A program under test: how it is started, and what came of it.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use std::{fmt, fs, thread};

use crate::artifacts::Build;
use crate::error::{Error, file, system};
use crate::scratch::Scratch;
use crate::sys;
use crate::world::World;

/// What stands between the program and the network.
#[derive(Clone, Debug)]
pub enum Wrapper {
    /// Nothing: the program as it is.
    Nothing,
    /// `socksify -p URL…`.
    Command {
        /// Which build of it.
        build: Build,
        /// The proxies.
        urls: Vec<String>,
    },
    /// `LD_PRELOAD` alone.
    Preload {
        /// The library.
        library: PathBuf,
        /// What `SOCKS_CONF` names, if anything.
        configuration: Option<PathBuf>,
    },
}

/// A program, its arguments, its environment.
#[derive(Clone)]
pub struct Application {
    words: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    files: Vec<(PathBuf, &'static str)>,
    stdin: Vec<u8>,
    deadline: Duration,
    is_at_proxy: bool,
}

/// How a program ended.
pub struct Outcome {
    /// The status; nothing if it was killed at its deadline.
    pub status: Option<ExitStatus>,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Application {
    /// A program and its arguments.
    pub fn new<W: Into<OsString>>(words: impl IntoIterator<Item = W>) -> Application {
        Application {
            words: words.into_iter().map(Into::into).collect(),
            environment: Vec::new(),
            files: Vec::new(),
            stdin: Vec::new(),
            deadline: Duration::from_secs(60),
            is_at_proxy: false,
        }
    }

    /// More arguments.
    #[must_use]
    pub fn args<W: Into<OsString>>(mut self, words: impl IntoIterator<Item = W>) -> Application {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// A variable of its environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Application {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// A file that it finds at a path of the system.
    #[must_use]
    pub fn seeing(mut self, file: PathBuf, path: &'static str) -> Application {
        self.files.push((file, path));
        self
    }

    /// What it reads from standard input.
    #[must_use]
    pub fn stdin(mut self, content: impl Into<Vec<u8>>) -> Application {
        self.stdin = content.into();
        self
    }

    /// When it is killed. For programs that are expected to hang, as those of the control test.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Application {
        self.deadline = deadline;
        self
    }

    /// Runs it on the proxy host instead, which reaches the target as any host does.
    #[must_use]
    pub fn at_proxy(mut self) -> Application {
        self.is_at_proxy = true;
        self
    }

    /// Runs it on the application host, in `scratch`, to its end or its deadline.
    pub fn run(&self, world: &World, scratch: &Scratch, wrapper: &Wrapper) -> Result<Outcome, Error> {
        let (out, err) = (scratch.path().join(".stdout"), scratch.path().join(".stderr"));
        let create = |path: &PathBuf| File::create(path).map_err(file(path));
        let input = scratch.write(".stdin", &self.stdin)?;
        let mut command = self.wrapped(world, wrapper)?;
        command
            .current_dir(scratch.path())
            .env("HOME", scratch.path())
            .env("XDG_RUNTIME_DIR", scratch.path());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(File::open(&input).map_err(file(&input))?);
        command.stdout(create(&out)?).stderr(create(&err)?);
        let status = self.watch(world.keeper.spawn(command)?)?;
        let stdout = fs::read(&out).map_err(file(&out))?;
        let stderr = fs::read(&err).map_err(file(&err))?;
        Ok(Outcome { status, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() })
    }

    fn wrapped(&self, world: &World, wrapper: &Wrapper) -> Result<Command, Error> {
        match wrapper {
            Wrapper::Nothing => self.command(world, &[]),
            Wrapper::Command { build, urls } => {
                let proxies = urls.iter().flat_map(|url| [OsString::from("-p"), url.into()]);
                let command = [build.socksify().into()].into_iter().chain(proxies).chain(["--".into()]);
                self.command(world, &command.collect::<Vec<_>>())
            }
            Wrapper::Preload { library, configuration } => {
                let mut command = self.command(world, &[])?;
                command.env("LD_PRELOAD", library);
                command.envs(configuration.iter().map(|file| ("SOCKS_CONF", file)));
                Ok(command)
            }
        }
    }

    fn command(&self, world: &World, before: &[OsString]) -> Result<Command, Error> {
        let mut words = before.iter().chain(&self.words);
        let host = if self.is_at_proxy { &world.proxy } else { &world.application };
        let program = words.next().expect("an application has a name");
        let mut command = host.command_seeing(program, &self.files)?;
        command.args(words);
        Ok(command)
    }

    /// Kills the whole process group at the deadline, and what the program left running at its end.
    fn watch(&self, mut child: Child) -> Result<Option<ExitStatus>, Error> {
        let group = child.id();
        let (ended, end) = channel::<()>();
        let deadline = self.deadline;
        let watchdog = thread::spawn(move || {
            let expired = end.recv_timeout(deadline) == Err(RecvTimeoutError::Timeout);
            if expired {
                sys::kill_group(group);
            }
            expired
        });
        let status = child.wait().map_err(system("wait for an application"))?;
        drop(ended);
        sys::kill_group(group);
        let expired = watchdog.join().unwrap_or(false);
        Ok((!expired).then_some(status))
    }
}

impl Outcome {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// True if the program ended with status 0.
    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "{status}")?,
            None => f.write_str("killed at its deadline")?,
        }
        let text: String = self.text().chars().take(2000).collect();
        write!(f, "\n--- stdout\n{text}\n--- stderr\n{}", self.stderr)
    }
}
