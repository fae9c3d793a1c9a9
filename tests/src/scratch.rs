//! Directories that vanish with the value that holds them, or with the next run if this one is killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::error::{Error, file};

const PREFIX: &str = "socksify-end-to-end-";

/// A directory of our own below the system's directory for temporary files.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes an empty directory; servers that drop their privileges may enter it.
    pub fn new() -> Result<Scratch, Error> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("{PREFIX}{}-{count}", process::id()));
        fs::create_dir(&path).map_err(file(&path))?;
        Ok(Scratch(path))
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file below the directory and returns its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf, Error> {
        let path = self.0.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(file(parent))?;
        }
        fs::write(&path, content).map_err(file(&path))?;
        Ok(path)
    }

    /// Makes a directory below this one and returns its path.
    pub fn directory(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.0.join(name);
        fs::create_dir_all(&path).map_err(file(&path))?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing depends on it: what cannot be removed now, the next run removes.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Removes what runs left behind that could not clean up, told by their process being gone.
pub fn remove_stale() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return };
    entries.flatten().filter(|entry| is_stale(&entry.file_name().to_string_lossy())).for_each(|entry| {
        let _ = fs::remove_dir_all(entry.path());
    });
}

fn is_stale(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .and_then(|rest| rest.split('-').next())
        .is_some_and(|pid| fs::read_link(Path::new("/proc").join(pid).join("exe")).is_err())
}
