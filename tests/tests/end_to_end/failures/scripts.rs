//! What scripted proxies do wrong, and what the application has to be told.

use std::time::Duration;

use end_to_end::plan::{GREETING_LINE, NAME, TARGET};
use end_to_end::script::Act;
use socks_proto::socks4::{self, Cd};
use socks_proto::socks5::{self, Method, Rep};
use socks_proto::{Address, Host, Name};

/// How the application is configured to speak.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Speech {
    Socks5,
    Password,
    Socks4,
    Http,
}

/// A script and its expected outcome.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) speech: Speech,
    pub(super) acts: Vec<Act>,
    pub(super) prints: &'static str,
    pub(super) is_logged: bool,
}

impl Case {
    fn new(name: impl Into<String>, speech: Speech, acts: Vec<Act>, prints: &'static str) -> Case {
        Case { name: name.into(), speech, acts, prints, is_logged: false }
    }

    /// SOCKS4 knows no names.
    pub(super) fn host(&self) -> String {
        if self.speech == Speech::Socks4 { TARGET.v4.to_string() } else { NAME.to_owned() }
    }
}

pub(super) fn cases() -> Vec<Case> {
    [replies(), replies4(), authentication(), stops(), nonsense(), good_ones(), http()].concat()
}

/// A target that speaks first, in one segment with the proxy's reply.
pub(super) fn greeting() -> Vec<Act> {
    let all = [reply(0, &zero()), GREETING_LINE.as_bytes().to_vec()].concat();
    after(asked(), [Act::Send(all), Act::Answer, Act::Close])
}

/// A proxy that accepts and then says nothing.
pub(super) fn hanging() -> Vec<Act> {
    vec![Act::Greeting, Act::Hang]
}

fn zero() -> Address {
    Address::from(std::net::SocketAddr::from(([0, 0, 0, 0], 0)))
}

fn choice(method: Method) -> Act {
    Act::Send(socks5::encode_choice(method).as_bytes().to_vec())
}

fn reply(rep: u8, bnd: &Address) -> Vec<u8> {
    socks5::encode_reply(Rep(rep), bnd).as_bytes().to_vec()
}

fn password_reply(status: u8) -> Act {
    Act::Send(socks5::encode_password_reply(status).as_bytes().to_vec())
}

/// The dialogue up to the request, without authentication.
fn asked() -> Vec<Act> {
    vec![Act::Greeting, choice(Method::NONE), Act::Request]
}

fn after(mut before: Vec<Act>, acts: impl IntoIterator<Item = Act>) -> Vec<Act> {
    before.extend(acts);
    before
}

/// Section 6 of RFC 1928, Tor's extensions, and codes nobody has assigned.
fn replies() -> Vec<Case> {
    let errno = |rep| match rep {
        0x02 | 0xf4 | 0xf5 => "EACCES",
        0x03 | 0x08 => "ENETUNREACH",
        0x04 | 0xf0..=0xf3 | 0xf6 => "EHOSTUNREACH",
        0x06 | 0xf7 => "ETIMEDOUT",
        _ => "ECONNREFUSED",
    };
    let codes = (0x01..=0x09).chain([0x5a, 0xff]).chain(0xf0..=0xf8);
    let case = |rep| {
        let acts = after(asked(), [Act::Send(reply(rep, &zero())), Act::Close]);
        Case::new(format!("reply_{rep:02x}"), Speech::Socks5, acts, errno(rep))
    };
    codes.map(case).collect()
}

fn replies4() -> Vec<Case> {
    let reply4 = |cd| Act::Send(socks4::encode_reply(Cd(cd), &zero()).as_bytes().to_vec());
    let case = |(cd, errno)| {
        let acts = vec![Act::Request4, reply4(cd), Act::Close];
        Case::new(format!("socks4_reply_{cd:02x}"), Speech::Socks4, acts, errno)
    };
    let mut cases: Vec<_> =
        [(0x5b, "ECONNREFUSED"), (0x5c, "EACCES"), (0x5d, "EACCES"), (0x00, "ECONNREFUSED")]
            .into_iter()
            .map(case)
            .collect();
    let granted = vec![Act::Request4, reply4(Cd::GRANTED.0), Act::Answer, Act::Close];
    cases.push(Case::new("socks4_granted", Speech::Socks4, granted, "connected"));
    cases
}

