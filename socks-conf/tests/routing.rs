//! The routing decision, row by row: a configuration, calls, and where each goes.

use socks_conf::{
    BlockErrno, Command, Config, Decision, Host, Process, Protocol, ProxyProtocol, Question, parse,
};
use std::net::SocketAddr;
use std::path::Path;

fn dante(text: &str) -> Config {
    parse(text.as_bytes(), Path::new("socks.conf")).unwrap_or_else(|error| panic!("{error}"))
}

fn toml(text: &str) -> Config {
    parse(text.as_bytes(), Path::new("socks.toml")).unwrap_or_else(|error| panic!("{error}"))
}

/// A question written as `[command] [from ADDRESS] TARGET[:PORT]`; without port it is a name look-up.
fn question(text: &str) -> Question<'_> {
    let mut question = Question {
        command: Command::Connect,
        protocol: Protocol::Tcp,
        from: SocketAddr::from(([0, 0, 0, 0], 0)),
        to: Host::Name(""),
        port: None,
        process: Process::default(),
    };
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        match word {
            "bind" => question.command = Command::Bind,
            "bindreply" => question.command = Command::BindReply,
            "udp" => (question.command, question.protocol) = (Command::UdpAssociate, Protocol::Udp),
            "udpreply" => (question.command, question.protocol) = (Command::UdpReply, Protocol::Udp),
            "from" => question.from = words.next().unwrap().parse().unwrap(),
            target => (question.to, question.port) = target_and_port(target),
        }
    }
    question
}

fn target_and_port(text: &str) -> (Host<'_>, Option<u16>) {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return (Host::Ip(address.ip()), Some(address.port()));
    }
    match (text.parse(), text.rsplit_once(':')) {
        (Ok(address), _) => (Host::Ip(address), None),
        (Err(_), Some((name, port))) => (Host::Name(name), Some(port.parse().unwrap())),
        (Err(_), None) => (Host::Name(text), None),
    }
}

/// `direct 1`, `block 2`, `socks_v5 3`: the decision and the line of its route.
fn answer(config: &Config, text: &str) -> String {
    match config.route(&question(text)) {
        Decision::Direct(route) => format!("direct {}", route.line),
        Decision::Block(route) => format!("block {}", route.line),
        Decision::Proxy(route, ProxyProtocol::SocksV4) => format!("socks_v4 {}", route.line),
        Decision::Proxy(route, ProxyProtocol::SocksV4a) => format!("socks_v4a {}", route.line),
        Decision::Proxy(route, ProxyProtocol::SocksV5) => format!("socks_v5 {}", route.line),
        Decision::Proxy(route, ProxyProtocol::Http) => format!("http {}", route.line),
        Decision::NoRoute => "none".to_owned(),
    }
}

#[track_caller]
fn table(config: &Config, rows: &[(&str, &str)]) {
    for (question, expected) in rows {
        assert_eq!(answer(config, question), *expected, "{question}");
    }
}

const CATCH_ALL: &str =
    "route { from: 0.0.0.0/0 to: 0.0.0.0/0 via: 10.0.0.11 port = 1080 proxyprotocol: socks_v5 }";

#[test]
fn one_socks5_route_takes_everything() {
    table(
        &dante(CATCH_ALL),
        &[
            ("192.0.2.1:80", "socks_v5 1"),
            ("[2001:db8::1]:80", "socks_v5 1"),
            ("[::ffff:192.0.2.1]:80", "socks_v5 1"),
            ("www.example.com:443", "socks_v5 1"),
            ("www.example.com", "socks_v5 1"),
            ("from [2001:db8::9]:1234 192.0.2.1:80", "socks_v5 1"),
            ("from [::ffff:10.0.0.1]:1234 192.0.2.1:80", "socks_v5 1"),
            ("bind 192.0.2.1:0", "socks_v5 1"),
            ("udp 192.0.2.1:53", "socks_v5 1"),
        ],
    );
}

#[test]
fn default_protocols_use_socks4_where_it_can_express_the_call() {
    table(
        &dante("route { from: 0/0 to: 0/0 via: 10.0.0.11 }"),
        &[
            ("192.0.2.1:80", "socks_v4 1"),
            ("[::ffff:192.0.2.1]:80", "socks_v4 1"),
            ("[2001:db8::1]:80", "socks_v5 1"),
            ("www.example.com:80", "socks_v5 1"),
            ("192.0.2.1.:80", "socks_v5 1"),
            ("bind 192.0.2.1:0", "socks_v4 1"),
            ("bindreply 192.0.2.1:0", "socks_v4 1"),
            ("udp 192.0.2.1:53", "socks_v5 1"),
            ("udpreply 192.0.2.1:53", "socks_v5 1"),
        ],
    );
}

