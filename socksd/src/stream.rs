//! What is done to a single connection: options, writing, and the ways to end it.

use std::future::poll_fn;
use std::io;
use std::net::Shutdown;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// A party that vanished without a word is noticed after about five minutes.
const KEEPALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_secs(120)).with_interval(Duration::from_secs(30));

/// Sets what a relayed connection needs: small messages leave at once, and a dead party is noticed.
///
/// A listening socket passes it on to the connections accepted there. Failures are of no consequence: the connection
/// works without.
pub(crate) fn tune(socket: SockRef<'_>) {
    let _ = socket.set_tcp_nodelay(true);
    let _ = socket.set_tcp_keepalive(&KEEPALIVE);
}

/// Completes when there is something to read.
///
/// Like Tokio's own but a tenth of its size, which counts in connections that wait; one task at a time may wait.
pub(crate) async fn readable(stream: &TcpStream) -> io::Result<()> {
    poll_fn(|context| stream.poll_read_ready(context)).await
}

/// Completes when there is room to write; for one task at a time, too.
pub(crate) async fn writable(stream: &TcpStream) -> io::Result<()> {
    poll_fn(|context| stream.poll_write_ready(context)).await
}

/// Writes all of `data`, waiting as often as the other side makes us.
pub(crate) async fn write_all(stream: &TcpStream, mut data: &[u8]) -> io::Result<()> {
    while !data.is_empty() {
        writable(stream).await?;
        match stream.try_write(data) {
            Ok(count) => data = &data[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads what is there into `buffer`, waiting until something is; 0 is the end-of-file.
pub(crate) async fn read(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        readable(stream).await?;
        match stream.try_read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
}

/// Sends an end-of-file; a connection that is gone already needs none.
pub(crate) fn shutdown_write(stream: &TcpStream) {
    let _ = SockRef::from(stream).shutdown(Shutdown::Write);
}

/// Makes the coming close a reset (RST instead of FIN).
pub(crate) fn reset_on_close(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

/// Makes the coming close an ordinary one again: what was written is still delivered.
pub(crate) fn finish_on_close(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(None);
}

/// Completes when what was written has arrived but for a last packet that has left, so that a reset does not destroy
/// it; or after a while.
pub(crate) async fn all_sent(stream: &TcpStream) {
    /// Whoever needs longer for what a buffer holds is not waiting for it.
    const PATIENCE: Duration = Duration::from_secs(120);
    // From now on "writable" means that nothing is unsent (tcp(7)), and that next to nothing is unacknowledged.
    let socket = SockRef::from(stream);
    if socket.set_tcp_notsent_lowat(1).and(socket.set_send_buffer_size(1)).is_err() {
        return;
    }
    let _ = timeout(PATIENCE, polled(stream, PollFlags::OUT)).await;
}

/// Completes when the other side has sent its last, though not everything of it is read: of what is unread, Tokio
/// tells before it tells of the end.
pub(crate) async fn ended(stream: &TcpStream) {
    polled(stream, PollFlags::RDHUP).await;
}

/// Completes when poll(2) says so, or when there is nothing more to wait for: the connection broke.
async fn polled(stream: &TcpStream, wanted: PollFlags) {
    const FIRST_PAUSE: Duration = Duration::from_millis(1);
    const LONGEST_PAUSE: Duration = Duration::from_millis(100);
    let is_ready = || poll(&mut [PollFd::new(stream, wanted)], Some(&Timespec::default())) != Ok(0);
    let mut pause = FIRST_PAUSE;
    while !is_ready() {
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Completes when the connection was reset.
pub(crate) async fn broken(stream: &TcpStream) {
    let _ = stream.ready(Interest::ERROR).await;
}

/// Ends a connection so that what was written last arrives.
///
/// A close with input unread is a reset, which destroys what the other side has not read yet, such as our reply.
pub(crate) async fn close_gently(stream: TcpStream) {
    /// RFC 1928, section 6 allows 10 seconds from the failure reply to the close.
    const PATIENCE: Duration = Duration::from_secs(5);
    const MOST: usize = 256 * 1024;
    shutdown_write(&stream);
    let _ = timeout(PATIENCE, discard(&stream, MOST)).await;
}

async fn discard(stream: &TcpStream, most: usize) {
    let mut waste = [0; 512];
    let mut read_so_far = 0;
    while read_so_far < most {
        match read(stream, &mut waste).await {
            Ok(0) | Err(_) => return,
            Ok(count) => read_so_far += count,
        }
    }
}
