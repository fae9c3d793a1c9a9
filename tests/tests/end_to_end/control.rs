//! Shows that the detector detects: programs without socksify are seen leaking.

use std::time::Duration;

use end_to_end::application::{Application, Wrapper};
use end_to_end::detector::Leaks;
use end_to_end::plan::{LINE, NAME, TARGET};

use crate::suite::{Bench, Suite, Verdict, expect};

type Count = fn(&Leaks) -> u64;

pub(crate) fn add(suite: &mut Suite) {
    let (v4, v6) = (TARGET.v4.to_string(), TARGET.v6.to_string());
    let cases: [(&str, &str, &str, Count); 7] = [
        ("tcp4", CONNECT, &v4, |leaks| leaks.tcp4),
        ("tcp4_on_the_link", CONNECT, &v4, |leaks| leaks.frames),
        ("tcp6", CONNECT, &v6, |leaks| leaks.tcp6),
        ("dns", CONNECT, NAME, |leaks| leaks.udp4),
        ("udp6", DATAGRAM, &v6, |leaks| leaks.udp6),
        ("icmp", ECHO_REQUEST, &v4, |leaks| leaks.other),
        ("packet_socket", FRAME, &v4, |leaks| leaks.frames),
    ];
    for (kind, script, host, count) in cases {
        let host = host.to_owned();
        let test = move |bench: &Bench<'_>| leaks_without_us(bench, script, &host, count);
        suite.add_unchecked(format!("control::leak_is_seen::{kind}"), &["python3"], test);
    }
    suite.add("control::proxy_is_no_leak".to_owned(), &["curl", "microsocks"], curl_speaks_socks);
}

const CONNECT: &str = "import socket, sys
try: socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)
except OSError: sys.exit(0)
sys.exit('reached the target without a proxy')";

const DATAGRAM: &str = "import socket, sys
socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b'x', (sys.argv[1], int(sys.argv[2])))";

const ECHO_REQUEST: &str = "import socket, sys
to = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
to.sendto(bytes([8, 0, 0xf7, 0xff, 0, 0, 0, 0]), (sys.argv[1], 0))";

const FRAME: &str = "import socket
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(('proxy', 0))
link.send(b'\\xff' * 12 + b'\\x88\\xb5' + bytes(46))";

/// Python has no proxy support of its own, so this is what every program would do without us.
fn leaks_without_us(bench: &Bench<'_>, script: &str, host: &str, count: Count) -> Verdict {
    let application = Application::new(["python3", "-c", script, host, &LINE.to_string()]);
    let outcome = bench.run(&application.deadline(Duration::from_secs(20)), &Wrapper::Nothing)?;
    expect(outcome.succeeded(), "a program that tries in vain", &outcome)?;
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
    expect(outcome.stdout == bench.world.fixtures.read("web/small/1")?, "the file", &outcome)
}
