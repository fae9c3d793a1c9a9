//! Shows that the detector detects: programs without socksify are seen leaking.

use std::time::Duration;

use end_to_end::application::{Application, Wrapper};
use end_to_end::detector::Leaks;
use end_to_end::name_server::long_text;
use end_to_end::plan::*;

use crate::suite::{Bench, Suite, Verdict, expect};

type Count = fn(&Leaks) -> u64;

pub(crate) fn add(suite: &mut Suite) {
    let (v4, v6) = (TARGET.v4.to_string(), TARGET.v6.to_string());
    let cases: [(&str, &str, &str, Count); 13] = [
        ("tcp4", CONNECT, &v4, |leaks| leaks.tcp4),
        ("tcp4_on_the_link", CONNECT, &v4, |leaks| leaks.frames),
        ("tcp6", CONNECT, &v6, |leaks| leaks.tcp6),
        ("dns", CONNECT, NAME, |leaks| leaks.udp4),
        ("nscd", CONNECT, NAME, |leaks| asked(leaks, "nscd")),
        ("resolved", TELL, "/run/systemd/resolve/io.systemd.Resolve", |leaks| asked(leaks, "resolve")),
        ("avahi", TELL, "/run/avahi-daemon/socket", |leaks| asked(leaks, "avahi")),
        ("dns_on_loopback", QUERY, "127.0.0.53#53", |leaks| leaks.loopback),
        ("mdns", QUERY, "224.0.0.251#5353", |leaks| leaks.udp4),
        ("llmnr", QUERY, "224.0.0.252#5355", |leaks| leaks.udp4),
        ("udp6", DATAGRAM, &v6, |leaks| leaks.udp6),
        ("icmp", ECHO_REQUEST, &v4, |leaks| leaks.other),
        ("packet_socket", FRAME, &v4, |leaks| leaks.frames),
    ];
    for (kind, script, host, count) in cases {
        let host = host.to_owned();
        let test = move |bench: &Bench<'_>| leaks_without_us(bench, script, &host, count);
        suite.add_unchecked(format!("control::leak_is_seen::{kind}"), &["python3"], test);
    }
    suite.add("control::name_server_answers".to_owned(), &["dig"], name_server_answers);
    suite.add("control::proxy_is_no_leak".to_owned(), &["curl", "microsocks"], curl_speaks_socks);
}

const CONNECT: &str = "import socket, sys
try: socket.create_connection((sys.argv[1], int(sys.argv[2])), 1)
except OSError: sys.exit(0)
sys.exit('reached the target without a proxy')";

const DATAGRAM: &str = "import socket, sys
socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b'x', (sys.argv[1], int(sys.argv[2])))";

const TELL: &str = "import socket, sys
to = socket.socket(socket.AF_UNIX)
to.connect(sys.argv[1])
to.send(b'who is www.target.test?')";

const QUERY: &str = "import socket, sys
host, port = sys.argv[1].split('#')
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'who?', (host, int(port)))";

const ECHO_REQUEST: &str = "import socket, sys
to = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
to.sendto(bytes([8, 0, 0xf7, 0xff, 0, 0, 0, 0]), (sys.argv[1], 0))";

const FRAME: &str = "import socket
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(('proxy', 0))
link.send(b'\\xff' * 12 + b'\\x88\\xb5' + bytes(46))";

/// How many questions a daemon with this in its socket's name was asked.
fn asked(leaks: &Leaks, daemon: &str) -> u64 {
    leaks.asked.iter().filter(|question| question.contains(daemon)).count() as u64
}

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

/// From the proxy host, which forwards nothing and so is the only one that can ask.
fn name_server_answers(bench: &Bench<'_>) -> Verdict {
    let server = format!("@{RESOLVER}");
    let ask = |words: &[&str]| {
        let dig = Application::new(["dig", "+short", &server]).args(words.iter().copied());
        bench.run(&dig.at_proxy(), &Wrapper::Nothing)
    };
    for (words, answer) in [
        (["A", NAME], TARGET.v4.to_string()),
        (["AAAA", NAME], TARGET.v6.to_string()),
        (["A", NAME_ALIAS], format!("{NAME}.\n{}", TARGET.v4)),
        (["MX", DOMAIN], format!("{MX_PREFERENCE} {NAME_V4}.")),
        (["SRV", NAME_SERVICE], format!("5 7 {LINE} {NAME}.")),
        (["TXT", DOMAIN], format!("\"{TEXT}\"")),
        (["HTTPS", NAME], "1 . alpn=\"h2\"".to_owned()),
        (["-x", &TARGET.v4.to_string()], format!("{NAME}.")),
        (["-x", &TARGET.v6.to_string()], format!("{NAME}.")),
    ] {
        let outcome = ask(&words)?;
        expect(outcome.text() == format!("{answer}\n"), &answer, &outcome)?;
    }
    let sshfp = ask(&["SSHFP", NAME])?;
    expect(sshfp.text().starts_with("4 2 "), "a fingerprint", &sshfp)?;
    let long = ask(&["TXT", NAME_LONG_TEXT])?;
    let strings = long_text().iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(" ");
    expect(long.text() == format!("{strings}\n"), "a long text", &long)?;
    let cut = ask(&["+ignore", "TXT", NAME_LONG_TEXT])?;
    expect(cut.text().len() < long.text().len(), "less by a datagram", &cut)
}
