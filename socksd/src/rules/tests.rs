use std::path::Path;

use socks_conf::sockd::Method;

use super::*;

fn rules(text: &str) -> Rules {
    let sockd = socks_conf::sockd::parse(text.as_bytes(), Path::new("test"))
        .unwrap_or_else(|error| panic!("{error}"));
    Rules::new(sockd.client_rules, sockd.socks_rules).unwrap()
}

fn interfaces() -> Interfaces {
    Interfaces::having(&[
        ("lo", "127.0.0.1"),
        ("eth0", "10.0.0.1"),
        ("eth0", "2001:db8::1"),
        ("eth1", "192.0.2.1"),
    ])
}

fn anybody(from: &str) -> Who {
    Who {
        from: from.parse().unwrap(),
        methods: [Method::None].into(),
        user: None,
        services: Vec::new(),
        ident: None,
    }
}

fn alice() -> Who {
    let methods = [Method::Username].into();
    Who { methods, user: Some("alice".into()), ..anybody("10.0.0.2:51234") }
}

fn ask<'a>(who: &'a Who, name: Option<&'a str>, address: Option<&str>) -> Ask<'a> {
    let target = Target { name, address: address.map(|address| address.parse().unwrap()), port: Some(80) };
    Ask { who, version: ProxyProtocol::SocksV5, command: Command::Connect, target }
}

fn judge(rules: &Rules, ask: &Ask<'_>) -> Verdict {
    rules.request(ask, &interfaces(), &[])
}

fn passes(rules: &Rules, name: Option<&str>, address: &str) -> bool {
    matches!(judge(rules, &ask(&anybody("10.0.0.2:51234"), name, Some(address))), Verdict::Pass(_))
}

#[test]
fn the_first_rule_that_matches_decides_and_none_is_block() {
    let rules = rules(
        "socks block { from: 0/0 to: 198.51.100.0/24 }\nsocks pass { from: 10.0.0.0/8 to: 0.0.0.0/0 }\n",
    );
    assert!(passes(&rules, None, "203.0.113.7"));
    assert!(!passes(&rules, None, "198.51.100.7"));
    assert!(!passes(&rules, None, "2001:db8::7"));
    let who = anybody("192.0.2.9:1");
    assert_eq!(judge(&rules, &ask(&who, None, Some("203.0.113.7"))), Verdict::Block(Denial::NoRule));
    let who = anybody("10.0.0.2:1");
    let blocked = judge(&rules, &ask(&who, None, Some("::ffff:198.51.100.7")));
    assert_eq!(blocked, Verdict::Block(Denial::Rule { line: 1, log: None }));
}

#[test]
fn a_name_is_judged_before_and_after_it_is_looked_up() {
    let rules = rules(
        "socks block { from: 0/0 to: .bad.example }\nsocks block { from: 0/0 to: 198.51.100.0/24 }\nsocks pass { from: 0/0 to: 0/0 }\n",
    );
    let who = anybody("10.0.0.2:51234");
    assert!(matches!(judge(&rules, &ask(&who, Some("www.BAD.example."), None)), Verdict::Block(_)));
    assert_eq!(judge(&rules, &ask(&who, Some("www.example"), None)), Verdict::Perhaps);
    assert!(passes(&rules, Some("www.example"), "203.0.113.7"));
    assert!(!passes(&rules, Some("www.example"), "198.51.100.7"));
    assert!(passes(&rules, Some("verybad.example"), "203.0.113.7"));
}

#[test]
fn what_is_blocked_either_way_is_not_looked_up() {
    let rules = rules("socks pass { from: 0/0 to: www.example }\nsocks block { from: 0/0 to: 0/0 }\n");
    let who = anybody("10.0.0.2:51234");
    assert!(matches!(judge(&rules, &ask(&who, Some("www.example"), None)), Verdict::Pass(_)));
    // Another name may stand for the same address.
    assert_eq!(judge(&rules, &ask(&who, Some("ftp.example"), None)), Verdict::Perhaps);
    let by_domain = self::rules("socks pass { from: 0/0 to: .example }\nsocks block { from: 0/0 to: 0/0 }\n");
    assert!(matches!(judge(&by_domain, &ask(&who, Some("www.other"), None)), Verdict::Block(_)));
}

#[test]
fn a_pass_by_name_opens_no_network_that_a_later_rule_blocks() {
    let rules = rules(
        "socks pass { from: 0/0 to: .example }\nsocks block { from: 0/0 to: 198.51.100.0/24 }\nsocks block { from: 0/0 to: 0/0 }\n",
    );
    assert!(passes(&rules, Some("www.example"), "203.0.113.7"));
    assert!(!passes(&rules, Some("rebound.example"), "198.51.100.7"));
    assert!(!passes(&rules, None, "203.0.113.7"));
}