fn authentication() -> Vec<Case> {
    let asks = || vec![Act::Greeting, choice(Method::USERNAME_PASSWORD), Act::Password];
    let granted = [Act::Request, Act::Send(reply(0, &zero())), Act::Answer, Act::Close];
    let none_acceptable = vec![Act::Greeting, choice(Method::NO_ACCEPTABLE), Act::Close];
    let not_offered = |method| vec![Act::Greeting, choice(method), Act::Hang];
    vec![
        Case::new("method_ff", Speech::Socks5, none_acceptable.clone(), "EACCES"),
        Case::new("method_ff_with_password", Speech::Password, none_acceptable, "EACCES"),
        Case::new("method_not_offered", Speech::Socks5, not_offered(Method::GSSAPI), "ECONNREFUSED"),
        Case::new(
            "password_not_offered",
            Speech::Socks5,
            not_offered(Method::USERNAME_PASSWORD),
            "ECONNREFUSED",
        ),
        Case::new(
            "password_refused",
            Speech::Password,
            after(asks(), [password_reply(1), Act::Close]),
            "EACCES",
        ),
        Case::new(
            "password_refused_ff",
            Speech::Password,
            after(asks(), [password_reply(0xff), Act::Close]),
            "EACCES",
        ),
        Case::new(
            "password_accepted",
            Speech::Password,
            after(after(asks(), [password_reply(0)]), granted),
            "connected",
        ),
    ]
}

/// The proxy ends, resets or stalls at each step.
fn stops() -> Vec<Case> {
    let success = reply(0, &zero());
    let asks = || vec![Act::Greeting, choice(Method::USERNAME_PASSWORD)];
    let steps = [
        ("accepted", Speech::Socks5, vec![]),
        ("greeted", Speech::Socks5, vec![Act::Greeting]),
        ("half_choice", Speech::Socks5, vec![Act::Greeting, Act::Send(vec![5])]),
        ("chosen", Speech::Socks5, vec![Act::Greeting, choice(Method::NONE)]),
        ("asked", Speech::Socks5, asked()),
        ("half_reply", Speech::Socks5, after(asked(), [Act::Send(success[..5].to_vec())])),
        ("password_wanted", Speech::Password, asks()),
        ("password_sent", Speech::Password, after(asks(), [Act::Password])),
        (
            "password_accepted",
            Speech::Password,
            after(asks(), [Act::Password, password_reply(0), Act::Request]),
        ),
        ("socks4_asked", Speech::Socks4, vec![Act::Request4]),
        ("socks4_half_reply", Speech::Socks4, vec![Act::Request4, Act::Send(vec![0, 0x5a, 0])]),
    ];
    let ends = [
        ("closes", Act::Close, "ECONNREFUSED"),
        ("resets", Act::Reset, "ECONNREFUSED"),
        ("hangs", Act::Hang, "ETIMEDOUT"),
    ];
    let cases = steps.into_iter().flat_map(|(step, speech, acts)| {
        ends.clone().map(|(end, act, errno)| {
            Case::new(format!("{end}_{step}"), speech, after(acts.clone(), [act]), errno)
        })
    });
    let cut_short = after(asked(), [Act::Send(vec![5, 2, 0, 1]), Act::Close]);
    cases.chain([Case::new("failure_cut_short", Speech::Socks5, cut_short, "EACCES")]).collect()
}

