//! Where the programs under test are. Tests run what was built; they build nothing.

use std::env;
use std::path::{Path, PathBuf};

/// A build of the workspace.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Build {
    /// Without optimisation, with assertions.
    Debug,
    /// As installed.
    Release,
}

impl Build {
    /// Both.
    pub const ALL: [Build; 2] = [Build::Debug, Build::Release];

    /// Its directory below the target directory.
    pub fn name(self) -> &'static str {
        match self {
            Build::Debug => "debug",
            Build::Release => "release",
        }
    }

    /// The library to preload.
    pub fn library(self) -> PathBuf {
        built(self.name(), "libsocksify.so")
    }

    /// The command `socksify`.
    pub fn socksify(self) -> PathBuf {
        built(self.name(), "socksify")
    }
}

/// The proxy `socksd`, as installed.
pub fn socksd() -> PathBuf {
    built("release", "socksd")
}

/// The library with the feature `inject-panic`.
pub fn injected() -> PathBuf {
    built("inject/debug", "libsocksify.so")
}

/// What is missing, with the way to get it.
pub fn missing() -> Option<String> {
    let each = Build::ALL.into_iter().flat_map(|build| [build.library(), build.socksify()]);
    let missing: Vec<_> = each.chain([socksd(), injected()]).filter(|path| !path.exists()).collect();
    let list = || missing.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
    (!missing.is_empty()).then(|| format!("not built: {}; run `make test`, which builds them", list()))
}

/// The root of the source tree.
pub fn workspace() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// A relative target directory is one of the workspace, from where the build was started.
fn built(directory: &str, file: &str) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    workspace().join(target).join(directory).join(file)
}
