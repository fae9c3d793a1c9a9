//! `--embedded`: a proxy of our own, in this process, for one command.
//!
//! The command cannot take our place then: it is [`attended`](crate::attended).

use crate::args::Arguments;
use crate::error::Error;
use crate::message;
use crate::proxy_log;
use crate::sys;
use socksd::{Options, Server, Users};
use std::io;
use std::net::Ipv4Addr;
use std::thread;

/// A proxy that serves until this process ends.
pub(crate) struct Embedded {
    url: String,
}

impl Embedded {
    /// Starts the proxy on a free port, for those who know the password of this run; signals are held back already.
    pub(crate) fn start(arguments: &Arguments) -> Result<Embedded, Error> {
        let secret = secret().map_err(Error::System)?;
        proxy_log::start(arguments)?;
        let server = Server::bind(options(&secret)).map_err(Error::Embedded)?;
        let url = format!("socks5h://{secret}@{}", server.local_addrs()[0]);
        thread::Builder::new().name("socksd".into()).spawn(move || serve(server)).map_err(Error::System)?;
        Ok(Embedded { url })
    }

    /// The proxy's URL, with user name and password.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

/// If the proxy gives up, the command's connections are refused: it stays closed, but the user should know why.
fn serve(server: Server) {
    if let Err(error) = server.run_blocking(std::future::pending()) {
        message::warn(&format_args!("the proxy has stopped: {error}"));
    }
}

fn options(secret: &str) -> Options {
    let mut users = Users::default();
    users.add_lines(secret).expect("two words of hexadecimal digits");
    Options {
        listen: vec![(Ipv4Addr::LOCALHOST, 0).into()],
        users,
        max_connections_per_host: None,
        ..Options::default()
    }
}

/// `NAME:PASSWORD`, so that no other user of this machine can use the proxy.
fn secret() -> io::Result<String> {
    let mut bytes = [0; 24];
    sys::fill_random(&mut bytes)?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (name, password) = digits.split_at(16);
    Ok(format!("{name}:{password}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_its_own_secret() {
        let (one, other) = (secret().unwrap(), secret().unwrap());
        assert_ne!(one, other);
        assert_eq!((one.len(), one.find(':')), (49, Some(16)));
    }

    #[test]
    fn only_loopback_with_the_secret_is_served() {
        let options = options("name:password");
        assert!(options.listen.iter().all(|address| address.ip().is_loopback()));
        assert!(!options.users.is_empty());
    }
}
