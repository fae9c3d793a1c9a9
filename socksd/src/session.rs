//! One connection from accept to close: handshake, connect, relay.

use std::net::SocketAddr;
use std::sync::Arc;

use socks_proto::server::{MAX_REPLY, Request, encode_reply};
use socks_proto::socks5::Rep;
use socks_proto::{Address, Command};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::connect::connect;
use crate::handshake::{Asked, Failure, handshake};
use crate::record::{Ending, Record};
use crate::refusal::Refusal;
use crate::relay::relay;
use crate::site::{Phase, Site};
use crate::stream::{broken, close_gently, tune, write_all};

/// Serves one application to the end, or until the phase is [`Phase::Cut`].
pub(crate) async fn serve(
    application: TcpStream,
    from: SocketAddr,
    site: Arc<Site>,
    mut phase: watch::Receiver<Phase>,
) {
    let mut record = site.record(from);
    tune((&application).into());
    let ending = tokio::select! {
        ending = converse(&application, from, &site, &mut record) => ending,
        () = cut(&mut phase) => Ending::Shutdown,
    };
    let last_word = ending.was_answered();
    record.end(ending);
    if last_word {
        tokio::select! {
            () = close_gently(application) => {}
            () = cut(&mut phase) => {}
        }
    }
}

async fn cut(phase: &mut watch::Receiver<Phase>) {
    // An error means that the server is gone, and with it everything that would wait for us.
    let _ = phase.wait_for(|phase| *phase == Phase::Cut).await;
}

async fn converse(application: &TcpStream, from: SocketAddr, site: &Site, record: &mut Record) -> Ending {
    // Boxed, so that the buffers of the dialogue do not live as long as the connection.
    match Box::pin(open(application, from, site, record)).await {
        Ok((target, early)) => {
            let idle = site.options.idle_timeout;
            Ending::Relayed(relay(application, &target, &early, &record.traffic, idle).await)
        }
        Err(ending) => ending,
    }
}

/// Reaches the target the application asks for, and gives it with the data that came early.
async fn open(
    application: &TcpStream,
    from: SocketAddr,
    site: &Site,
    record: &mut Record,
) -> Result<(TcpStream, Vec<u8>), Ending> {
    if !site.options.admits(from) {
        return Err(Ending::Handshake(Failure::NotAdmitted));
    }
    let Asked { request, early } = ask(application, site, record).await.map_err(Ending::Handshake)?;
    record.ask(request.command, request.address);
    let target = tokio::select! {
        reached = reach(&request, site) => reached,
        () = broken(application) => return Err(Ending::Abandoned),
    };
    match target {
        Ok(target) => {
            let granted = reply(application, &request, Rep::SUCCEEDED, bnd(&target)).await;
            granted.map_err(|_| Ending::Abandoned)?;
            record.open(target.peer_addr().ok());
            Ok((target, early))
        }
        Err(refusal) => {
            // An application that is gone need not be told.
            let _ = reply(application, &request, refusal.rep(), Address::UNSPECIFIED).await;
            Err(Ending::Refused(refusal))
        }
    }
}

async fn ask(application: &TcpStream, site: &Site, record: &mut Record) -> Result<Asked, Failure> {
    let dialogue = handshake(application, &site.options.users, &mut record.user);
    timeout(site.options.handshake_timeout, dialogue).await.unwrap_or(Err(Failure::TimedOut))
}

async fn reach(request: &Request, site: &Site) -> Result<TcpStream, Refusal> {
    match request.command {
        Ok(Command::Connect) => connect(&request.address, site.outlook()).await,
        _ => Err(Refusal::Command),
    }
}

/// The address the target sees.
fn bnd(target: &TcpStream) -> Address {
    target.local_addr().map_or(Address::UNSPECIFIED, Address::from)
}

async fn reply(application: &TcpStream, request: &Request, rep: Rep, bnd: Address) -> std::io::Result<()> {
    let mut buffer = [0; MAX_REPLY];
    let length = encode_reply(request.version, rep, &bnd, &mut buffer);
    write_all(application, &buffer[..length]).await
}