#[test]
fn socks4_and_http_carry_only_what_they_can() {
    table(
        &dante("route { from: 0/0 to: 0/0 via: 10.0.0.11 proxyprotocol: socks_v4 }"),
        &[
            ("192.0.2.1:80", "socks_v4 1"),
            ("[2001:db8::1]:80", "none"),
            ("www.example.com:80", "none"),
            ("www.example.com", "none"),
            ("udp 192.0.2.1:53", "none"),
        ],
    );
    table(
        &dante("route { from: 0/0 to: 0/0 via: 10.0.0.11 proxyprotocol: socks_v4a }"),
        &[
            ("192.0.2.1:80", "socks_v4a 1"),
            ("[2001:db8::1]:80", "none"),
            ("www.example.com:80", "socks_v4a 1"),
        ],
    );
    table(
        &dante("route { from: 0/0 to: 0/0 via: 10.0.0.11 proxyprotocol: http }"),
        &[
            ("192.0.2.1:80", "http 1"),
            ("[2001:db8::1]:80", "http 1"),
            ("www.example.com:80", "http 1"),
            ("bind 192.0.2.1:0", "none"),
            ("udp 192.0.2.1:53", "none"),
        ],
    );
}

#[test]
fn socks4_needs_the_method_none() {
    let config = dante("route { from: 0/0 to: 0/0 via: 10.0.0.11 method: username }");
    table(&config, &[("192.0.2.1:80", "socks_v5 1")]);
}

#[test]
fn dantes_passes_come_before_file_order() {
    let config = dante(
        "route { from: 0/0 to: 0/0 via: 10.0.0.13 proxyprotocol: http }\n\
         route { from: 0/0 to: 0/0 via: 10.0.0.11 proxyprotocol: socks_v5 }\n\
         route { from: 0/0 to: 10.0.0.0/8 via: 10.0.0.12 proxyprotocol: socks_v4 }\n\
         route { from: 0/0 to: 10.1.0.0/16 via: direct }\n",
    );
    table(
        &config,
        &[
            ("10.1.2.3:80", "direct 4"),
            ("10.2.2.3:80", "socks_v4 3"),
            ("192.0.2.1:80", "socks_v5 2"),
            ("www.example.com:80", "socks_v5 2"),
        ],
    );
    let config = dante(&format!("{CATCH_ALL}\nroute {{ from: 0/0 to: 0/0 via: direct }}"));
    table(&config, &[("192.0.2.1:80", "direct 2"), ("www.example.com:80", "direct 2")]);
}

#[test]
fn toml_is_searched_in_plain_order() {
    let config = toml(
        "[proxy.five]\nurl = \"socks5://10.0.0.11\"\n[proxy.four]\nurl = \"socks4://10.0.0.12\"\n\
         [[route]]\nto = \"10.0.0.0/8\"\nvia = \"five\"\n\
         [[route]]\nto = \"10.1.0.0/16\"\nvia = \"direct\"\n\
         [[route]]\nvia = [\"four\", \"five\"]\n",
    );
    table(
        &config,
        &[
            ("10.1.2.3:80", "socks_v5 5"),
            ("192.0.2.1:80", "socks_v4 11"),
            ("www.example.com:80", "socks_v5 11"),
            ("[2001:db8::1]:80", "socks_v5 11"),
            ("udp 192.0.2.1:53", "socks_v5 11"),
        ],
    );
}

#[test]
fn the_proxies_of_a_route_are_given_in_order_with_what_they_speak() {
    let config = toml(
        "[proxy.five]\nurl = \"socks5://10.0.0.11\"\n[proxy.four]\nurl = \"socks4://10.0.0.12\"\n\
         [[route]]\nvia = [\"four\", \"five\"]\n",
    );
    let through = |text: &str| {
        let question = question(text);
        let Decision::Proxy(route, _) = config.route(&question) else { panic!("{text}") };
        let proxies = config.through(route, &question);
        proxies.map(|(_, proxy, protocol)| (proxy.name.as_str(), protocol)).collect::<Vec<_>>()
    };
    assert_eq!(through("192.0.2.1:80"), [("four", ProxyProtocol::SocksV4), ("five", ProxyProtocol::SocksV5)]);
    assert_eq!(through("www.example.com:80"), [("five", ProxyProtocol::SocksV5)]);
}

