//! Giving up privileges, once everything is open that needs them.

use log::{debug, warn};
use nix::sys::prctl::set_no_new_privs;
use nix::unistd::{User, getegid, geteuid, getgroups, initgroups, setresgid, setresuid};

use crate::error::Error;

/// Becomes this user for good, with the groups it has, and gains no privilege by any program from then on.
///
/// For a time when the process has one thread.
pub(crate) fn become_user(name: &str) -> Result<(), Error> {
    let failed = |error: nix::Error| Error::Become { user: name.to_owned(), error: error.into() };
    let user = User::from_name(name).map_err(failed)?.ok_or_else(|| Error::NoSuchUser(name.to_owned()))?;
    if !geteuid().is_root() {
        if user.uid != geteuid() {
            warn!("cannot become {name}, for this is not root; going on as user {}", geteuid());
        }
        return Ok(());
    }
    let c_name = std::ffi::CString::new(name).map_err(|_| Error::NoSuchUser(name.to_owned()))?;
    initgroups(&c_name, user.gid).map_err(failed)?;
    setresgid(user.gid, user.gid, user.gid).map_err(failed)?;
    setresuid(user.uid, user.uid, user.uid).map_err(failed)?;
    set_no_new_privs().map_err(failed)?;
    debug!(
        "now user {} with group {} and groups {:?}",
        geteuid(),
        getegid(),
        getgroups().unwrap_or_default()
    );
    Ok(())
}
