//! Our side against the proxy's side, in memory: whatever one can say the other understands.

use crate::vector::address;
use proptest::prelude::*;
use socks_proto::client::{self, Failure, Unsendable, Version};
use socks_proto::server::{self, Acceptance, MAX_REPLY, Request, encode_reply};
use socks_proto::socks4::Cd;
use socks_proto::socks5::Rep;
use socks_proto::{Address, Command, Credentials, Host, Name};

const VERSIONS: [Version; 3] = [Version::Socks4, Version::Socks4a, Version::Socks5];
const COMMANDS: [Command; 5] =
    [Command::Connect, Command::Bind, Command::UdpAssociate, Command::Resolve, Command::ResolvePtr];
const TARGETS: [&str; 8] = [
    "192.0.2.7:80",
    "[2001:db8::7]:443",
    "[::ffff:192.0.2.7]:80",
    "www.example.org:443",
    "www.example.org.:443",
    "192.0.2.7.:80",
    "b\u{fc}cher.example:80",
    "x:65535",
];

/// What reaches the other side.
struct Meeting {
    request: Option<Request>,
    given: Option<Credentials>,
    outcome: Result<Address, Failure>,
    /// What our side left unread.
    left: Vec<u8>,
}

/// Lets both sides talk; every write and every read moves at most `piece` bytes. The proxy replies with `rep` and
/// `bnd`, and the target's greeting follows at once.
fn meet(
    mut asking: client::Handshake,
    acceptance: Acceptance,
    rep: Rep,
    bnd: &Address,
    piece: usize,
) -> Meeting {
    let mut proxy = server::Handshake::new(acceptance);
    let (mut to_proxy, mut to_us) = (Vec::new(), Vec::new());
    let (mut request, mut given, mut closed) = (None, None, false);
    let outcome = loop {
        match asking.step() {
            client::Step::Send(bytes) => {
                let count = piece.min(bytes.len());
                to_proxy.extend_from_slice(&bytes[..count]);
                asking.sent(count);
            }
            client::Step::Receive(most) if !to_us.is_empty() => {
                let bytes: Vec<u8> = to_us.drain(..most.min(piece).min(to_us.len())).collect();
                asking.received(&bytes);
            }
            client::Step::Receive(_) if closed => asking.closed(),
            client::Step::Receive(_) => {}
            client::Step::Done(bnd) => break Ok(bnd),
            client::Step::Failed(failure) => break Err(failure),
        }
        match proxy.step() {
            server::Step::Receive => {
                let count = proxy.received(&to_proxy[..piece.min(to_proxy.len())]);
                to_proxy.drain(..count);
            }
            server::Step::Send(bytes) | server::Step::Refuse(bytes) => {
                let count = piece.min(bytes.len());
                to_us.extend_from_slice(&bytes[..count]);
                proxy.sent(count);
            }
            server::Step::Authenticate(credentials) => {
                given = Some(credentials.clone());
                proxy.authenticated(true);
            }
            server::Step::Request(complete) if request.is_none() => {
                assert!(to_proxy.is_empty(), "nothing is sent early");
                request = Some(complete);
                let mut reply = [0; MAX_REPLY];
                let length = encode_reply(complete.version, rep, bnd, &mut reply);
                to_us.extend_from_slice(&reply[..length]);
                to_us.extend_from_slice(b"hello");
            }
            server::Step::Request(_) => {}
            server::Step::Close(_) => closed = true,
        }
    };
    Meeting { request, given, outcome, left: to_us }
}

fn credentials() -> Credentials {
    Credentials::new(b"bob", b"secret").expect("in bounds")
}

fn open(acceptance: Acceptance) -> Acceptance {
    Acceptance { socks4: true, ..acceptance }
}

/// BND as the version can say it.
fn said(version: Version, bnd: &Address) -> Address {
    match (version, bnd.host) {
        (Version::Socks5, _) | (_, Host::Ip(std::net::IpAddr::V4(_))) => *bnd,
        _ => Address { port: bnd.port, ..Address::UNSPECIFIED },
    }
}

fn refused(version: Version, rep: Rep) -> Failure {
    match version {
        Version::Socks5 => Failure::Reply(rep),
        _ => Failure::Reply4(Cd::REJECTED),
    }
}

/// Every version, command and target that go together, with and without credentials.
fn askings() -> Vec<(Version, Command, Address, Option<Credentials>, client::Handshake)> {
    let mut askings = Vec::new();
    for version in VERSIONS {
        for command in COMMANDS {
            for target in TARGETS.map(address) {
                for credentials in [None, Some(credentials())] {
                    if let Ok(asking) =
                        client::Handshake::new(version, command, &target, credentials.as_ref())
                    {
                        askings.push((version, command, target, credentials, asking));
                    }
                }
            }
        }
    }
    askings
}

