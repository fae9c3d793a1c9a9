//! This host's own name belongs to the proxy, too, where it is in no file: libc would ask for it on its own account.

use end_to_end::artifacts::Build;
use end_to_end::plan::UNREACHABLE_HOST;
use end_to_end::proxies::Server;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        let name = format!("names::own::is_not_asked_for::{}", build.name());
        // The probe is itself the name server that is asked, on loopback.
        suite.add_unchecked(name, &["cc"], move |bench| is_not_asked_for(bench, build));
    }
}

fn is_not_asked_for(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let address = UNREACHABLE_HOST.v4.to_string();
    let direct = format!("route {{ from: 0/0 to: {address}/32 via: direct\n}}\n");
    let configuration = direct + &preload::route_to(proxy.port(), "", "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let hosts = bench.scratch.write("hosts", "127.0.0.1 localhost\n")?;
    let resolv_conf = bench.scratch.write("resolv.conf", "nameserver 127.0.0.1\n")?;
    let probe = preload::probe(bench, "own_name", [address])?;
    let probe = probe.seeing(hosts, "/etc/hosts").seeing(resolv_conf, "/etc/resolv.conf");
    let outcome = bench.run(&probe, &wrapper)?;
    expect(outcome.succeeded(), "the name of the address", &outcome)
}
