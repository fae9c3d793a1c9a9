//! A server's file: the model it gives, and every message as the user sees it.

mod golden;

use golden::{compare, fixtures, listing};
use proptest::prelude::*;
use socks_conf::sockd::{Action, Family, Local, LogEvent, Method, Rotation, Rule, Sockd, parse};
use socks_conf::{
    Command, Commands, Error, Network, Place, Ports, Protocol, ProxyProtocol, SOCKD_KEYWORDS, Section,
};
use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::time::Duration;

fn read(file: &Path) -> Result<Sockd, Error> {
    parse(&fs::read(file).unwrap(), Path::new(file.file_name().unwrap()))
}

fn sockd(text: &str) -> Sockd {
    parse(text.as_bytes(), Path::new("test")).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn errors() {
    golden::errors("sockd/diagnostics", 30, read);
}

#[test]
fn warnings() {
    golden::warnings("sockd/warnings", |file| Ok(read(file)?.warnings));
}

/// As such files are found: old words, old ways to write a port, whatever ends a line. What is worth a warning may change
/// nothing about the rules.
#[test]
fn files_are_read_as_people_write_them() {
    for file in fixtures("sockd/read") {
        let sockd = read(&file).unwrap_or_else(|error| panic!("{error}"));
        let rule = |rule: &Rule| {
            let (from, to) = (&rule.from[0], &rule.to[0]);
            let ways = (rule.commands, rule.protocols, rule.methods);
            format!(
                "{:?} {} {:?} -> {} {:?} {ways:?}\n",
                rule.action, from.place, from.ports, to.place, to.ports
            )
        };
        let stage = |name: &str, rules: &[Rule]| {
            rules.iter().map(|each| format!("{name} {}", rule(each))).collect::<String>()
        };
        let rules = stage("client", &sockd.client_rules) + &stage("socks", &sockd.socks_rules);
        compare(&file, &(rules + &listing(&sockd.warnings)));
    }
}

fn network(address: &str, prefix: u8) -> Place {
    Place::Network(Network { address: address.parse().unwrap(), prefix })
}

fn check_office(sockd: &Sockd) {
    let places: Vec<_> =
        sockd.internal.iter().map(|listen| (listen.local.to_string(), listen.port)).collect();
    assert_eq!(places, [("eth0".into(), 1080), ("127.0.0.1".into(), 1080), ("::1".into(), 1081)]);
    assert_eq!(sockd.external, [Local::Name("eth1.100".into())]);
    assert_eq!(sockd.internal_families, [Family::Ipv4, Family::Ipv6].into());
    assert_eq!((sockd.rotation, sockd.debug), (Rotation::SameSame, 1));
    assert_eq!(sockd.clientmethods, [Method::None]);
    assert_eq!(sockd.socksmethods.as_deref(), Some(&[Method::Username, Method::Rfc931, Method::None][..]));
    assert_eq!(sockd.users.as_deref(), Some(Path::new("/etc/socksd.users")));
    assert_eq!(sockd.unprivileged.as_deref(), Some("nobody"));
    assert_eq!((sockd.logoutput.len(), sockd.errorlog.len()), (2, 1));
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!((sockd.timeout_negotiate, sockd.timeout_connect), (seconds(20), seconds(10)));
    assert_eq!((sockd.timeout_io_tcp, sockd.timeout_io_udp), (seconds(3600), seconds(60)));
    assert_eq!(sockd.timeout_tcp_fin_wait, seconds(30));
    assert_eq!((sockd.connections_total, sockd.connections_client), (Some(5000), Some(100)));
    let [bad, office] = &sockd.client_rules[..] else { panic!() };
    assert_eq!((bad.action, &bad.from[0].place), (Action::Block, &network("10.9.0.0", 16)));
    assert_eq!((bad.log, office.log), (Some([LogEvent::Connect, LogEvent::Error].into()), None));
    assert_eq!(office.to[0].place, Place::Name("eth0".into()));
    let [mail, one, staff] = &sockd.socks_rules[..] else { panic!() };
    assert_eq!((mail.action, mail.to[0].ports), (Action::Block, Ports::Equal(25)));
    assert_eq!(mail.commands, Commands::all());
    assert_eq!(one.from[0].place, network("10.0.0.7", 32));
    assert_eq!(one.to[0].place, Place::Domain("example.com".into()));
    assert_eq!(
        (one.commands, one.protocols),
        ([Command::Connect, Command::Bind].into(), [Protocol::Tcp].into())
    );
    assert_eq!((one.proxyprotocols, one.methods), ([ProxyProtocol::SocksV5].into(), [Method::None].into()));
    assert_eq!(staff.to[0].ports, Ports::GreaterOrEqual(80));
    assert_eq!(staff.methods, [Method::Username, Method::Rfc931].into());
    assert_eq!(
        (&staff.users[..], &staff.groups[..]),
        (&["alice".into(), "bob".into()][..], &["staff".into()][..])
    );
    assert_eq!(staff.log, Some([LogEvent::Connect, LogEvent::Disconnect].into()));
}

#[test]
fn both_dialects_say_the_same() {
    for file in fixtures("sockd/accepted") {
        let sockd = read(&file).unwrap_or_else(|error| panic!("{error}"));
        check_office(&sockd);
        let cautions: Vec<_> = sockd.warnings.iter().map(ToString::to_string).collect();
        assert!(cautions.is_empty(), "{}: {cautions:?}", file.display());
    }
}

#[test]
fn the_layout_of_a_rule_does_not_matter() {
    let expected = sockd("socks pass { from: 10.0.0.0/8 to: 0/0 port = 80 }").socks_rules;
    for text in [
        "pass {\nfrom: 10.0.0.0/8 to: 0/0 port = 80\n}",
        "socks\tpass{from: 10.0.0.0/8\nto: 0/0 port=80}",
        "socks pass {\r\n to: 0/0 port = http # web\r\n from: 10.0.0.0/255.0.0.0\r\n}\r\n",
    ] {
        let mut rules = sockd(text).socks_rules;
        rules[0].line = 1;
        assert_eq!(rules, expected, "{text:?}");
    }
}

#[test]
fn what_a_rule_leaves_out_is_not_narrowed() {
    let rules =
        sockd("socks pass { from: 0/0 to: 0/0 protocol: udp }\nblock { from: 0/0 to: 0/0 command: bind }");
    let [udp, bind] = &rules.socks_rules[..] else { panic!() };
    assert_eq!((udp.commands, udp.protocols), (Commands::all(), [Protocol::Udp].into()));
    assert_eq!((bind.commands, bind.protocols.contains(Protocol::Tcp)), ([Command::Bind].into(), true));
    let four = sockd("socks pass { from: 0/0 to: 0/0 proxyprotocol: socks_v4 }").socks_rules.remove(0);
    assert_eq!(four.proxyprotocols, [ProxyProtocol::SocksV4, ProxyProtocol::SocksV4a].into());
}

#[test]
fn services_rates_and_events_are_those_of_a_rule() {
    let dante = sockd(
        "socksmethod: pam.username\nsocks pass { from: 0/0 to: 0/0 pamservicename: danted bandwidth: 125000 bandwidth.user: 1000 log: data ioop tcpinfo }",
    );
    let toml = sockd(
        "socksmethod = 'pam.username'\n[[socks]]\naction = 'pass'\npam = { servicename = 'danted' }\nbandwidth = { rule = 125000, user = 1000 }\nlog = ['data', 'iooperation', 'tcpinfo']",
    );
    for Sockd { mut socks_rules, .. } in [dante, toml] {
        let rule = socks_rules.remove(0);
        assert_eq!(rule.pam_service.as_deref(), Some("danted"));
        assert_eq!((rule.bandwidth, rule.user_bandwidth), (NonZero::new(125_000), NonZero::new(1000)));
        assert_eq!(rule.log, Some([LogEvent::Data, LogEvent::IoOperation, LogEvent::TcpInfo].into()));
    }
    let whole = sockd("[[socks]]\naction = 'pass'\nbandwidth = 125000").socks_rules.remove(0);
    assert_eq!(
        (whole.bandwidth, whole.user_bandwidth, whole.pam_service),
        (NonZero::new(125_000), None, None)
    );
}

#[test]
fn every_keyword_is_in_the_table_once() {
    for (index, row) in SOCKD_KEYWORDS.iter().enumerate() {
        assert!(matches!(row.section, Section::Sockd | Section::Rule));
        let same = |other: &&socks_conf::Keyword| other.name == row.name && other.section == row.section;
        assert_eq!(SOCKD_KEYWORDS.iter().skip(index + 1).find(same).map(|row| row.name), None);
    }
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes, Path::new("test"));
    }

    #[test]
    fn no_mutation_makes_the_reader_panic(which in 0..2_usize, at in 0..1500_usize, with in ".{0,6}", drop in 0..30_usize) {
        let text = fs::read(&fixtures("sockd/accepted")[which]).unwrap();
        let at = at.min(text.len());
        let end = (at + drop).min(text.len());
        let mutated = [&text[..at], with.as_bytes(), &text[end..]].concat();
        match parse(&mutated, Path::new("test")) {
            Ok(sockd) => sockd.warnings.iter().for_each(|warning| _ = warning.to_string()),
            Err(error) => _ = error.to_string(),
        }
    }

    /// A word put into a list of rules never makes a block rule vanish: it is an error, or the rule is still there.
    #[test]
    fn no_word_swallows_a_block(word in "[a-z.]{1,12}:? ?[a-z0-9./]{0,8}") {
        let text = format!("{word}\nsocks block {{ from: 0/0 to: 10.0.0.0/8 }}\nsocks pass {{ from: 0/0 to: 0/0 }}\n");
        if let Ok(sockd) = parse(text.as_bytes(), Path::new("test")) {
            prop_assert!(sockd.socks_rules.iter().any(|rule| rule.action == Action::Block));
        }
    }
}
