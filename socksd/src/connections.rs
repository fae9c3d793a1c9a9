//! The list of live connections as it travels over the control socket, and as people read it.

use std::fmt::{self, Write};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// One connection at the moment it was asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Connection {
    /// The number the log knows it by.
    pub number: u64,
    /// The application.
    pub source: SocketAddr,
    /// The target as the application asked for it.
    pub asked: Option<String>,
    /// The address it stands for.
    pub resolved: Option<SocketAddr>,
    /// The name the application gave.
    pub user: Option<String>,
    /// Bytes from the application.
    pub tx: u64,
    /// Bytes to the application.
    pub rx: u64,
    /// What was asked for; `None` before there is a request.
    #[serde(rename = "type")]
    pub direction: Option<Direction>,
    /// Seconds since it was accepted.
    pub age: u64,
}

/// Which way a connection leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To a target: CONNECT.
    Out,
    /// From a caller: BIND.
    In,
    /// Datagrams: UDP ASSOCIATE.
    Udp,
}

/// Asks the proxy at this control socket for its connections, as JSON.
pub fn ask(control: &Path) -> io::Result<String> {
    let mut text = String::new();
    UnixStream::connect(control)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Reads the answer to [`ask`].
pub fn parse(text: &str) -> io::Result<Vec<Connection>> {
    serde_json::from_str(text).map_err(io::Error::from)
}

/// The answer to [`ask`].
pub(crate) fn encode(connections: &[Connection]) -> Vec<u8> {
    // There is nothing in it that JSON could not say.
    let mut text = serde_json::to_vec(connections).unwrap_or_default();
    text.push(b'\n');
    text
}

/// Connections as a table with a heading, each on a line.
#[derive(Clone, Copy, Debug)]
pub struct List<'a>(pub &'a [Connection]);

const HEADINGS: [&str; 9] =
    ["NUMBER", "SOURCE", "DESTINATION", "RESOLVED", "USER", "TX", "RX", "TYPE", "AGE"];

/// The columns that are numbers.
const RIGHT: [bool; 9] = [true, false, false, false, false, true, true, false, true];

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<[String; 9]> = self.0.iter().map(cells).collect();
        let width = |column: usize| {
            let widths = rows.iter().map(|row| row[column].chars().count());
            widths.chain([HEADINGS[column].len()]).max().unwrap_or(0)
        };
        let widths: [usize; 9] = std::array::from_fn(width);
        for row in std::iter::once(&HEADINGS.map(str::to_owned)).chain(&rows) {
            let mut line = String::new();
            for ((cell, width), right) in row.iter().zip(widths).zip(RIGHT) {
                match right {
                    true => write!(line, "{cell:>width$}  ")?,
                    false => write!(line, "{cell:<width$}  ")?,
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn cells(connection: &Connection) -> [String; 9] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let direction = connection.direction.map_or("-", |direction| match direction {
        Direction::Out => "out",
        Direction::In => "in",
        Direction::Udp => "udp",
    });
    [
        connection.number.to_string(),
        connection.source.to_string(),
        or_dash(connection.asked.clone()),
        or_dash(connection.resolved.map(|address| address.to_string())),
        or_dash(connection.user.clone()),
        connection.tx.to_string(),
        connection.rx.to_string(),
        direction.to_owned(),
        age(connection.age),
    ]
}

/// `42s`, `5:07`, `3:00:12`.
fn age(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}:{s:02}"),
        (h, m, s) => format!("{h}:{m:02}:{s:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        Connection {
            number: 7,
            source: "10.0.0.2:51234".parse().unwrap(),
            asked: Some("www.example.org:80".into()),
            resolved: Some("192.0.2.7:80".parse().unwrap()),
            user: Some("alice".into()),
            tx: 78,
            rx: 1256,
            direction: Some(Direction::Out),
            age: 307,
        }
    }

    fn handshake() -> Connection {
        Connection {
            number: 12,
            asked: None,
            resolved: None,
            user: None,
            tx: 0,
            rx: 0,
            direction: None,
            age: 2,
            ..connection()
        }
    }

    #[test]
    fn people_read_a_table() {
        let text = List(&[connection(), handshake()]).to_string();
        assert_eq!(
            text,
            "NUMBER  SOURCE          DESTINATION         RESOLVED      USER   TX    RX  TYPE   AGE\n     \
             7  10.0.0.2:51234  www.example.org:80  192.0.2.7:80  alice  78  1256  out   5:07\n    \
             12  10.0.0.2:51234  -                   -             -       0     0  -       2s\n"
        );
    }

    #[test]
    fn programs_read_json() {
        let connections = [connection(), handshake()];
        let text = String::from_utf8(encode(&connections)).unwrap();
        assert!(text.contains("\"type\":\"out\"") && text.contains("\"asked\":null"), "{text}");
        assert_eq!(parse(&text).unwrap(), connections);
        assert!(parse("nonsense").is_err());
    }

    #[test]
    fn ages_are_short() {
        assert_eq!((age(42).as_str(), age(307).as_str(), age(10812).as_str()), ("42s", "5:07", "3:00:12"));
    }
}
