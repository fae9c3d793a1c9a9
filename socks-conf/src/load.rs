//! Finding the configuration: variables that name a proxy, else the first file that exists.

use crate::environment::{Environment, expand_home};
use crate::{Config, Error, Isolation, Proxy, Route, Secret, Source, User, parse};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The caller's way to read a file.
type Read<'a> = &'a dyn Fn(&Path) -> io::Result<Vec<u8>>;

/// Finds and reads the configuration.
///
/// `variable` looks up an environment variable, `read` reads a file. A variable that names a proxy
/// (`SOCKSIFY_PROXY`, then Dante's) keeps every file from being read; else `$SOCKS_CONF` is read, else the
/// first that exists of `socksify/socks.conf` and `socksify/socks.toml` in `$XDG_CONFIG_HOME` (or
/// `~/.config`), `/etc/socks.conf` and `/etc/dante.conf`. A file that exists and cannot be read is an error,
/// and so is a missing one that `SOCKS_CONF` names: going on to the next could mean other routes.
///
/// Credentials and logging variables are added to whatever was found, `SOCKSIFY_RESOLVEPROTOCOL` and its like take the
/// place of what the file says, and password files are read.
pub fn load(variable: &dyn Fn(&str) -> Option<OsString>, read: Read<'_>) -> Result<Config, Error> {
    let environment = Environment(variable);
    let mut config = match environment.config()? {
        Some(config) => config,
        None => read_file(&environment, read)?,
    };
    let home = environment.path("HOME");
    let beside = match &config.source {
        Source::File(file) => file.parent().map(Path::to_owned),
        Source::Environment(_) => None,
    };
    for proxy in &mut config.proxies {
        read_password(proxy, home.as_deref(), beside.as_deref(), read)?;
        isolate(proxy);
    }
    find_users(&mut config, read)?;
    environment.add_credentials(&mut config)?;
    environment.add_logging(&mut config)?;
    environment.add_settings(&mut config)?;
    environment.warn_about_idle_variables(&mut config);
    Ok(config)
}

/// Gives the users of the routes their numbers. A user that is not there would make a route mean nobody.
fn find_users(config: &mut Config, read: Read<'_>) -> Result<(), Error> {
    const PASSWD: &str = "/etc/passwd";
    let named = |route: &&mut Route| route.callers.users.iter().any(|user| user.id.is_none());
    let mut passwd = None;
    for route in config.routes.iter_mut().filter(named) {
        let passwd = match &passwd {
            Some(passwd) => passwd,
            None => passwd.insert(read(Path::new(PASSWD)).unwrap_or_default()),
        };
        for user in &mut route.callers.users {
            user.id = user.id.or_else(|| User::find(passwd, &user.written));
            if user.id.is_none() {
                let (place, line) = (config.source.clone(), route.line);
                return Err(Error::UnknownUser { place, line, name: user.written.clone() });
            }
        }
    }
    Ok(())
}

/// Makes the user name by which the proxy tells this process from others. Process numbers come again, times do not.
fn isolate(proxy: &mut Proxy) {
    let Some(Isolation::Process) = proxy.isolate else { return };
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    proxy.username = Some(format!("socksify-{}-{:x}", std::process::id(), since.as_nanos()));
    proxy.password = Some(Secret::new("0".to_owned()));
}

fn read_file(environment: &Environment<'_>, read: Read<'_>) -> Result<Config, Error> {
    if let Some(file) = environment.path("SOCKS_CONF") {
        return match read(&file) {
            Ok(text) => parse(&text, &file),
            Err(error) => Err(Error::Unreadable { file, error }),
        };
    }
    let candidates = candidates(environment);
    for file in &candidates {
        match read(file) {
            Ok(text) => return parse(&text, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::Unreadable { file: file.clone(), error }),
        }
    }
    Err(Error::Missing { tried: candidates })
}

fn candidates(environment: &Environment<'_>) -> Vec<PathBuf> {
    let configured = environment.path("XDG_CONFIG_HOME").filter(|directory| directory.is_absolute());
    let directory = configured.or_else(|| environment.path("HOME").map(|home| home.join(".config")));
    let own = directory
        .iter()
        .flat_map(|directory| ["socks.conf", "socks.toml"].map(|name| directory.join("socksify").join(name)));
    own.chain(["/etc/socks.conf", "/etc/dante.conf"].map(PathBuf::from)).collect()
}

/// Reads the first line of the proxy's password file. A relative name is one beside the configuration: programs
/// change their directory.
fn read_password(
    proxy: &mut Proxy,
    home: Option<&Path>,
    beside: Option<&Path>,
    read: Read<'_>,
) -> Result<(), Error> {
    let Some(file) = proxy.password_file.as_deref() else {
        return Ok(());
    };
    let expanded = expand_home(file, home);
    let file = beside.map_or_else(|| expanded.clone(), |directory| directory.join(&expanded));
    let content = match read(&file) {
        Ok(content) => content,
        Err(error) => return Err(Error::Unreadable { file, error }),
    };
    let line = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok(password) if (1..=255).contains(&password.len()) => {
            proxy.password = Some(Secret::new(password.to_owned()));
            proxy.password_file = Some(file);
            Ok(())
        }
        _ => Err(Error::PasswordFile { file }),
    }
}