#[test]
fn all_of_ipv4_covers_ipv6_except_for_direct() {
    let proxy = dante("route { from: 0/0 to: 0.0.0.0/0 via: 10.0.0.11 proxyprotocol: socks_v5 }");
    table(&proxy, &[("[2001:db8::1]:80", "socks_v5 1")]);
    let block = dante("route { from: 0/0 to: 0.0.0.0/0 via: block }");
    table(
        &block,
        &[("[2001:db8::1]:80", "block 1"), ("a.example:80", "block 1"), ("192.0.2.1:80", "block 1")],
    );
    let direct = dante("route { from: 0/0 to: 0.0.0.0/0 via: direct }");
    table(
        &direct,
        &[("[2001:db8::1]:80", "none"), ("a.example:80", "direct 1"), ("192.0.2.1:80", "direct 1")],
    );
    let everything = dante("route { from: 0/0 to: 0/0 via: direct }");
    table(&everything, &[("[2001:db8::1]:80", "direct 1"), ("a.example:80", "direct 1")]);
    let misspelt = dante("route { from: 0/0 to: 10.0.0.3/0 via: direct }");
    table(&misspelt, &[("[2001:db8::1]:80", "none"), ("a.example:80", "none"), ("192.0.2.1:80", "direct 1")]);
    let ipv6 = dante("route { from: 0/0 to: ::/0 via: direct }");
    table(
        &ipv6,
        &[("[2001:db8::1]:80", "direct 1"), ("a.example:80", "none"), ("[::ffff:192.0.2.1]:80", "none")],
    );
}

#[test]
fn networks_compare_the_bits_of_their_prefix() {
    let config = dante(
        "route { from: 0/0 to: 10.64.0.0/10 via: direct }\n\
         route { from: 0/0 to: 192.0.2.1/32 via: direct }\n\
         route { from: 0/0 to: 2001:db8:8000::/33 via: direct }\n\
         route { from: 0/0 to: 172.16.0.0/255.240.0.0 via: direct }\n",
    );
    table(
        &config,
        &[
            ("10.64.0.1:80", "direct 1"),
            ("10.127.255.255:80", "direct 1"),
            ("10.128.0.0:80", "none"),
            ("192.0.2.1:80", "direct 2"),
            ("192.0.2.2:80", "none"),
            ("[::ffff:192.0.2.1]:80", "direct 2"),
            ("[2001:db8:ffff::1]:80", "direct 3"),
            ("[2001:db8:7fff::1]:80", "none"),
            ("172.31.0.1:80", "direct 4"),
            ("172.32.0.1:80", "none"),
            ("a.example:80", "none"),
        ],
    );
}

#[test]
fn names_are_compared_by_whole_labels() {
    let config = dante(
        "route { from: 0/0 to: .example.com via: direct }\n\
         route { from: 0/0 to: WWW.Example.Org. via: direct }\n",
    );
    table(
        &config,
        &[
            ("example.com:80", "direct 1"),
            ("www.example.com:80", "direct 1"),
            ("WWW.EXAMPLE.COM.:80", "direct 1"),
            ("badexample.com:80", "none"),
            ("example.com.evil.example:80", "none"),
            ("com:80", "none"),
            ("www.example.org:80", "direct 2"),
            ("a.www.example.org:80", "none"),
            ("example.org:80", "none"),
            ("192.0.2.1:80", "none"),
        ],
    );
    let every = dante("route { from: 0/0 to: . via: direct }");
    table(&every, &[("a.example:80", "direct 1"), ("192.0.2.1:80", "none"), ("[2001:db8::1]:80", "none")]);
}

#[test]
fn a_literal_is_an_address_even_when_it_comes_as_a_name() {
    let config =
        dante("route { from: 0/0 to: . via: direct }\nroute { from: 0/0 to: 192.0.2.0/24 via: block }");
    let mut question = question("a.example:80");
    for literal in ["192.0.2.1", "::ffff:192.0.2.1"] {
        question.to = Host::Name(literal);
        assert!(matches!(config.route(&question), Decision::Block(_)), "{literal}");
    }
}

