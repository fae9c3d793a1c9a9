//! The proxy's side against applications that read from a script.

use crate::vector::{address, every_split, hex};
use socks_proto::server::{Acceptance, Fault, Handshake, Request, Step, Version};
use socks_proto::socks4::Userid;
use socks_proto::socks5::Method;
use socks_proto::{Address, Command, Malformed, NameError};

/// How a dialogue ends, and what was answered until then.
#[derive(Clone, Debug, PartialEq)]
struct Ending {
    request: Option<Request>,
    fault: Option<Fault>,
    answers: Vec<u8>,
    /// What was not consumed.
    left: Vec<u8>,
}

/// Carries a dialogue out with input that arrives in the pieces given and ends behind them. The pair bob and secret
/// is accepted.
fn converse(acceptance: Acceptance, input: &[u8], pieces: &[usize], going: usize) -> Ending {
    let mut handshake = Handshake::new(acceptance);
    let mut answers = Vec::new();
    let mut pieces = pieces.iter();
    let (mut held, mut arrived) = (Vec::new(), 0);
    let mut request = None;
    let fault = loop {
        match handshake.step() {
            Step::Receive if held.is_empty() => match pieces.next() {
                Some(piece) => {
                    held.extend_from_slice(&input[arrived..arrived + piece]);
                    arrived += piece;
                }
                None => handshake.closed(),
            },
            Step::Receive => {
                let count = handshake.received(&held);
                assert!(count > 0, "a message is due, so something is consumed");
                held.drain(..count);
            }
            Step::Send(bytes) | Step::Refuse(bytes) => {
                assert!(!bytes.is_empty());
                let count = going.min(bytes.len());
                answers.extend_from_slice(&bytes[..count]);
                handshake.sent(count);
            }
            Step::Authenticate(credentials) => {
                let accepted = credentials.username() == b"bob" && credentials.password() == b"secret";
                handshake.authenticated(accepted);
            }
            Step::Request(complete) => {
                request = Some(complete);
                break None;
            }
            Step::Close(fault) => break Some(fault),
        }
    };
    assert_eq!(handshake.fault(), fault);
    held.extend_from_slice(&input[arrived..]);
    Ending { request, fault, answers, left: held }
}

fn at_once(acceptance: Acceptance, input: &str) -> Ending {
    let input = hex(input);
    converse(acceptance, &input, &[input.len()], usize::MAX)
}

const BOTH: Acceptance =
    Acceptance { socks4: true, socks5: true, methods: &[Method::USERNAME_PASSWORD, Method::NONE] };

/// What is said, what is answered until the request, and the request.
struct Dialogue {
    acceptance: Acceptance,
    input: &'static str,
    answers: &'static str,
    request: Request,
}

fn asks(version: Version, command: Command, target: &str) -> Request {
    Request { version, command: Ok(command), address: address(target).canonical(), userid: userid("") }
}

fn userid(text: &str) -> Userid {
    Userid::new(text.as_bytes()).expect("short enough")
}

fn socks5(input: &'static str, command: Command, target: &str) -> Dialogue {
    let request = asks(Version::Socks5, command, target);
    Dialogue { acceptance: Acceptance::ANYONE, input, answers: "05 00", request }
}

fn socks4(input: &'static str, version: Version, command: Command, target: &str, user: &str) -> Dialogue {
    let request = Request { userid: userid(user), ..asks(version, command, target) };
    Dialogue { acceptance: Acceptance::ANYONE, input, answers: "", request }
}

