//! The environment variables that concern us, as they were when the process began: programs clear or overwrite
//! their environment (daemons, setproctitle) long before they connect.

use std::ffi::OsString;

use once_cell::race::OnceBox;

static ENVIRONMENT: OnceBox<Vec<(OsString, OsString)>> = OnceBox::new();

/// Whether a variable can matter: ours and Dante's, and those that locate files.
fn concerns_us(name: &str) -> bool {
    says_what_to_do(name)
        || [PRELOAD, "HOME", "LOGNAME", "USER", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"].contains(&name)
}

/// Whether a variable is ours or Dante's.
pub(crate) fn says_what_to_do(name: &str) -> bool {
    name.starts_with("SOCKS") || ["HTTP_CONNECT_PROXY", "UPNP_IGD"].contains(&name)
}

/// Libraries that the loader loads first; ld.so(8).
pub(crate) const PRELOAD: &str = "LD_PRELOAD";

/// Whether a program that would bypass us is refused; with `warn`, and where nobody says, it is told of.
pub(crate) fn refuses_unhookable() -> bool {
    let policy = snapshot().iter().find(|(name, _)| name == "SOCKSIFY_ON_UNHOOKABLE");
    policy.is_some_and(|(_, value)| value != "warn")
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
