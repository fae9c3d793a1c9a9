//! `--trace`: what becomes of each connection of the command and its children, as it happens, and what all came to.
//!
//! The library tells it by a FIFO, which a process can open by its name whatever descriptors it has closed, and which
//! takes a line whole or not at all.

mod line;
mod record;
mod summary;

use crate::environment::{Environment, TRACE};
use crate::error::Error;
use crate::sys;
use record::Record;
use socks_names::directory;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};
use summary::Summary;

/// A trace that goes on.
pub(crate) struct Trace {
    fifo: PathBuf,
    /// Our own end for writing: as long as it is there, nobody reads an end.
    ours: File,
    reader: JoinHandle<()>,
}

/// What the trace is written to, and as what.
struct Output {
    file: Box<dyn Write + Send>,
    is_json: bool,
    /// When the trace began, in seconds since 1970.
    began: f64,
}

/// What we write behind the last line.
const END: &str = "end\n";

impl Trace {
    /// Begins to listen, and tells the command where. Lines go to `file`, else to standard error.
    pub(crate) fn start(
        file: Option<&Path>,
        is_json: bool,
        environment: &mut Environment,
    ) -> Result<Trace, Error> {
        let output: Box<dyn Write + Send> = match file {
            Some(file) => Box::new(File::create(file).map_err(|error| Error::Trace(file.to_owned(), error))?),
            None => Box::new(io::stderr()),
        };
        let directory = directory::per_user(&|name| environment.variable(name))
            .map_err(|error| Error::Names("trace".into(), error))?;
        remove_stale(&directory);
        let fifo = directory.join(format!("{NAME}{}", std::process::id()));
        let ours = open(&fifo).map_err(|error| Error::Trace(fifo.clone(), error))?;
        let events = ours.try_clone().map_err(Error::System)?;
        let output = Output { file: output, is_json, began: now() };
        let reader = thread::Builder::new().name("trace".into()).spawn(move || output.follow(events));
        let reader = reader.map_err(Error::System)?;
        environment.set(TRACE, &fifo);
        Ok(Trace { fifo, ours, reader })
    }

    /// Reads what was told until now, and writes the summary.
    pub(crate) fn finish(mut self) {
        let _ = self.ours.write_all(END.as_bytes());
        let _ = self.reader.join();
        let _ = fs::remove_file(&self.fifo);
    }
}

/// What the names of FIFOs begin with.
const NAME: &str = "trace-";

/// Makes the FIFO and opens both ends of it, with as much room as a pipe may have.
fn open(fifo: &Path) -> io::Result<File> {
    if fifo.symlink_metadata().is_ok_and(|metadata| metadata.file_type().is_fifo()) {
        fs::remove_file(fifo)?;
    }
    sys::make_fifo(fifo)?;
    let file = OpenOptions::new().read(true).write(true).open(fifo)?;
    sys::widen_pipe(&file);
    Ok(file)
}

/// Removes the FIFOs of traces that were killed: nobody reads from them.
fn remove_stale(directory: &Path) {
    const FRESH: Duration = Duration::from_secs(60);
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(NAME)) {
        let age = entry.metadata().ok().filter(|metadata| metadata.file_type().is_fifo());
        let age = age.and_then(|metadata| metadata.modified().ok()?.elapsed().ok());
        let open = || OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(entry.path());
        if age.is_some_and(|age| age > FRESH)
            && open().is_err_and(|error| error.raw_os_error() == Some(libc::ENXIO))
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

impl Output {
    /// Writes down each event until the end.
    fn follow(mut self, events: File) {
        let mut summary = Summary::default();
        let mut events = BufReader::new(events);
        let mut line = Vec::new();
        while events.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) && line != END.as_bytes() {
            let text = String::from_utf8_lossy(&line);
            if let Some(record) = Record::read(text.trim_end()) {
                summary.add(&record);
                let text =
                    if self.is_json { text.into_owned() } else { line::line(&record, self.began) + "\n" };
                self.write(&text);
            }
            line.clear();
        }
        let text =
            if self.is_json { format!("{}\n", summary.json()) } else { format!("\n{}", summary.table()) };
        self.write(&text);
    }

    /// One write a line: the command may write to the same terminal. If nobody can read it, that is no reason to fail.
    fn write(&mut self, text: &str) {
        let _ = self.file.write_all(text.as_bytes());
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
