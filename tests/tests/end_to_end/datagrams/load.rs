//! Very many datagrams, in order and unharmed; and those of a proxy that carries none, where they may go without it.

use std::net::UdpSocket;
use std::thread;
use std::time::Duration;

use end_to_end::artifacts::Build;
use end_to_end::plan::{ECHO, PROXY, TARGET};
use end_to_end::proxies::Server;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

/// How many, by each build.
const LOADS: [(Build, u32); 2] = [(Build::Debug, 20_000), (Build::Release, 1_000_000)];

pub(super) fn add(suite: &mut Suite) {
    for (build, count) in LOADS {
        let name = format!("datagrams::load::socksd::{}", build.name());
        suite.add(name, &["cc"], move |bench| loaded(bench, build, Server::Socksd, count));
        let name = format!("datagrams::load::danted::{}", build.name());
        suite.add(name, &["cc", "danted"], move |bench| loaded(bench, build, Server::Danted, 20_000));
        let name = format!("datagrams::direct::{}", build.name());
        suite.add(name, &["cc", "microsocks"], move |bench| directly(bench, build));
    }
}

fn loaded(bench: &Bench<'_>, build: Build, server: Server, count: u32) -> Verdict {
    let wrapper = preload::through(bench, build.library(), server.open())?;
    let words = [TARGET.v4.to_string(), ECHO.to_string(), count.to_string()];
    let probe = preload::probe(bench, "load", words)?.deadline(Duration::from_secs(900));
    let outcome = bench.run(&probe, &wrapper)?;
    expect(outcome.succeeded(), "success", &outcome)
}

/// `udp: direct`, to a host that may be reached: what is sent to the proxy host past its proxy's port is no leak.
fn directly(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Microsocks.open();
    bench.world.start(proxy)?;
    let echo = bench.world.proxy.network.enter(|| UdpSocket::bind((PROXY.v4, 0)))?;
    let port = echo.local_addr()?.port();
    thread::spawn(move || give_back(&echo));
    let keys = "proxyprotocol: socks_v5";
    let wrapper =
        preload::with(bench, build.library(), &preload::route_to(proxy.port(), "udp: direct", keys))?;
    let outcome =
        bench.run(&preload::probe(bench, "udp", [PROXY.v4.to_string(), port.to_string()])?, &wrapper)?;
    expect(outcome.succeeded(), "success", &outcome)
}

/// As long as the test network stands.
fn give_back(socket: &UdpSocket) -> std::io::Result<()> {
    let mut datagram = vec![0; 1 << 16];
    loop {
        let (length, from) = socket.recv_from(&mut datagram)?;
        socket.send_to(&datagram[..length], from)?;
    }
}
