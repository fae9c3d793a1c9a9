//! What is asked, and how it is answered.

use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use socks_proto::client::{Failure, Version};
use socks_proto::socks4::Cd;
use socks_proto::socks5::Rep;
use socks_proto::{Address, Command, Host};
use socksd::Options;

use crate::application::{ask, connect, credentials, dial, named, read_exactly, read_to_end, refused};
use crate::journal::end_of;
use crate::proxy::{Proxy, options, with_alice, with_names};
use crate::target::{Silent, Target, closed, echo, exchange, ip};

#[test]
fn connects_by_address() {
    let proxy = Proxy::start(options());
    exchange(&mut connect(proxy.address, echo()), b"by address");
}

#[test]
fn connects_by_name_that_only_the_proxy_knows() {
    let proxy = Proxy::start(with_names(&["www.example.org=127.0.0.1"]));
    exchange(&mut connect(proxy.address, named("www.example.org", echo().port)), b"by name");
}

#[test]
fn connects_by_a_name_of_the_system() {
    let proxy = Proxy::start(options());
    exchange(&mut connect(proxy.address, named("localhost", echo().port)), b"by name");
}

#[test]
fn connects_over_ipv6_on_either_side() {
    let proxy = Proxy::start(Options { listen: vec!["[::1]:0".parse().unwrap()], ..options() });
    let target = Target::at((Ipv6Addr::LOCALHOST, 0).into());
    let mut application = connect(proxy.address, target.address());
    target.accept().write_all(b"six").unwrap();
    assert_eq!(read_to_end(&mut application).unwrap(), b"six");
}

#[test]
fn mapped_ipv4_is_ipv4() {
    let proxy = Proxy::start(options());
    let mapped = Address { host: Host::Ip(Ipv4Addr::LOCALHOST.to_ipv6_mapped().into()), port: echo().port };
    exchange(&mut connect(proxy.address, mapped), b"mapped");
}

#[test]
fn socks4_connects_by_address_and_socks4a_by_name() {
    let proxy = Proxy::start(with_names(&["www.example.org=127.0.0.1"]));
    let target = echo();
    for (version, target) in
        [(Version::Socks4, target), (Version::Socks4a, named("www.example.org", target.port))]
    {
        let (mut application, _) = ask(proxy.address, version, Command::Connect, target, None).unwrap();
        exchange(&mut application, b"four");
    }
    let failure = ask(proxy.address, Version::Socks4, Command::Connect, closed(), None).unwrap_err();
    assert_eq!(failure, Failure::Reply4(Cd::REJECTED));
}

#[test]
fn bnd_is_the_address_the_target_sees() {
    let proxy = Proxy::start(options());
    let target = Target::listen();
    let (_application, bnd) =
        ask(proxy.address, Version::Socks5, Command::Connect, target.address(), None).unwrap();
    let seen = target.accept().peer_addr().unwrap();
    assert_eq!(SocketAddr::new(ip(bnd), bnd.port), seen);
}

#[test]
fn the_right_password_is_needed() {
    let proxy = Proxy::start(with_alice());
    let with = |version, pair| ask(proxy.address, version, Command::Connect, echo(), pair);
    let (mut application, _) = with(Version::Socks5, credentials("alice", "secret")).unwrap();
    exchange(&mut application, b"authenticated");
    for (name, password) in [("alice", "Secret"), ("bob", "secret"), ("alice", "secret2")] {
        let failure = with(Version::Socks5, credentials(name, password)).unwrap_err();
        assert!(matches!(failure, Failure::AuthenticationRefused { .. }), "{failure}");
    }
    assert_eq!(with(Version::Socks5, None).unwrap_err(), Failure::NoAcceptableMethod);
    let rejected = with(Version::Socks4, credentials("alice", "secret")).unwrap_err();
    assert!(matches!(rejected, Failure::Reply4(Cd::REJECTED)), "{rejected}");
}

#[test]
fn without_users_a_password_is_not_asked_for() {
    let proxy = Proxy::start(options());
    let pair = credentials("alice", "secret");
    let (mut application, _) = ask(proxy.address, Version::Socks5, Command::Connect, echo(), pair).unwrap();
    exchange(&mut application, b"anybody");
}

#[test]
fn says_refused() {
    let proxy = Proxy::start(options());
    assert_eq!(refused(proxy.address, closed()), Failure::Reply(Rep::CONNECTION_REFUSED));
}

