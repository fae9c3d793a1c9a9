//! The database server of the target host: it takes seconds to make, so only tests that need it start it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, file};
use crate::plan::{POSTGRESQL, TARGET};
use crate::world::Staff;

const NAME: &str = "postgres";

/// Makes an empty database and waits until its server listens.
pub(crate) fn start(staff: &Staff<'_>) -> Result<(), Error> {
    staff.spawn(NAME, command(staff)?)?;
    TARGET
        .each()
        .into_iter()
        .try_for_each(|address| staff.await_listening(NAME, (address, POSTGRESQL).into()))
}

/// The server refuses to run as root.
fn command(staff: &Staff<'_>) -> Result<Command, Error> {
    let mut command = staff.host.command("sh")?;
    command.args(["-euc", SCRIPT, "sh"]).arg(programs()?).arg(staff.scratch.path().join("database"));
    command.arg(format!("{},{}", TARGET.v4, TARGET.v6)).arg(POSTGRESQL.to_string());
    Ok(command)
}

const SCRIPT: &str = r#"
umask 077
install -d -o postgres "$2"
as="setpriv --reuid=postgres --regid=postgres --clear-groups"
$as "$1/initdb" -A trust -N --no-locale -E UTF8 -U postgres -D "$2"
echo "host all all all trust" >>"$2/pg_hba.conf"
exec $as "$1/postgres" -F -D "$2" -h "$3" -p "$4" -k ""
"#;

/// Where Debian puts the programs of the newest version, `/usr/lib/postgresql/15/bin`.
fn programs() -> Result<PathBuf, Error> {
    let root = Path::new("/usr/lib/postgresql");
    let versions = fs::read_dir(root).map_err(file(root))?.flatten().map(|entry| entry.path());
    Ok(versions.max().unwrap_or_else(|| root.to_owned()).join("bin"))
}
