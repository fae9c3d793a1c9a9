//! A directory for one test, removed at its end.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::file;

pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Scratch {
        let path = env::temp_dir().join(format!("socks-names-{:016x}", file::unique()));
        fs::create_dir(&path).unwrap();
        Scratch(path)
    }
}

impl Deref for Scratch {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