#[test]
fn the_proxy_learns_what_was_asked_and_we_learn_the_reply() {
    let bnd = address("198.51.100.1:45261");
    for (version, command, target, credentials, asking) in askings() {
        for rep in [Rep::SUCCEEDED, Rep::HOST_UNREACHABLE] {
            for piece in [usize::MAX, 1, 3] {
                let met = meet(asking.clone(), open(Acceptance::ANYONE), rep, &bnd, piece);
                let request = met.request.expect("the request is complete");
                assert_eq!((request.command, request.address), (Ok(command), target.canonical()));
                assert_eq!(version == Version::Socks5, request.version == Version::Socks5);
                let user = credentials.as_ref().filter(|_| version != Version::Socks5);
                assert_eq!(request.userid.as_bytes(), user.map(Credentials::username).unwrap_or_default());
                if rep == Rep::SUCCEEDED {
                    assert_eq!((met.outcome, met.left.as_slice()), (Ok(bnd), b"hello".as_slice()));
                } else {
                    assert_eq!(met.outcome, Err(refused(version, rep)));
                }
            }
        }
    }
}

#[test]
fn a_proxy_with_users_learns_who_asks() {
    let bnd = address("proxy.example:1080");
    for (version, _, _, credentials, asking) in askings() {
        for piece in [usize::MAX, 1] {
            let met = meet(asking.clone(), Acceptance::USERS, Rep::SUCCEEDED, &bnd, piece);
            match (version, &credentials) {
                (Version::Socks5, Some(_)) => {
                    assert_eq!((met.outcome, &met.given), (Ok(bnd), &credentials));
                }
                (Version::Socks5, None) => assert_eq!(met.outcome, Err(Failure::NoAcceptableMethod)),
                _ => assert_eq!(met.outcome, Err(Failure::Reply4(Cd::REJECTED))),
            }
        }
    }
}

#[test]
fn every_bound_address_arrives() {
    for bnd in
        ["0.0.0.0:0", "198.51.100.1:1", "[2001:db8::1]:45261", "[::]:0", "proxy.example:1080"].map(address)
    {
        for version in VERSIONS {
            let target = address("192.0.2.7:80");
            let asking = client::Handshake::new(version, Command::Connect, &target, None).expect("sendable");
            let met = meet(asking, Acceptance::ANYONE, Rep::SUCCEEDED, &bnd, usize::MAX);
            assert_eq!(met.outcome, Ok(said(version, &bnd)));
        }
    }
}

#[test]
fn what_a_version_cannot_say_is_found_before_it_is_sent() {
    let with = |version, command, target, credentials: Option<&Credentials>| {
        client::Handshake::new(version, command, &address(target), credentials).err()
    };
    let connect = |version, target| with(version, Command::Connect, target, None);
    let announced = Unsendable::AnnouncesName("0.0.0.9".parse().expect("an address"));
    assert_eq!(connect(Version::Socks4, "www.example.org:80"), Some(Unsendable::Name));
    assert_eq!(connect(Version::Socks4, "192.0.2.7.:80"), None);
    assert_eq!(connect(Version::Socks4, "[2001:db8::7]:80"), Some(Unsendable::Ipv6));
    assert_eq!(connect(Version::Socks4a, "[2001:db8::7]:80"), Some(Unsendable::Ipv6));
    assert_eq!(connect(Version::Socks4a, "0.0.0.9:80"), Some(announced));
    assert_eq!(connect(Version::Socks4a, "0.0.0.0:80"), None);
    assert_eq!(connect(Version::Socks5, "0.0.0.9:80"), None);
    for version in VERSIONS {
        assert_eq!(connect(version, ".:80"), Some(Unsendable::EmptyName));
    }
    let lacks = |version, command| Some(Unsendable::Command(version, command));
    for (version, command) in [
        (Version::Socks4, Command::UdpAssociate),
        (Version::Socks4a, Command::UdpAssociate),
        (Version::Socks4, Command::Resolve),
        (Version::Socks4a, Command::ResolvePtr),
    ] {
        assert_eq!(with(version, command, "192.0.2.7:0", None), lacks(version, command));
    }
    let cut = Credentials::new(b"b\0b", b"x").expect("in bounds");
    let user = |version| with(version, Command::Connect, "192.0.2.7:80", Some(&cut));
    assert_eq!(user(Version::Socks4), Some(Unsendable::UsernameWithNul));
    assert_eq!(user(Version::Socks5), None);
}

proptest! {
    #[test]
    fn any_name_and_any_credentials_survive_any_pieces(
        name in "[a-z][a-z0-9-]{0,62}(\\.[a-z][a-z0-9-]{0,62}){0,2}",
        port in 1..=u16::MAX,
        user in prop::collection::vec(1..=u8::MAX, 1..=255),
        password in prop::collection::vec(any::<u8>(), 1..=255),
        piece in 1..600_usize,
        version in prop::sample::select(vec![Version::Socks4a, Version::Socks5]),
    ) {
        let target = Address { host: Host::Name(Name::new(name.as_bytes()).expect("in bounds")), port };
        let credentials = Credentials::new(&user, &password).expect("in bounds");
        let asking = client::Handshake::new(version, Command::Connect, &target, Some(&credentials)).expect("sendable");
        let met = meet(asking, open(Acceptance::USERS), Rep::SUCCEEDED, &target, piece);
        prop_assert_eq!(met.request.map(|request| request.address), Some(target));
        prop_assert_eq!(met.outcome, Ok(said(version, &target)));
        if version == Version::Socks5 {
            prop_assert_eq!(met.given, Some(credentials));
        } else {
            prop_assert_eq!(met.request.map(|request| request.userid.as_bytes().to_vec()), Some(user));
        }
    }
}