fn dialogues() -> Vec<Dialogue> {
    use Command::{Bind, Connect, Resolve, ResolvePtr, UdpAssociate};
    use Version::{Socks4, Socks4a};
    let name = "www.example.org:443";
    vec![
        socks5("05 01 00 05 01 00 01 c0 00 02 07 00 50", Connect, "192.0.2.7:80"),
        socks5("05 03 01 00 02 05 01 00 01 c0 00 02 07 00 50", Connect, "192.0.2.7:80"),
        socks5("05 01 00 05 01 07 01 c0 00 02 07 00 50", Connect, "192.0.2.7:80"),
        socks5("05 01 00 05 01 00 03 0f 77 77 77 2e 65 78 61 6d 70 6c 65 2e 6f 72 67 01 bb", Connect, name),
        socks5(
            "05 01 00 05 01 00 03 10 77 77 77 2e 65 78 61 6d 70 6c 65 2e 6f 72 67 2e 01 bb",
            Connect,
            name,
        ),
        socks5("05 01 00 05 01 00 03 09 31 39 32 2e 30 2e 32 2e 37 00 50", Connect, "192.0.2.7:80"),
        socks5("05 01 00 05 01 00 03 05 31 32 37 2e 31 00 50", Connect, "127.0.0.1:80"),
        socks5("05 01 00 05 01 00 03 03 3a 3a 31 00 50", Connect, "[::1]:80"),
        socks5(
            "05 01 00 05 01 00 04 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 07 01 bb",
            Connect,
            "[2001:db8::7]:443",
        ),
        socks5(
            "05 01 00 05 01 00 04 00 00 00 00 00 00 00 00 00 00 ff ff c0 00 02 07 00 50",
            Connect,
            "192.0.2.7:80",
        ),
        socks5("05 01 00 05 02 00 01 c0 00 02 07 00 15", Bind, "192.0.2.7:21"),
        socks5("05 01 00 05 03 00 01 00 00 00 00 00 00", UdpAssociate, "0.0.0.0:0"),
        socks5(
            "05 01 00 05 03 00 04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
            UdpAssociate,
            "[::]:0",
        ),
        socks5("05 01 00 05 03 00 01 c0 00 02 c8 c3 50", UdpAssociate, "192.0.2.200:50000"),
        socks5(
            "05 01 00 05 f0 00 03 0f 77 77 77 2e 65 78 61 6d 70 6c 65 2e 6f 72 67 00 00",
            Resolve,
            "www.example.org:0",
        ),
        socks5("05 01 00 05 f1 00 01 c0 00 02 07 00 00", ResolvePtr, "192.0.2.7:0"),
        Dialogue {
            acceptance: Acceptance::USERS,
            answers: "05 02 01 00",
            ..socks5(
                "05 02 00 02 01 03 62 6f 62 06 73 65 63 72 65 74 05 01 00 01 c0 00 02 07 00 50",
                Connect,
                "192.0.2.7:80",
            )
        },
        Dialogue {
            acceptance: BOTH,
            ..socks5("05 01 00 05 01 00 01 c0 00 02 07 00 50", Connect, "192.0.2.7:80")
        },
        socks4("04 01 00 50 c0 00 02 07 62 6f 62 00", Socks4, Connect, "192.0.2.7:80", "bob"),
        socks4("04 01 00 50 c0 00 02 07 00", Socks4, Connect, "192.0.2.7:80", ""),
        socks4(
            "04 01 01 bb 00 00 00 01 62 6f 62 00 77 77 77 2e 65 78 61 6d 70 6c 65 2e 6f 72 67 00",
            Socks4a,
            Connect,
            name,
            "bob",
        ),
        socks4(
            "04 01 01 bb 00 00 00 ff 00 77 77 77 2e 65 78 61 6d 70 6c 65 2e 6f 72 67 00",
            Socks4a,
            Connect,
            name,
            "",
        ),
        socks4("04 01 00 50 00 00 00 01 00 31 32 37 2e 31 00", Socks4a, Connect, "127.0.0.1:80", ""),
        socks4("04 02 00 15 c0 00 02 07 62 6f 62 00", Socks4, Bind, "192.0.2.7:21", "bob"),
        socks4(
            "04 f0 00 00 00 00 00 01 00 77 77 77 2e 65 78 61 6d 70 6c 65 2e 6f 72 67 00",
            Socks4a,
            Resolve,
            "www.example.org:0",
            "",
        ),
    ]
}

