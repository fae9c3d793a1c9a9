//! HTTP CONNECT (RFC 9110, section 9.3.6): the request with user name and password by Basic (RFC 7617), and as much of the
//! response as has to be read.
//!
//! The tunnel begins behind the empty line that ends the header, and its first bytes belong to the application. Since
//! nothing tells where that line is, no more is asked for than the shortest header could still have: the beginning of
//! the status line at once, then two bytes at a time.

use crate::address::Address;
use crate::bytes::Message;
use crate::credentials::Credentials;
use crate::decode::Malformed;
use std::fmt::{self, Write};

/// The most that is read of all headers, those of 1xx responses included.
const MAX_HEADER: u16 = 16 * 1024;

/// What every status line begins with; behind it are a digit, a blank and the status.
const PREFIX: &[u8] = b"HTTP/1.";

/// `HTTP/1.1 200`.
const STATUS_END: u16 = 12;

/// The shortest end of a header: lone LF are common.
const SHORTEST_END: u16 = 2;

/// A status code (RFC 9110, section 15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Status(pub u16);

impl Status {
    /// The server wants to know who asks.
    pub const UNAUTHORIZED: Self = Self(401);
    /// The rules of the proxy forbid it.
    pub const FORBIDDEN: Self = Self(403);
    /// The proxy knows no such host.
    pub const NOT_FOUND: Self = Self(404);
    /// The proxy has no CONNECT.
    pub const METHOD_NOT_ALLOWED: Self = Self(405);
    /// The proxy wants to know who asks, or does not let him in.
    pub const PROXY_AUTHENTICATION_REQUIRED: Self = Self(407);
    /// It took too long.
    pub const REQUEST_TIMEOUT: Self = Self(408);
    /// The proxy cannot do what it was asked.
    pub const NOT_IMPLEMENTED: Self = Self(501);
    /// The target does not let the proxy in.
    pub const BAD_GATEWAY: Self = Self(502);
    /// The proxy does not serve anybody now, or cannot reach the target.
    pub const SERVICE_UNAVAILABLE: Self = Self(503);
    /// The target did not answer the proxy in time.
    pub const GATEWAY_TIMEOUT: Self = Self(504);

    /// Any 2xx grants a CONNECT.
    fn grants(self) -> bool {
        self.0 / 100 == 2
    }

    /// The response is not yet the final one.
    fn is_informational(self) -> bool {
        self.0 / 100 == 1
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::UNAUTHORIZED => "unauthorized",
            Self::FORBIDDEN => "forbidden",
            Self::NOT_FOUND => "not found",
            Self::METHOD_NOT_ALLOWED => "method not allowed",
            Self::PROXY_AUTHENTICATION_REQUIRED => "user name and password wanted, or others",
            Self::REQUEST_TIMEOUT => "request timeout",
            Self::NOT_IMPLEMENTED => "not implemented",
            Self::BAD_GATEWAY => "bad gateway",
            Self::SERVICE_UNAVAILABLE => "service unavailable",
            Self::GATEWAY_TIMEOUT => "gateway timeout",
            Self(500) => "internal server error",
            Self(300..=399) => "a redirection, which is not followed",
            _ => "no CONNECT",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03} ({})", self.0, self.meaning())
    }
}

/// Whether a name can stand in a request line as it is, and means nothing but a host there.
pub(crate) fn can_carry(name: &[u8]) -> bool {
    let is_delimiter = |byte| b":/?#[]@\\\"<>%".contains(byte);
    name.iter().all(|byte| byte.is_ascii_graphic() && !is_delimiter(byte))
}

/// The request from its byte `from` on, as much as fits a message; empty at its end.
///
/// Only long names with long passwords need more than one.
pub(crate) fn encode_request(target: &Address, credentials: Option<&Credentials>, from: usize) -> Message {
    let mut window = Window { skip: from, message: Message::EMPTY };
    // A window takes everything: what is beyond it is not an error.
    let _ = write!(window, "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some(credentials) = credentials {
        window.push(b"Proxy-Authorization: Basic ");
        window.push_base64([credentials.username(), b":", credentials.password()].into_iter().flatten());
        window.push(b"\r\n");
    }
    window.push(b"\r\n");
    window.message
}

/// The part of a text that fits a message, from some byte on.
struct Window {
    skip: usize,
    message: Message,
}

impl Window {
    fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.skip > 0 {
                self.skip -= 1;
            } else if !self.message.push(std::slice::from_ref(byte)) {
                return;
            }
        }
    }

    /// Base64 with padding (RFC 4648, section 4).
    fn push_base64<'a>(&mut self, mut bytes: impl Iterator<Item = &'a u8>) {
        while let Some(first) = bytes.next() {
            let (second, third) = (bytes.next(), bytes.next());
            let octet = |byte: Option<&u8>| u32::from(byte.copied().unwrap_or_default());
            let bits = octet(Some(first)) << 16 | octet(second) << 8 | octet(third);
            self.push(&[
                digit(bits >> 18),
                digit(bits >> 12),
                second.map_or(b'=', |_| digit(bits >> 6)),
                third.map_or(b'=', |_| digit(bits)),
            ]);
        }
    }
}

