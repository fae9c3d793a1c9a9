//! Dante's reader and ours: what one accepts the other does, or a reason says why not.

use socks_conf::{Command, Config, Decision, Host, Process, Protocol, ProxyProtocols, Question, parse};
use std::net::SocketAddr;
use std::path::Path;

const PROBES: &str = include_str!("../fixtures/dante/client.tsv");

const WIRE: &str = include_str!("../fixtures/dante/wire.tsv");

fn unescaped(snippet: &str) -> String {
    let mut text = String::new();
    let mut characters = snippet.chars();
    while let Some(c) = characters.next() {
        text.push(match (c, c == '\\') {
            (_, true) => match characters.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            (c, false) => c,
        });
    }
    text
}

#[test]
fn dante_and_we_accept_the_same_or_say_why_not() {
    let mut number = 0;
    for line in PROBES.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let (verdict, snippet) = (fields.next().unwrap(), fields.next().unwrap());
        let ours = parse(unescaped(snippet).as_bytes(), Path::new("probe.conf")).is_ok();
        let dante = verdict.starts_with("accept");
        let reason = fields.next();
        assert_eq!(ours == dante, reason.is_none(), "{snippet}: Dante says {verdict}, we {ours}: {reason:?}");
        number += 1;
    }
    assert!(number > 150);
}

/// What we would do, in the words of the fixture.
fn ours(config: &Config, host: &str, port: u16) -> String {
    let to = host.parse().map_or(Host::Name(host), Host::Ip);
    let from = SocketAddr::from(([0, 0, 0, 0], 0));
    let question = Question {
        command: Command::Connect,
        protocol: Protocol::Tcp,
        from,
        to,
        port: Some(port),
        process: Process::default(),
    };
    match config.route(&question) {
        Decision::Direct(_) => "direct".to_owned(),
        Decision::Block(_) | Decision::NoRoute => "none".to_owned(),
        Decision::Proxy(route, spoken) => {
            let (_, proxy, _) = config.through(route, &question).next().unwrap();
            let spoken = ProxyProtocols::from([spoken]).to_string();
            format!("{} by {}", proxy.port, spoken.trim_start_matches("socks_v"))
        }
    }
}

#[test]
fn dante_was_seen_to_go_where_we_would() {
    let (mut number, mut differences) = (0, String::new());
    for line in WIRE.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let text = unescaped(fields.next().unwrap());
        let config = parse(text.as_bytes(), Path::new("wire.conf")).unwrap();
        for field in fields {
            let (target, dante) = field.split_once(' ').unwrap();
            let (host, port) = target.split_once(':').unwrap();
            let ours = ours(&config, host, port.parse().unwrap());
            // Dante cannot resolve the name behind an address that it made up; we can.
            let resolved_here =
                ours == "direct" && dante == "none" && host.parse::<std::net::IpAddr>().is_err();
            if ours != dante && !resolved_here {
                differences += &format!("{target}: Dante {dante}, we {ours}\n{text}\n");
            }
            number += 1;
        }
    }
    assert!(differences.is_empty(), "{differences}");
    assert!(number > 1000);
}