/// Malformed input, what is answered before closing, and why.
fn faults() -> Vec<(Acceptance, &'static str, &'static str, Fault)> {
    use Fault::{
        AuthenticationRefused, Malformed as Bad, Name, NoAcceptableMethod, PortZero, Unspecified, Version,
    };
    const ANYONE: Acceptance = Acceptance::ANYONE;
    const USERS: Acceptance = Acceptance::USERS;
    const NO_4: Acceptance = Acceptance { socks4: false, ..ANYONE };
    const NO_5: Acceptance = Acceptance { socks5: false, ..ANYONE };
    const GENERAL: &str = "05 00 05 01 00 01 00 00 00 00 00 00";
    const UNREACHABLE: &str = "05 00 05 04 00 01 00 00 00 00 00 00";
    const REJECTED: &str = "00 5b 00 00 00 00 00 00";
    let version = |expected, came| Bad(Malformed::Version { expected, came });
    vec![
        (ANYONE, "05 00", "05 ff", NoAcceptableMethod),
        (ANYONE, "05 01 ff", "05 ff", NoAcceptableMethod),
        (ANYONE, "05 01 02", "05 ff", NoAcceptableMethod),
        (USERS, "05 01 00", "05 ff", NoAcceptableMethod),
        (ANYONE, "06", "", Version(0x06)),
        (ANYONE, "16", "", Version(0x16)),
        (ANYONE, "47", "", Version(0x47)),
        (NO_4, "04 01 00 50 c0 00 02 07 62 6f 62 00", REJECTED, Version(0x04)),
        (USERS, "04 01 00 50 00 00 00 01 00 61 00", REJECTED, Version(0x04)),
        (NO_5, "05", "", Version(0x05)),
        (ANYONE, "05 01 00 04", "05 00", version(0x05, 0x04)),
        (ANYONE, "05 01 00 05 01 00 03 00 00 50", GENERAL, Bad(Malformed::Name(NameError::Empty))),
        (
            ANYONE,
            "05 01 00 05 01 00 02",
            "05 00 05 08 00 01 00 00 00 00 00 00",
            Bad(Malformed::AddressType(0x02)),
        ),
        (ANYONE, "05 01 00 05 01 00 03 03 61 00 62 00 50", UNREACHABLE, Bad(Malformed::Name(NameError::Nul))),
        (ANYONE, "05 01 00 05 01 00 03 03 61 20 62 00 50", UNREACHABLE, Name),
        (ANYONE, "05 01 00 05 01 00 03 03 61 2f 62 00 50", UNREACHABLE, Name),
        (ANYONE, "05 01 00 05 01 00 03 03 61 0a 62 00 50", UNREACHABLE, Name),
        (ANYONE, "05 01 00 05 01 00 03 03 3a 3a 25 00 50", UNREACHABLE, Name),
        (ANYONE, "05 01 00 05 01 00 03 01 2e 00 50", UNREACHABLE, Name),
        (ANYONE, "05 01 00 05 f0 00 03 01 20 00 00", UNREACHABLE, Name),
        (ANYONE, "05 01 00 05 01 00 01 c0 00 02 07 00 00", GENERAL, PortZero),
        (ANYONE, "05 01 00 05 01 00 01 00 00 00 00 00 50", GENERAL, Unspecified),
        (ANYONE, "05 01 00 05 01 00 03 01 30 00 50", GENERAL, Unspecified),
        (USERS, "05 01 02 05", "05 02", version(0x01, 0x05)),
        (USERS, "05 01 02 01 00 00", "05 02 01 01", Bad(Malformed::EmptyCredentials)),
        (USERS, "05 01 02 01 01 61 00", "05 02 01 01", Bad(Malformed::EmptyCredentials)),
        (USERS, "05 01 02 01 03 62 6f 62 01 78", "05 02 01 01", AuthenticationRefused),
        (ANYONE, "04 01 00 50 00 00 00 00 00", REJECTED, Unspecified),
        (ANYONE, "04 01 00 00 c0 00 02 07 00", REJECTED, PortZero),
        (ANYONE, "04 01 00 50 00 00 00 01 00 00", REJECTED, Bad(Malformed::Name(NameError::Empty))),
        (ANYONE, "04 01 00 50 00 00 00 01 00 61 20 00", REJECTED, Name),
    ]
}

#[test]
fn every_dialogue_gives_its_request_in_every_split() {
    for Dialogue { acceptance, input, answers, request } in dialogues() {
        let (input, answers) = (hex(input), hex(answers));
        every_split(input.len(), |pieces| {
            for going in [usize::MAX, 1] {
                let ending = converse(acceptance, &input, pieces, going);
                assert_eq!(ending.request, Some(request));
                assert_eq!(ending.answers, answers);
                assert_eq!(ending.left, b"");
            }
        });
    }
}

#[test]
fn what_follows_the_request_is_left_for_the_target() {
    for Dialogue { acceptance, input, request, .. } in dialogues() {
        let length = hex(input).len();
        let mut input = hex(input);
        input.extend_from_slice(b"\x05\x04early");
        for first in 1..=input.len() {
            let ending = converse(acceptance, &input, &[first, input.len() - first][..], usize::MAX);
            assert_eq!(ending.request, Some(request));
            assert_eq!(ending.left, &input[length..]);
        }
    }
}

#[test]
fn a_dialogue_cut_short_is_closed() {
    let complete = dialogues().into_iter().map(|dialogue| (dialogue.acceptance, hex(dialogue.input)));
    let faulty = faults().into_iter().map(|(acceptance, input, ..)| (acceptance, hex(input)));
    for (acceptance, input) in complete.chain(faulty) {
        for count in 0..input.len() {
            let ending = converse(acceptance, &input[..count], &[count], usize::MAX);
            assert_eq!(
                (ending.request, ending.fault),
                (None, Some(Fault::Closed)),
                "{:02x?}",
                &input[..count]
            );
        }
    }
}

