//! The line a connection leaves in the log, when it opens and when it ends.
//!
//! The format is stable and described at the top of this crate. Names from the network hold no blank and no control
//! character there: such bytes are written like `\x20`, so that nobody can forge a line.

use std::fmt::{self, Display, Write};
use std::net::SocketAddr;

use log::{Level, info, log};
use socks_proto::server::Fault;
use socks_proto::{Address, Command, Host};

use crate::associate::Tally;
use crate::handshake::Failure;
use crate::refusal::Refusal;
use crate::relay::{End, Party};
use crate::traffic::Traffic;

/// One connection as the log names it, filled in as it becomes known.
#[derive(Debug)]
pub(crate) struct Record {
    number: u64,
    from: SocketAddr,
    asked: Option<(Result<Command, u8>, Target)>,
    reached: Option<SocketAddr>,
    /// The name the application gave.
    pub(crate) user: Option<Vec<u8>>,
    pub(crate) traffic: Traffic,
    is_over: bool,
}

/// A target as it was asked for, in less room than [`Address`] has for the longest name.
#[derive(Debug)]
enum Target {
    Ip(SocketAddr),
    Name(Box<[u8]>, u16),
}

/// How a connection ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// The application did not complete a handshake.
    Handshake(Failure),
    /// The request was answered with a failure.
    Refused(Refusal),
    /// The application went away before the target was reached.
    Abandoned,
    /// Data was relayed, and this ended it.
    Relayed(End),
    /// Datagrams were relayed, and this ended it.
    Associated(End, Tally),
    /// The proxy stopped.
    Shutdown,
}

impl Record {
    pub(crate) fn new(number: u64, from: SocketAddr) -> Record {
        Record {
            number,
            from,
            asked: None,
            reached: None,
            user: None,
            traffic: Traffic::new(),
            is_over: false,
        }
    }

    /// The application's address.
    pub(crate) fn from(&self) -> SocketAddr {
        self.from
    }

    /// Takes note of the request.
    pub(crate) fn ask(&mut self, command: Result<Command, u8>, target: Address) {
        let target = match target.host {
            Host::Ip(ip) => Target::Ip(SocketAddr::new(ip, target.port)),
            Host::Name(name) => Target::Name(name.as_bytes().into(), target.port),
        };
        self.asked = Some((command, target));
    }

    /// Writes the line that says the target was reached.
    pub(crate) fn open(&mut self, reached: Option<SocketAddr>) {
        self.reached = reached;
        info!("{self}: open");
    }

    /// Writes the line that says where a call, or the application's datagrams, are waited for.
    pub(crate) fn listen(&self, address: SocketAddr) {
        info!("{self}: listening on {address}");
    }

    /// Writes the last line; what an administrator may have to act on is a warning.
    ///
    /// A record that is dropped without it says that the proxy stopped.
    pub(crate) fn end(&mut self, ending: Ending) {
        self.is_over = true;
        if let Ending::Refused(refusal) = &ending {
            self.reached = refusal.target();
        }
        let age = self.traffic.age().as_secs_f64();
        log!(ending.level(), "{self}: {} {age:.2}s", Outcome(&ending, &self.traffic));
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.is_over {
            self.end(Ending::Shutdown);
        }
    }
}

impl Ending {
    /// Whether the application was told, so that the connection must last until it has read the answer.
    pub(crate) fn was_answered(&self) -> bool {
        matches!(self, Ending::Refused(_) | Ending::Handshake(Failure::Refused(_)))
    }

    fn level(&self) -> Level {
        match self {
            Ending::Handshake(
                Failure::Full(_) | Failure::NotAdmitted(_) | Failure::Refused(Fault::AuthenticationRefused),
            ) => Level::Warn,
            _ => Level::Info,
        }
    }
}

impl Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.asked {
            None => f.write_str("handshake")?,
            Some((Ok(command), _)) => f.write_str(word(*command))?,
            Some((Err(code), _)) => write!(f, "command-{code:02x}")?,
        }
        write!(f, " {} from {}", self.number, self.from)?;
        match &self.asked {
            Some((_, Target::Name(name, port))) => write!(f, " to {}:{port}", Word(name))?,
            Some((_, Target::Ip(address))) => write!(f, " to {address}")?,
            None => {}
        }
        if let Some(reached) = self.reached {
            write!(f, " ({reached})")?;
        }
        write!(f, " user {}", Word(self.user.as_deref().unwrap_or(b"-")))
    }
}

