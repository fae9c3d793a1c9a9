//! What can be wrong in a file, and what would be accepted instead.

use crate::UrlError;
use crate::foreign::Format;
use crate::keyword::Section;
use crate::sockd::SockdProblem;
use std::fmt;
use std::net::IpAddr;

/// What is wrong. `Display` says it in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Something else was expected here.
    Expected {
        /// What was expected.
        expected: &'static str,
        /// What came.
        found: String,
    },
    /// A `,` or `;` where Dante's grammar has only blanks.
    Separator(char),
    /// The file is not in a form of Unicode or ASCII we read.
    Encoding(&'static str),
    /// The file belongs to another program, or to another age.
    Foreign(Format),
    /// No such keyword.
    UnknownKeyword {
        /// The word.
        word: String,
        /// Where it stands.
        section: Section,
        /// A keyword like it.
        similar: Option<&'static str>,
    },
    /// No such key in another program's file.
    UnknownForeignKey {
        /// The word.
        word: String,
        /// The file.
        file: &'static str,
        /// A key like it.
        similar: Option<&'static str>,
    },
    /// What cannot stand where it does in another program's file.
    Unfit {
        /// What was written.
        what: String,
        /// Why not.
        reason: &'static str,
    },
    /// The proxies of a route cannot be used as it says; the text says why.
    Mode(&'static str),
    /// A keyword of another section.
    Misplaced {
        /// The keyword.
        word: &'static str,
        /// Where it belongs.
        belongs: Section,
    },
    /// A keyword or value that is known and not supported.
    Refused {
        /// What was written.
        what: String,
        /// Why it is not supported, or what to write instead.
        reason: &'static str,
    },
    /// A value that the keyword does not have.
    UnknownValue {
        /// The keyword.
        keyword: &'static str,
        /// The value.
        word: String,
        /// The values it has.
        accepted: &'static [&'static str],
        /// One of them like it.
        similar: Option<&'static str>,
    },
    /// A number was expected.
    NotANumber {
        /// What the number is for.
        what: &'static str,
        /// What came.
        found: String,
    },
    /// A number beyond its limit.
    NumberTooLarge {
        /// What the number is for.
        what: &'static str,
        /// The largest possible.
        limit: u32,
    },
    /// `route {` without its `}`.
    Unclosed,
    /// A route without this.
    Missing(&'static str),
    /// A second one of this in a route.
    Repeated(&'static str),
    /// Not an address, network or host name.
    NotAnAddress(String),
    /// Not the address or name of a proxy.
    NotAProxy(String),
    /// An address in `from` or `to` without a mask.
    MaskRequired(IpAddr),
    /// A mask longer than the address.
    MaskTooLong {
        /// The bits of the address.
        limit: u8,
    },
    /// A dotted mask with a 0 left of a 1.
    MaskWithHoles(String),
    /// A mask behind a name or a proxy.
    MaskNotAllowed,
    /// `0/` with another mask than 0.
    ZeroNeedsZero,
    /// An IPv4-mapped IPv6 address.
    MappedAddress,
    /// `via: 10.0.0.11:1080`
    PortBehindColon,
    /// A gateway that only differs in case from `direct` or `block`.
    GatewayCase(&'static str),
    /// A name in the `from:` of a block route.
    BlockFromName,
    /// `port: 80`
    PortColon,
    /// `port = 80-90`
    RangeWithOperator,
    /// `port 80` without an operator.
    PortOperator(String),
    /// A range of ports for a proxy.
    RangeForProxy,
    /// The first port is larger than the last.
    RangeReversed,
    /// Port 0 for a proxy.
    PortZero,
    /// No such service.
    UnknownService {
        /// The name.
        name: String,
        /// A service like it.
        similar: Option<&'static str>,
    },
    /// http together with a SOCKS version.
    ProtocolsDoNotMix,
    /// `method: username` with neither socks_v5 nor anything else that could carry it.
    MethodNeedsSocks5,
    /// A key that says how a block fails, in a route that is none.
    ErrnoWithoutBlock,
    /// Not the name or the path of a program.
    NotAProgram(String),
    /// Not the name or the number of a user.
    NotAUser(String),
    /// A key that says how to talk to a proxy, in a route that has none.
    NoProxyToTalkTo {
        /// The key.
        keyword: &'static str,
        /// `direct` or `block`.
        via: &'static str,
    },
    /// The TOML reader's complaint.
    Toml {
        /// Its message.
        message: String,
        /// A key like the unknown one.
        similar: Option<String>,
        /// Why a key of Dante's does not exist here.
        reason: Option<&'static str>,
    },
    /// A port specification in TOML that is none.
    NotPorts(String),
    /// A range of fake addresses that is none.
    NotAFakeRange,
    /// Not the address of a name server.
    NotANameServer(String),
    /// Not a proxy URL.
    Url(UrlError),
    /// `via` names a proxy that is not there.
    UnknownProxy {
        /// The name.
        name: String,
        /// Every proxy there is.
        known: Vec<String>,
    },
    /// A proxy called `direct` or `block`.
    ReservedName(String),
    /// `direct` or `block` in a list of proxies.
    MixedVia(&'static str),
    /// An empty list.
    EmptyList(&'static str),
    /// What only the server's file can have wrong.
    Sockd(SockdProblem),
    /// A user name or password that is one too many, too long, or without use; the text says which.
    Credentials(&'static str),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Expected { expected, found } => write!(f, "expected {expected}, found {found}"),
            Problem::Separator(separator) => write!(f, "`{separator}` separates nothing here"),
            Problem::Encoding(what) => f.write_str(what),
            Problem::Foreign(format) => write!(f, "this is {format}"),
            Problem::UnknownKeyword { word, section: Section::File, .. } => {
                write!(f, "`{word}` is not a keyword of socks.conf")
            }
            Problem::UnknownKeyword { word, section: Section::Sockd, .. } => {
                write!(f, "`{word}` is not a keyword of sockd.conf")
            }
            Problem::UnknownKeyword { word, section: Section::Rule, .. } => {
                write!(f, "`{word}` is not a keyword of a rule")
            }
            Problem::UnknownKeyword { word, section: Section::Route, .. } => {
                write!(f, "`{word}` is not a keyword of a route")
            }
            Problem::UnknownForeignKey { word, file, .. } => write!(f, "`{word}` is not a key of {file}"),
            Problem::Unfit { what, reason } => write!(f, "`{what}`: {reason}"),
            Problem::Mode(reason) => f.write_str(reason),
            Problem::Misplaced { word, belongs } => write!(f, "`{word}` belongs {belongs}"),
            Problem::Refused { what, reason } => write!(f, "`{what}` is not supported: {reason}"),
            Problem::UnknownValue { keyword, word, .. } => write!(f, "`{keyword}` has no value `{word}`"),
            Problem::NotANumber { what, found } => write!(f, "expected {what}, found {found}"),
            Problem::NumberTooLarge { what, limit } => write!(f, "{what} can be at most {limit}"),
            Problem::Unclosed => f.write_str("this route has no `}`"),
            Problem::Missing(what) => write!(f, "this route has no `{what}:`"),
            Problem::Repeated(what) => write!(f, "a second `{what}:` in one route"),
            Problem::NotAnAddress(word) => write!(f, "`{word}` is neither an address nor a host name"),
            Problem::NotAProxy(word) => write!(f, "`{word}` is neither an address nor the name of a proxy"),
            Problem::MaskRequired(address) => write!(f, "{address} needs a mask here"),
            Problem::MaskTooLong { limit } => {
                write!(f, "this mask is longer than the {limit} bits of the address")
            }
            Problem::MaskWithHoles(mask) => {
                write!(f, "the one bits of the mask {mask} are not all on the left")
            }
            Problem::MaskNotAllowed => {
                f.write_str("a mask is possible only behind an address in `from` or `to`")
            }
            Problem::ZeroNeedsZero => f.write_str("`0/` takes only the mask 0"),
            Problem::MappedAddress => f.write_str("an IPv4-mapped IPv6 address is not allowed here"),
            Problem::PortBehindColon => f.write_str("the port of a proxy is not written behind a colon"),
            Problem::GatewayCase(word) => write!(f, "`{word}` is written in lower case"),
            Problem::BlockFromName => f.write_str(
                "the `from` of a block route cannot be a name: it would never match and block nothing",
            ),
            Problem::PortColon => {
                f.write_str("`port:` is ambiguous: Dante reads it without comparing, so every port matches")
            }
            Problem::RangeWithOperator => f.write_str("a range of ports takes no operator"),
            Problem::PortOperator(found) => write!(f, "expected an operator behind `port`, found {found}"),
            Problem::RangeForProxy => f.write_str("a proxy has one port, not a range"),
            Problem::RangeReversed => f.write_str("the first port of the range is larger than the last"),
            Problem::PortZero => f.write_str("a proxy cannot listen on port 0"),
            Problem::UnknownService { name, .. } => write!(f, "no service is called `{name}`"),
            Problem::ProtocolsDoNotMix => {
                f.write_str("http cannot be combined with a SOCKS version in one route")
            }
            Problem::MethodNeedsSocks5 => f.write_str("only socks_v5 has the method `username`"),
            Problem::NoProxyToTalkTo { keyword, via } => {
                write!(f, "`{keyword}` says how to talk to a proxy, but this route is `via: {via}`")
            }
            Problem::ErrnoWithoutBlock => {
                f.write_str("`errno` says how a call fails that is blocked, but this route leads somewhere")
            }
            Problem::NotAProgram(word) => write!(f, "`{word}` is neither the name of a program nor its path"),
            Problem::NotAUser(word) => write!(f, "`{word}` is neither the name of a user nor a number"),
            Problem::Toml { message, .. } => f.write_str(message),
            Problem::NotPorts(text) => write!(f, "`{text}` is not a port"),
            Problem::NotAFakeRange => {
                f.write_str("expected an IPv4 network of /8 to /30 for the fake addresses")
            }
            Problem::NotANameServer(word) => write!(f, "`{word}` is not the address of a name server"),
            Problem::Url(error) => error.fmt(f),
            Problem::UnknownProxy { name, .. } => write!(f, "there is no proxy called `{name}`"),
            Problem::ReservedName(name) => {
                write!(f, "a proxy cannot be called `{name}`: `via` has a meaning for it")
            }
            Problem::MixedVia(word) => write!(f, "`{word}` cannot be one of several ways to go"),
            Problem::EmptyList(what) => {
                write!(f, "`{what}` is an empty list, which matches nothing")
            }
            Problem::Sockd(problem) => problem.fmt(f),
            Problem::Credentials(what) => f.write_str(what),
        }
    }
}

impl Problem {
    /// What would be accepted, as one line; `None` when the message says it already.
    pub fn accepted(&self) -> Option<String> {
        let fixed = match self {
            Problem::UnknownKeyword { section, similar, .. } => {
                return Some(format!("{}accepted here: {}", suggestion(similar), section.listing()));
            }
            Problem::UnknownValue { accepted, similar, .. } => {
                return Some(format!("{}accepted: {}", suggestion(similar), accepted.join(", ")));
            }
            Problem::UnknownForeignKey { similar, .. } => {
                return similar.map(|similar| format!("did you mean `{similar}`?"));
            }
            Problem::UnknownService { similar, .. } => {
                return Some(format!("{}accepted: a number or a well-known service", suggestion(similar)));
            }
            Problem::Toml { reason: Some(reason), .. } => return Some((*reason).to_owned()),
            Problem::Toml { similar: Some(similar), .. } => {
                return Some(format!("did you mean `{similar}`?"));
            }
            Problem::UnknownProxy { name, known } => return Some(proxies(name, known)),
            Problem::MaskRequired(address) => {
                let bits = if address.is_ipv4() { 32 } else { 128 };
                return Some(format!("accepted: {address}/{bits} for this one address, or a shorter mask"));
            }
            Problem::Foreign(format) => return format.advice().map(str::to_owned),
            Problem::Separator(_) => "lists are separated by blanks",
            Problem::Sockd(problem) => return problem.accepted().map(str::to_owned),
            Problem::Misplaced { belongs: Section::Sockd, .. } => "move it in front of the rules",
            Problem::Misplaced { belongs: Section::File, .. } => "move it in front of the routes",
            Problem::Unclosed | Problem::Missing(_) => {
                "accepted: route { from: 0.0.0.0/0 to: 0.0.0.0/0 via: 10.0.0.11 port = 1080 }"
            }
            Problem::NotAnAddress(_) => {
                "accepted: 10.0.0.0/8, 2001:db8::/32, 0/0 (everything), www.example.com, .example.com, . (every name)"
            }
            Problem::MaskTooLong { limit: 32 } => "accepted: 0 to 32, or a dotted mask such as 255.255.255.0",
            Problem::MaskTooLong { .. } => "accepted: 0 to 128",
            Problem::MaskWithHoles(_) => "accepted: a mask such as 255.255.255.0, or a length such as 24",
            Problem::ZeroNeedsZero => "accepted: 0/0 for everything, 0.0.0.0/8 for a network",
            Problem::MappedAddress => "write the IPv4 address",
            Problem::PortBehindColon | Problem::NotAProxy(_) => "accepted: via: 10.0.0.11 port = 1080",
            Problem::PortColon | Problem::PortOperator(_) => {
                "accepted: port = 80, port != 80, port >= 1024 (or eq, ne, gt, ge, lt, le), port 1024-65535"
            }
            Problem::RangeWithOperator => "accepted: port 80-90",
            Problem::RangeForProxy | Problem::PortZero => "accepted: port = 1080",
            Problem::ProtocolsDoNotMix => "write a route for each",
            Problem::MethodNeedsSocks5 => "accepted: proxyprotocol: socks_v5",
            Problem::NoProxyToTalkTo { .. } => "leave it out, or name the proxy in `via`",
            Problem::ErrnoWithoutBlock => "leave it out, or have `via` say block",
            Problem::NotAProgram(_) => {
                "accepted: a name such as curl, or an absolute path such as /usr/bin/curl"
            }
            Problem::NotAUser(_) => "accepted: a name such as alice, or a user ID such as 1000",
            Problem::NotPorts(_) => {
                "accepted: 80, \"http\", \"1024-65535\", \">= 1024\", \"!= 25\", or a list of these"
            }
            Problem::NotANameServer(_) => {
                "accepted: 10.0.0.53, 10.0.0.53:5353, 2001:db8::53, [2001:db8::53]:5353"
            }
            Problem::NotAFakeRange => "accepted: \"198.18.0.0/15\"",
            _ => return None,
        };
        Some(fixed.to_owned())
    }
}

fn suggestion(similar: &Option<&'static str>) -> String {
    similar.map_or(String::new(), |similar| format!("did you mean `{similar}`? "))
}

fn proxies(name: &str, known: &[String]) -> String {
    let similar = crate::similar::similar(name, known.iter().map(String::as_str));
    let suggestion = similar.map_or(String::new(), |similar| format!("did you mean `{similar}`? "));
    let known = known.iter().map(String::as_str).chain(["direct", "block"]).collect::<Vec<_>>();
    format!("{suggestion}accepted: {}", known.join(", "))
}
