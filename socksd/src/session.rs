//! One connection from accept to close: handshake, connect, relay.

use std::net::SocketAddr;
use std::sync::Arc;

use socks_conf as rules;
use socks_proto::server::{MAX_REPLY, Request, Version, encode_reply};
use socks_proto::socks5::Rep;
use socks_proto::{Address, Command};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::answer::answer;
use crate::associate::Association;
use crate::bind::Waiting;
use crate::connect::connect;
use crate::gate::Gate;
use crate::handshake::{Asked, Failure, handshake};
use crate::meter::Meter;
use crate::record::{Ending, Record};
use crate::refusal::Refusal;
use crate::relay::{End, relay};
use crate::site::Site;
use crate::stream::{broken, close_gently, ended, read, write_all};

/// Serves one application to the end.
///
/// Not an async function, for that would hold its arguments twice.
pub(crate) fn serve(
    application: TcpStream,
    from: SocketAddr,
    site: Arc<Site>,
) -> impl Future<Output = ()> + Send {
    let mut record = site.record(from);
    let place = site.enter(from.ip());
    async move {
        if let Err(full) = &place {
            return record.end(Ending::Handshake(Failure::Full(*full)));
        }
        // Boxed, so that the buffers of the dialogue do not live as long as the connection.
        let ending = match Box::pin(open(&application, &site, &mut record)).await {
            Ok(Opened::Stream { other, early }) => {
                let patience = site.options.patience();
                record.traffic().set_meter(Meter::of(record.entry()));
                record.tell_tcp_info(&application, &other);
                let end = relay(&application, &other, early, record.traffic(), patience).await;
                record.tell_tcp_info(&application, &other);
                Ending::Relayed(end)
            }
            Ok(Opened::Datagrams(association)) => {
                let idle = site.options.udp_idle_timeout;
                let (end, tally) = Box::pin(association.relay(&application, record.traffic(), idle)).await;
                Ending::Associated(end, tally)
            }
            Err(ending) => ending,
        };
        let last_word = ending.was_answered();
        record.end(ending);
        drop(record);
        if last_word {
            Box::pin(close_gently(application)).await;
        }
    }
}

/// What a request that was granted leads to.
enum Opened {
    /// A connection with the target or from a caller, and the data for it that came early.
    Stream {
        other: TcpStream,
        early: Vec<u8>,
    },
    Datagrams(Box<Association>),
}

async fn open(application: &TcpStream, site: &Arc<Site>, record: &mut Record) -> Result<Opened, Ending> {
    let (gate, Asked { request, early, .. }) =
        ask(application, site, record).await.map_err(Ending::Handshake)?;
    record.ask(request.command, request.address);
    let opened = match request.command {
        Ok(Command::Connect) => open_target(application, &request, early, gate, site, record).await,
        Ok(Command::Bind) => open_call(application, &request, early, gate, site, record).await,
        Ok(Command::UdpAssociate) if request.version == Version::Socks5 => {
            open_association(application, &request, gate, site, record).await
        }
        Ok(Command::Resolve) => tell(application, &request, gate, site).await,
        Ok(Command::ResolvePtr) if request.version == Version::Socks5 => {
            tell(application, &request, gate, site).await
        }
        _ => Err(Ending::Refused(Refusal::Command)),
    };
    if let Err(Ending::Refused(refusal)) = &opened {
        // An application that is gone need not be told.
        let _ = reply(application, &request, refusal.rep(), Address::UNSPECIFIED).await;
    }
    opened
}

/// Lets the application in and hears what it wants.
async fn ask(
    application: &TcpStream,
    site: &Arc<Site>,
    record: &mut Record,
) -> Result<(Gate, Asked), Failure> {
    let dialogue = async {
        let mut gate = Gate::open(application, record.from(), site, record.entry())
            .await
            .map_err(Failure::NotAdmitted)?;
        let mut user = None;
        let asked = handshake(application, record.from().ip(), &site.options, |name| {
            record.name(name);
            user = Some(name.to_vec());
        });
        let asked = asked.await?;
        gate.identify(asked.request.version, user.as_deref(), &asked.proof);
        Ok((gate, asked))
    };
    timeout(site.options.handshake_timeout, dialogue).await.unwrap_or(Err(Failure::TimedOut))
}

