//! The environment variables that concern us, as they were when the process began: programs clear or overwrite
//! their environment (daemons, setproctitle) long before they connect.

use std::ffi::OsString;

use once_cell::race::OnceBox;

static ENVIRONMENT: OnceBox<Vec<(OsString, OsString)>> = OnceBox::new();

/// Whether a variable can matter: ours and Dante's, and those that locate files.
fn concerns_us(name: &str) -> bool {
    name.starts_with("SOCKS")
        || ["HTTP_CONNECT_PROXY", "UPNP_IGD", "HOME", "LOGNAME", "USER", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"]
            .contains(&name)
}

/// Takes the copy; called from the constructor, or by the first call that came before it.
pub(crate) fn snapshot() -> &'static [(OsString, OsString)] {
    ENVIRONMENT.get_or_init(|| {
        let ours = |(name, _): &(OsString, OsString)| name.to_str().is_some_and(concerns_us);
        Box::new(std::env::vars_os().filter(ours).collect())
    })
}

/// The value of a variable.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    snapshot().iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}
