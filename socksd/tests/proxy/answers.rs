//! RESOLVE and RESOLVE_PTR: names and addresses that the proxy is asked about.

use std::io::Write;

use socks_proto::Command::{Resolve, ResolvePtr};
use socks_proto::client::{Failure, Version};
use socks_proto::socks5::Rep;
use socks_proto::{Address, Command, Host};

use crate::application::{ask, dial, named, read_to_end};
use crate::journal::end_of;
use crate::program::{Program, scratch};
use crate::proxy::{Proxy, options, with_names};

fn address(ip: &str) -> Address {
    Address { host: Host::Ip(ip.parse().unwrap()), port: 0 }
}

/// The answer, after which there is nothing but the end.
fn told(proxy: &Proxy, version: Version, command: Command, asked: Address) -> Result<Address, Failure> {
    let (mut application, answer) = ask(proxy.address, version, command, asked, None)?;
    assert!(read_to_end(&mut application).unwrap().is_empty());
    Ok(answer)
}

#[test]
fn a_name_is_answered_with_its_ipv4_address_if_it_has_one() {
    let proxy =
        Proxy::start(with_names(&["both.example=2001:db8::7", "both.example=127.0.0.7", "six.example=::1"]));
    let resolve = |version, name| told(&proxy, version, Resolve, named(name, 0));
    assert_eq!(resolve(Version::Socks5, "both.example"), Ok(address("127.0.0.7")));
    assert_eq!(resolve(Version::Socks4a, "both.example"), Ok(address("127.0.0.7")));
    assert_eq!(resolve(Version::Socks5, "six.example"), Ok(address("::1")));
    assert!(resolve(Version::Socks4a, "six.example").is_err());
    assert_eq!(resolve(Version::Socks5, "localhost"), Ok(address("127.0.0.1")));
    assert_eq!(resolve(Version::Socks5, "x.invalid"), Err(Failure::Reply(Rep::HOST_UNREACHABLE)));
}

#[test]
fn an_address_is_answered_with_itself_or_with_its_name() {
    let proxy = Proxy::start(with_names(&["www.example.org=192.0.2.7", "www.example.net=192.0.2.7"]));
    let asked = |command, asked| told(&proxy, Version::Socks5, command, asked);
    assert_eq!(asked(Resolve, address("192.0.2.8")), Ok(address("192.0.2.8")));
    assert_eq!(asked(ResolvePtr, address("192.0.2.7")), Ok(named("www.example.org", 0)));
    assert_eq!(asked(ResolvePtr, address("127.0.0.1")), Ok(named("localhost", 0)));
    let no_address = asked(ResolvePtr, named("www.example.org", 0));
    assert_eq!(no_address, Err(Failure::Reply(Rep::ADDRESS_TYPE_NOT_SUPPORTED)));
}

#[test]
fn a_name_that_is_no_address_of_a_host_is_not_told() {
    let proxy = Proxy::start(with_names(&["nothing.example=0.0.0.0"]));
    let answer = told(&proxy, Version::Socks5, Resolve, named("nothing.example", 0));
    assert_eq!(answer, Err(Failure::Reply(Rep::NOT_ALLOWED)));
}

#[test]
fn socks4_does_not_ask_for_names_of_addresses() {
    let proxy = Proxy::start(options());
    let mut application = dial(proxy.address);
    application.write_all(b"\x04\xf1\x00\x00\x7f\x00\x00\x01\x00").unwrap();
    assert_eq!(read_to_end(&mut application).unwrap()[..2], *b"\x00\x5b");
}

#[test]
fn nobody_is_told_of_what_he_may_not_reach() {
    let rules = "socksmethod: none
client pass { from: 0/0 to: 0/0 }
socks block { from: 0/0 to: .hidden.example }
socks pass { from: 0/0 to: 192.0.2.0/24 port = 80 }
socks pass { from: 0/0 to: 198.51.100.7/32 command: bind }
";
    let file = scratch("answers").join("sockd.conf");
    std::fs::write(&file, rules).unwrap();
    let names = [
        "www.hidden.example=192.0.2.7",
        "www.example.org=192.0.2.8",
        "other.example=203.0.113.7",
        "bind.example=198.51.100.7",
        "rebound.example=127.0.0.1",
    ];
    let mut arguments = vec!["-f", file.to_str().unwrap()];
    arguments.extend(names.iter().flat_map(|pair| ["--resolve", pair]));
    let program = Program::start(&arguments);
    let asked = |command, asked| {
        ask(program.address, Version::Socks5, command, asked, None).map(|(_, answer)| answer)
    };
    let denied = Err(Failure::Reply(Rep::NOT_ALLOWED));
    assert_eq!(asked(Resolve, named("www.example.org", 0)), Ok(address("192.0.2.8")));
    for name in ["www.hidden.example", "other.example", "bind.example", "rebound.example"] {
        assert_eq!(asked(Resolve, named(name, 0)), denied, "{name}");
    }
    assert_eq!(asked(ResolvePtr, address("192.0.2.8")), Ok(named("www.example.org", 0)));
    assert_eq!(asked(ResolvePtr, address("203.0.113.7")), denied);
}

#[test]
fn the_log_says_what_was_told() {
    let proxy = Proxy::start(with_names(&["www.example.org=192.0.2.7"]));
    for (command, asked, line) in [
        (Resolve, named("www.example.org", 0), "to www.example.org:0 user -: answered 192.0.2.7 "),
        (ResolvePtr, address("192.0.2.7"), "to 192.0.2.7:0 user -: answered www.example.org "),
    ] {
        let (application, _) = ask(proxy.address, Version::Socks5, command, asked, None).unwrap();
        let logged = end_of(application.local_addr().unwrap());
        assert!(logged.trim_start().starts_with(line), "{logged}");
    }
}
