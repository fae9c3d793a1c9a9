//! The line a connection leaves in the log, when it opens and when it ends.
//!
//! The format is stable and described at the top of this crate. Names from the network hold no blank and no control
//! character there: such bytes are written like `\x20`, so that nobody can forge a line.

use std::fmt::{self, Display, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use log::{Level, info, log};
use socks_conf::sockd::LogEvent;
use socks_proto::server::Fault;
use socks_proto::{Address, Command, Host};
use tokio::net::TcpStream;

use crate::associate::Tally;
use crate::handshake::Failure;
use crate::live::{Entry, Facts, Live};
use crate::refusal::Refusal;
use crate::relay::{End, Party};
use crate::tcp_info::TcpInfo;
use crate::traffic::Traffic;

/// One connection as the log names it, filled in as it becomes known; it is in the list of connections until it is
/// dropped.
#[derive(Debug)]
pub(crate) struct Record {
    entry: Arc<Entry>,
    live: Arc<Live>,
    is_over: bool,
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
    /// The application asked for this address or name, and was told.
    Answered(Box<Host>),
    /// The proxy stopped.
    Shutdown,
}

impl Record {
    pub(crate) fn new(entry: Arc<Entry>, live: Arc<Live>) -> Record {
        Record { entry, live, is_over: false }
    }

    /// The connection as the list has it.
    pub(crate) fn entry(&self) -> &Arc<Entry> {
        &self.entry
    }

    /// The application's address.
    pub(crate) fn from(&self) -> SocketAddr {
        self.entry.from
    }

    /// What it has carried.
    pub(crate) fn traffic(&self) -> &Traffic {
        &self.entry.traffic
    }

    /// Takes note of the name that the application gave, whether the password was right or not.
    pub(crate) fn name(&mut self, user: &[u8]) {
        self.entry.facts().user = Some(user.into());
    }

    /// Takes note of the request.
    pub(crate) fn ask(&mut self, command: Result<Command, u8>, target: Address) {
        let target = match target.host {
            Host::Name(_) => format!("{}:{}", spelled(&target.host), target.port),
            Host::Ip(_) => target.to_string(),
        };
        self.entry.facts().asked = Some((command, target.into()));
    }

    /// Writes the line that says the target was reached.
    pub(crate) fn open(&mut self, reached: Option<SocketAddr>) {
        self.entry.facts().reached = reached;
        self.live.totals.opened();
        log!(self.level(LogEvent::Connect, Level::Info), "{self}: open");
    }

    /// Writes the line that says where a call, or the application's datagrams, are waited for.
    pub(crate) fn listen(&self, address: SocketAddr) {
        log!(self.level(LogEvent::Connect, Level::Info), "{self}: listening on {address}");
    }

    /// Writes what the kernel knows of both connections, if the rule that was applied wants it.
    pub(crate) fn tell_tcp_info(&self, application: &TcpStream, target: &TcpStream) {
        if !self.entry.facts().log.is_some_and(|events| events.contains(LogEvent::TcpInfo)) {
            return;
        }
        for (party, stream) in [("application", application), ("target", target)] {
            if let Some(known) = TcpInfo::of(stream) {
                info!("{self}: tcpinfo {party} {known}");
            }
        }
    }

    /// Writes the last line; what an administrator may have to act on is a warning.
    ///
    /// A record that is dropped without it says that the proxy stopped.
    pub(crate) fn end(&mut self, ending: Ending) {
        self.is_over = true;
        match &ending {
            Ending::Refused(refusal) => {
                self.entry.facts().reached = refusal.target();
                self.live.totals.refused();
            }
            Ending::Handshake(_) => self.live.totals.failed(),
            Ending::Answered(_) => self.live.totals.opened(),
            _ => {}
        }
        let age = self.traffic().age().as_secs_f64();
        let level = self.level(ending.event(), ending.level());
        log!(level, "{self}: {} {age:.2}s", Outcome(&ending, self.traffic()));
    }

    /// The level of a line, which is lower where the rule that was applied does not want it.
    fn level(&self, event: LogEvent, level: Level) -> Level {
        match self.entry.facts().log {
            Some(events) if !events.contains(event) => Level::Debug,
            _ => level,
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.is_over {
            self.end(Ending::Shutdown);
        }
        self.live.leave(&self.entry);
    }
}

impl Ending {
    /// Whether the application was told, so that the connection must last until it has read the answer.
    pub(crate) fn was_answered(&self) -> bool {
        matches!(self, Ending::Refused(_) | Ending::Answered(_) | Ending::Handshake(Failure::Refused(_)))
    }

    /// What a rule calls it.
    fn event(&self) -> LogEvent {
        match self {
            Ending::Handshake(Failure::NotAdmitted(_)) | Ending::Refused(Refusal::Denied(..)) => {
                LogEvent::Connect
            }
            Ending::Handshake(_) | Ending::Refused(_) => LogEvent::Error,
            Ending::Abandoned
            | Ending::Relayed(_)
            | Ending::Associated(..)
            | Ending::Answered(_)
            | Ending::Shutdown => LogEvent::Disconnect,
        }
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
        self.entry.fmt(f)
    }
}

/// The connection as the log calls it.
impl Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { asked, reached, user, .. } = &*self.facts();
        match asked {
            None => f.write_str("handshake")?,
            Some((Ok(command), _)) => f.write_str(word(*command))?,
            Some((Err(code), _)) => write!(f, "command-{code:02x}")?,
        }
        write!(f, " {} from {}", self.number, self.from)?;
        if let Some((_, target)) = asked {
            write!(f, " to {target}")?;
        }
        if let Some(reached) = reached {
            write!(f, " ({reached})")?;
        }
        write!(f, " user {}", Word(user.as_deref().unwrap_or(b"-")))
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
            Ending::Answered(host) => return write!(f, "answered {}", spelled(host)),
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

/// The host as one word.
fn spelled(host: &Host) -> String {
    match host {
        Host::Name(name) => Word(name.as_bytes()).to_string(),
        Host::Ip(ip) => ip.to_string(),
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
pub(crate) struct Word<'a>(pub(crate) &'a [u8]);

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

    fn fresh(number: u64) -> Record {
        let entry = Entry::of(number, "10.0.0.2:51234".parse().unwrap());
        Record::new(Arc::new(entry), Arc::default())
    }

    fn record(name: &[u8]) -> Record {
        let mut record = fresh(1);
        record.ask(Ok(Command::Connect), Address { host: Host::Name(Name::new(name).unwrap()), port: 80 });
        record
    }

    #[test]
    fn the_subject_grows_with_what_is_known() {
        assert_eq!(fresh(7).to_string(), "handshake 7 from 10.0.0.2:51234 user -");
        let mut record = record(b"www.example.org");
        record.name(b"alice");
        record.open(Some("192.0.2.7:80".parse().unwrap()));
        assert_eq!(
            record.to_string(),
            "connect 1 from 10.0.0.2:51234 to www.example.org:80 (192.0.2.7:80) user alice"
        );
    }

    #[test]
    fn the_outcome_counts_bytes_or_gives_the_reply() {
        let record = record(b"www.example.org");
        record.traffic().up().add(78);
        record.traffic().down().add(1256);
        let outcome = |ending: Ending| Outcome(&ending, record.traffic()).to_string();
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
    fn a_rule_says_what_is_worth_a_line() {
        let record = record(b"www.example.org");
        let level = |event| record.level(event, Level::Info);
        assert_eq!(level(LogEvent::Disconnect), Level::Info);
        record.entry.facts().log = Some([LogEvent::Connect].into());
        assert_eq!((level(LogEvent::Connect), level(LogEvent::Disconnect)), (Level::Info, Level::Debug));
    }

    #[test]
    fn no_name_can_forge_a_line() {
        let line = record(b"a b\nconnect\\\xff\x1b[2J").to_string();
        assert_eq!(line, "connect 1 from 10.0.0.2:51234 to a\\x20b\\nconnect\\x5c\\xff\\u{1b}[2J:80 user -");
    }
}
