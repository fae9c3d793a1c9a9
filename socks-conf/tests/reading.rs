//! Both dialects give the model they are meant to give.

use socks_conf::{
    BindPolicy, BlockErrno, Callers, Command, Commands, Config, Endpoint, KEYWORDS, LogTarget, Method, Mode,
    Network, Place, Ports, Protocol, Protocols, Proxy, ProxyHost, ProxyProtocol, ProxyProtocols,
    ResolveProtocol, Route, Search, Section, Standing, UdpFallback, Via, parse,
};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

fn read(text: impl AsRef<[u8]>) -> Config {
    parse(text.as_ref(), Path::new("test")).unwrap_or_else(|error| panic!("{error}"))
}

fn route(text: &str) -> Route {
    read(text).routes.remove(0)
}

fn network(address: &str, prefix: u8) -> Place {
    Place::Network(Network { address: address.parse().unwrap(), prefix })
}

fn anywhere(place: Place) -> Endpoint {
    Endpoint { place, ports: Ports::Any }
}

#[test]
fn every_layout_of_the_same_route_gives_the_same_model() {
    let everything = anywhere(network("0.0.0.0", 0));
    let expected = Route {
        from: everything.clone(),
        to: vec![everything],
        via: Via::Proxies(vec![0]),
        mode: Mode::FailOver,
        chain_len: 1,
        errno: BlockErrno::Acces,
        callers: Callers::default(),
        commands: Commands::all(),
        protocols: Protocols::all(),
        proxyprotocols: ProxyProtocols::from([ProxyProtocol::SocksV5]),
        methods: vec![Method::None, Method::Username],
        line: 0,
    };
    let proxy = Proxy {
        name: "10.0.0.11:1080".into(),
        host: ProxyHost::Ip([10, 0, 0, 11].into()),
        port: 1080,
        protocols: expected.proxyprotocols,
        username: None,
        password: None,
        password_file: None,
        isolate: None,
    };
    for text in [
        &include_bytes!("../fixtures/accepted/one-line.conf")[..],
        include_bytes!("../fixtures/accepted/several-lines.conf"),
        include_bytes!("../fixtures/accepted/one-word-a-line.conf"),
        include_bytes!("../fixtures/accepted/no-blanks.conf"),
        include_bytes!("../fixtures/accepted/joined.conf"),
        include_bytes!("../fixtures/accepted/commented.conf"),
        include_bytes!("../fixtures/accepted/dotted-masks.conf"),
    ] {
        let config = read(text);
        let found = Route { line: 0, ..config.routes[0].clone() };
        assert_eq!((found, &config.proxies[..]), (expected.clone(), &[proxy.clone()][..]));
        assert_eq!((config.routes.len(), config.search), (1, Search::ByProxyProtocol));
        let crlf = String::from_utf8(text.to_vec()).unwrap().replace('\n', "\r\n");
        assert_eq!(read(&crlf).proxies, config.proxies);
        assert_eq!(read([b"\xef\xbb\xbf", text].concat()).routes, config.routes);
        assert_eq!(read([b"# \xe4\xf6\xfc\n", text].concat()).proxies, config.proxies);
    }
}

type Settings = (ResolveProtocol, Vec<SocketAddr>, UdpFallback, BindPolicy);

fn settings(config: &Config) -> Settings {
    (config.resolveprotocol, config.nameservers.clone(), config.udp, config.bind)
}

fn office_settings() -> Settings {
    let servers = ["10.0.0.53:53", "[2001:db8::53]:5353"].map(|server| server.parse().unwrap()).to_vec();
    (ResolveProtocol::Tcp, servers, UdpFallback::Direct, BindPolicy::Never)
}

#[test]
fn what_holds_without_a_word_about_it() {
    let config = read("debug: 1\n");
    assert_eq!(settings(&config), (ResolveProtocol::Fake, Vec::new(), UdpFallback::Block, BindPolicy::Auto));
}

#[test]
fn name_servers_end_at_the_next_keyword_and_add_up() {
    let config =
        read("nameserver: 10.0.0.1 2001:db8::1 udp: direct\nnameserver: 10.0.0.2\nresolveprotocol: tor\n");
    assert_eq!((config.nameservers.len(), config.udp), (3, UdpFallback::Direct));
    assert_eq!(config.resolveprotocol, ResolveProtocol::Tor);
}

