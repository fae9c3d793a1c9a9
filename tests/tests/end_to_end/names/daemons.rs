//! Daemons that resolve names for others are not asked where names are the proxy's, even where routes would let them be.

use end_to_end::artifacts::Build;
use end_to_end::proxies::Server;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        let name = format!("names::daemons::are_not_asked::{}", build.name());
        suite.add(name, &["cc"], move |bench| are_not_asked(bench, build));
    }
}

/// Multicast and the neighbours are direct, all else goes through the proxy.
fn are_not_asked(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let direct = ["224.0.0.0/4", "ff00::/8", "10.99.1.0/24"]
        .map(|to| format!("route {{ from: 0/0 to: {to} via: direct }}\n"))
        .concat();
    let configuration = direct + &preload::route_to(proxy.port(), "", "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let outcome = bench.run(&preload::probe(bench, "resolving_daemons", [""; 0])?, &wrapper)?;
    expect(outcome.succeeded(), "nobody asked", &outcome)
}
