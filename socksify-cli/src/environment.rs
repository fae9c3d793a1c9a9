//! The environment of the command: ours, with the changes that the options ask for.
//!
//! The library reads nothing but the environment and the files it names, so whatever the command line says has to
//! be said there.

use crate::args::Arguments;
use crate::quote::quote;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::Command;

/// The configuration file to read.
pub(crate) const CONFIGURATION: &str = "SOCKS_CONF";
/// Proxy URLs, separated by blanks.
pub(crate) const PROXY: &str = "SOCKSIFY_PROXY";
/// The table of fake addresses of this run.
pub(crate) const NAMES: &str = "SOCKSIFY_NAMES";
/// What the library does about a program that would bypass it.
pub(crate) const ON_UNHOOKABLE: &str = "SOCKSIFY_ON_UNHOOKABLE";
/// Where the library tells of connections.
pub(crate) const TRACE: &str = "SOCKSIFY_TRACE";
/// Libraries that the loader loads first.
pub(crate) const PRELOAD: &str = "LD_PRELOAD";

const DEBUG: &str = "SOCKS_DEBUG";
const LOG_OUTPUT: &str = "SOCKS_LOGOUTPUT";

/// Variables that name a proxy and thereby keep any file from being read. Numbered routes end at the first gap, so
/// without the first there are none.
const NAMING_A_PROXY: &[&str] = &[
    PROXY,
    "SOCKS_SERVER",
    "SOCKS4_SERVER",
    "SOCKS5_SERVER",
    "HTTP_CONNECT_PROXY",
    "UPNP_IGD",
    "SOCKS_ROUTE_1",
];

/// Changes to the environment we were started with.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    changes: BTreeMap<&'static str, Option<OsString>>,
}

impl Environment {
    /// The changes that the options stand for. A relative path must be made absolute: the command may change its
    /// directory before it connects.
    pub(crate) fn of(arguments: &Arguments) -> io::Result<Environment> {
        let mut environment = Environment::default();
        if let Some(file) = arguments.named_file() {
            environment.forget_proxies();
            environment.set(CONFIGURATION, std::path::absolute(file)?);
        }
        if !arguments.proxies.is_empty() {
            environment.name_proxies(&arguments.proxies.join(" "));
        }
        environment.log(arguments)?;
        Ok(environment)
    }

    fn log(&mut self, arguments: &Arguments) -> io::Result<()> {
        let Some(level) = arguments.debug_level() else { return Ok(()) };
        self.set(DEBUG, level.to_string());
        match &arguments.log {
            Some(file) => self.set(LOG_OUTPUT, std::path::absolute(file)?),
            None => self.set(LOG_OUTPUT, "stderr"),
        }
        Ok(())
    }

    /// Makes these URLs the only proxies.
    pub(crate) fn name_proxies(&mut self, urls: &str) {
        self.forget_proxies();
        self.set(PROXY, urls);
    }

    fn forget_proxies(&mut self) {
        for name in NAMING_A_PROXY {
            self.changes.insert(name, None);
        }
    }

    /// Uses this configuration file, wherever the command may look for another one.
    pub(crate) fn pin(&mut self, file: &Path) -> io::Result<()> {
        self.set(CONFIGURATION, std::path::absolute(file)?);
        Ok(())
    }

    /// Gives a variable a value.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.changes.insert(name, Some(value.into()));
    }

    /// The value that the command will see.
    pub(crate) fn variable(&self, name: &str) -> Option<OsString> {
        match self.changes.get(name) {
            Some(changed) => changed.clone(),
            None => std::env::var_os(name),
        }
    }

    /// Makes the changes for a command.
    pub(crate) fn apply(&self, command: &mut Command) {
        for (name, value) in &self.changes {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }

    /// The changes as commands for a POSIX shell.
    pub(crate) fn shell_commands(&self) -> Vec<u8> {
        let mut commands = Vec::new();
        for (name, value) in &self.changes {
            match value {
                Some(value) => commands.extend(export(name, value)),
                None if std::env::var_os(name).is_some() => {
                    commands.extend(format!("unset {name}\n").bytes())
                }
                None => {}
            }
        }
        commands
    }
}

fn export(name: &str, value: &OsStr) -> Vec<u8> {
    [b"export ", name.as_bytes(), b"=", &quote(value), b"\n"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(line: &str) -> Environment {
        let words = line.split_whitespace().map(OsString::from);
        Environment::of(&Arguments::read(words).unwrap()).unwrap()
    }

    fn value(line: &str, name: &str) -> Option<OsString> {
        environment(line).variable(name)
    }

    #[test]
    fn proxies_are_joined_in_order() {
        let line = "socksify -p socks5://a -p socks4://b true";
        assert_eq!(value(line, "SOCKSIFY_PROXY"), Some("socks5://a socks4://b".into()));
        assert_eq!(environment(line).changes["SOCKS_SERVER"], None);
    }

    #[test]
    fn a_file_is_named_by_its_absolute_path_and_ends_other_proxies() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(value("socksify -f x.conf true", "SOCKS_CONF"), Some(here.join("x.conf").into()));
        assert_eq!(value("socksify -f /x.conf true", "SOCKS_CONF"), Some("/x.conf".into()));
        assert_eq!(environment("socksify -f x true").changes["SOCKSIFY_PROXY"], None);
    }

    #[test]
    fn the_log_goes_to_standard_error_or_the_file() {
        assert_eq!(value("socksify -vv true", "SOCKS_DEBUG"), Some("2".into()));
        assert_eq!(value("socksify -v true", "SOCKS_LOGOUTPUT"), Some("stderr".into()));
        assert_eq!(value("socksify --log /l true", "SOCKS_LOGOUTPUT"), Some("/l".into()));
        assert_eq!(value("socksify --log /l true", "SOCKS_DEBUG"), Some("1".into()));
    }

    #[test]
    fn without_options_nothing_changes() {
        assert!(environment("socksify true").changes.is_empty());
        assert_eq!(value("socksify true", "PATH"), std::env::var_os("PATH"));
    }

    #[test]
    fn shell_commands_are_quoted() {
        let mut environment = Environment::default();
        environment.set(PRELOAD, "/a b/lib.so");
        environment.set(CONFIGURATION, "/etc/socks.conf");
        let commands = String::from_utf8(environment.shell_commands()).unwrap();
        assert_eq!(commands, "export LD_PRELOAD='/a b/lib.so'\nexport SOCKS_CONF=/etc/socks.conf\n");
    }
}