impl Write for Window {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

/// The digit of base64 for the last six bits.
fn digit(bits: u32) -> u8 {
    let value = (bits & 0x3f) as u8;
    match value {
        0..=25 => b'A' + value,
        26..=51 => b'a' + value - 26,
        52..=61 => b'0' + value - 52,
        62 => b'+',
        _ => b'/',
    }
}

/// A response, as far as it has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Response {
    /// Bytes of all headers so far.
    taken: u16,
    status: Status,
    place: Place,
}

/// Where in a header the next byte stands.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// In the status line, behind so many bytes of it.
    Status(u16),
    /// Behind the status.
    StatusEnd,
    /// Within a line.
    Line,
    /// Behind a line.
    LineEnd,
    /// Behind a line and CR.
    Cr,
    /// Behind the empty line.
    End,
}

impl Response {
    pub(crate) const NONE: Self = Self { taken: 0, status: Status(0), place: Place::Status(0) };

    /// How many bytes are certain to come.
    pub(crate) fn missing(&self) -> usize {
        let missing = match self.place {
            Place::Status(position) => STATUS_END.saturating_sub(position) + SHORTEST_END,
            Place::StatusEnd | Place::Line => SHORTEST_END,
            Place::LineEnd | Place::Cr => 1,
            Place::End => 0,
        };
        usize::from(missing)
    }

