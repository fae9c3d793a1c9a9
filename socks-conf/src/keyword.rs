//! Every keyword of Dante's client grammar: what it takes, what it means, and whether we support it.
//!
//! The reader looks keywords up here and nowhere else, so that none is silently unknown: a row is supported,
//! or accepted with a warning that says why it does nothing, or refused with the reason.

use crate::sockd::{RuleKey, SOCKD_KEYWORDS, SockdKey};
use std::fmt;

/// Where a keyword may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Outside every route.
    File,
    /// Inside `route { … }`.
    Route,
    /// Outside every rule of the server's file.
    Sockd,
    /// Inside a rule of the server's file, such as `socks pass { … }`.
    Rule,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Section::File => "outside the routes",
            Section::Route => "inside a route",
            Section::Sockd => "outside the rules",
            Section::Rule => "inside a rule",
        })
    }
}

impl Section {
    /// The table its keywords are in.
    fn rows(self) -> impl Iterator<Item = &'static Keyword> {
        match self {
            Section::File | Section::Route => KEYWORDS.iter(),
            Section::Sockd | Section::Rule => SOCKD_KEYWORDS.iter(),
        }
    }

    /// The other section of the same file.
    pub(crate) fn counterpart(self) -> Section {
        match self {
            Section::File => Section::Route,
            Section::Route => Section::File,
            Section::Sockd => Section::Rule,
            Section::Rule => Section::Sockd,
        }
    }

    /// The keywords that do something here.
    pub(crate) fn listing(self) -> String {
        let supported = self.rows().filter(|row| row.section == self);
        let supported = supported.filter(|row| matches!(row.standing, Standing::Supported(_)));
        let names = supported.map(|row| row.name).collect::<Vec<_>>().join(", ");
        match self {
            Section::File => format!("{names}, route {{ … }}"),
            Section::Sockd => format!("{names}, client pass {{ … }}, socks pass {{ … }}"),
            Section::Route | Section::Rule => names,
        }
    }
}

/// One keyword.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Keyword {
    /// The word before the colon. A name that ends in `.` stands for everything that begins with it.
    pub name: &'static str,
    /// Where it may stand.
    pub section: Section,
    /// What follows the colon.
    pub value: Value,
    /// What holds without it.
    pub default: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Whether it does anything here.
    pub standing: Standing,
}

/// What follows a keyword's colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number,
    /// A number of seconds.
    Seconds,
    /// Log targets, to the end of the line.
    LogTargets,
    /// Addresses of name servers, to the end of the line.
    NameServers,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Some of these words.
    ListOf(&'static [&'static str]),
    /// An address with mask or a name, perhaps with ports.
    Endpoint,
    /// A proxy, `direct` or `block`.
    Gateway,
    /// URLs of proxies.
    ProxyUrls,
    /// Whatever there is to the end of the line.
    RestOfLine,
    /// One word.
    Word,
    /// Words, up to the next keyword.
    Words,
    /// An address, host name or interface, perhaps with a port.
    Listen,
    /// An address, host name or interface.
    Local,
}