fn nonsense() -> Vec<Case> {
    let http = || Act::Send(b"HTTP/1.0 501 Tor is not an HTTP Proxy\r\n\r\n".to_vec());
    let name_without_end = vec![5, 0, 0, 3, 255, b'x'];
    let cases = [
        ("http_instead_of_choice", vec![Act::Greeting, http(), Act::Hang]),
        ("http_instead_of_reply", after(asked(), [http(), Act::Hang])),
        ("version_of_choice", vec![Act::Greeting, Act::Send(vec![6, 0]), Act::Hang]),
        ("version_of_reply", after(asked(), [Act::Send(vec![4, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Act::Hang])),
        ("atyp_of_reply", after(asked(), [Act::Send(vec![5, 0, 0, 9, 0, 0, 0, 0, 0, 0]), Act::Hang])),
        ("reply_that_ends_in_its_name", after(asked(), [Act::Send(name_without_end), Act::Close])),
    ];
    let logged = |(name, acts)| Case {
        is_logged: true,
        ..Case::new(format!("nonsense_{name}"), Speech::Socks5, acts, "ECONNREFUSED")
    };
    cases.into_iter().map(logged).collect()
}

/// Unusual, but right.
fn good_ones() -> Vec<Case> {
    let success = |bnd: &Address| reply(0, bnd);
    let name = Name::new(b"outside.proxy.test").expect("a name");
    let named = Address { host: Host::Name(name), port: 1080 };
    let v6 = Address::from(std::net::SocketAddr::from((TARGET.v6, 45261)));
    let bytewise = vec![
        Act::Greeting,
        Act::SendBytewise(vec![5, 0]),
        Act::Request,
        Act::SendBytewise(success(&v6)),
        Act::Answer,
        Act::Close,
    ];
    let served = |bytes| after(asked(), [Act::Send(bytes), Act::Answer, Act::Close]);
    let case = |name: &str, acts| Case::new(name, Speech::Socks5, acts, "connected");
    vec![
        case("good_byte_by_byte", bytewise),
        case("good_byte_by_byte_with_pauses", slowly(&success(&named))),
        case("good_bnd_zero", served(success(&zero()))),
        case("good_bnd_ipv6", served(success(&v6))),
        case("good_bnd_name", served(success(&named))),
        case("good_data_with_reply", data_with_reply(success(&v6))),
    ]
}

/// A byte at a time, and time between them: each comes alone.
fn slowly(reply: &[u8]) -> Vec<Act> {
    let byte = |byte: &u8| [Act::Send(vec![*byte]), Act::Pause(Duration::from_millis(2))];
    after(after(asked(), reply.iter().flat_map(byte)), [Act::Answer, Act::Close])
}

/// The target's answer in one segment with the reply: not one byte of it may be lost.
fn data_with_reply(reply: Vec<u8>) -> Vec<Act> {
    let all = [reply, b"you said hello target\n".to_vec()].concat();
    after(asked(), [Act::Send(all), Act::Line, Act::Close])
}

fn http() -> Vec<Case> {
    let says = |text: &str| Act::Send(text.as_bytes().to_vec());
    let case = |name: &str, acts, prints| Case::new(format!("http_{name}"), Speech::Http, acts, prints);
    let errno = |status| match status {
        401 | 403 | 407 => "EACCES",
        404 => "EHOSTUNREACH",
        408 | 504 => "ETIMEDOUT",
        _ => "ECONNREFUSED",
    };
    let refused = |status: u16| {
        let response = format!("HTTP/1.1 {status} No\r\nContent-Length: 3\r\n\r\nno\n");
        case(&status.to_string(), vec![Act::Connect, says(&response), Act::Close], errno(status))
    };
    let mut cases: Vec<_> =
        [302, 400, 401, 403, 404, 405, 407, 408, 500, 501, 502, 503, 504].into_iter().map(refused).collect();
    let granted = "HTTP/1.1 200 Connection established\r\nContent-Length: 9\r\n\r\n";
    let served = |sends| vec![Act::Connect, sends, Act::Answer, Act::Close];
    let bytewise = Act::SendBytewise(granted.as_bytes().to_vec());
    let data = [granted, "you said hello target\n"].concat();
    cases.extend([
        case("granted", served(says(granted)), "connected"),
        case("granted_byte_by_byte", served(bytewise), "connected"),
        case("granted_tersely", served(says("HTTP/1.0 200\n\n")), "connected"),
        case(
            "granted_after_100",
            served(says(&format!("HTTP/1.1 100 Continue\r\n\r\n{granted}"))),
            "connected",
        ),
        case("data_with_response", vec![Act::Connect, says(&data), Act::Line, Act::Close], "connected"),
        case("closes", vec![Act::Connect, Act::Close], "ECONNREFUSED"),
        case(
            "closes_in_header",
            vec![Act::Connect, says("HTTP/1.1 200 OK\r\nVia"), Act::Close],
            "ECONNREFUSED",
        ),
        case("resets", vec![Act::Connect, Act::Reset], "ECONNREFUSED"),
        case("hangs", vec![Act::Connect, Act::Hang], "ETIMEDOUT"),
        case("hangs_in_header", vec![Act::Connect, says("HTTP/1.1 200 OK\r\n"), Act::Hang], "ETIMEDOUT"),
    ]);
    let endless = ["HTTP/1.1 200 OK\r\n", &"a".repeat(20_000)].concat();
    let nonsense = [
        ("socks_instead", vec![Act::Connect, Act::Send(vec![5, 0]), Act::Hang]),
        ("endless_header", vec![Act::Connect, says(&endless), Act::Hang]),
    ];
    cases.extend(nonsense.map(|(name, acts)| Case { is_logged: true, ..case(name, acts, "ECONNREFUSED") }));
    cases
}
