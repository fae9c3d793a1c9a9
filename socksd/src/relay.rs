//! Forwards bytes between the application and the target until both are done, each direction on its own.
//!
//! An end-of-file is passed on as a shutdown of that one direction; a connection that broke is passed on as a reset,
//! for a transfer that was cut off must not look complete. Nothing is read before the other side can take it, so a slow
//! reader slows its writer, and a connection at rest holds no buffer.
//!
//! [`forward`] is the whole data path of one direction: a cheaper way to move bytes replaces it and nothing else.

use std::cell::RefCell;
use std::io;
use std::pin::pin;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::coop::consume_budget;

use crate::stream::{broken, finish_on_close, reset_on_close, shutdown_write, write_all};
use crate::traffic::{Counter, Traffic};

const CHUNK: usize = 64 * 1024;

/// One of the two ends of a relayed connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    Application,
    Target,
}

/// How a relayed connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Both sides ended their direction.
    Closed,
    /// The connection to this party broke; the other party was reset.
    Reset(Party),
    /// No byte went either way for the idle timeout; both parties are reset.
    Idle,
}

/// One party with its connection.
#[derive(Clone, Copy)]
struct Side<'a>(Party, &'a TcpStream);

/// Which connection broke while one direction was forwarded.
enum Broken {
    Source,
    Sink,
}

/// Relays until the end, counting in `traffic`; the caller closes both connections. The application's data begin with
/// `early`, which was read already.
///
/// Both are resets on close from here on, whatever cuts them short, until both directions have ended well.
pub(crate) async fn relay(
    application: &TcpStream,
    target: &TcpStream,
    early: &[u8],
    traffic: &Traffic,
    idle: Option<Duration>,
) -> End {
    let a = Side(Party::Application, application);
    let t = Side(Party::Target, target);
    let mut up = pin!(async {
        pass_on(early, target, traffic.up()).await?;
        forward(application, target, traffic.up()).await
    });
    let mut down = pin!(forward(target, application, traffic.down()));
    reset_on_close(application);
    reset_on_close(target);
    traffic.touch();
    let both_ways = async {
        tokio::select! {
            ended = &mut up => finish(ended, a, t, down).await,
            ended = &mut down => finish(ended, t, a, up).await,
        }
    };
    tokio::select! {
        end = both_ways => end,
        () = traffic.quiet(idle) => End::Idle,
    }
}

/// Carries on after the direction from `source` to `sink` has ended, until the opposite one has too.
async fn finish(
    ended: Result<(), Broken>,
    source: Side<'_>,
    sink: Side<'_>,
    opposite: impl Future<Output = Result<(), Broken>>,
) -> End {
    match ended {
        Ok(()) => {
            shutdown_write(sink.1);
            tokio::select! {
                ended = opposite => match ended {
                    Ok(()) => close(source, sink),
                    Err(Broken::Source) => End::Reset(sink.0),
                    Err(Broken::Sink) => End::Reset(source.0),
                },
                // Nothing more is read from it, so that nothing else would tell.
                () = broken(source.1) => End::Reset(source.0),
            }
        }
        Err(Broken::Source) => End::Reset(source.0),
        Err(Broken::Sink) => {
            // What the sink had sent before it broke is still to be read, and belongs to the source. Its end-of-file
            // is not: the kernel reports the broken connection once, on the write, and an end-of-file from then on.
            let _ = opposite.await;
            End::Reset(sink.0)
        }
    }
}

fn close(source: Side<'_>, sink: Side<'_>) -> End {
    shutdown_write(source.1);
    finish_on_close(source.1);
    finish_on_close(sink.1);
    End::Closed
}

/// Moves bytes from `source` to `sink` until end-of-file, which it leaves to the caller to pass on.
async fn forward(source: &TcpStream, sink: &TcpStream, counter: Counter<'_>) -> Result<(), Broken> {
    loop {
        source.readable().await.map_err(|_| Broken::Source)?;
        sink.writable().await.map_err(|_| Broken::Sink)?;
        match transfer(source, sink)? {
            Transferred::Nothing => continue,
            Transferred::EndOfFile => return Ok(()),
            Transferred::All(count) => counter.add(count),
            Transferred::Part(count, rest) => {
                counter.add(count);
                pass_on(&rest, sink, counter).await?;
            }
        }
        consume_budget().await;
    }
}

async fn pass_on(data: &[u8], sink: &TcpStream, counter: Counter<'_>) -> Result<(), Broken> {
    write_all(sink, data).await.map_err(|_| Broken::Sink)?;
    counter.add(data.len());
    Ok(())
}

enum Transferred {
    Nothing,
    EndOfFile,
    All(usize),
    /// So many bytes were written; these, already read, were not.
    Part(usize, Vec<u8>),
}

/// One read and one write through this thread's buffer.
fn transfer(source: &TcpStream, sink: &TcpStream) -> Result<Transferred, Broken> {
    thread_local!(static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; CHUNK].into()));
    BUFFER.with_borrow_mut(|buffer| {
        let data = match nonblocking(source.try_read(buffer)) {
            Ok(None) => return Ok(Transferred::Nothing),
            Ok(Some(0)) => return Ok(Transferred::EndOfFile),
            Ok(Some(count)) => &buffer[..count],
            Err(_) => return Err(Broken::Source),
        };
        let written = nonblocking(sink.try_write(data)).map_err(|_| Broken::Sink)?.unwrap_or(0);
        Ok(match &data[written..] {
            [] => Transferred::All(written),
            rest => Transferred::Part(written, rest.to_vec()),
        })
    })
}

fn nonblocking(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