#[test]
fn malformed_input_is_answered_and_closed_in_every_split() {
    for (acceptance, input, answers, fault) in faults() {
        let input = hex(input);
        every_split(input.len(), |pieces| {
            let ending = converse(acceptance, &input, pieces, usize::MAX);
            assert_eq!(ending.request, None);
            assert_eq!(ending.fault, Some(fault));
            assert_eq!(ending.answers, hex(answers), "{input:02x?}");
            assert_eq!(ending.left, b"", "the reply must not be overtaken by a reset");
        });
    }
}

#[test]
fn an_unknown_command_is_left_to_be_refused() {
    let command = |input| at_once(Acceptance::ANYONE, input).request.expect("a request").command;
    assert_eq!(command("05 01 00 05 04 00 01 c0 00 02 07 00 50"), Err(0x04));
    assert_eq!(command("05 01 00 05 00 00 01 00 00 00 00 00 00"), Err(0x00));
    assert_eq!(command("04 03 00 50 c0 00 02 07 00"), Err(0x03));
    assert_eq!(command("04 f1 00 50 c0 00 02 07 00"), Err(0xf1));
}

#[test]
fn strings_of_socks4_are_kept_up_to_255_bytes() {
    let request = |user: usize, name: usize| {
        let mut input = hex("04 01 00 50 00 00 00 01");
        input.extend(vec![b'u'; user].into_iter().chain([0]).chain(vec![b'n'; name]).chain([0]));
        let ending = converse(Acceptance::ANYONE, &input, &[input.len()], usize::MAX);
        (ending.request.is_some(), ending.fault, ending.answers.len())
    };
    let unterminated = Some(Fault::Malformed(Malformed::Unterminated));
    assert_eq!(request(255, 255), (true, None, 0));
    assert_eq!(request(256, 1), (false, unterminated, 8));
    assert_eq!(request(0, 256), (false, unterminated, 8));
}

#[test]
fn the_proxy_prefers_in_its_own_order() {
    let choice = |acceptance, greeting| {
        let mut handshake = Handshake::new(acceptance);
        handshake.received(&hex(greeting));
        match handshake.step() {
            Step::Send(bytes) | Step::Refuse(bytes) => bytes.to_vec(),
            step => panic!("{step:?}"),
        }
    };
    assert_eq!(choice(BOTH, "05 02 00 02"), hex("05 02"));
    assert_eq!(choice(BOTH, "05 02 01 00"), hex("05 00"));
    let gssapi = Acceptance { methods: &[Method::GSSAPI, Method::NO_ACCEPTABLE, Method::NONE], ..BOTH };
    assert_eq!(choice(gssapi, "05 03 01 ff 00"), hex("05 00"), "only what can be carried out is chosen");
}

#[test]
fn nothing_is_consumed_while_there_is_something_to_send() {
    let mut handshake = Handshake::new(Acceptance::ANYONE);
    assert_eq!(handshake.received(&hex("05 01 00 05 01 00")), 3);
    assert_eq!(handshake.received(&hex("05 01 00")), 0);
    handshake.sent(1);
    assert_eq!(handshake.step(), Step::Send(&[0x00]));
    handshake.sent(1);
    assert_eq!(handshake.received(&hex("05 01 00")), 3);
    handshake.sent(5);
    handshake.authenticated(true);
    assert_eq!(handshake.step(), Step::Receive);
}

#[test]
fn the_end_after_the_request_is_no_fault() {
    let mut handshake = Handshake::new(Acceptance::ANYONE);
    handshake.received(&hex("04 01 00 50 c0 00 02 07 00"));
    handshake.closed();
    assert!(matches!(handshake.step(), Step::Request(Request { address: Address { port: 80, .. }, .. })));
}

#[test]
fn a_password_is_never_shown() {
    let mut handshake = Handshake::new(Acceptance::USERS);
    handshake.received(&hex("05 01 02"));
    handshake.sent(2);
    handshake.received(&hex("01 03 62 6f 62 06 73 65 63 72 65 74"));
    for shown in [format!("{handshake:?}"), format!("{:?}", handshake.step())] {
        assert!(shown.contains("bob") && !shown.contains("secret"), "{shown}");
    }
}

#[test]
fn a_handshake_has_no_destructor() {
    assert!(!std::mem::needs_drop::<Handshake>());
}
