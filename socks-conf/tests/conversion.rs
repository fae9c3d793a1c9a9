//! A converted configuration decides every call as the original does.

use socks_conf::{
    Command, Config, Decision, Host, Place, Ports, Process, Protocol, ProxyProtocol, Question, Unconvertible,
    parse,
};
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

fn read(file: &Path) -> Option<Config> {
    parse(&fs::read(file).unwrap(), Path::new(file.file_name().unwrap())).ok()
}

fn fixtures() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let files = ["accepted", "warnings"].map(|directory| fs::read_dir(root.join(directory)).unwrap());
    let mut files: Vec<PathBuf> = files.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension != "txt"));
    files.sort();
    files
}

fn converted(config: &Config) -> Config {
    let text = config.to_toml().unwrap();
    parse(text.as_bytes(), Path::new("converted.toml")).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Some that the fixtures name, and one that none does.
const PROCESSES: [(&str, u32); 4] =
    [("/opt/telemetryd", 1000), ("/usr/bin/rsync", 1000), ("/usr/bin/backup", 0), ("/bin/other", 5)];

/// Every place and port that a route mentions, those beside them, and some that none does.
struct Grid {
    names: Vec<String>,
    addresses: Vec<IpAddr>,
    ports: Vec<u16>,
    from: Vec<IpAddr>,
    processes: Vec<Process<'static>>,
}

impl Grid {
    fn of(config: &Config) -> Grid {
        let mut grid = Grid {
            names: vec!["elsewhere.test".to_owned()],
            addresses: vec![[192, 0, 2, 200].into(), "2001:db8:ffff::1".parse().unwrap()],
            ports: vec![1, 65535],
            from: vec![[0, 0, 0, 0].into()],
            processes: vec![Process::default()],
        };
        if config.names_programs() || config.names_users() {
            grid.processes.extend(PROCESSES.map(|(program, user)| Process {
                started_as: Some(Path::new(program)),
                executable: None,
                user: Some(user),
            }));
        }
        for route in config.routes.iter().chain(&config.automatic) {
            for to in &route.to {
                grid.add_place(&to.place);
                grid.add_ports(to.ports);
            }
            if let Place::Network(network) = &route.from.place {
                grid.from.push(network.address);
            }
        }
        grid
    }

    fn add_place(&mut self, place: &Place) {
        match place {
            Place::Network(network) => self.addresses.extend([network.address, beside(network.address)]),
            Place::Name(name) => self.names.extend([name.clone(), format!("x.{name}")]),
            Place::Domain(name) => self.names.extend([name.clone(), format!("x.{name}"), format!("x{name}")]),
            Place::Everything | Place::EveryName => {}
        }
    }

    fn add_ports(&mut self, ports: Ports) {
        if let Some(port) = (0..=u16::MAX).find(|port| ports.contains(*port)) {
            self.ports.extend([port.saturating_sub(1), port, port.saturating_add(1)]);
        }
    }

    fn questions(&self, mut ask: impl FnMut(&Question<'_>)) {
        let hosts = self.names.iter().map(|name| Host::Name(name));
        let hosts: Vec<Host<'_>> = hosts.chain(self.addresses.iter().map(|ip| Host::Ip(*ip))).collect();
        let calls = [
            (Command::Connect, Protocol::Tcp),
            (Command::Bind, Protocol::Tcp),
            (Command::UdpAssociate, Protocol::Udp),
        ];
        for (command, protocol) in calls {
            for from in &self.from {
                for to in &hosts {
                    for port in self.ports.iter().copied().map(Some).chain([None]) {
                        let from = SocketAddr::new(*from, 0);
                        for process in &self.processes {
                            let (to, process) = (*to, *process);
                            ask(&Question { command, protocol, from, to, port, process });
                        }
                    }
                }
            }
        }
    }
}

fn beside(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => (address.to_bits() ^ 1).to_be_bytes().into(),
        IpAddr::V6(address) => (address.to_bits() ^ 1).to_be_bytes().into(),
    }
}

/// What is done, and with which proxies by what; SOCKS4a is SOCKS4 with names.
fn outcome(config: &Config, question: &Question<'_>) -> (&'static str, Vec<(String, u16, &'static str)>) {
    let protocol = |protocol| match protocol {
        ProxyProtocol::SocksV4 | ProxyProtocol::SocksV4a => "4",
        ProxyProtocol::SocksV5 => "5",
        ProxyProtocol::Http => "http",
    };
    match config.route(question) {
        Decision::Direct(_) => ("direct", Vec::new()),
        Decision::Block(route) => (route.errno.name(), Vec::new()),
        Decision::NoRoute => ("none", Vec::new()),
        Decision::Proxy(route, first) => {
            let through = config.through(route, question);
            let mut through: Vec<_> = through
                .map(|(_, proxy, spoken)| (proxy.host.to_string(), proxy.port, protocol(spoken)))
                .collect();
            // Dante's order says what is spoken to the one proxy of a route.
            through[0].2 = protocol(first);
            ("proxy", through)
        }
    }
}

fn assert_same(original: &Config, name: &str) {
    let copy = converted(original);
    Grid::of(original).questions(|question| {
        assert_eq!(outcome(original, question), outcome(&copy, question), "{name}: {question:?}");
    });
    let keys = |config: &Config| {
        let Config {
            resolveprotocol, nameservers, udp, bind, logoutput, errorlog, debug, fake_range, ..
        } = config.clone();
        (resolveprotocol, nameservers, udp, bind, logoutput, errorlog, debug, fake_range)
    };
    assert_eq!(keys(original), keys(&copy), "{name}");
}

#[test]
fn every_fixture_decides_the_same() {
    let mut number = 0;
    for file in fixtures() {
        let name = file.display().to_string();
        let config = read(&file).unwrap_or_else(|| panic!("{name}"));
        match config.to_toml() {
            Ok(_) => assert_same(&config, &name),
            Err(Unconvertible::FromPorts(_)) if name.ends_with("office.conf") => {}
            Err(Unconvertible::BlockInBetween(_)) if name.ends_with("never-used.conf") => {}
            Err(why) => panic!("{name}: {why}"),
        }
        number += 1;
    }
    assert!(number > 20);
}

#[test]
fn files_of_other_programs_look_like_this() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for name in [
        "proxychains",
        "torsocks",
        "tsocks",
        "lines-of-socks4",
        "several-lines",
        "proxychains-chain",
        "chains",
    ] {
        let directories = ["accepted", "warnings"].map(|directory| root.join(directory));
        let mut files = directories.iter().map(|directory| directory.join(format!("{name}.conf")));
        let text = read(&files.find(|file| file.exists()).unwrap()).unwrap().to_toml().unwrap();
        let golden = root.join("converted").join(format!("{name}.toml"));
        if std::env::var_os("BLESS").is_some() {
            fs::write(&golden, &text).unwrap();
        }
        assert_eq!(text, fs::read_to_string(&golden).unwrap_or_default(), "{name}");
    }
}

#[test]
fn what_cannot_be_said_is_refused() {
    let convert = |text: &str| parse(text.as_bytes(), Path::new("x.conf")).unwrap().to_toml();
    let through = "to: 0/0 via: 192.0.2.1 port = 1080 proxyprotocol: socks_v5 }\n";
    let from_port = format!("route {{ from: 0/0 port = 20 {through}");
    assert_eq!(convert(&from_port), Err(Unconvertible::FromPorts(1)));
    let block = "route { from: 0/0 to: 10.0.0.0/8 via: block }\n";
    let direct = "route { from: 0/0 to: 10.1.0.0/16 via: direct }\n";
    let route = format!("route {{ from: 0/0 {through}");
    assert_eq!(convert(&format!("{route}{block}{direct}")), Err(Unconvertible::BlockInBetween(2)));
    assert!(convert(&format!("{direct}{block}{route}")).is_ok());
}

#[test]
fn dantes_order_becomes_the_order_of_the_file() {
    let text = "
        resolveprotocol: local
        route { from: 0/0 to: 10.0.0.0/8 via: 192.0.2.1 port = 1080 }
        route { from: 0/0 to: 0/0 via: 192.0.2.2 port = 1080 proxyprotocol: socks_v4 }
        route { from: 10.0.0.1/32 to: .example.com port != 80 via: 192.0.2.3 proxyprotocol: http }
        route { from: 0/0 to: 10.1.0.0/16 via: direct command: connect }";
    assert_same(&parse(text.as_bytes(), Path::new("x.conf")).unwrap(), "order");
}
