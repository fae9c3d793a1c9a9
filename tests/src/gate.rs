//! A gate between a scripted proxy and its next answer, which the program under test opens: so that the order of
//! events is certain, whatever the machine's pace.
//!
//! A gate is a directory, and each thing that has happened at it is an empty file in it, which a probe can make and
//! look for without a descriptor.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;
use crate::scratch::Scratch;

/// A gate, closed at first.
#[derive(Clone, Debug)]
pub struct Gate(PathBuf);

impl Gate {
    /// Makes one in an empty directory of this name.
    pub fn new(scratch: &Scratch, name: &str) -> Result<Gate, Error> {
        scratch.directory(name).map(Gate)
    }

    /// Its directory, for the program that is to open it.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// True if the application sent something while the gate was closed: it believed to be connected.
    pub fn was_rushed(&self) -> bool {
        self.has("rushed")
    }

    /// Waits until the gate is open, or the application ends the connection.
    pub(crate) fn pass(&self, stream: &TcpStream) -> io::Result<()> {
        self.sign("reached")?;
        stream.set_read_timeout(Some(Duration::from_millis(1)))?;
        while !self.has("open") {
            let waited = stream.peek(&mut [0]);
            // Nothing tells of both a file that appears and a connection that ends; asking again is all there is.
            match waited {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Ok(1..) => {
                    self.sign("rushed")?;
                    std::thread::park_timeout(Duration::from_millis(1));
                }
                Ok(0) | Err(_) => {
                    self.sign("ended")?;
                    return Err(ErrorKind::UnexpectedEof.into());
                }
            }
        }
        stream.set_read_timeout(None)
    }

    fn has(&self, sign: &str) -> bool {
        self.0.join(sign).exists()
    }

    fn sign(&self, sign: &str) -> io::Result<()> {
        match File::create_new(self.0.join(sign)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            outcome => outcome.map(drop),
        }
    }
}
