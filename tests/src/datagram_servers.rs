//! Servers of the target host that speak by datagrams: the time, QUIC, and one that measures.

use std::process::Command;

use crate::error::Error;
use crate::fixtures::Fixtures;
use crate::plan::{IPERF, NTP, QUIC, TARGET};
use crate::prerequisites;
use crate::world::Staff;

/// Starts every server whose program is installed, and waits until it answers.
pub(crate) fn start(staff: &Staff<'_>, fixtures: &Fixtures) -> Result<(), Error> {
    let is_installed = |program| prerequisites::find(program).is_some();
    if is_installed("chronyd") {
        staff.spawn("chronyd", chronyd(staff)?)?;
        each(|address| staff.await_answering("chronyd", (address, NTP).into(), &time_query()))?;
    }
    if is_installed("gtlsserver") {
        each(|address| {
            let name = format!("gtlsserver {address}");
            staff.spawn(&name, gtlsserver(staff, fixtures, address)?)?;
            staff.await_answering(&name, (address, QUIC).into(), &version_query())
        })?;
    }
    if is_installed("iperf3") {
        let mut command = staff.host.command("iperf3")?;
        command.args(["-s", "-p", &IPERF.to_string()]);
        staff.spawn("iperf3", command)?;
        each(|address| staff.await_listening("iperf3", (address, IPERF).into()))?;
    }
    Ok(())
}

fn each(start: impl FnMut(std::net::IpAddr) -> Result<(), Error>) -> Result<(), Error> {
    TARGET.each().into_iter().try_for_each(start)
}

/// It tells the time that this machine has, and leaves that alone.
fn chronyd(staff: &Staff<'_>) -> Result<Command, Error> {
    let mut command = staff.host.command("chronyd")?;
    command.args(["-d", "-x", "-U", "-u", "root", "local stratum 8", "allow all", "cmdport 0"]);
    command.args(["bindcmdaddress /", &format!("port {NTP}")]);
    command.arg(format!("pidfile {}", staff.scratch.path().join("chronyd.pid").display()));
    Ok(command)
}

fn gtlsserver(staff: &Staff<'_>, fixtures: &Fixtures, address: std::net::IpAddr) -> Result<Command, Error> {
    let mut command = staff.host.command("gtlsserver")?;
    command.arg("-q").arg("-d").arg(fixtures.path("web"));
    command.arg(address.to_string()).arg(QUIC.to_string());
    command.arg(fixtures.path("tls/key.pem")).arg(fixtures.path("tls/certificate.pem"));
    Ok(command)
}

/// NTP version 4, client mode (RFC 5905, 7.3).
fn time_query() -> [u8; 48] {
    let mut query = [0; 48];
    query[0] = 0x23;
    query
}

/// A long header with a version that nobody has, so that the server lists those it has (RFC 9000, 6).
fn version_query() -> [u8; 1200] {
    let mut query = [0; 1200];
    query[..6].copy_from_slice(&[0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 8]);
    query[14] = 8;
    query
}
