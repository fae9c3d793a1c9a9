//! A directory of its own for each test, with socksify, a library to preload, and what the test puts there.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// The magazine example: one proxy for everything.
pub(crate) const PROXY_FILE: &str =
    "route { from: 0.0.0.0/0 to: 0.0.0.0/0 via: 10.0.0.11 port = 1080 proxyprotocol: socks_v5 }\n";

/// A C program that succeeds.
pub(crate) const SUCCEED: &str = "int main(void) { return 0; }\n";

/// A scratch directory that everybody may read; it ends with the test.
pub(crate) struct Scene {
    directory: PathBuf,
}

impl Scene {
    /// With socksify and a library beside it.
    pub(crate) fn new() -> Scene {
        let scene = Scene::without_library();
        let source = scene.write("library.c", "int socksify_stand_in;\n", 0o644);
        scene.compile(&["-shared", "-fPIC"], &source, "libsocksify.so");
        scene
    }

    /// With socksify alone.
    pub(crate) fn without_library() -> Scene {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("socksify-cli-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        let scene = Scene { directory: directory.canonicalize().unwrap() };
        fs::set_permissions(&scene.directory, Permissions::from_mode(0o755)).unwrap();
        scene.copy(env!("CARGO_BIN_EXE_socksify"), "socksify");
        scene
    }

    /// The path of a file in the scene.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The path as messages show it.
    pub(crate) fn shown(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let draft = self.path(&format!("{name}.draft"));
        fs::create_dir_all(draft.parent().unwrap()).unwrap();
        fs::write(&draft, content).unwrap();
        self.install(&draft, name, mode)
    }

    /// Copies a program into the scene.
    pub(crate) fn copy(&self, from: impl AsRef<Path>, name: &str) -> PathBuf {
        self.install(from.as_ref(), name, 0o755)
    }

    /// Another process makes the copy: a file that we had open for writing ourselves could not be executed while a
    /// child that another test has just forked holds it open.
    fn install(&self, from: &Path, name: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        let status =
            Command::new("install").args(["-D", "-m", &format!("{mode:o}")]).arg(from).arg(&path).status();
        assert!(status.unwrap().success(), "install {}", path.display());
        path
    }

    /// Compiles a C program.
    pub(crate) fn program(&self, name: &str, options: &[&str], text: &str) -> PathBuf {
        let source = self.write(&format!("{name}.c"), text, 0o644);
        self.compile(options, &source, name)
    }

    fn compile(&self, options: &[&str], source: &Path, name: &str) -> PathBuf {
        let program = self.path(name);
        let status = Command::new("cc").args(options).arg("-o").arg(&program).arg(source).status();
        assert!(status.expect("cc is missing").success(), "cc {options:?} {}", source.display());
        program
    }

    /// socksify with an empty environment but for a PATH, and the scene as home.
    pub(crate) fn socksify(&self) -> Command {
        let mut command = Command::new(self.path("socksify"));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &self.directory)
            .current_dir(&self.directory);
        command
    }

    /// Runs socksify with a working configuration and these arguments.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Outcome {
        let mut socksify = self.socksify();
        socksify.env("SOCKS_CONF", self.write("socks.conf", PROXY_FILE, 0o644)).args(arguments);
        self.outcome(&mut socksify)
    }

    /// Runs what was prepared.
    pub(crate) fn outcome(&self, socksify: &mut Command) -> Outcome {
        Outcome(socksify.output().unwrap())
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// What a run came to.
pub(crate) struct Outcome(Output);

impl Outcome {
    /// The exit status.
    pub(crate) fn status(&self) -> Option<i32> {
        self.0.status.code()
    }

    /// Standard output.
    pub(crate) fn output(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// Standard error.
    pub(crate) fn messages(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// The run failed with this status and exactly this message.
    #[track_caller]
    pub(crate) fn fails(&self, status: i32, message: &str) {
        assert_eq!((self.messages().as_str(), self.status()), (message, Some(status)));
    }

    /// The run succeeded and said nothing; returns its standard output.
    #[track_caller]
    pub(crate) fn succeeds(&self) -> String {
        assert_eq!((self.messages().as_str(), self.status()), ("", Some(0)));
        self.output()
    }
}
