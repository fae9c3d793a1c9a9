//! The configuration in force. Its files are looked at again, once a second at the most and only where somebody asks for
//! it: what was changed holds for new connections, and what cannot be used leaves everything as it was.
//!
//! No configuration is ever taken back, since connections and threads hold on to the one they began with: each change
//! adds one to a chain, some kilobytes, and what comes last counts.

mod files;

use std::sync::atomic::{AtomicU64, Ordering};

use once_cell::race::OnceBox;
use socks_conf::{Config, Error};

use crate::lock::Lock;
use crate::runtime::Runtime;
use crate::{environment, logging, process, stack, sys};
use files::{Files, Found};

static FIRST: OnceBox<Generation> = OnceBox::new();

/// The files of the latest attempt to read a configuration, used or not.
static FILES: Lock<Option<Files>> = Lock::new(None);

/// The second in which the files were looked at last, since the machine started.
static LOOKED: AtomicU64 = AtomicU64::new(0);

/// A configuration, and the one that took its place.
struct Generation {
    runtime: Option<Runtime>,
    next: OnceBox<Generation>,
}

/// The configuration, or `None` where there is none that can be used: then everything that would be proxied fails.
pub(crate) fn runtime() -> Option<&'static Runtime> {
    let first = FIRST.get_or_init(|| Box::new(Generation::first()));
    if is_due() {
        look_again(first);
    }
    first.latest().runtime.as_ref()
}

impl Generation {
    fn first() -> Generation {
        let (read, files) = stack::with_room(load);
        LOOKED.store(sys::uptime().as_secs(), Ordering::Relaxed);
        let runtime = match read {
            Ok(config) => {
                announce(&config);
                Some(Runtime::new(config, None))
            }
            Err(error) => {
                log::error!("every connection that needs a proxy is refused: {error}");
                None
            }
        };
        FILES.with(|latest| *latest = Some(files));
        Generation { runtime, next: OnceBox::new() }
    }

    fn latest(&self) -> &Generation {
        let mut latest = self;
        while let Some(next) = latest.next.get() {
            latest = next;
        }
        latest
    }

    /// Puts a configuration in the place of this one. Names keep their addresses, whatever it says of them.
    fn replace(&self, config: Config) {
        announce(&config);
        log::info!("the configuration has changed: {}", config.source);
        let range = self.runtime.as_ref().and_then(|runtime| runtime.range);
        let runtime = Some(Runtime::new(config, range));
        let _ = self.next.set(Box::new(Generation { runtime, next: OnceBox::new() }));
    }
}

fn load() -> (Result<Config, Error>, Files) {
    let files = Files::new();
    let read = socks_conf::load(&|name| environment::variable(name), &|file| files.read(file));
    (read, files)
}

fn announce(config: &Config) {
    logging::follow(config);
    config.warnings.iter().for_each(|warning| log::info!("{warning}"));
}

/// Whether nobody has looked in this second: one load and a look at the clock.
fn is_due() -> bool {
    let (now, looked) = (sys::uptime().as_secs(), LOOKED.load(Ordering::Relaxed));
    now != looked
        && !process::runs_on_borrowed_memory()
        && LOOKED.compare_exchange(looked, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

/// Reads the files again if they have changed. Whoever comes while somebody does goes on with what there is.
#[cold]
fn look_again(first: &Generation) {
    FILES.try_with(|latest| {
        let Some(known) = latest.as_mut() else { return };
        if !known.have_changed() {
            return;
        }
        let (read, files) = stack::with_room(load);
        let found = files.compared_with(known);
        if found == Found::Unsteady {
            return;
        }
        *known = files;
        match read {
            _ if found == Found::Same => {}
            Ok(config) => first.latest().replace(config),
            Err(error) => log::error!("the configuration stays as it was: {error}"),
        }
    });
}