#[test]
fn this_hosts_own_addresses_take_a_rule_that_names_them() {
    let open = rules("socks pass { from: 0/0 to: 0/0 }\n");
    for own in ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "0.0.0.0", "fe80::1", "::ffff:127.0.0.1"] {
        assert!(!passes(&open, None, own), "{own}");
        assert!(!passes(&open, Some("rebound.example"), own), "{own}");
    }
    assert!(passes(&open, None, "10.0.0.9") && passes(&open, None, "192.0.2.1"));
    let loopback = anybody("127.0.0.1:1");
    assert!(matches!(judge(&open, &ask(&loopback, None, Some("127.0.0.1"))), Verdict::Pass(_)));
    let named = rules("socks pass { from: 0/0 to: 127.0.0.0/8 }\nsocks pass { from: 0/0 to: eth0 }\n");
    assert!(passes(&named, None, "127.0.0.1") && passes(&named, None, "10.0.0.1"));
    let reached: [Network; 1] = ["10.0.0.1".parse().unwrap()];
    let who = anybody("10.0.0.2:1");
    assert!(matches!(
        open.request(&ask(&who, None, Some("10.0.0.1")), &interfaces(), &reached),
        Verdict::Pass(_)
    ));
}

#[test]
fn interfaces_stand_for_their_addresses() {
    let rules = rules(
        "client pass { from: eth0 to: eth0 port = 1080 }\nsocks block { from: 0/0 to: eth1 }\nsocks pass { from: 0/0 to: 0/0 }\n",
    );
    let at = |own: &str| rules.client(&anybody("10.0.0.1:1"), own.parse().unwrap(), &interfaces());
    assert!(matches!(at("10.0.0.1:1080"), Verdict::Pass(_)));
    assert!(matches!(at("[2001:db8::1]:1080"), Verdict::Pass(_)));
    assert!(matches!(at("192.0.2.1:1080"), Verdict::Block(_)));
    assert!(matches!(at("10.0.0.1:1081"), Verdict::Block(_)));
    assert!(!passes(&rules, None, "192.0.2.1"));
}

#[test]
fn rules_about_users_want_the_right_method() {
    let rules = rules(
        "socksmethod: username none rfc931\nsocks pass { from: 0/0 to: 0/0 user: alice socksmethod: username }\nsocks pass { from: 0/0 to: 0/0 port = 80 socksmethod: none }\n",
    );
    assert!(matches!(judge(&rules, &ask(&alice(), None, Some("203.0.113.7"))), Verdict::Pass(_)));
    let bob = Who { user: Some("bob".into()), ..alice() };
    assert!(matches!(judge(&rules, &ask(&bob, None, Some("203.0.113.7"))), Verdict::Block(_)));
    assert!(passes(&rules, None, "203.0.113.7"));
    let by_ident = self::rules("socksmethod: rfc931\nsocks pass { from: 0/0 to: 0/0 user: alice }\n");
    let said = Who { methods: [Method::Rfc931].into(), ident: Some("alice".into()), ..anybody("10.0.0.2:1") };
    assert!(matches!(judge(&by_ident, &ask(&said, None, Some("203.0.113.7"))), Verdict::Pass(_)));
    assert!(!passes(&by_ident, None, "203.0.113.7"));
}

#[test]
fn commands_protocols_and_versions_narrow_a_rule() {
    let rules = rules(
        "socks pass { from: 0/0 to: 0/0 command: connect udpassociate protocol: tcp proxyprotocol: socks_v5 }\n",
    );
    let who = anybody("10.0.0.2:1");
    let tcp = ask(&who, None, Some("203.0.113.7"));
    assert!(matches!(judge(&rules, &tcp), Verdict::Pass(_)));
    assert!(matches!(judge(&rules, &Ask { command: Command::Bind, ..tcp }), Verdict::Block(_)));
    assert!(matches!(judge(&rules, &Ask { command: Command::UdpAssociate, ..tcp }), Verdict::Block(_)));
    assert!(matches!(judge(&rules, &Ask { version: ProxyProtocol::SocksV4, ..tcp }), Verdict::Block(_)));
}

#[test]
fn an_association_may_begin_if_any_datagram_could_pass() {
    let rules = rules(
        "socks pass { from: 0/0 to: 198.51.100.0/24 port = 53 protocol: udp }\nsocks block { from: 0/0 to: 0/0 }\n",
    );
    let who = anybody("10.0.0.2:1");
    let unknown = Ask { target: Target::default(), command: Command::UdpAssociate, ..ask(&who, None, None) };
    assert_eq!(judge(&rules, &unknown), Verdict::Perhaps);
    let connect = Ask { command: Command::Connect, ..unknown };
    assert!(matches!(judge(&rules, &connect), Verdict::Block(_)));
}

#[test]
fn host_names_in_rules_stand_for_the_addresses_they_were_found_to_have() {
    let rules = rules("socks block { from: 0/0 to: mail.example }\nsocks pass { from: 0/0 to: 0/0 }\n");
    let mut hosts = crate::hosts::Hosts::default();
    hosts.add("mail.example", "203.0.113.25".parse().unwrap());
    assert!(passes(&rules, None, "203.0.113.25"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(rules.names().look_up(&hosts));
    assert!(!passes(&rules, None, "203.0.113.25"));
    assert!(!passes(&rules, Some("alias.example"), "203.0.113.25"));
    assert!(!passes(&rules, Some("mail.example"), "203.0.113.26"));
    assert!(passes(&rules, None, "203.0.113.26"));
}
