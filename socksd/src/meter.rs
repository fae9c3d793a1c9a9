//! The data path where a rule wants all that passes told in the log, or held back: plain copies, in pieces.

use std::fmt::Display;
use std::sync::{Arc, Weak};

use log::info;
use socks_conf::sockd::{LogEvent, LogEvents};
use tokio::net::TcpStream;

use crate::bandwidth::Account;
use crate::forward::Broken;
use crate::live::Entry;
use crate::record::Word;
use crate::stream::{read, write_all};
use crate::traffic::Counter;

/// What is done with everything that a connection carries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    accounts: Vec<Arc<Account>>,
    telling: Option<Telling>,
}

#[derive(Clone, Debug)]
struct Telling {
    /// Weak, for it holds the meter.
    entry: Weak<Entry>,
    /// Whether the bytes themselves are told.
    data: bool,
}

/// Where bytes go, as the log calls it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    /// From the application to the target.
    Up,
    /// From the target to the application.
    Down,
}

impl Meter {
    /// Tells what of these events is about what passes, and books on these accounts.
    pub(crate) fn new(entry: &Arc<Entry>, events: LogEvents, accounts: Vec<Arc<Account>>) -> Meter {
        let wants = |event| events.contains(event);
        let telling = (wants(LogEvent::IoOperation) || wants(LogEvent::Data))
            .then(|| Telling { entry: Arc::downgrade(entry), data: wants(LogEvent::Data) });
        Meter { accounts, telling }
    }

    /// What the rule wants that lets this connection pass; `None` if that is nothing, and a better way may be taken.
    pub(crate) fn of(entry: &Arc<Entry>) -> Option<Box<Meter>> {
        let (events, accounts) = {
            let facts = entry.facts();
            (facts.log.unwrap_or_default(), facts.accounts.clone())
        };
        let meter = Meter::new(entry, events, accounts);
        (!meter.accounts.is_empty() || meter.telling.is_some()).then(|| Box::new(meter))
    }

    /// Moves bytes from `source` to `sink` until end-of-file, as [`forward`](crate::forward::forward) does.
    pub(crate) async fn forward(
        &self,
        source: &TcpStream,
        sink: &TcpStream,
        counter: Counter<'_>,
    ) -> Result<(), Broken> {
        let mut buffer = vec![0; self.piece()];
        loop {
            let count = read(source, &mut buffer).await.map_err(|_| Broken::Source)?;
            if count == 0 {
                return Ok(());
            }
            self.pass(&buffer[..count], counter.way()).await;
            write_all(sink, &buffer[..count]).await.map_err(|_| Broken::Sink)?;
            counter.add(count);
        }
    }

    /// How much is read at a time.
    fn piece(&self) -> usize {
        const MOST: usize = 64 * 1024;
        /// What is still a line of a log.
        const SHOWN: usize = 4096;
        let shown = self.telling.iter().filter(|telling| telling.data).map(|_| SHOWN);
        let turns = self.accounts.iter().map(|account| account.turn());
        shown.chain(turns).fold(MOST, usize::min)
    }

    /// Tells of bytes, and completes when they may pass.
    pub(crate) async fn pass(&self, data: &[u8], way: Way) {
        self.tell(data, way);
        for account in &self.accounts {
            account.pass(data.len()).await;
        }
    }

    /// Whether a datagram may pass; if so, it is told of.
    pub(crate) fn pass_at_once(&self, data: &[u8], way: Way) -> bool {
        let may_pass = self.accounts.iter().all(|account| account.has_credit());
        if may_pass {
            self.accounts.iter().for_each(|account| _ = account.book(data.len()));
            self.tell(data, way);
        }
        may_pass
    }

    fn tell(&self, data: &[u8], way: Way) {
        let Some(Telling { entry, data: shown }) = &self.telling else { return };
        let Some(entry) = entry.upgrade() else { return };
        let way: &dyn Display = match way {
            Way::Up => &"up",
            Way::Down => &"down",
        };
        match shown {
            true => info!("{entry}: {way} {} data {}", data.len(), Word(data)),
            false => info!("{entry}: {way} {}", data.len()),
        }
    }
}