    /// Takes bytes, of which there are no more than were missing. The outcome comes with the byte that tells it: for
    /// a failure that is the last one of the status.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<Option<Result<(), Status>>, Malformed> {
        for byte in bytes {
            self.taken = self.taken.saturating_add(1);
            if self.taken > MAX_HEADER {
                return Err(Malformed::HeaderTooLong);
            }
            self.place = self.follow(*byte)?;
            match self.place {
                Place::StatusEnd if !self.status.grants() && !self.status.is_informational() => {
                    return Ok(Some(Err(self.status)));
                }
                Place::End if self.status.grants() => return Ok(Some(Ok(()))),
                Place::End => *self = Self { taken: self.taken, ..Self::NONE },
                _ => {}
            }
        }
        Ok(None)
    }

    fn follow(&mut self, byte: u8) -> Result<Place, Malformed> {
        match (self.place, byte) {
            (Place::Status(position), _) => self.follow_status(position, byte),
            (Place::StatusEnd, b' ' | b'\r') => Ok(Place::Line),
            (Place::StatusEnd | Place::Line, b'\n') => Ok(Place::LineEnd),
            (Place::StatusEnd, came) => Err(Malformed::StatusLine(came)),
            (Place::LineEnd | Place::Cr, b'\n') => Ok(Place::End),
            (Place::LineEnd, b'\r') => Ok(Place::Cr),
            _ => Ok(Place::Line),
        }
    }

    /// `HTTP/1.`, a digit, a blank, three digits.
    fn follow_status(&mut self, position: u16, byte: u8) -> Result<Place, Malformed> {
        let is_right = match (PREFIX.get(usize::from(position)), position) {
            (Some(expected), _) => byte == *expected,
            (None, 8) => byte == b' ',
            _ => byte.is_ascii_digit(),
        };
        if !is_right {
            return Err(Malformed::StatusLine(byte));
        }
        if position > 8 {
            self.status = Status(self.status.0 * 10 + u16::from(byte - b'0'));
        }
        let next = position + 1;
        Ok(if next == STATUS_END { Place::StatusEnd } else { Place::Status(next) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Host;
    use crate::name::Name;

    fn request(target: &Address, credentials: Option<&Credentials>) -> Vec<u8> {
        let mut whole = Vec::new();
        loop {
            let piece = encode_request(target, credentials, whole.len());
            if piece.as_bytes().is_empty() {
                return whole;
            }
            whole.extend_from_slice(piece.as_bytes());
        }
    }

    fn text(target: &str, user: Option<(&str, &str)>) -> String {
        let pair =
            user.map(|(user, password)| Credentials::new(user.as_bytes(), password.as_bytes()).unwrap());
        let target = target.parse::<std::net::SocketAddr>().map_or_else(
            |_| Address { host: Host::Name(Name::new(target.as_bytes()).unwrap()), port: 443 },
            Address::from,
        );
        String::from_utf8(request(&target, pair.as_ref())).unwrap()
    }

    /// RFC 7617, section 2, has the pair and its base64.
    #[test]
    fn a_request_has_the_target_twice_and_the_pair_once() {
        assert_eq!(
            text("www.example.org", None),
            "CONNECT www.example.org:443 HTTP/1.1\r\nHost: www.example.org:443\r\n\r\n"
        );
        assert_eq!(
            text("[2001:db8::7]:22", Some(("Aladdin", "open sesame"))),
            "CONNECT [2001:db8::7]:22 HTTP/1.1\r\nHost: [2001:db8::7]:22\r\n\
             Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"
        );
    }

    /// RFC 4648, section 10.
    #[test]
    fn base64() {
        let of = |bytes: &[u8]| {
            let mut window = Window { skip: 0, message: Message::EMPTY };
            window.push_base64(bytes.iter());
            String::from_utf8(window.message.as_bytes().to_vec()).unwrap()
        };
        for (bytes, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(of(bytes.as_bytes()), expected);
        }
        assert_eq!(of(&[0xfb, 0xef, 0xff, 0x00, 0x10, 0x83]), "++//ABCD");
    }

    #[test]
    fn the_longest_request_is_sent_in_pieces() {
        let target = "a".repeat(255);
        let (user, password) = ("u".repeat(255), "p".repeat(255));
        let whole = text(&target, Some((&user, &password)));
        assert!(whole.starts_with(&format!("CONNECT {target}:443 HTTP/1.1\r\nHost: {target}:443\r\nProxy-")));
        assert!(whole.ends_with("\r\n\r\n"));
        assert_eq!(whole.len(), 8 + 259 + 11 + 6 + 259 + 2 + 27 + 684 + 4);
    }

    #[test]
    fn a_name_is_nothing_but_a_host() {
        assert!(can_carry(b"www.example.org") && can_carry(b"_srv-1.example"));
        for name in [&b"a b"[..], b"a\r\nb", b"a:1", b"a/b", b"user@a", b"[a]", b"a\\b", b"\xc3\xa9", b"a%41"]
        {
            assert!(!can_carry(name), "{}", name.escape_ascii());
        }
    }

    type Outcome = Result<Option<Result<(), Status>>, Malformed>;

    /// Reads as it asks, and gives what it has left, and in how many calls.
    fn read(mut bytes: &[u8]) -> (Outcome, &[u8], usize) {
        let mut response = Response::NONE;
        let mut calls = 0;
        loop {
            let (now, later) = bytes.split_at(response.missing().min(bytes.len()));
            let outcome = response.take(now);
            calls += 1;
            if now.is_empty() || outcome != Ok(None) {
                return (outcome, later, calls);
            }
            bytes = later;
        }
    }

    #[test]
    fn reads_to_the_end_of_the_header_and_no_further() {
        for header in [
            "HTTP/1.1 200 Connection established\r\n\r\n",
            "HTTP/1.0 200\n\n",
            "HTTP/1.0 200\r\n\r\n",
            "HTTP/1.0 200 \r\n\n",
            "HTTP/1.0 299 x\n\r\n",
            "HTTP/1.1 200 OK\r\nVia: a\r\nContent-Length: 7\r\n\r\n",
            "HTTP/1.1 200 OK\nVia: a\r\rb\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\na: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        ] {
            for rest in ["", "\n", "\r\n", "SSH-2.0-x\r\n\r\n"] {
                let whole = format!("{header}{rest}");
                let (outcome, left, _) = read(whole.as_bytes());
                assert_eq!((outcome, left), (Ok(Some(Ok(()))), rest.as_bytes()), "{header:?}");
            }
        }
    }

    #[test]
    fn a_usual_header_takes_few_reads() {
        let (_, _, calls) =
            read(b"HTTP/1.0 200 Connection established\r\nProxy-agent: tinyproxy/1.11.1\r\n\r\n");
        assert!(calls < 40, "{calls}");
    }

    #[test]
    fn a_failure_is_told_by_its_status() {
        for code in (0..=99).chain(300..=999) {
            let line = format!("HTTP/1.1 {code:03}");
            assert_eq!(read(line.as_bytes()).0, Ok(Some(Err(Status(code)))), "{line}");
        }
    }

    #[test]
    fn what_is_not_http_is_told_by_its_first_wrong_byte() {
        for (bytes, came) in [
            (&b"\x05\x00"[..], 0x05),
            (b"SSH-2.0-OpenSSH", b'S'),
            (b"HTTP/2.0 200 OK", b'2'),
            (b"HTTP/1.1  200 OK", b' '),
            (b"HTTP/1.1 2000 OK", b'0'),
            (b"HTTP/1.x 200 OK", b'x'),
        ] {
            assert_eq!(read(bytes).0, Err(Malformed::StatusLine(came)), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_header_ends_within_16_kib() {
        let endless = [b"HTTP/1.1 200 OK\r\n".as_slice(), &[b'a'; 20_000]].concat();
        let (outcome, left, _) = read(&endless);
        assert_eq!(outcome, Err(Malformed::HeaderTooLong));
        assert!(endless.len() - left.len() <= usize::from(MAX_HEADER) + 2);
        let informed = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(1000);
        assert_eq!(read(&informed).0, Err(Malformed::HeaderTooLong));
    }

    #[test]
    fn a_status_is_shown_with_its_meaning() {
        assert_eq!(Status(502).to_string(), "502 (bad gateway)");
        assert_eq!(Status(302).to_string(), "302 (a redirection, which is not followed)");
        assert_eq!(Status(418).to_string(), "418 (no CONNECT)");
        assert_eq!(Status(7).to_string(), "007 (no CONNECT)");
    }
}
