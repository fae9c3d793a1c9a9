//! The command: found, judged, and started in place of us.

use crate::args::Arguments;
use crate::environment::Environment;
use crate::error::Error;
use crate::message;
use crate::program;
use crate::search::{self, Absence};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// A command that may be started.
#[derive(Debug)]
pub(crate) struct Launch {
    program: PathBuf,
    name: OsString,
    arguments: Vec<OsString>,
}

impl Launch {
    /// Finds the command and refuses what would bypass the proxy, unless that was asked for.
    pub(crate) fn prepare(arguments: &Arguments, environment: &Environment) -> Result<Launch, Error> {
        let (name, words) = words(arguments, environment);
        let search_path = environment.variable("PATH");
        let program = find(&name, search_path.clone())?;
        match program::suspect(&program, search_path.as_deref()) {
            Some(suspect) if arguments.allow_bypass => {
                message::warn(&format!("{suspect}; its connections will NOT go through the proxy"));
            }
            Some(suspect) => return Err(Error::Refused(program, Box::new(suspect))),
            None => {}
        }
        Ok(Launch { program, name, arguments: words })
    }

    /// The file that will run.
    pub(crate) fn program(&self) -> &PathBuf {
        &self.program
    }

    /// The command with its environment.
    pub(crate) fn command(&self, environment: &Environment) -> Command {
        let mut command = Command::new(&self.program);
        command.arg0(&self.name).args(&self.arguments);
        environment.apply(&mut command);
        command
    }

    /// Becomes the command; returns only if that fails.
    pub(crate) fn exec(&self, environment: &Environment) -> Error {
        let error = self.command(environment).exec();
        self.not_executable(error)
    }

    /// What an attempt to start it came to.
    pub(crate) fn not_executable(&self, error: io::Error) -> Error {
        Error::NotExecutable(self.program.clone(), error)
    }
}

/// The command word and its arguments; for `--shell` the user's shell.
fn words(arguments: &Arguments, environment: &Environment) -> (OsString, Vec<OsString>) {
    match arguments.command.split_first() {
        Some((name, words)) => (name.clone(), words.to_vec()),
        None => {
            let shell = environment.variable("SHELL").filter(|shell| !shell.is_empty());
            (shell.unwrap_or_else(|| "/bin/sh".into()), Vec::new())
        }
    }
}

fn find(name: &OsStr, search_path: Option<OsString>) -> Result<PathBuf, Error> {
    search::find(name, search_path).map_err(|absence| match absence {
        Absence::NotFound => Error::NotFound(name.to_owned()),
        Absence::NotExecutable(path, error) => Error::NotExecutable(path, error),
    })
}
