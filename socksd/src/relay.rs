//! Forwards bytes between the application and the target until both are done, each direction on its own.
//!
//! An end-of-file is passed on as a shutdown of that one direction; a connection that broke is passed on as a reset,
//! for a transfer that was cut off must not look complete, but what came before the break is delivered first.
//!
//! [`forward`] is the whole data path of one direction: a cheaper way to move bytes replaces it and nothing else.

use std::pin::pin;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::forward::{Broken, forward, pass_on};
use crate::stream::{all_sent, broken, finish_on_close, reset_on_close, shutdown_write};
use crate::traffic::Traffic;

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

/// How long nothing may go either way; `None` is for ever.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) idle: Option<Duration>,
    /// The same while one direction has ended.
    pub(crate) half_closed: Option<Duration>,
}

/// Relays until the end, counting in `traffic`; the caller closes both connections. The application's data begin with
/// `early`, which was read already.
///
/// Both are resets on close from here on, whatever cuts them short, until both directions have ended well.
#[expect(clippy::manual_async_fn, reason = "an async function would hold its arguments twice")]
pub(crate) fn relay(
    application: &TcpStream,
    target: &TcpStream,
    early: Vec<u8>,
    traffic: &Traffic,
    patience: Patience,
) -> impl Future<Output = End> + Send {
    async move {
        let a = Side(Party::Application, application);
        let t = Side(Party::Target, target);
        let mut up = pin!(async {
            if !early.is_empty() {
                Box::pin(pass_on(early, target, traffic.up())).await?;
            }
            forward(application, target, traffic.up()).await
        });
        let mut down = pin!(forward(target, application, traffic.down()));
        reset_on_close(application);
        reset_on_close(target);
        traffic.touch();
        // The futures stand where they are used, and the rare ones in boxes: what is moved is stored twice.
        let end = tokio::select! {
            end = async {
                tokio::select! {
                    ended = &mut up => Box::pin(finish(ended, a, t, down, traffic, patience)).await,
                    ended = &mut down => Box::pin(finish(ended, t, a, up, traffic, patience)).await,
                }
            } => end,
            () = traffic.quiet(patience.idle) => End::Idle,
        };
        match end {
            End::Reset(Party::Application) => Box::pin(all_sent(target)).await,
            End::Reset(Party::Target) => Box::pin(all_sent(application)).await,
            End::Closed | End::Idle => {}
        }
        end
    }
}

/// Carries on after the direction from `source` to `sink` has ended, until the opposite one has too.
async fn finish(
    ended: Result<(), Broken>,
    source: Side<'_>,
    sink: Side<'_>,
    opposite: impl Future<Output = Result<(), Broken>>,
    traffic: &Traffic,
    patience: Patience,
) -> End {
    match ended {
        Ok(()) => {
            shutdown_write(sink.1);
            traffic.touch();
            tokio::select! {
                ended = opposite => match ended {
                    Ok(()) => close(source, sink),
                    Err(Broken::Source) => End::Reset(sink.0),
                    Err(Broken::Sink) => End::Reset(source.0),
                },
                // Nothing more is read from it, so that nothing else would tell.
                () = broken(source.1) => End::Reset(source.0),
                () = traffic.quiet(patience.half_closed) => End::Idle,
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
    // The close that follows sends the end-of-file.
    finish_on_close(source.1);
    finish_on_close(sink.1);
    End::Closed
}