#[test]
fn an_office_in_dantes_words() {
    let config = read(include_bytes!("../fixtures/accepted/office.conf"));
    assert_eq!((config.debug, config.resolveprotocol), (1, ResolveProtocol::Tcp));
    assert_eq!(config.timeout_connect, Some(Duration::from_secs(30)));
    assert_eq!(settings(&config), office_settings());
    let log = PathBuf::from("/var/log/socksify.log");
    assert_eq!(
        config.logoutput,
        [LogTarget::Stderr, LogTarget::Syslog(Some("daemon".into())), LogTarget::File(log)]
    );
    assert_eq!(config.errorlog, [LogTarget::Stderr]);
    let [loopback, ten, intranet, ipv6, mail, web, rest] = &config.routes[..] else { panic!() };
    let direct = Commands::from([Command::Connect, Command::UdpAssociate, Command::UdpReply]);
    assert_eq!(
        (loopback.commands, loopback.protocols, loopback.via.clone()),
        (direct, Protocols::all(), Via::Direct)
    );
    assert_eq!(ten.to, [anywhere(network("10.0.0.0", 8))]);
    assert_eq!(ten.commands, Commands::from([Command::Connect, Command::UdpAssociate]));
    assert_eq!(intranet.to, [anywhere(Place::Domain("intranet.example".into()))]);
    assert_eq!(ipv6.to, [anywhere(network("2001:db8::", 32))]);
    assert_eq!(mail.to, [Endpoint { place: Place::EveryName, ports: Ports::Equal(25) }]);
    assert_eq!((mail.via.clone(), mail.commands), (Via::Block, Commands::all()));
    assert_eq!(web.from, Endpoint { place: network("192.168.0.0", 16), ports: Ports::GreaterOrEqual(1024) });
    assert_eq!(
        web.to,
        [Endpoint { place: Place::Name("www.example.com".into()), ports: Ports::Range(80, 443) }]
    );
    assert_eq!(config.proxies[0].host, ProxyHost::Name("proxy.example".into()));
    assert_eq!((web.protocols, web.line), (Protocols::from([Protocol::Tcp]), 16));
    assert_eq!(rest.methods, [Method::Username, Method::None]);
    assert_eq!(config.proxies[1].to_string(), "[2001:db8::11]:1080");
}

#[test]
fn an_office_in_toml() {
    let config = read(include_bytes!("../fixtures/accepted/office.toml"));
    assert_eq!(config.search, Search::FirstMatch);
    assert_eq!((config.debug, config.timeout_connect), (1, Some(Duration::from_secs(30))));
    assert_eq!(settings(&config), office_settings());
    assert_eq!(config.fake_range, (Ipv4Addr::new(198, 18, 0, 0), 15));
    let [corp, spare] = &config.proxies[..] else { panic!() };
    assert_eq!((corp.name.as_str(), corp.username.as_deref()), ("corp", Some("alice")));
    assert_eq!(corp.password_file.as_deref(), Some(Path::new("~/.config/socksify/corp.pass")));
    assert_eq!(spare.protocols, ProxyProtocols::from([ProxyProtocol::SocksV4a]));
    let [direct, mail, rest, rest_too] = &config.routes[..] else { panic!() };
    assert_eq!(direct.to.len(), 4);
    let ports: Vec<Ports> = mail.to.iter().map(|to| to.ports).collect();
    assert_eq!(ports, [Ports::Equal(25), Ports::Equal(465), Ports::Equal(587)]);
    assert_eq!(mail.to[0].place, Place::Everything);
    assert_eq!((rest.via.clone(), rest.line, rest_too.line), (Via::Proxies(vec![0, 1]), 28, 28));
    assert_eq!(rest_too.from, anywhere(network("10.0.0.7", 32)));
    assert_eq!(rest.commands, Commands::from([Command::Connect, Command::Bind, Command::UdpAssociate]));
    assert_eq!(rest.protocols, Protocols::from([Protocol::Tcp]));
}

#[test]
fn defaults_follow_the_proxy_protocol() {
    let of = |protocol: &str| route(&format!("route {{ from: 0/0 to: 0/0 via: 10.0.0.11 {protocol} }}"));
    let socks4 = Commands::from([Command::Connect, Command::Bind, Command::BindReply]);
    let tcp = Protocols::from([Protocol::Tcp]);
    let default = of("");
    assert_eq!(
        default.proxyprotocols,
        ProxyProtocols::from([ProxyProtocol::SocksV4, ProxyProtocol::SocksV5])
    );
    assert_eq!((default.commands, default.protocols), (Commands::all(), Protocols::all()));
    let four = of("proxyprotocol: socks_v4");
    assert_eq!((four.commands, four.protocols, four.methods), (socks4, tcp, vec![Method::None]));
    let http = of("proxyprotocol: http");
    assert_eq!((http.commands, http.protocols), (Commands::from([Command::Connect]), tcp));
    let port = |text: &str| read(text).proxies[0].port;
    assert_eq!(port("route { from: 0/0 to: 0/0 via: 10.0.0.11 proxyprotocol: http }"), 80);
    assert_eq!(port("route { from: 0/0 to: 0/0 via: 10.0.0.11 }"), 1080);
}

