//! The files the command line names.

use std::fs::{File, read, read_to_string};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use log::warn;
use socksd::{Hosts, Users};

use crate::error::Error;

/// Adds the users of a file, with a warning when others can read their passwords.
pub(crate) fn add_users(users: &mut Users, file: &Path) -> Result<(), Error> {
    let text = text(file)?;
    if mode(file).is_ok_and(|mode| mode & 0o077 != 0) {
        warn!("{} holds passwords, but others have access to it: chmod 600 it", file.display());
    }
    users.add_lines(&text).map_err(|(line, error)| Error::UsersLine { file: file.into(), line, error })
}

/// Adds the names of a hosts file.
pub(crate) fn add_hosts(hosts: &mut Hosts, file: &Path) -> Result<(), Error> {
    let text = text(file)?;
    hosts.add_lines(&text).map_err(|(line, error)| Error::HostsLine { file: file.into(), line, error })
}

/// The whole of a file.
pub(crate) fn bytes(file: &Path) -> Result<Vec<u8>, Error> {
    read(file).map_err(|error| Error::Unreadable { file: file.into(), error })
}

fn text(file: &Path) -> Result<String, Error> {
    read_to_string(file).map_err(|error| Error::Unreadable { file: file.into(), error })
}

fn mode(file: &Path) -> io::Result<u32> {
    Ok(File::open(file)?.metadata()?.permissions().mode())
}