async fn open_target(
    application: &TcpStream,
    request: &Request,
    early: Vec<u8>,
    gate: Gate,
    site: &Site,
    record: &mut Record,
) -> Result<Opened, Ending> {
    gate.request(rules::Command::Connect, &request.address).map_err(Ending::Refused)?;
    let (target, address) = tokio::select! {
        reached = connect(&request.address, site.outlook(&gate)) => reached.map_err(Ending::Refused)?,
        () = broken(application) => return Err(Ending::Abandoned),
    };
    grant(application, request, bnd(&target)).await?;
    record.open(Some(address));
    Ok(Opened::Stream { other: target, early })
}

async fn open_call(
    application: &TcpStream,
    request: &Request,
    mut early: Vec<u8>,
    gate: Gate,
    site: &Site,
    record: &mut Record,
) -> Result<Opened, Ending> {
    gate.request(rules::Command::Bind, &request.address).map_err(Ending::Refused)?;
    let waiting = tokio::select! {
        waiting = Waiting::open(&request.address, application, site, &gate) => waiting.map_err(Ending::Refused)?,
        () = broken(application) => return Err(Ending::Abandoned),
    };
    grant(application, request, waiting.address().into()).await?;
    record.listen(waiting.address());
    let (caller, from) = tokio::select! {
        called = timeout(site.options.bind_timeout, waiting.call()) => {
            called.map_err(|_| Ending::Refused(Refusal::NobodyCalled))?
        }
        ending = gone(application, &mut early) => return Err(ending),
    };
    drop(waiting);
    grant(application, request, from.into()).await?;
    record.open(Some(from));
    Ok(Opened::Stream { other: caller, early })
}

/// Completes when the application gives up waiting; what it sends meanwhile is kept for the caller.
async fn gone(application: &TcpStream, early: &mut Vec<u8>) -> Ending {
    /// Applications have little to say before they know that somebody hears them.
    const MOST: usize = 64 * 1024;
    let mut buffer = [0; 512];
    while early.len() < MOST {
        match read(application, &mut buffer).await {
            Ok(0) => return Ending::Relayed(End::Closed),
            Ok(count) => early.extend_from_slice(&buffer[..count]),
            Err(_) => return Ending::Abandoned,
        }
    }
    ended(application).await;
    Ending::Abandoned
}

async fn open_association(
    application: &TcpStream,
    request: &Request,
    gate: Gate,
    site: &Arc<Site>,
    record: &mut Record,
) -> Result<Opened, Ending> {
    gate.request(rules::Command::UdpAssociate, &request.address).map_err(Ending::Refused)?;
    let association = Association::open(application, &request.address, Arc::clone(site), gate);
    let association = Box::new(association.map_err(Ending::Refused)?);
    grant(application, request, association.address().into()).await?;
    record.listen(association.address());
    Ok(Opened::Datagrams(association))
}

/// Answers a question about a name, which ends the connection.
async fn tell(application: &TcpStream, request: &Request, gate: Gate, site: &Site) -> Result<Opened, Ending> {
    let host = tokio::select! {
        host = answer(request, site, &gate) => host.map_err(Ending::Refused)?,
        () = broken(application) => return Err(Ending::Abandoned),
    };
    grant(application, request, Address { host, port: 0 }).await?;
    Err(Ending::Answered(Box::new(host)))
}

/// The address the target sees.
fn bnd(target: &TcpStream) -> Address {
    target.local_addr().map_or(Address::UNSPECIFIED, Address::from)
}

async fn grant(application: &TcpStream, request: &Request, bnd: Address) -> Result<(), Ending> {
    reply(application, request, Rep::SUCCEEDED, bnd).await.map_err(|_| Ending::Abandoned)
}

async fn reply(application: &TcpStream, request: &Request, rep: Rep, bnd: Address) -> std::io::Result<()> {
    let mut buffer = [0; MAX_REPLY];
    let length = encode_reply(request.version, rep, &bnd, &mut buffer);
    write_all(application, &buffer[..length]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_future<A, B, C, F: Future>(_: impl Fn(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_connection_at_rest_takes_little_room() {
        // With its sockets in Tokio's registry and its entry in the list this makes two kilobytes.
        let size = size_of_future(serve);
        assert!(size <= 800, "{size}");
    }
}