#[test]
fn ports_of_both_sides() {
    let config = dante(
        "route { from: 0/0 to: 0/0 port = http via: direct }\n\
         route { from: 0/0 to: 0/0 port 1000 - 1002 via: direct }\n\
         route { from: 0/0 port < 1024 to: 0/0 port != 9 via: direct command: udpassociate }\n\
         route { from: 0/0 to: 0/0 port > 65000 via: direct }\n\
         route { from: 0/0 to: 0/0 port <= 2 via: direct }\n",
    );
    table(
        &config,
        &[
            ("192.0.2.1:80", "direct 1"),
            ("192.0.2.1:999", "none"),
            ("192.0.2.1:1000", "direct 2"),
            ("192.0.2.1:1002", "direct 2"),
            ("192.0.2.1:1003", "none"),
            ("udp from 10.0.0.1:1023 192.0.2.1:8", "direct 3"),
            ("udp from 10.0.0.1:1023 192.0.2.1:9", "none"),
            ("udp from 10.0.0.1:1024 192.0.2.1:8", "none"),
            ("192.0.2.1:65000", "none"),
            ("192.0.2.1:65001", "direct 4"),
            ("192.0.2.1:0", "direct 5"),
            ("192.0.2.1:3", "none"),
        ],
    );
}

#[test]
fn the_local_address() {
    let config = dante(
        "route { from: 10.0.0.0/8 to: 0/0 via: direct }\n\
         route { from: 2001:db8::/32 to: 0/0 via: direct }\n",
    );
    table(
        &config,
        &[
            ("192.0.2.1:80", "none"),
            ("from 10.1.1.1:0 192.0.2.1:80", "direct 1"),
            ("from [::ffff:10.1.1.1]:0 [2001:db8::1]:80", "direct 1"),
            ("from 11.1.1.1:0 192.0.2.1:80", "none"),
            ("from [2001:db8::9]:0 [2001:db8::1]:80", "direct 2"),
        ],
    );
    let named = dante("route { from: laptop.example to: 0/0 via: direct }");
    table(&named, &[("from 10.1.1.1:0 192.0.2.1:80", "none")]);
}

#[test]
fn commands_and_protocols() {
    let config = dante(
        "route { from: 0/0 to: 10.0.0.0/8 via: direct }\n\
         route { from: 0/0 to: 0/0 via: 10.0.0.11 command: bind proxyprotocol: socks_v5 }\n\
         route { from: 0/0 to: 0/0 via: 10.0.0.12 protocol: tcp proxyprotocol: socks_v5 }\n",
    );
    table(
        &config,
        &[
            ("10.0.0.1:80", "direct 1"),
            ("udp 10.0.0.1:80", "direct 1"),
            ("bind 10.0.0.1:80", "socks_v5 2"),
            ("bind 192.0.2.1:80", "socks_v5 2"),
            ("192.0.2.1:80", "socks_v5 3"),
            ("udp 192.0.2.1:80", "none"),
        ],
    );
}

#[test]
fn a_bind_without_a_target_is_not_compared_with_to() {
    let config = dante("route { from: 0/0 to: 10.0.0.0/8 via: 10.0.0.11 proxyprotocol: socks_v5 }");
    table(
        &config,
        &[
            ("bind 0.0.0.0:0", "socks_v5 1"),
            ("bind [::]:0", "socks_v5 1"),
            ("bind 192.0.2.1:0", "none"),
            ("0.0.0.0:80", "none"),
        ],
    );
}

#[test]
fn a_block_route_hides_what_is_below_it() {
    let config = dante(&format!(
        "route {{ from: 0/0 to: 10.0.0.1/32 via: direct }}\n\
         route {{ from: 0/0 to: 10.0.0.0/8 via: block }}\n\
         {CATCH_ALL}\n\
         route {{ from: 0/0 to: 10.0.0.2/32 via: direct }}\n\
         route {{ from: 0/0 to: 0/0 via: block }}\n"
    ));
    table(
        &config,
        &[
            ("10.0.0.1:80", "direct 1"),
            ("10.0.0.2:80", "block 2"),
            ("192.0.2.1:80", "socks_v5 3"),
            ("a.example:80", "socks_v5 3"),
            ("bind 10.0.0.9:0", "block 2"),
        ],
    );
}