/// The command as Dante's configuration spells it.
fn word(command: Command) -> &'static str {
    match command {
        Command::Connect => "connect",
        Command::Bind => "bind",
        Command::UdpAssociate => "udpassociate",
        Command::Resolve => "resolve",
        Command::ResolvePtr => "resolveptr",
    }
}

struct Outcome<'a>(&'a Ending, &'a Traffic);

impl Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = match self.0 {
            Ending::Handshake(fault) => return write!(f, "failed {fault}"),
            Ending::Refused(refusal) => return write!(f, "refused {:02x} {refusal}", refusal.rep().0),
            Ending::Abandoned => "reset-by-application",
            Ending::Relayed(end) | Ending::Associated(end, _) => manner(*end),
            Ending::Shutdown => "shutdown",
        };
        write!(f, "up {} down {} ", self.1.up().bytes(), self.1.down().bytes())?;
        if let Ending::Associated(_, tally) = self.0 {
            write!(f, "{tally} ")?;
        }
        f.write_str(end)
    }
}

fn manner(end: End) -> &'static str {
    match end {
        End::Closed => "closed",
        End::Idle => "idle",
        End::Reset(Party::Application) => "reset-by-application",
        End::Reset(Party::Target) => "reset-by-target",
    }
}

/// Bytes from the network as one word of a line.
struct Word<'a>(&'a [u8]);

impl Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    ' ' | '\\' => write!(f, "\\x{:02x}", u32::from(character))?,
                    _ if character.is_control() || character.is_whitespace() => {
                        write!(f, "{}", character.escape_default())?;
                    }
                    _ => f.write_char(character)?,
                }
            }
            write!(f, "{}", chunk.invalid().escape_ascii())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use socks_proto::Name;

    use super::*;

    fn record(name: &[u8]) -> Record {
        let mut record = Record::new(1, "10.0.0.2:51234".parse().unwrap());
        record.ask(Ok(Command::Connect), Address { host: Host::Name(Name::new(name).unwrap()), port: 80 });
        record
    }

    #[test]
    fn the_subject_grows_with_what_is_known() {
        let fresh = Record::new(7, "10.0.0.2:51234".parse().unwrap());
        assert_eq!(fresh.to_string(), "handshake 7 from 10.0.0.2:51234 user -");
        let mut record = record(b"www.example.org");
        record.user = Some(b"alice".to_vec());
        record.reached = Some("192.0.2.7:80".parse().unwrap());
        assert_eq!(
            record.to_string(),
            "connect 1 from 10.0.0.2:51234 to www.example.org:80 (192.0.2.7:80) user alice"
        );
    }

    #[test]
    fn the_outcome_counts_bytes_or_gives_the_reply() {
        let record = record(b"www.example.org");
        record.traffic.up().add(78);
        record.traffic.down().add(1256);
        let outcome = |ending: Ending| Outcome(&ending, &record.traffic).to_string();
        assert_eq!(outcome(Ending::Relayed(End::Closed)), "up 78 down 1256 closed");
        assert_eq!(outcome(Ending::Relayed(End::Reset(Party::Target))), "up 78 down 1256 reset-by-target");
        let tally = Tally { sent: 3, received: 2, dropped: 1 };
        assert_eq!(
            outcome(Ending::Associated(End::Idle, tally)),
            "up 78 down 1256 sent 3 received 2 dropped 1 idle"
        );
        assert_eq!(outcome(Ending::Refused(Refusal::Command)), "refused 07 command not supported");
    }

    #[test]
    fn no_name_can_forge_a_line() {
        let line = record(b"a b\nconnect\\\xff\x1b[2J").to_string();
        assert_eq!(line, "connect 1 from 10.0.0.2:51234 to a\\x20b\\nconnect\\x5c\\xff\\u{1b}[2J:80 user -");
    }
}
