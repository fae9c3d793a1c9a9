//! The name servers: one on the proxy host, whom the proxies ask, and one on the target host that the application host's
//! `resolv.conf` names, and that only a proxy reaches.

use std::net::IpAddr;

use crate::error::Error;
use crate::fixtures::Fixtures;
use crate::plan::*;
use crate::world::Staff;

/// Of the registry of types of resource records.
const SSHFP: u16 = 44;
const HTTPS_RECORD: u16 = 65;
/// Priority 1, the name itself, and one parameter, `alpn=h2`; RFC 9460, 2.2.
const ALPN_H2: &str = "00010000010003026832";

/// Starts the one of the proxy host: addresses alone, as proxies ask for nothing else. Applications on the link can ask it
/// too, where names are theirs to resolve.
pub(crate) fn start_for_proxies(staff: &Staff<'_>) -> Result<(), Error> {
    start(staff, &[[127, 0, 0, 1].into(), PROXY.v4.into()], Vec::new())
}

/// Starts the one of the target host, which has a record of every type that programs ask for.
pub(crate) fn start_on_target(staff: &Staff<'_>, fixtures: &Fixtures) -> Result<(), Error> {
    let mut records = Vec::new();
    let (v4, v6) = (reversed(TARGET.v4.into()), reversed(TARGET.v6.into()));
    records.extend([v4, v6].map(|reversed| format!("--ptr-record={reversed},{NAME}")));
    records.extend(TARGET.each().map(|address| format!("--address=/{DOMAIN_OF_ANYTHING}/{address}")));
    records.push(format!("--cname={NAME_ALIAS},{NAME}"));
    records.push(format!("--mx-host={DOMAIN},{NAME_V4},{MX_PREFERENCE}"));
    records.push(format!("--srv-host={NAME_SERVICE},{NAME},{LINE},5,7"));
    records.push(format!("--txt-record={DOMAIN},{TEXT}"));
    records.push(format!("--txt-record={NAME_LONG_TEXT},{}", long_text().join(",")));
    records.push(format!("--dns-rr={NAME},{SSHFP},0402{}", fixtures.fingerprint()?));
    records.push(format!("--dns-rr={NAME},{HTTPS_RECORD},{ALPN_H2}"));
    start(staff, &[RESOLVER.into(), TARGET.v4.into(), TARGET.v6.into()], records)
}

fn start(staff: &Staff<'_>, addresses: &[IpAddr], records: Vec<String>) -> Result<(), Error> {
    let mut command = staff.host.command("dnsmasq")?;
    command.args(["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"]);
    command.args(["--bind-interfaces", "--user=root", "--pid-file=", "--log-facility=-", "--local=/test/"]);
    command.args(addresses.iter().map(|address| format!("--listen-address={address}")));
    for (name, addresses) in names() {
        command.arg(format!("--host-record={name},{addresses}"));
    }
    command.args(records);
    let server = format!("dnsmasq-{}", staff.host.name());
    staff.spawn(&server, command)?;
    addresses.iter().try_for_each(|address| staff.await_listening(&server, (*address, DNS).into()))
}

fn names() -> [(&'static str, String); 5] {
    [
        (NAME, format!("{},{}", TARGET.v4, TARGET.v6)),
        (NAME_V4, TARGET.v4.to_string()),
        (NAME_V6, TARGET.v6.to_string()),
        (NAME_DIRECT, PROXY.v4.to_string()),
        (NAME_UNREACHABLE, format!("{},{}", UNREACHABLE_HOST.v4, UNREACHABLE_HOST.v6)),
    ]
}

/// The name under which the name of an address is found; RFC 1035, 3.5, and RFC 3596, 2.5.
fn reversed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(ip) => {
            let halves = |byte: u8| format!("{:x}.{:x}.", byte & 0xf, byte >> 4);
            ip.octets().into_iter().rev().map(halves).collect::<String>() + "ip6.arpa"
        }
    }
}

/// The strings of [`NAME_LONG_TEXT`]: more than fits a datagram of any size that resolvers ask for.
pub fn long_text() -> Vec<String> {
    (0..24).map(|number| format!("{number:02}-{}", "text".repeat(60))).collect()
}
