//! Dialogues as they stand in the documents: what we say, what a proxy answers, how it ends.

use crate::vector::{address, hex};
use socks_proto::client::{Failure, Handshake, Stage, Version};
use socks_proto::http::Status;
use socks_proto::socks4::Cd;
use socks_proto::socks5::{Method, Rep};
use socks_proto::{Address, Command, Credentials, Malformed, NameError};

pub(crate) type Outcome = Result<Address, Failure>;

/// What is asked, what both sides then say, and how it ends.
pub(crate) struct Dialogue {
    pub(crate) version: Version,
    pub(crate) command: Command,
    pub(crate) target: &'static str,
    pub(crate) credentials: Option<(&'static str, &'static str)>,
    /// A message of ours and the answer to it.
    pub(crate) exchanges: Vec<(&'static str, &'static str)>,
    pub(crate) outcome: Outcome,
}

pub(crate) fn granted(bnd: &str) -> Outcome {
    Ok(address(bnd))
}

pub(crate) fn socks5(exchanges: &[(&'static str, &'static str)], outcome: Outcome) -> Dialogue {
    Dialogue {
        version: Version::Socks5,
        command: Command::Connect,
        target: "192.0.2.7:80",
        credentials: None,
        exchanges: exchanges.to_vec(),
        outcome,
    }
}

pub(crate) fn with_password(exchanges: &[(&'static str, &'static str)], outcome: Outcome) -> Dialogue {
    Dialogue { credentials: Some(("bob", "secret")), ..socks5(exchanges, outcome) }
}

pub(crate) fn socks4(
    target: &'static str,
    user: Option<&'static str>,
    request: &'static str,
    reply: &'static str,
) -> Dialogue {
    Dialogue {
        version: Version::Socks4a,
        command: Command::Connect,
        target,
        credentials: user.map(|user| (user, "unsaid")),
        exchanges: vec![(request, reply)],
        outcome: granted("198.51.100.1:45261"),
    }
}

/// A CONNECT by HTTP to a name; it tells no BND.
fn http(request: &'static str, response: &'static str, outcome: Outcome) -> Dialogue {
    Dialogue {
        version: Version::Http,
        target: "www.example.org:443",
        ..socks5(&[(request, response)], outcome)
    }
}

pub(crate) const NONE: (&str, &str) = ("05 01 00", "05 00");
pub(crate) const CONNECT: &str = "05 01 00 01 c0 00 02 07 00 50";
const HTTP: &str = "CONNECT www.example.org:443 HTTP/1.1\r\nHost: www.example.org:443\r\n\r\n";
const CONNECT4: &str = "04 01 00 50 c0 00 02 07 00";
const GRANTED4: &str = "00 5a b0 cd c6 33 64 01";

