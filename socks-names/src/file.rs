//! The table's file: opened only if it can be nobody's but ours, created so that it is complete when it gets its
//! name.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::ops;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::layout::{Header, Layout};
use crate::mapping::calls;
use crate::{Error, Range};

/// What the name of a file ends with until it is complete.
pub(crate) const UNFINISHED: &str = ".new";

/// How often the file may vanish between its creation and its opening before we give up.
const ATTEMPTS: u32 = 8;

/// Which file a table was opened from. No descriptor of it stays open, as programs close them all.
#[derive(Debug)]
pub(crate) struct Origin {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Origin {
    pub(crate) fn new(path: &Path, metadata: &fs::Metadata) -> Origin {
        Origin { path: path.to_owned(), device: metadata.dev(), inode: metadata.ino() }
    }

    /// Gives bytes of the file their room on the file system.
    pub(crate) fn allocate(&self, bytes: ops::Range<usize>) -> io::Result<()> {
        let file = options().open(&self.path)?;
        let metadata = file.metadata()?;
        if (metadata.dev(), metadata.ino()) != (self.device, self.inode) {
            return Err(ErrorKind::NotFound.into());
        }
        calls::allocate(&file, bytes)
    }
}

/// Opens the file of a table, or creates it.
pub(crate) fn open(path: &Path, range: Range) -> Result<File, Error> {
    for _ in 0..ATTEMPTS {
        match options().open(path) {
            Ok(file) => return check(file, Layout::of(range)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Error::Open(error)),
        }
        if let Some(file) = create(path, range)? {
            return Ok(file);
        }
    }
    Err(Error::Open(ErrorKind::NotFound.into()))
}

/// Opens a file that is there, and says which range it claims to be of.
pub(crate) fn open_existing(path: &Path) -> Result<(File, Range), Error> {
    let file = options().open(path).map_err(Error::Open)?;
    let mut header = [0; size_of::<Header>()];
    file.read_exact_at(&mut header, 0).map_err(|_| Error::Format)?;
    let range = Header::range(&header).ok_or(Error::Format)?;
    check(file, Layout::of(range)).map(|file| (file, range))
}

/// How many bytes of a file the file system has room for.
pub(crate) fn room(metadata: &fs::Metadata) -> u64 {
    metadata.blocks().saturating_mul(512)
}

/// A number no other process uses as part of a name.
pub(crate) fn unique() -> u64 {
    calls::random().unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as u64);
        now ^ u64::from(process::id()).rotate_right(24)
    })
}

/// Never through a symbolic link, and without waiting where a pipe was put in the file's place.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NOCTTY | libc::O_NONBLOCK;
    options.read(true).write(true).custom_flags(flags);
    options
}

fn check(file: File, layout: Layout) -> Result<File, Error> {
    let metadata = file.metadata().map_err(Error::Open)?;
    if !metadata.is_file() {
        return Err(Error::FileType);
    }
    check_owner(&metadata)?;
    let (expected, found) = (layout.size() as u64, metadata.len());
    if found != expected {
        return Err(Error::Size { expected, found });
    }
    Ok(file)
}

/// Refuses what another user owns, or may touch.
pub(crate) fn check_owner(metadata: &fs::Metadata) -> Result<(), Error> {
    let (expected, found) = (calls::effective_user(), metadata.uid());
    if found != expected {
        return Err(Error::Owner { expected, found });
    }
    match metadata.mode() & 0o7777 {
        mode if mode & 0o077 != 0 => Err(Error::Mode(mode)),
        _ => Ok(()),
    }
}

/// Makes the file under another name and links it into place when it is complete; `None` if another process was
/// faster.
fn create(path: &Path, range: Range) -> Result<Option<File>, Error> {
    let unfinished = unfinished(path);
    let file = options().create_new(true).mode(0o600).open(&unfinished).map_err(Error::Open)?;
    let linked = fill(&file, range)
        .map_err(Error::Storage)
        .and_then(|()| fs::hard_link(&unfinished, path).map_err(Error::Open));
    let _ = fs::remove_file(&unfinished);
    match linked {
        Ok(()) => Ok(Some(file)),
        Err(Error::Open(error)) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{:016x}{UNFINISHED}", unique()));
    PathBuf::from(name)
}

/// Gives a new file its size, the memory for the first names, and its header.
fn fill(file: &File, range: Range) -> io::Result<()> {
    let layout = Layout::of(range);
    if calls::file_size_limit() < layout.size() as libc::rlim_t {
        return Err(io::Error::from_raw_os_error(libc::EFBIG));
    }
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.set_len(layout.size() as u64)?;
    allocate(file, layout.offset(layout.first_chunk()))?;
    file.write_all_at(&Header::new(range, unique()).bytes(), 0)
}

/// Allocates the start of a file that only we know; some file systems give room only to what is written.
fn allocate(file: &File, end: usize) -> io::Result<()> {
    match calls::allocate(file, 0..end) {
        Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => file.write_all_at(&vec![0; end], 0),
        result => result,
    }
}
