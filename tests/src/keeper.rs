//! Holds the process namespace in which servers and applications of one test network live.
//!
//! Servers fork, drop privileges and detach, which frees them from signals tied to their parent's life.
//! A process namespace ends with its init, and init ends with the thread kept here, so nothing outlives
//! the test process, even if that is killed.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::{io, mem};

use crate::error::{Error, system};
use crate::sys;

struct Request {
    command: Command,
    answer: Sender<io::Result<Child>>,
}

/// Starts processes in its process namespace; ends them all when dropped.
pub struct Keeper {
    requests: Sender<Request>,
    thread: Option<JoinHandle<()>>,
    servers: Mutex<Vec<Child>>,
}

impl Keeper {
    /// Makes the process namespace.
    pub fn new() -> Result<Keeper, Error> {
        let (requests, received) = channel();
        let (ready, outcome) = channel();
        let thread = thread::spawn(move || keep(&ready, &received));
        outcome.recv().map_err(|_| Error::Keeper)?.map_err(system("make a process namespace"))?;
        Ok(Keeper { requests, thread: Some(thread), servers: Mutex::default() })
    }

    /// Starts a process inside.
    pub fn spawn(&self, command: Command) -> Result<Child, Error> {
        let program = command.get_program().to_string_lossy().into_owned();
        let (answer, child) = channel();
        self.requests.send(Request { command, answer }).map_err(|_| Error::Keeper)?;
        child.recv().map_err(|_| Error::Keeper)?.map_err(|error| Error::Start { program, error })
    }

    /// Starts a process that runs until the end of the namespace, and gives its number.
    pub fn serve(&self, command: Command) -> Result<u32, Error> {
        let server = self.spawn(command)?;
        let process = server.id();
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).push(server);
        Ok(process)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // The thread ends when nobody can send any more; init ends when no zombie is left.
        self.requests = channel().0;
        for mut server in mem::take(&mut *self.servers.lock().unwrap_or_else(PoisonError::into_inner)) {
            let _ = server.wait();
        }
        if let Some(thread) = mem::take(&mut self.thread) {
            let _ = thread.join();
        }
    }
}

fn keep(ready: &Sender<io::Result<()>>, requests: &Receiver<Request>) {
    let mut init = match start_init() {
        Ok(init) => init,
        Err(error) => return drop(ready.send(Err(error))),
    };
    let _ = ready.send(Ok(()));
    for Request { mut command, answer } in requests {
        let _ = answer.send(command.spawn());
    }
    let _ = init.kill();
    let _ = init.wait();
}

fn start_init() -> io::Result<Child> {
    sys::new_processes()?;
    let mut init = Command::new("sleep");
    init.arg("infinity").stdin(Stdio::null()).stdout(Stdio::null());
    sys::start_as_init(&mut init);
    init.spawn()
}