/// Whether a keyword does anything here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Supported(Key),
    /// An old name of a supported keyword.
    Renamed(&'static str, Key),
    /// It is accepted with a warning; the reason why it does nothing.
    NoEffect(&'static str),
    /// It is refused; the reason.
    Refused(&'static str),
}

/// What the reader does with a supported keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A key outside the routes.
    Option(OptionKey),
    /// A key inside a route.
    Clause(ClauseKey),
    /// A key of the server, outside the rules.
    Sockd(SockdKey),
    /// A key of a rule.
    Rule(RuleKey),
}

/// The supported keys outside the routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table has a line on each")]
pub enum OptionKey {
    Debug,
    LogOutput,
    ErrorLog,
    ResolveProtocol,
    NameServer,
    Udp,
    Bind,
    TimeoutConnect,
}

/// The supported keys inside a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table has a line on each")]
pub enum ClauseKey {
    From,
    To,
    Via,
    ProxyProtocol,
    Command,
    Protocol,
    Method,
    Next,
    Mode,
    ChainLen,
    Program,
    Uid,
    Errno,
}

const SERVER: &str = "it is a key of the server's file, sockd.conf";
const RULE: &str = "it opens a rule of the server's file, sockd.conf; a client's file has routes";
const PROCESS_USER: &str = "user names and passwords are not in this file; set SOCKS_USERNAME and SOCKS_PASSWORD, or use TOML. For the user who runs the program write `uid`";
const NO_GSSAPI: &str = "GSSAPI authentication is not built in";
const CREDENTIALS: &str =
    "user names and passwords are not in this file; set SOCKS_USERNAME and SOCKS_PASSWORD, or use TOML";
const ONE_TIMEOUT: &str = "timeout.connect covers reaching the proxy and the whole handshake; the rest of the connection is the application's";
const NO_MEMORY_OF_FAILURES: &str = "a proxy that failed is tried again each time";
const OPTIONS_STAY: &str = "the application's socket keeps the application's options";
const OLD_BUFFER: &str = "Dante removed it; socket options have no effect here";

pub(crate) const RESOLVE_PROTOCOLS: &[&str] = &["fake", "tcp", "udp", "local", "tor"];
pub(crate) const UDP_FALLBACKS: &[&str] = &["block", "direct"];
pub(crate) const BIND_POLICIES: &[&str] = &["auto", "always", "never"];
pub(crate) const PROXY_PROTOCOLS: &[&str] = &["socks_v4", "socks_v4a", "socks_v5", "http", "http_v1.0"];
pub(crate) const COMMANDS: &[&str] = &["connect", "bind", "udpassociate", "bindreply", "udpreply"];
pub(crate) const PROTOCOLS: &[&str] = &["tcp", "udp"];
pub(crate) const BLOCK_ERRNOS: &[&str] =
    &["EACCES", "EPERM", "ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH", "ETIMEDOUT"];
pub(crate) const METHODS: &[&str] = &["none", "username"];
pub(crate) const MODES: &[&str] = &["failover", "strict", "dynamic", "random", "round_robin"];

/// Every keyword we know.
pub static KEYWORDS: &[Keyword] = &[
    option("debug", Value::Number, "0", "How much is logged.", OptionKey::Debug),
    option("logoutput", Value::LogTargets, "none", "Where log lines go.", OptionKey::LogOutput),
    option("errorlog", Value::LogTargets, "none", "Where errors go in addition.", OptionKey::ErrorLog),
    option(
        "resolveprotocol",
        Value::OneOf(RESOLVE_PROTOCOLS),
        "fake",
        "How names are resolved.",
        OptionKey::ResolveProtocol,
    ),
    option(
        "nameserver",
        Value::NameServers,
        "those of /etc/resolv.conf",
        "The name servers asked through the proxy.",
        OptionKey::NameServer,
    ),
    option(
        "udp",
        Value::OneOf(UDP_FALLBACKS),
        "block",
        "What becomes of datagrams whose proxy cannot carry them.",
        OptionKey::Udp,
    ),
    option(
        "bind",
        Value::OneOf(BIND_POLICIES),
        "auto",
        "When a proxy is asked to listen in the application's place.",
        OptionKey::Bind,
    ),
    option(
        "timeout.connect",
        Value::Seconds,
        "60",
        "How long reaching the proxy and the handshake may take; 0 leaves it to the kernel.",
        OptionKey::TimeoutConnect,
    ),
    Keyword {
        name: "connecttimeout",
        section: Section::File,
        value: Value::Seconds,
        default: "60",
        doc: "The old name of timeout.connect.",
        standing: Standing::Renamed("timeout.connect", Key::Option(OptionKey::TimeoutConnect)),
    },
    idle(
        "route.maxfail",
        Section::File,
        Value::Number,
        "Failures before a route is skipped.",
        NO_MEMORY_OF_FAILURES,
    ),
    idle("route.badexpire", Section::File, Value::Seconds, "How long it is skipped.", NO_MEMORY_OF_FAILURES),
    idle("timeout.io", Section::File, Value::Seconds, "Idle time.", ONE_TIMEOUT),
    idle("timeout.io.tcp", Section::File, Value::Seconds, "Idle time of connections.", ONE_TIMEOUT),
    idle("timeout.io.udp", Section::File, Value::Seconds, "Idle time of associations.", ONE_TIMEOUT),
    idle("timeout.negotiate", Section::File, Value::Seconds, "Time for the handshake.", ONE_TIMEOUT),
    idle("timeout.tcp_fin_wait", Section::File, Value::Seconds, "Time for closing.", ONE_TIMEOUT),
    idle("iotimeout", Section::File, Value::Seconds, "The old name of timeout.io.", ONE_TIMEOUT),
    idle(
        "localdomain",
        Section::File,
        Value::RestOfLine,
        "The local domain.",
        "Dante no longer uses it; write a direct route for the domain",
    ),
    idle("child.maxidle", Section::File, Value::RestOfLine, "A server key.", "Dante no longer uses it"),
    Keyword::refused("pass", Section::File, RULE),
    Keyword::refused("block", Section::File, RULE),
    Keyword::refused("client", Section::File, RULE),
    Keyword::refused("socks", Section::File, RULE),
    Keyword::refused("hostid", Section::File, RULE),
    Keyword::refused("monitor", Section::File, RULE),
    Keyword::refused("internal", Section::File, SERVER),
    Keyword::refused("external", Section::File, SERVER),
    Keyword::refused("internal.", Section::File, SERVER),
    Keyword::refused("external.", Section::File, SERVER),
    Keyword::refused("method", Section::File, SERVER),
    Keyword::refused("socksmethod", Section::File, SERVER),
    Keyword::refused("clientmethod", Section::File, SERVER),
    Keyword::refused("user.", Section::File, SERVER),
    Keyword::refused("user", Section::File, CREDENTIALS),
    Keyword::refused("compatibility", Section::File, SERVER),
    Keyword::refused("extension", Section::File, SERVER),
    Keyword::refused("srchost", Section::File, SERVER),
    Keyword::refused("udp.connectdst", Section::File, SERVER),
    Keyword::refused("child.maxrequests", Section::File, SERVER),
    Keyword::refused("libwrap.", Section::File, SERVER),
    Keyword::refused("clientcompatibility", Section::File, "it belongs inside a route, and needs GSSAPI"),
    Keyword::refused("socket.recvbuf.", Section::File, OLD_BUFFER),
    Keyword::refused("socket.sendbuf.", Section::File, OLD_BUFFER),
    clause(
        "from",
        Value::Endpoint,
        "required",
        "The local address of the application's socket.",
        ClauseKey::From,
    ),
    clause("to", Value::Endpoint, "required", "The target.", ClauseKey::To),
    clause("via", Value::Gateway, "required", "The proxy, `direct`, or `block`.", ClauseKey::Via),
    clause(
        "proxyprotocol",
        Value::ListOf(PROXY_PROTOCOLS),
        "socks_v4 socks_v5",
        "What the proxy speaks.",
        ClauseKey::ProxyProtocol,
    ),
    clause(
        "command",
        Value::ListOf(COMMANDS),
        "what the proxy protocol can do; direct: connect udpassociate udpreply",
        "The operations the route serves.",
        ClauseKey::Command,
    ),
    clause(
        "protocol",
        Value::ListOf(PROTOCOLS),
        "tcp udp; socks_v4 and http: tcp",
        "The transport protocols the route serves.",
        ClauseKey::Protocol,
    ),
    clause(
        "method",
        Value::ListOf(METHODS),
        "none; socks_v5: none username",
        "The authentication offered, in this order.",
        ClauseKey::Method,
    ),
    clause(
        "next",
        Value::ProxyUrls,
        "none",
        "More proxies, in order behind that of `via`, as URLs.",
        ClauseKey::Next,
    ),
    clause(
        "mode",
        Value::OneOf(MODES),
        "failover",
        "How several proxies are used: one of them, or one behind the other.",
        ClauseKey::Mode,
    ),
    clause(
        "chain_len",
        Value::Number,
        "1",
        "How many proxies a connection goes through, in the modes random and round_robin.",
        ClauseKey::ChainLen,
    ),
    clause(
        "program",
        Value::Words,
        "every program",
        "The programs the route is about: a name, or an absolute path.",
        ClauseKey::Program,
    ),
    clause(
        "uid",
        Value::Words,
        "every user",
        "The users the route is about: a name, or a user ID.",
        ClauseKey::Uid,
    ),
    clause(
        "errno",
        Value::OneOf(BLOCK_ERRNOS),
        "EACCES",
        "What a call fails with that a `block` route refuses.",
        ClauseKey::Errno,
    ),
    idle(
        "extension",
        Section::Route,
        Value::ListOf(&["bind"]),
        "Dante's own BIND extension.",
        "BIND is asked for as RFC 1928 has it",
    ),
    idle(
        "clientcompatibility",
        Section::Route,
        Value::ListOf(&["necgssapi"]),
        "A variant of GSSAPI.",
        NO_GSSAPI,
    ),
    idle("gssapi.servicename", Section::Route, Value::RestOfLine, "The proxy's principal.", NO_GSSAPI),
    idle("gssapi.enctype", Section::Route, Value::RestOfLine, "The protection wanted.", NO_GSSAPI),
    idle("external.", Section::Route, Value::RestOfLine, "Options of the socket to the proxy.", OPTIONS_STAY),
    idle("internal.", Section::Route, Value::RestOfLine, "Options of the other socket.", OPTIONS_STAY),
    Keyword::refused("gssapi.keytab", Section::Route, "it is a key of the server's file, sockd.conf"),
    Keyword::refused("redirect", Section::Route, "the local address is the application's to choose"),
    Keyword::refused("socksmethod", Section::Route, "in a route the key is called `method`"),
    Keyword::refused("clientmethod", Section::Route, "in a route the key is called `method`"),
    Keyword::refused("protocolversion", Section::Route, "it is called `proxyprotocol` now"),
    Keyword::refused("user", Section::Route, PROCESS_USER),
    Keyword::refused("username", Section::Route, CREDENTIALS),
    Keyword::refused("password", Section::Route, CREDENTIALS),
    Keyword::refused("log", Section::Route, "only rules of the server's file, sockd.conf, have it"),
    Keyword::refused(
        "timeout.",
        Section::Route,
        "time-outs hold for the whole file; write them outside the routes",
    ),
];

const fn option(
    name: &'static str,
    value: Value,
    default: &'static str,
    doc: &'static str,
    key: OptionKey,
) -> Keyword {
    Keyword::supported(name, Section::File, value, default, doc, Key::Option(key))
}

const fn clause(
    name: &'static str,
    value: Value,
    default: &'static str,
    doc: &'static str,
    key: ClauseKey,
) -> Keyword {
    Keyword::supported(name, Section::Route, value, default, doc, Key::Clause(key))
}

const fn idle(
    name: &'static str,
    section: Section,
    value: Value,
    doc: &'static str,
    reason: &'static str,
) -> Keyword {
    Keyword { doc, ..Keyword::idle(name, section, value, reason) }
}

impl Keyword {
    /// A row that does something.
    pub(crate) const fn supported(
        name: &'static str,
        section: Section,
        value: Value,
        default: &'static str,
        doc: &'static str,
        key: Key,
    ) -> Keyword {
        Keyword { name, section, value, default, doc, standing: Standing::Supported(key) }
    }

    /// A row that is accepted and does nothing.
    pub(crate) const fn idle(
        name: &'static str,
        section: Section,
        value: Value,
        reason: &'static str,
    ) -> Keyword {
        Keyword { name, section, value, default: "", doc: "", standing: Standing::NoEffect(reason) }
    }

    /// A row that is an error.
    pub(crate) const fn refused(name: &'static str, section: Section, reason: &'static str) -> Keyword {
        let standing = Standing::Refused(reason);
        Keyword { name, section, value: Value::RestOfLine, default: "", doc: "", standing }
    }

    /// The keyword called `word` in `section`.
    pub(crate) fn find(word: &str, section: Section) -> Option<&'static Keyword> {
        let rows = || section.rows().filter(|row| row.section == section);
        let family = |row: &&Keyword| row.name.ends_with('.') && word.starts_with(row.name);
        rows().find(|row| row.name == word).or_else(|| rows().find(family))
    }

    /// The keyword of `section` that `word` may have been meant to be.
    pub(crate) fn similar(word: &str, section: Section) -> Option<&'static str> {
        let rows = section.rows().filter(|row| row.section == section);
        let known = rows.filter(|row| !matches!(row.standing, Standing::Refused(_))).map(|row| row.name);
        let openers: &[&str] = match section {
            Section::File => &["route"],
            Section::Sockd => &["client", "socks", "pass", "block"],
            Section::Route | Section::Rule => &[],
        };
        crate::similar::similar(word, known.chain(openers.iter().copied()))
    }
}
