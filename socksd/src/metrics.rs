//! Counters for Prometheus, over HTTP, at an address of their own.

use std::fmt::Write;
use std::net::TcpListener as StdListener;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::accept::next;
use crate::live::Live;

/// Who takes longer to ask or to read is not served.
const PATIENCE: Duration = Duration::from_secs(5);

/// Questions answered at a time.
const MOST: usize = 16;

/// A question is at most so long.
const LONGEST: usize = 8 * 1024;

/// Answers for ever.
pub(crate) async fn serve(listener: StdListener, live: Arc<Live>) {
    let listener = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
    let Ok(listener) = listener else { return };
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (stream, _) = next(&listener).await;
        let live = Arc::clone(&live);
        tokio::spawn(async move {
            let _ = timeout(PATIENCE, answer(stream, &live)).await;
            drop(place);
        });
    }
}

async fn answer(mut stream: TcpStream, live: &Live) -> std::io::Result<()> {
    let mut question = Vec::new();
    let mut buffer = [0; 1024];
    while !is_complete(&question) && question.len() < LONGEST {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => question.extend_from_slice(&buffer[..count]),
        }
    }
    let (status, body) = match wants_metrics(&question) {
        true => ("200 OK", text(live)),
        false => ("404 Not Found", "see /metrics\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

fn is_complete(question: &[u8]) -> bool {
    question.windows(4).any(|window| window == b"\r\n\r\n")
}

fn wants_metrics(question: &[u8]) -> bool {
    let line = question.split(|byte| *byte == b'\r').next().unwrap_or_default();
    line.starts_with(b"GET /metrics ") || line.starts_with(b"GET /metrics?")
}

/// The counters in the text format of Prometheus.
fn text(live: &Live) -> String {
    let mut text = String::new();
    let connections = live.list();
    let (up, down) = connections.iter().fold((0, 0), |(up, down), it| (up + it.tx, down + it.rx));
    let _ = writeln!(text, "# HELP socksd_connections Connections there are.");
    let _ = writeln!(text, "# TYPE socksd_connections gauge\nsocksd_connections {}", connections.len());
    for (name, help, value) in live.totals.each() {
        let value = match name {
            "bytes_up" => value + up,
            "bytes_down" => value + down,
            _ => value,
        };
        let _ = writeln!(text, "# HELP socksd_{name}_total {help}");
        let _ = writeln!(text, "# TYPE socksd_{name}_total counter\nsocksd_{name}_total {value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_connections_count_with_those_that_ended() {
        let live: Arc<Live> = Arc::default();
        let enter = || live.enter("10.0.0.2:51234".parse().unwrap());
        let (ended, open) = (enter(), enter());
        ended.traffic().up().add(40);
        open.traffic().up().add(2);
        drop(ended);
        let text = text(&live);
        assert!(text.contains("\nsocksd_connections 1\n"), "{text}");
        assert!(text.contains("\nsocksd_connections_accepted_total 2\n"), "{text}");
        assert!(text.contains("\nsocksd_bytes_up_total 42\n"), "{text}");
        assert!(
            text.contains("# TYPE socksd_bytes_down_total counter\nsocksd_bytes_down_total 0\n"),
            "{text}"
        );
    }

    #[test]
    fn only_one_page_is_there() {
        assert!(wants_metrics(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert!(
            !wants_metrics(b"GET / HTTP/1.1\r\n\r\n") && !wants_metrics(b"POST /metrics HTTP/1.1\r\n\r\n")
        );
        assert!(!wants_metrics(b"\x05\x01\x00"));
        assert!(is_complete(b"GET / HTTP/1.0\r\n\r\n") && !is_complete(b"GET / HTTP/1.0\r\n"));
    }
}
