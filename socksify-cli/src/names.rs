//! The table of fake addresses for this run: one for the command and all its children.

use crate::environment::{Environment, NAMES};
use socks_names::{Error, directory};

/// Names a table that nobody else uses. The library creates it when the first name is asked for.
pub(crate) fn prepare(environment: &mut Environment) -> Result<(), Error> {
    let directory = directory::per_user(&|name| environment.variable(name))?;
    directory::sweep(&directory);
    environment.set(NAMES, directory::per_run_table(&directory));
    Ok(())
}