#[test]
fn says_host_unreachable_for_unknown_names() {
    let proxy = Proxy::start(options());
    for name in ["nowhere.invalid", "white space", "sl/ash", "zo\u{eb}.example"] {
        assert_eq!(refused(proxy.address, named(name, 80)), Failure::Reply(Rep::HOST_UNREACHABLE), "{name}");
    }
}

#[test]
fn says_ttl_expired_when_the_target_is_silent() {
    let silent = Silent::at(Ipv4Addr::LOCALHOST);
    let proxy = Proxy::start(Options { connect_timeout: Duration::from_millis(50), ..options() });
    assert_eq!(refused(proxy.address, silent.address.into()), Failure::Reply(Rep::TTL_EXPIRED));
}

#[test]
fn says_not_allowed_for_itself() {
    for listen in ["127.0.0.1:0", "0.0.0.0:0"] {
        let mut options = with_names(&["me.example=127.0.0.1", "nobody.example=0.0.0.0"]);
        options.listen = vec![listen.parse().unwrap()];
        let proxy = Proxy::start(options);
        let port = proxy.address.port();
        let itself = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        for target in [itself.into(), named("me.example", port), named("nobody.example", port)] {
            assert_eq!(refused(itself, target), Failure::Reply(Rep::NOT_ALLOWED), "{target}");
        }
    }
}

#[test]
fn other_commands_are_not_supported() {
    let proxy = Proxy::start(options());
    let mut application = dial(proxy.address);
    application.write_all(b"\x05\x01\x00\x05\x09\x00\x01\x7f\x00\x00\x01\x00\x01").unwrap();
    assert_eq!(read_to_end(&mut application).unwrap()[..4], *b"\x05\x00\x05\x07");
}

#[test]
fn every_address_of_a_name_is_tried() {
    let target = Target::at((Ipv4Addr::new(127, 0, 0, 3), 0).into());
    let silent = Silent::at(Ipv4Addr::new(127, 0, 0, 4));
    let proxy = Proxy::start(Options {
        connect_timeout: Duration::from_secs(1),
        ..with_names(&[
            "second.example=127.0.0.2",
            "second.example=127.0.0.3",
            "late.example=127.0.0.4",
            "late.example=127.0.0.1",
        ])
    });
    connect(proxy.address, named("second.example", target.socket_addr().port()));
    target.accept();
    let behind = Target::at((Ipv4Addr::LOCALHOST, silent.address.port()).into());
    connect(proxy.address, named("late.example", silent.address.port()));
    behind.accept();
}

#[test]
fn a_silent_address_gives_the_next_a_head_start_only() {
    let silent = Silent::at(Ipv4Addr::new(127, 0, 0, 5));
    let port = silent.address.port();
    let addresses = ["127.0.0.5", "127.0.0.5", "255.255.255.255", "127.0.0.6"];
    let pairs: Vec<String> = addresses.iter().map(|address| format!("slow.example={address}")).collect();
    let pairs: Vec<&str> = pairs.iter().map(String::as_str).collect();
    // One after the other, each with its share of this time, would take longer than any test waits.
    let proxy = Proxy::start(Options { connect_timeout: Duration::from_secs(600), ..with_names(&pairs) });
    let behind = Target::at((Ipv4Addr::new(127, 0, 0, 6), port).into());
    connect(proxy.address, named("slow.example", port));
    behind.accept();
}

#[test]
fn of_several_failures_the_one_that_got_furthest_is_told() {
    let proxy = Proxy::start(with_names(&["a.example=127.0.0.1", "a.example=255.255.255.255"]));
    let failure = refused(proxy.address, named("a.example", closed().port));
    assert_eq!(failure, Failure::Reply(Rep::CONNECTION_REFUSED));
}

/// Greeting and request of SOCKS5 for a target on 127.0.0.1.
fn messages(target: Address) -> Vec<u8> {
    let port = target.port.to_be_bytes();
    [&b"\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01"[..], &port].concat()
}

#[test]
fn input_may_come_byte_by_byte() {
    let proxy = Proxy::start(options());
    let mut application = dial(proxy.address);
    for byte in messages(echo()) {
        application.write_all(&[byte]).unwrap();
    }
    assert_eq!(read_exactly(&mut application, 6), b"\x05\x00\x05\x00\x00\x01");
    read_exactly(&mut application, 6);
    exchange(&mut application, b"patience");
}