pub(crate) fn granted_dialogues() -> Vec<Dialogue> {
    let ok = "05 00 00 01 c6 33 64 01 b0 cd";
    let bound = || granted("198.51.100.1:45261");
    vec![
        socks5(&[NONE, (CONNECT, ok)], bound()),
        socks5(&[NONE, (CONNECT, "05 00 00 01 00 00 00 00 00 00")], granted("0.0.0.0:0")),
        socks5(
            &[NONE, (CONNECT, "05 00 00 04 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01 b0 cd")],
            granted("[2001:db8::1]:45261"),
        ),
        socks5(
            &[NONE, (CONNECT, "05 00 00 03 0d 70 72 6f 78 79 2e 65 78 61 6d 70 6c 65 04 38")],
            granted("proxy.example:1080"),
        ),
        socks5(&[NONE, (CONNECT, "05 00 00 03 00 04 38")], granted("0.0.0.0:1080")),
        socks5(&[NONE, (CONNECT, "05 00 a5 01 c6 33 64 01 b0 cd")], bound()),
        with_password(&[("05 02 00 02", "05 00"), (CONNECT, ok)], bound()),
        with_password(
            &[("05 02 00 02", "05 02"), ("01 03 62 6f 62 06 73 65 63 72 65 74", "01 00"), (CONNECT, ok)],
            bound(),
        ),
        with_password(
            &[("05 02 00 02", "05 02"), ("01 03 62 6f 62 06 73 65 63 72 65 74", "05 00"), (CONNECT, ok)],
            bound(),
        ),
        Dialogue {
            target: "[::ffff:192.0.2.7]:80",
            credentials: Some(("zoë", "päs")),
            ..socks5(
                &[("05 02 00 02", "05 02"), ("01 04 7a 6f c3 ab 04 70 c3 a4 73", "01 00"), (CONNECT, ok)],
                bound(),
            )
        },
        Dialogue {
            target: "www.example.org.:443",
            ..socks5(
                &[NONE, ("05 01 00 03 0f 77 77 77 2e 65 78 61 6d 70 6c 65 2e 6f 72 67 01 bb", ok)],
                bound(),
            )
        },
        Dialogue {
            target: "[2001:db8::7]:443",
            ..socks5(
                &[NONE, ("05 01 00 04 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 07 01 bb", ok)],
                bound(),
            )
        },
        Dialogue {
            command: Command::UdpAssociate,
            target: "0.0.0.0:0",
            ..socks5(
                &[NONE, ("05 03 00 01 00 00 00 00 00 00", "05 00 00 01 c6 33 64 01 b0 f4")],
                granted("198.51.100.1:45300"),
            )
        },
        Dialogue {
            command: Command::Resolve,
            target: "www.example.org:0",
            ..socks5(
                &[
                    NONE,
                    (
                        "05 f0 00 03 0f 77 77 77 2e 65 78 61 6d 70 6c 65 2e 6f 72 67 00 00",
                        "05 00 00 01 c0 00 02 07 00 00",
                    ),
                ],
                granted("192.0.2.7:0"),
            )
        },
        Dialogue {
            command: Command::ResolvePtr,
            target: "192.0.2.7:0",
            ..socks5(
                &[
                    NONE,
                    (
                        "05 f1 00 01 c0 00 02 07 00 00",
                        "05 00 00 03 0f 77 77 77 2e 65 78 61 6d 70 6c 65 2e 6f 72 67 00 00",
                    ),
                ],
                granted("www.example.org:0"),
            )
        },
        socks4("192.0.2.7:80", Some("bob"), "04 01 00 50 c0 00 02 07 62 6f 62 00", GRANTED4),
        Dialogue { version: Version::Socks4, ..socks4("192.0.2.7:80", None, CONNECT4, GRANTED4) },
        socks4("192.0.2.7:80", None, CONNECT4, "04 5a b0 cd c6 33 64 01"),
        Dialogue {
            outcome: granted("0.0.0.0:0"),
            ..socks4("192.0.2.7:80", None, CONNECT4, "00 5a 00 00 00 00 00 00")
        },
        socks4(
            "www.example.org:443",
            Some("bob"),
            "04 01 01 bb 00 00 00 01 62 6f 62 00 77 77 77 2e 65 78 61 6d 70 6c 65 2e 6f 72 67 00",
            GRANTED4,
        ),
        socks4(
            "www.example.org:443",
            None,
            "04 01 01 bb 00 00 00 01 00 77 77 77 2e 65 78 61 6d 70 6c 65 2e 6f 72 67 00",
            GRANTED4,
        ),
        Dialogue {
            command: Command::Resolve,
            outcome: granted("192.0.2.7:0"),
            ..socks4(
                "www.example.org:0",
                None,
                "04 f0 00 00 00 00 00 01 00 77 77 77 2e 65 78 61 6d 70 6c 65 2e 6f 72 67 00",
                "00 5a 00 00 c0 00 02 07",
            )
        },
        http(HTTP, "HTTP/1.1 200 Connection established\r\nVia: 1.1 gate\r\n\r\n", granted("0.0.0.0:0")),
        http(HTTP, "HTTP/1.0 204\n\n", granted("0.0.0.0:0")),
        http(HTTP, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", granted("0.0.0.0:0")),
        Dialogue {
            target: "[2001:db8::7]:22",
            credentials: Some(("Aladdin", "open sesame")),
            ..http(
                "CONNECT [2001:db8::7]:22 HTTP/1.1\r\nHost: [2001:db8::7]:22\r\n\
                 Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                granted("0.0.0.0:0"),
            )
        },
    ]
}

fn malformed(stage: Stage, expected: u8, came: u8) -> Outcome {
    Err(Failure::Malformed { stage, error: Malformed::Version { expected, came } })
}

fn bad_reply(error: Malformed) -> Outcome {
    Err(Failure::Malformed { stage: Stage::Reply, error })
}

/// Each answer ends with the byte that decides.
pub(crate) fn failed_dialogues() -> Vec<Dialogue> {
    let offered = ("05 02 00 02", "05 02");
    let password = "01 03 62 6f 62 06 73 65 63 72 65 74";
    let refused = |status| Err(Failure::AuthenticationRefused { status });
    vec![
        socks5(&[("05 01 00", "05 ff")], Err(Failure::NoAcceptableMethod)),
        socks5(&[("05 01 00", "05 02")], Err(Failure::MethodNotOffered(Method::USERNAME_PASSWORD))),
        with_password(&[("05 02 00 02", "05 01")], Err(Failure::MethodNotOffered(Method::GSSAPI))),
        socks5(&[("05 01 00", "48")], malformed(Stage::Method, 0x05, 0x48)),
        socks5(&[("05 01 00", "00")], malformed(Stage::Method, 0x05, 0x00)),
        with_password(&[offered, (password, "01 01")], refused(0x01)),
        with_password(&[offered, (password, "01 02")], refused(0x02)),
        with_password(&[offered, (password, "05 ff")], refused(0xff)),
        with_password(&[offered, (password, "02")], malformed(Stage::Authentication, 0x01, 0x02)),
        socks5(&[NONE, (CONNECT, "05 05")], Err(Failure::Reply(Rep::CONNECTION_REFUSED))),
        socks5(&[NONE, (CONNECT, "05 f7")], Err(Failure::Reply(Rep::ONION_INTRODUCTION_TIMED_OUT))),
        socks5(&[NONE, (CONNECT, "05 a0")], Err(Failure::Reply(Rep(0xa0)))),
        socks5(&[NONE, (CONNECT, "04")], malformed(Stage::Reply, 0x05, 0x04)),
        socks5(&[NONE, (CONNECT, "05 00 00 02")], bad_reply(Malformed::AddressType(0x02))),
        socks5(
            &[NONE, (CONNECT, "05 00 00 03 03 61 00 62 00 50")],
            bad_reply(Malformed::Name(NameError::Nul)),
        ),
        Dialogue {
            outcome: Err(Failure::Reply4(Cd::REJECTED)),
            ..socks4("192.0.2.7:80", None, CONNECT4, "00 5b")
        },
        Dialogue {
            outcome: Err(Failure::Reply4(Cd::NO_IDENTD)),
            ..socks4("192.0.2.7:80", None, CONNECT4, "00 5c")
        },
        Dialogue {
            outcome: Err(Failure::Reply4(Cd::IDENT_MISMATCH)),
            ..socks4("192.0.2.7:80", None, CONNECT4, "04 5d")
        },
        Dialogue {
            outcome: Err(Failure::Reply4(Cd(0x07))),
            ..socks4("192.0.2.7:80", None, CONNECT4, "00 07")
        },
        Dialogue {
            outcome: malformed(Stage::Reply, 0x00, 0x05),
            ..socks4("192.0.2.7:80", None, CONNECT4, "05 ff")
        },
        Dialogue {
            outcome: malformed(Stage::Reply, 0x00, 0x48),
            ..socks4("192.0.2.7:80", None, CONNECT4, "48 54")
        },
        http(HTTP, "HTTP/1.1 407", Err(Failure::Status(Status::PROXY_AUTHENTICATION_REQUIRED))),
        http(HTTP, "HTTP/1.0 502", Err(Failure::Status(Status::BAD_GATEWAY))),
        http(HTTP, "HTTP/1.1 100 x\r\n\r\nHTTP/1.1 403", Err(Failure::Status(Status::FORBIDDEN))),
        http(HTTP, "05", bad_reply(Malformed::StatusLine(0x05))),
    ]
}

impl Dialogue {
    pub(crate) fn begin(&self) -> Handshake {
        let credentials = self.credentials.map(|(user, password)| {
            Credentials::new(user.as_bytes(), password.as_bytes()).expect("in bounds")
        });
        Handshake::new(self.version, self.command, &address(self.target), credentials.as_ref())
            .expect("sendable")
    }

    pub(crate) fn answers(&self) -> Vec<u8> {
        self.exchanges.iter().flat_map(|(_, answer)| hex(answer)).collect()
    }

    /// What is being waited for after so many bytes of the answers.
    pub(crate) fn stage_after(&self, count: usize) -> Stage {
        let mut end = 0;
        let asked = self.exchanges.iter().enumerate().find(|(_, (_, answer))| {
            end += hex(answer).len();
            count < end
        });
        match asked {
            Some((0, _)) if self.version == Version::Socks5 => Stage::Method,
            Some((_, (ours, _))) if ours.starts_with("01") => Stage::Authentication,
            _ => Stage::Reply,
        }
    }
}
