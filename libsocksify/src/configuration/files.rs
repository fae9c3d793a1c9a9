//! The files that a configuration was read from, or looked for in: which they were, and whether they have changed since.

use std::cell::RefCell;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Files in the order in which they were asked for, the passwords' among them.
pub(super) struct Files {
    read: RefCell<Vec<Record>>,
    /// The root directory of the process: in another one the same names stand for other files.
    root: Option<(u64, u64)>,
    /// How the files looked when they were found changed, and perhaps still being written.
    seen: Vec<Option<Stamp>>,
}

/// One file.
struct Record {
    path: PathBuf,
    /// What it looked like right before it was read; `None` where it could not be looked at.
    stamp: Option<Stamp>,
    /// Of what was in it.
    digest: u64,
}

/// What another content cannot have in common with this one: where it is, how long it is, when its inode was changed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    size: u64,
    changed: (i64, i64),
}

/// What was found in files that had changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// What had been there before.
    Same,
    /// Something else.
    Other,
    /// They were being changed while they were read.
    Unsteady,
}

/// How long a file has to be left alone: half a file may be a valid one that says something else.
const QUIET: Duration = Duration::from_secs(1);

impl Files {
    /// None yet.
    pub(super) fn new() -> Files {
        Files { read: RefCell::default(), root: root(), seen: Vec::new() }
    }

    /// Reads a file, and takes note of it.
    pub(super) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let stamp = Stamp::of(path);
        let content = fs::read(path);
        let mut hasher = DefaultHasher::new();
        match &content {
            Ok(content) => hasher.write(content),
            Err(error) => hasher.write_i32(error.raw_os_error().unwrap_or(-1)),
        }
        self.read.borrow_mut().push(Record { path: path.to_owned(), stamp, digest: hasher.finish() });
        content
    }

    /// Whether there is something to be read again, and nobody is about to write more of it.
    pub(super) fn have_changed(&mut self) -> bool {
        let read = self.read.get_mut();
        if read.is_empty() || self.root != root() {
            return false;
        }
        let now: Vec<Option<Stamp>> = read.iter().map(|record| Stamp::of(&record.path)).collect();
        if read.iter().map(|record| record.stamp).eq(now.iter().copied()) {
            return false;
        }
        let is_gone = read.iter().zip(&now).any(|(record, now)| record.stamp.is_some() && now.is_none());
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let is_quiet = !is_gone && now.iter().flatten().all(|stamp| stamp.is_quiet(since));
        let is_settled = is_quiet || self.seen == now;
        self.seen = now;
        is_settled
    }

    /// What reading them again has brought.
    pub(super) fn compared_with(&self, before: &Files) -> Found {
        let read = self.read.borrow();
        let is_steady = read.iter().all(|record| Stamp::of(&record.path) == record.stamp);
        let essence = |record: &Record| (record.path.clone(), record.digest);
        match is_steady {
            false => Found::Unsteady,
            true if read.iter().map(essence).eq(before.read.borrow().iter().map(essence)) => Found::Same,
            true => Found::Other,
        }
    }
}

impl Stamp {
    fn of(path: &Path) -> Option<Stamp> {
        let metadata = fs::metadata(path).ok()?;
        Some(Stamp {
            file: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// Whether the file was left alone for long enough at this time of the wall clock.
    fn is_quiet(&self, now: Duration) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let changed = u64::try_from(seconds).unwrap_or(0);
        let changed = Duration::new(changed, u32::try_from(nanoseconds).unwrap_or(0));
        now.checked_sub(changed).is_some_and(|age| age >= QUIET)
    }
}

/// Which directory is the root of this process.
fn root() -> Option<(u64, u64)> {
    fs::metadata("/").ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files of a directory of their own.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Scratch {
            let directory = std::env::temp_dir().join(format!("socksify-{name}-{}", std::process::id()));
            fs::create_dir(&directory).unwrap();
            Scratch(directory)
        }

        fn file(&self, content: &str) -> PathBuf {
            let file = self.0.join("socks.conf");
            fs::write(&file, content).unwrap();
            file
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn read(path: &Path) -> Files {
        let files = Files::new();
        let _ = files.read(path);
        files
    }

    #[test]
    fn what_was_left_alone_has_not_changed() {
        let scratch = Scratch::new("alone");
        let mut files = read(&scratch.file("one"));
        assert!(!files.have_changed() && !files.have_changed());
        assert!(!read(Path::new("/nowhere/socks.conf")).have_changed());
        assert!(!Files::new().have_changed());
    }

    #[test]
    fn what_is_still_being_written_is_looked_at_twice() {
        let scratch = Scratch::new("written");
        let mut files = read(&scratch.file("one"));
        let file = scratch.file("three");
        // On a slow machine it may have been left alone for long enough already.
        assert!(files.have_changed() || files.have_changed());
        let found = read(&file).compared_with(&files);
        assert_eq!(found, Found::Other);
    }

    #[test]
    fn a_file_that_is_gone_or_has_come_has_changed() {
        let scratch = Scratch::new("gone");
        let file = scratch.file("one");
        let mut files = read(&file);
        fs::remove_file(&file).unwrap();
        assert!(!files.have_changed() && files.have_changed());
        let mut absent = read(&file);
        assert!(!absent.have_changed());
        scratch.file("two");
        assert!(absent.have_changed() || absent.have_changed());
    }

    #[test]
    fn a_file_written_anew_with_the_same_words_says_the_same() {
        let scratch = Scratch::new("same");
        let file = scratch.file("one");
        let before = read(&file);
        fs::remove_file(&file).unwrap();
        scratch.file("one");
        assert_eq!(read(&file).compared_with(&before), Found::Same);
    }

    #[test]
    fn quiet_is_a_second_without_a_change() {
        let stamp = Stamp { file: (1, 1), size: 1, changed: (100, 500_000_000) };
        assert!(stamp.is_quiet(Duration::from_millis(101_500)));
        assert!(!stamp.is_quiet(Duration::from_millis(101_400)));
        assert!(!stamp.is_quiet(Duration::from_millis(99_000)));
    }
}
