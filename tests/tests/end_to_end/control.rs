//! Shows that the detector detects: programs without socksify are seen leaking.

use std::time::Duration;

use end_to_end::application::{Application, Wrapper};
use end_to_end::detector::Leaks;
use end_to_end::plan::{LINE, NAME, TARGET};

use crate::suite::{Bench, Suite, Verdict};

type Count = fn(&Leaks) -> u64;

pub(crate) fn add(suite: &mut Suite) {
    let (v4, v6) = (TARGET.v4.to_string(), TARGET.v6.to_string());
    let cases: [(&str, String, Count); 4] = [
        ("tcp4", v4.clone(), |leaks| leaks.tcp4),
        ("tcp6", v6, |leaks| leaks.tcp6),
        ("dns", NAME.to_owned(), |leaks| leaks.udp4),
        ("frames", v4, |leaks| leaks.frames),
    ];
    for (kind, host, count) in cases {
        let test = move |bench: &Bench<'_>| leaks_without_us(bench, &host, count);
        suite.add_unchecked(format!("control::leak_is_seen::{kind}"), &["python3"], test);
    }
    suite.add("control::proxy_is_no_leak".to_owned(), &["curl", "microsocks"], curl_speaks_socks);
}

/// Python has no proxy support of its own, so this is what every program would do without us.
fn leaks_without_us(bench: &Bench<'_>, host: &str, count: Count) -> Verdict {
    let connect = "import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)";
    let application = Application::new(["python3", "-c", connect, host, &LINE.to_string()]);
    let outcome = bench.run(&application.deadline(Duration::from_secs(20)), &Wrapper::Nothing)?;
    if outcome.succeeded() {
        return Err("the application host reaches the target without a proxy".into());
    }
    let leaks = bench.world.leaks()?;
    if count(&leaks) > 0 { Ok(()) } else { Err(format!("the leak was not counted: {leaks}").into()) }
}

/// A program that speaks SOCKS itself reaches the target by name, and nothing is counted.
fn curl_speaks_socks(bench: &Bench<'_>) -> Verdict {
    let proxy = end_to_end::proxies::Server::Microsocks.open();
    bench.world.start(proxy)?;
    let url = proxy.url().replace("socks5:", "socks5h:");
    let outcome = bench.run(
        &Application::new(["curl", "-sS", "--proxy", &url, &format!("http://{NAME}/small/1")]),
        &Wrapper::Nothing,
    )?;
    crate::suite::expect(outcome.stdout == bench.world.fixtures.read("web/small/1")?, "the file", &outcome)
}
