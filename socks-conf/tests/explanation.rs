//! An explanation agrees with the decision.

use socks_conf::{Command, Config, Decision, Host, Process, Protocol, Question, Reason, parse};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

const DANTE: &str = "
route { from: 0/0 to: 10.0.0.0/8 port = 80 via: 192.0.2.1 port = 1080 proxyprotocol: socks_v5 }
route { from: 192.0.2.9/32 to: 0/0 via: 192.0.2.1 port = 1080 proxyprotocol: socks_v5 }
route { from: 0/0 to: 0/0 via: 192.0.2.2 port = 1080 proxyprotocol: socks_v4 }
route { from: 0/0 to: 0/0 via: 192.0.2.3 port = 1080 proxyprotocol: socks_v5 protocol: udp }
route { from: 0/0 to: 0/0 via: 192.0.2.4 port = 3128 proxyprotocol: http command: connect }
route { from: 0/0 to: .home.example via: direct }
";

fn question<'a>(to: Host<'a>, port: Option<u16>) -> Question<'a> {
    let from = SocketAddr::from(([0, 0, 0, 0], 0));
    Question {
        command: Command::Connect,
        protocol: Protocol::Tcp,
        from,
        to,
        port,
        process: Process::default(),
    }
}

fn reasons(text: &str, question: &Question<'_>) -> Vec<Reason> {
    let config = parse(text.as_bytes(), Path::new("x.conf")).unwrap();
    let (considered, _) = config.explain(question);
    considered.iter().filter(|step| !step.automatic).map(|step| step.reason).collect()
}

#[test]
fn each_route_has_its_reason() {
    use Reason::*;
    let address = question(Host::Ip([10, 0, 0, 1].into()), Some(80));
    assert_eq!(reasons(DANTE, &address), [LaterPass, From, Decides, Protocol, Below, To]);
    let name = question(Host::Name("www.home.example"), Some(80));
    assert_eq!(reasons(DANTE, &name), [To, From, Inexpressible, Protocol, LaterPass, Decides]);
    let port = question(Host::Ip([10, 0, 0, 1].into()), Some(81));
    assert_eq!(reasons(DANTE, &port), [Port, From, Decides, Protocol, Below, To]);
    let bind = Question { command: socks_conf::Command::Bind, ..address };
    assert_eq!(reasons(DANTE, &bind), [LaterPass, From, Decides, Protocol, Command, Command]);
}

#[test]
fn routes_of_other_programs_and_users() {
    let text = "[[route]]\nprogram = 'curl'\nvia = 'block'\n[[route]]\nuser = [7, 8]\nvia = 'direct'\n[[route]]\nvia = 'block'\n";
    let by =
        |program, user| Process { started_as: Some(Path::new(program)), executable: None, user: Some(user) };
    let asked = question(Host::Ip([10, 0, 0, 1].into()), Some(80));
    let reasons = |process| reasons(text, &Question { process, ..asked });
    assert_eq!(reasons(by("/bin/curl", 7)), [Reason::Decides]);
    assert_eq!(reasons(by("/bin/wget", 8)), [Reason::Program, Reason::Decides]);
    assert_eq!(reasons(by("/bin/wget", 9)), [Reason::Program, Reason::User, Reason::Decides]);
}

#[test]
fn where_the_first_match_counts_nothing_below_it_is_told() {
    let text = "[[route]]\nto = '10.0.0.0/8'\nport = 80\nvia = 'direct'\n[[route]]\nvia = 'block'\n[[route]]\nvia = 'direct'\n";
    let asked = question(Host::Ip([10, 0, 0, 1].into()), None);
    assert_eq!(reasons(text, &asked), [Reason::PortUnknown, Reason::Decides]);
    let asked = question(Host::Ip([10, 0, 0, 1].into()), Some(80));
    assert_eq!(reasons(text, &asked), [Reason::Decides]);
}

#[test]
fn a_connection_to_the_proxy_itself_is_direct() {
    let config = parse(DANTE.as_bytes(), Path::new("x.conf")).unwrap();
    let (considered, decision) = config.explain(&question(Host::Ip([192, 0, 2, 2].into()), Some(1080)));
    assert!(matches!(decision, Decision::Direct(_)));
    let automatic: Vec<_> = considered.iter().filter(|step| step.automatic).map(|step| step.reason).collect();
    assert_eq!(automatic, [Reason::To, Reason::Decides, Reason::To, Reason::To]);
}

fn agrees(config: &Config, question: &Question<'_>) {
    let (considered, decision) = config.explain(question);
    let deciding: Vec<_> = considered.iter().filter(|step| step.reason == Reason::Decides).collect();
    match (decision, deciding.as_slice()) {
        (Decision::NoRoute, []) => {
            let matches =
                |step: &&socks_conf::Considered<'_>| matches!(step.reason, Reason::LaterPass | Reason::Below);
            assert!(!considered.iter().any(|step| matches(&step)), "{question:?}: {considered:?}");
        }
        (Decision::Direct(route) | Decision::Block(route) | Decision::Proxy(route, _), [step]) => {
            assert!(std::ptr::eq(route, step.route));
        }
        _ => panic!("{question:?}: {decision:?}, {considered:?}"),
    }
}

#[test]
fn explanations_of_all_fixtures_agree_with_decisions() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for directory in ["accepted", "warnings", "converted"] {
        for entry in fs::read_dir(root.join(directory)).unwrap() {
            let file = entry.unwrap().path();
            let Ok(config) = parse(&fs::read(&file).unwrap(), &file) else { continue };
            let hosts = [
                Host::Ip([10, 0, 0, 1].into()),
                Host::Ip([192, 0, 2, 1].into()),
                Host::Ip("2001:db8::1".parse().unwrap()),
                Host::Name("www.example.com"),
                Host::Name("10.1.2.3"),
            ];
            for to in hosts {
                for port in [None, Some(25), Some(80), Some(1080)] {
                    for (command, protocol) in [
                        (Command::Connect, Protocol::Tcp),
                        (Command::Bind, Protocol::Tcp),
                        (Command::UdpAssociate, Protocol::Udp),
                    ] {
                        agrees(&config, &Question { command, protocol, ..question(to, port) });
                    }
                }
            }
        }
    }
}
