//! The data path of one direction of a connection.
//!
//! Small messages are copied through a buffer of the thread, which is one call to read and one to write. A read that
//! comes back well filled announces a bulk transfer, which goes through a [`Pipe`] without being copied for as long as
//! it lasts. Nothing is read before the other side can take it, so a slow reader slows its writer, and a connection at
//! rest holds neither buffer nor pipe.

use std::cell::RefCell;
use std::io;

use rustix::io::Errno;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;

use crate::pipe::Pipe;
use crate::stream::{readable, writable, write_all};
use crate::traffic::Counter;

const CHUNK: usize = 64 * 1024;

/// From here on a pipe costs less than copying.
const BULK: usize = 16 * 1024;

/// Which connection broke while one direction was forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    Source,
    Sink,
}

/// Moves bytes from `source` to `sink` until end-of-file, which it leaves to the caller to pass on; through the meter of
/// the connection, if it has one.
#[expect(clippy::manual_async_fn, reason = "an async function would hold its arguments twice")]
pub(crate) fn forward(
    source: &TcpStream,
    sink: &TcpStream,
    counter: Counter<'_>,
) -> impl Future<Output = Result<(), Broken>> + Send {
    async move {
        if let Some(meter) = counter.meter() {
            return Box::pin(meter.forward(source, sink, counter)).await;
        }
        let mut is_bulk = false;
        loop {
            readable(source).await.map_err(|_| Broken::Source)?;
            writable(sink).await.map_err(|_| Broken::Sink)?;
            // What is rare has its state in a box, so that connections at rest need no room for it.
            let moved = if is_bulk && let Some(pipe) = Pipe::borrow() {
                Box::pin(splice_while_it_lasts(pipe, source, sink, counter)).await?
            } else {
                match copy(source, sink, counter)? {
                    Copied::All(moved) => moved,
                    Copied::Part(rest) => Box::pin(pass_on(rest, sink, counter)).await.map(Moved::Some)?,
                }
            };
            match moved {
                Moved::Nothing => {}
                Moved::ToTheEnd => return Ok(()),
                Moved::Some(count) => is_bulk = count >= BULK,
            }
            consume_budget().await;
        }
    }
}

/// Sends data that was read already, and says how much that was.
pub(crate) async fn pass_on(data: Vec<u8>, sink: &TcpStream, counter: Counter<'_>) -> Result<usize, Broken> {
    if let Some(meter) = counter.meter() {
        meter.pass(&data, counter.way()).await;
    }
    write_all(sink, &data).await.map_err(|_| Broken::Sink)?;
    counter.add(data.len());
    Ok(data.len())
}

/// What became of one attempt to move bytes.
enum Moved {
    Nothing,
    Some(usize),
    ToTheEnd,
}

/// Moves what has come, and what comes meanwhile, until the source has nothing more for now.
async fn splice_while_it_lasts(
    mut pipe: Pipe,
    source: &TcpStream,
    sink: &TcpStream,
    counter: Counter<'_>,
) -> Result<Moved, Broken> {
    let mut count = 0;
    loop {
        match nonblocking(source.try_io(Interest::READABLE, || Ok(pipe.fill(source)?))) {
            Ok(None) => return Ok(Moved::Some(count)),
            Ok(Some(0)) => return Ok(Moved::ToTheEnd),
            Ok(Some(filled)) => count += filled,
            Err(_) => return Err(Broken::Source),
        }
        while pipe.held() > 0 {
            match nonblocking(sink.try_io(Interest::WRITABLE, || Ok(pipe.drain(sink)?))) {
                Ok(None) => writable(sink).await.map_err(|_| Broken::Sink)?,
                Ok(Some(drained)) => counter.add(drained),
                Err(_) => return Err(Broken::Sink),
            }
        }
        consume_budget().await;
    }
}

enum Copied {
    All(Moved),
    /// These bytes were read, and are not written yet.
    Part(Vec<u8>),
}

/// One read and one write through this thread's buffer.
fn copy(source: &TcpStream, sink: &TcpStream, counter: Counter<'_>) -> Result<Copied, Broken> {
    thread_local!(static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into()));
    BUFFER.with_borrow_mut(|buffer| {
        let data = match read(source, buffer) {
            Ok(None) => return Ok(Copied::All(Moved::Nothing)),
            Ok(Some(0)) => return Ok(Copied::All(Moved::ToTheEnd)),
            Ok(Some(count)) => &buffer[..count],
            Err(_) => return Err(Broken::Source),
        };
        let written = nonblocking(sink.try_write(data)).map_err(|_| Broken::Sink)?.unwrap_or(0);
        counter.add(written);
        Ok(match &data[written..] {
            [] => Copied::All(Moved::Some(written)),
            rest => Copied::Part(rest.to_vec()),
        })
    })
}

/// Reads what is there. A buffer that is not filled has taken everything, which Tokio is told, so that nobody reads
/// once more only to find nothing.
fn read(source: &TcpStream, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    let mut count = None;
    let told = source.try_io(Interest::READABLE, || {
        let read = rustix::io::retry_on_intr(|| rustix::io::read(source, &mut *buffer))?;
        count = Some(read);
        if read > 0 && read < buffer.len() { Err(Errno::WOULDBLOCK.into()) } else { Ok(()) }
    });
    match count {
        Some(count) => Ok(Some(count)),
        None => nonblocking(told).map(|_| None),
    }
}

fn nonblocking<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