#[test]
fn a_look_up_is_direct_only_when_every_port_is() {
    let config = toml(
        "[proxy.a]\nurl = \"socks5://10.0.0.11\"\n\
         [[route]]\nto = \".direct.example\"\nport = 22\nvia = \"direct\"\n\
         [[route]]\nto = \".proxied.example\"\nport = 443\nvia = \"a\"\n\
         [[route]]\nto = \"mail.example\"\nport = 25\nvia = \"block\"\n\
         [[route]]\nto = \"0/0\"\nport = 23\nvia = \"block\"\n\
         [[route]]\nto = \"gone.example\"\nvia = \"block\"\n\
         [[route]]\nto = [\".lan.example\", \"mail.example\", \".proxied.example\"]\nvia = \"direct\"\n\
         [[route]]\nvia = \"a\"\n",
    );
    table(
        &config,
        &[
            ("a.direct.example", "socks_v5 25"),
            ("a.direct.example:22", "direct 3"),
            ("a.proxied.example", "socks_v5 7"),
            ("a.proxied.example:80", "direct 22"),
            ("mail.example", "block 11"),
            ("mail.example:80", "direct 22"),
            ("mail.example:25", "block 11"),
            ("a.lan.example", "direct 22"),
            ("a.lan.example:23", "block 15"),
            ("gone.example", "block 19"),
            ("www.example.com", "socks_v5 25"),
        ],
    );
    let any_port = dante("route { from: 0/0 to: . port >= 0 via: direct }");
    table(&any_port, &[("a.example", "direct 1")]);
}

#[test]
fn without_routes_nothing_is_reached() {
    table(
        &dante("# nothing\n"),
        &[("192.0.2.1:80", "none"), ("a.example", "none"), ("udp 192.0.2.1:53", "none")],
    );
}

fn process<'a>(started_as: &'a str, user: u32) -> Process<'a> {
    Process { started_as: Some(Path::new(started_as)), executable: None, user: Some(user) }
}

/// The line that decides about a connection of this process; 0 where none does.
fn line(config: &Config, process: Process<'_>) -> u32 {
    match config.route(&Question { process, ..question("192.0.2.1:80") }) {
        Decision::Direct(route) | Decision::Block(route) | Decision::Proxy(route, _) => route.line,
        Decision::NoRoute => 0,
    }
}

#[test]
fn programs_and_users_have_routes_of_their_own() {
    for config in [
        dante(include_str!("../fixtures/accepted/callers.conf")),
        toml(include_str!("../fixtures/accepted/callers.toml")),
    ] {
        let lines: Vec<u32> = config.routes.iter().map(|route| route.line).collect();
        let [block, direct, proxy] = lines[..] else { panic!("{lines:?}") };
        assert_eq!(config.routes[0].errno, BlockErrno::ConnRefused);
        assert_eq!(line(&config, process("/opt/telemetryd", 1000)), block);
        assert_eq!(line(&config, process("/usr/bin/rsync", 5)), direct);
        assert_eq!(line(&config, process("/usr/bin/backup", 5)), direct);
        assert_eq!(line(&config, process("/opt/backup", 5)), 0);
        assert_eq!(line(&config, process("/usr/bin/curl", 0)), proxy);
        assert_eq!(line(&config, process("/usr/bin/curl", 5)), 0);
    }
}

#[test]
fn a_process_that_is_not_known_gets_past_direct_routes_only() {
    let proxied = toml(
        "[proxy.a]\nurl = \"socks5://10.0.0.11\"\n\
         [[route]]\nprogram = \"curl\"\nvia = \"direct\"\n\
         [[route]]\nuser = 7\nvia = \"direct\"\n\
         [[route]]\nprogram = \"curl\"\nuser = 7\nvia = \"a\"\n\
         [[route]]\nvia = \"direct\"\n",
    );
    assert_eq!(line(&proxied, Process::default()), 9);
    assert_eq!(line(&proxied, process("/bin/wget", 8)), 13);
    let blocked =
        toml("[[route]]\nuser = 7\nprogram = \"curl\"\nvia = \"block\"\n[[route]]\nvia = \"direct\"\n");
    assert_eq!(line(&blocked, Process::default()), 1);
    assert_eq!(line(&blocked, process("/bin/curl", 8)), 5);
    // The number of a name that nobody has looked up.
    let named = toml("[[route]]\nuser = \"alice\"\nvia = \"direct\"\n");
    assert_eq!(line(&named, process("/bin/curl", 8)), 0);
}