#[test]
fn values_of_a_repeated_key_add_up() {
    let one = route(
        "route { from: 0/0 to: 0/0 via: 10.0.0.11 proxyprotocol: socks_v5 command: connect command: bind\nprotocol: tcp udp }",
    );
    assert_eq!(one.commands, Commands::from([Command::Connect, Command::Bind]));
    assert_eq!(one.protocols, Protocols::all());
    let logs = read("logoutput: stderr\nlogoutput: stdout\n");
    assert_eq!(logs.logoutput, [LogTarget::Stderr, LogTarget::Stdout]);
}

#[test]
fn options_stand_anywhere_and_a_log_list_ends_at_the_next_keyword() {
    let config = read(
        "route { from: 0/0 to: 0/0 via: direct } debug: 0x2\nlogoutput: stderr debug: 3 timeout.connect: 0",
    );
    assert_eq!((config.debug, config.logoutput.len(), config.timeout_connect), (3, 1, None));
    assert_eq!(
        read("logoutput: debug stderr").logoutput,
        [LogTarget::File("debug".into()), LogTarget::Stderr]
    );
}

#[test]
fn routes_to_the_same_proxy_share_it() {
    let text = "route { from: 0/0 to: 10.0.0.0/8 via: 10.0.0.11 port = 9 }\nroute { from: 0/0 to: 0/0 via: 10.0.0.11 port = 9 }\n\
        route { from: 0/0 to: 0/0 via: 10.0.0.11 port = 8 }";
    let config = read(text);
    assert_eq!(config.proxies.len(), 2);
    assert_eq!(config.routes[1].via, Via::Proxies(vec![0]));
}

#[test]
fn gateways() {
    let host = |via: &str| read(format!("route {{ from: 0/0 to: 0/0 via: {via} }}")).proxies.remove(0).host;
    assert_eq!(host("2001:db8::1"), ProxyHost::Ip("2001:db8::1".parse().unwrap()));
    assert_eq!(host("[2001:db8::1] port = 9"), ProxyHost::Ip("2001:db8::1".parse().unwrap()));
    assert_eq!(host("Proxy.Example"), ProxyHost::Name("Proxy.Example".into()));
}

#[test]
fn every_word_of_dantes_client_grammar_is_known() {
    let known = |word: &str, section| {
        KEYWORDS.iter().any(|row| {
            row.section == section
                && (row.name == word || row.name.ends_with('.') && word.starts_with(row.name))
        })
    };
    for word in [
        "debug",
        "logoutput",
        "errorlog",
        "resolveprotocol",
        "route.maxfail",
        "route.badexpire",
        "timeout.connect",
        "timeout.io",
        "timeout.io.tcp",
        "timeout.io.udp",
        "timeout.negotiate",
        "timeout.tcp_fin_wait",
        "connecttimeout",
        "iotimeout",
        "localdomain",
        "child.maxidle",
        "internal",
        "external",
        "method",
        "socksmethod",
        "clientmethod",
        "user.privileged",
        "compatibility",
        "extension",
        "srchost",
        "udp.connectdst",
        "child.maxrequests",
        "libwrap.allow",
        "clientcompatibility",
        "external.tcp.tcp_nodelay",
        "socket.recvbuf.udp",
        "socket.sendbuf.tcp",
        "client",
        "socks",
        "hostid",
        "pass",
        "block",
    ] {
        assert!(known(word, Section::File), "{word}");
    }
    for word in [
        "from",
        "to",
        "via",
        "proxyprotocol",
        "command",
        "protocol",
        "method",
        "extension",
        "clientcompatibility",
        "gssapi.servicename",
        "gssapi.keytab",
        "gssapi.enctype",
        "redirect",
        "internal.ip.ip_tos",
        "external.udp.so_sndbuf",
        "socksmethod",
        "clientmethod",
        "user",
        "log",
        "timeout.connect",
        "protocolversion",
    ] {
        assert!(known(word, Section::Route), "{word}");
    }
}

#[test]
fn every_keyword_is_supported_or_says_why_not() {
    for row in KEYWORDS {
        match row.standing {
            Standing::Supported(_) | Standing::Renamed(..) => {
                assert!(!row.doc.is_empty() && !row.default.is_empty(), "{}", row.name)
            }
            Standing::NoEffect(reason) => assert!(!row.doc.is_empty() && !reason.is_empty(), "{}", row.name),
            Standing::Refused(reason) => {
                let word = row.name.trim_end_matches('.').to_owned()
                    + if row.name.ends_with('.') { ".x" } else { "" };
                let text = match row.section {
                    Section::File => format!("{word}: 1\n"),
                    _ => format!("route {{ {word}: 1\n}}"),
                };
                let error = parse(text.as_bytes(), Path::new("test")).unwrap_err().to_string();
                assert!(error.contains(reason), "{error}");
            }
        }
    }
}