#[test]
fn input_may_come_all_at_once_with_data_for_the_target() {
    let proxy = Proxy::start(options());
    let mut application = dial(proxy.address);
    let from = application.local_addr().unwrap();
    let data = b"early".repeat(1000);
    application.write_all(&[messages(echo()), data.clone()].concat()).unwrap();
    read_exactly(&mut application, 2 + 10);
    assert_eq!(read_exactly(&mut application, data.len()), data);
    drop(application);
    assert!(end_of(from).contains(": up 5000 down 5000 closed "), "{}", end_of(from));
}

#[test]
fn a_refusal_is_readable_though_more_was_sent() {
    let proxy = Proxy::start(options());
    let mut application = dial(proxy.address);
    application.write_all(&[messages(closed()), vec![0; 100_000]].concat()).unwrap();
    let answer = read_to_end(&mut application).unwrap();
    assert_eq!(answer, b"\x05\x00\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00");
}

#[test]
fn long_names_and_long_passwords_fit() {
    let mut options = options();
    let (name, password) = ("n".repeat(255), "p".repeat(255));
    options.users.add(format!("{name}:{password}").parse().unwrap());
    let host = "h".repeat(255);
    options.hosts.add_pair(&format!("{host}=127.0.0.1")).unwrap();
    let proxy = Proxy::start(options);
    let target = named(&host, echo().port);
    let pair = credentials(&name, &password);
    let (mut application, _) = ask(proxy.address, Version::Socks5, Command::Connect, target, pair).unwrap();
    exchange(&mut application, b"long");
}

#[test]
fn the_log_tells_the_whole_story() {
    let mut options = with_alice();
    options.hosts.add_pair("www.example.org=127.0.0.1").unwrap();
    let proxy = Proxy::start(options);
    let target = echo();
    let pair = || credentials("alice", "secret");
    let name = named("www.example.org", target.port);
    let (mut application, _) = ask(proxy.address, Version::Socks5, Command::Connect, name, pair()).unwrap();
    let from = application.local_addr().unwrap();
    exchange(&mut application, b"seventy-eight bytes it is not");
    drop(application);
    let port = target.port;
    let line = end_of(from);
    let expected = format!("to www.example.org:{port} (127.0.0.1:{port}) user alice: up 29 down 29 closed ");
    assert!(line.starts_with(&expected), "{line}");
}

/// What the log made of bytes, made bytes again.
fn unescaped(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word;
    while let Some(at) = rest.find('\\') {
        bytes.extend(rest[..at].bytes());
        let escape = &rest[at + 1..];
        let length = match escape.as_bytes()[0] {
            b'x' => {
                bytes.push(u8::from_str_radix(&escape[1..3], 16).unwrap());
                3
            }
            b'u' => {
                let end = escape.find('}').unwrap();
                let code = u32::from_str_radix(&escape[2..end], 16).unwrap();
                bytes.extend(char::from_u32(code).unwrap().to_string().bytes());
                end + 1
            }
            letter => {
                bytes.push(*[b'\n', b'\r', b'\t'].get("nrt".find(char::from(letter)).unwrap()).unwrap());
                1
            }
        };
        rest = &escape[length..];
    }
    bytes.extend(rest.bytes());
    bytes
}

#[test]
fn no_user_forges_a_line_and_every_name_can_be_read_back() {
    let proxy = Proxy::start(with_alice());
    for name in [
        &b"al ice\nconnect 9 from 127.0.0.1:1 to x:1 user root: open"[..],
        b"\r\n\t\x1b[2J\x00\x7f\\x20\\n\\",
        b"\xff\xfe\xc3\x28zo\xc3\xab \xe2\x80\xa8 \xc2\x85 \xe2\x80\xae",
        b"-",
    ] {
        let mut application = dial(proxy.address);
        let from = application.local_addr().unwrap();
        let length = u8::try_from(name.len()).unwrap();
        application.write_all(&[b"\x05\x01\x02\x01", &[length][..], name, b"\x05wrong"].concat()).unwrap();
        assert_eq!(read_to_end(&mut application).unwrap(), b"\x05\x02\x01\x01");
        let line = end_of(from);
        assert!(!line.contains(char::is_control), "{line:?}");
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!((words[0], words[2], words[3]), ("user", "failed", "user"), "{line}");
        assert_eq!(unescaped(words[1].strip_suffix(':').unwrap()), name, "{line}");
    }
}
