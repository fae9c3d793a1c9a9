//! Every keyword of Dante's server grammar, and ours.

use crate::keyword::{COMMANDS, Key, Keyword, PROTOCOLS, Section, Standing, Value};

/// The supported keys outside the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table has a line on each")]
pub enum SockdKey {
    Internal,
    External,
    InternalProtocol,
    ExternalProtocol,
    Rotation,
    ClientMethod,
    SocksMethod,
    Users,
    Unprivileged,
    LogOutput,
    ErrorLog,
    Debug,
    Negotiate,
    Connect,
    Io,
    IoTcp,
    IoUdp,
    FinWait,
    ConnectionsTotal,
    ConnectionsClient,
}

/// The supported keys inside a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table has a line on each")]
pub enum RuleKey {
    From,
    To,
    Command,
    Protocol,
    ProxyProtocol,
    Method,
    User,
    Group,
    PamService,
    Bandwidth,
    UserBandwidth,
    Log,
}

pub(super) const FAMILIES: &[&str] = &["ipv4", "ipv6"];
pub(super) const ROTATIONS: &[&str] = &["none", "route", "same-same"];
pub(super) const METHODS: &[&str] = &["none", "username", "rfc931", "pam.username", "pam", "gssapi"];
pub(super) const VERSIONS: &[&str] = &["socks_v4", "socks_v5"];
pub(super) const EVENTS: &[&str] =
    &["connect", "disconnect", "error", "iooperation", "ioop", "data", "tcpinfo"];

const NOT_NARROWED: &str = "it narrows access, and passing over it would let in more";
const NO_COUNTS: &str = "limits hold for the whole file: connections.total and connections.client";
const SYSTEM_RESOLVER: &str = "names are resolved by the system's resolver";
const ONE_PROCESS: &str = "there is one process, and nothing to tune in it";
const OPTIONS_OF_SOCKETS: &str = "socket options are left as the system has them";
const NO_GSSAPI: &str = "GSSAPI authentication is not built in";
const NO_CHAIN: &str = "socksd connects to targets itself; chaining to another proxy is not supported";
const NO_HOSTID: &str = "host IDs need a patched kernel";
const GIVEN_UP: &str = "privileges are given up for good once the sockets are open";
const NO_MODULE: &str = "it belongs to an add-on module of Dante";

/// Every keyword of the server's file.
pub static SOCKD_KEYWORDS: &[Keyword] = &[
    key(
        "internal",
        Value::Listen,
        "127.0.0.1 port = 1080",
        "Where applications connect to: an address, a host name or an interface, which follows changes of its addresses. May be repeated.",
        SockdKey::Internal,
    ),
    key(
        "external",
        Value::Local,
        "the kernel's choice",
        "The local address of connections to targets: an address, a host name or an interface. May be repeated.",
        SockdKey::External,
    ),
    key(
        "internal.protocol",
        Value::ListOf(FAMILIES),
        "ipv4 ipv6",
        "The address families listened on.",
        SockdKey::InternalProtocol,
    ),
    key(
        "external.protocol",
        Value::ListOf(FAMILIES),
        "ipv4 ipv6",
        "The address families of targets.",
        SockdKey::ExternalProtocol,
    ),
    key(
        "external.rotation",
        Value::OneOf(ROTATIONS),
        "none",
        "Which of several external addresses is used: the first, the one the routing table names, or the one the application connected to.",
        SockdKey::Rotation,
    ),
    key(
        "clientmethod",
        Value::ListOf(METHODS),
        "none",
        "What is asked of an application before its first byte: none or rfc931.",
        SockdKey::ClientMethod,
    ),
    key(
        "socksmethod",
        Value::ListOf(METHODS),
        "none at all",
        "How users authenticate, the most preferred first.",
        SockdKey::SocksMethod,
    ),
    renamed("method", Value::ListOf(METHODS), "socksmethod", SockdKey::SocksMethod),
    key(
        "users",
        Value::Word,
        "none",
        "A file of names and passwords for the method username.",
        SockdKey::Users,
    ),
    key(
        "user.unprivileged",
        Value::Word,
        "whoever started it",
        "Whom the server becomes once its sockets are open.",
        SockdKey::Unprivileged,
    ),
    renamed("user.notprivileged", Value::Word, "user.unprivileged", SockdKey::Unprivileged),
    key("logoutput", Value::LogTargets, "stderr", "Where log lines go.", SockdKey::LogOutput),
    key(
        "errorlog",
        Value::LogTargets,
        "none",
        "Where warnings and errors go in addition.",
        SockdKey::ErrorLog,
    ),
    key(
        "debug",
        Value::Number,
        "0",
        "More than 0 logs names looked up and addresses tried.",
        SockdKey::Debug,
    ),
    key(
        "timeout.negotiate",
        Value::Seconds,
        "120",
        "The time from accept to the end of the request; 0 is for ever.",
        SockdKey::Negotiate,
    ),
    key(
        "timeout.connect",
        Value::Seconds,
        "30",
        "The time for reaching a target; 0 is for ever.",
        SockdKey::Connect,
    ),
    key(
        "timeout.io",
        Value::Seconds,
        "0",
        "The time that a connection or an association may be idle; 0 is for ever.",
        SockdKey::Io,
    ),
    key("timeout.io.tcp", Value::Seconds, "0", "The same for connections.", SockdKey::IoTcp),
    key("timeout.io.udp", Value::Seconds, "0", "The same for associations.", SockdKey::IoUdp),
    key(
        "timeout.tcp_fin_wait",
        Value::Seconds,
        "120",
        "The time that a half-closed connection may be idle; 0 is for ever.",
        SockdKey::FinWait,
    ),
    renamed("connecttimeout", Value::Seconds, "timeout.negotiate", SockdKey::Negotiate),
    renamed("iotimeout", Value::Seconds, "timeout.io", SockdKey::Io),
    key(
        "connections.total",
        Value::Number,
        "0",
        "How many connections there may be; 0 is any number.",
        SockdKey::ConnectionsTotal,
    ),
    key(
        "connections.client",
        Value::Number,
        "200",
        "How many connections one client address may have; 0 is any number.",
        SockdKey::ConnectionsClient,
    ),
    Keyword::idle("user.privileged", Section::Sockd, Value::Word, GIVEN_UP),
    Keyword::idle("user.libwrap", Section::Sockd, Value::Word, GIVEN_UP),
    Keyword::idle(
        "compatibility",
        Section::Sockd,
        Value::RestOfLine,
        "the ports of connections to targets are the kernel's choice",
    ),
    Keyword::idle("extension", Section::Sockd, Value::RestOfLine, "BIND is served as RFC 1928 has it"),
    Keyword::idle("resolveprotocol", Section::Sockd, Value::OneOf(&["udp", "tcp", "fake"]), SYSTEM_RESOLVER),
    Keyword::idle(
        "udp.connectdst",
        Section::Sockd,
        Value::OneOf(&["yes", "no"]),
        "datagrams may come from every target that was sent to",
    ),
    Keyword::idle("child.", Section::Sockd, Value::RestOfLine, ONE_PROCESS),
    Keyword::idle("cpu.", Section::Sockd, Value::RestOfLine, ONE_PROCESS),
    Keyword::idle("localdomain", Section::Sockd, Value::RestOfLine, "Dante no longer uses it"),
    Keyword::idle("route.maxfail", Section::Sockd, Value::Number, NO_CHAIN),
    Keyword::idle("route.badexpire", Section::Sockd, Value::Seconds, NO_CHAIN),
    Keyword::idle("internal.", Section::Sockd, Value::RestOfLine, OPTIONS_OF_SOCKETS),
    Keyword::idle("external.", Section::Sockd, Value::RestOfLine, OPTIONS_OF_SOCKETS),
    Keyword::refused("srchost", Section::Sockd, NOT_NARROWED),
    Keyword::refused("libwrap.", Section::Sockd, NOT_NARROWED),
    Keyword::refused("maxsessions", Section::Sockd, NO_COUNTS),
    Keyword::refused("dsthost", Section::Sockd, NOT_NARROWED),
    Keyword::refused(
        "socket.recvbuf.",
        Section::Sockd,
        "Dante removed it; socket options are left as the system has them",
    ),
    Keyword::refused(
        "socket.sendbuf.",
        Section::Sockd,
        "Dante removed it; socket options are left as the system has them",
    ),
    Keyword::refused("route", Section::Sockd, NO_CHAIN),
    Keyword::refused("hostid", Section::Sockd, NO_HOSTID),
    Keyword::refused("monitor", Section::Sockd, NO_MODULE),
    clause("from", Value::Endpoint, "required; TOML: everywhere", "Where the application is.", RuleKey::From),
    clause(
        "to",
        Value::Endpoint,
        "required; TOML: everywhere",
        "The server's own address in a client rule; the target in a socks rule.",
        RuleKey::To,
    ),
    clause("command", Value::ListOf(COMMANDS), "all", "The commands the rule is about.", RuleKey::Command),
    clause(
        "protocol",
        Value::ListOf(PROTOCOLS),
        "tcp udp",
        "The transport protocols the rule is about.",
        RuleKey::Protocol,
    ),
    clause(
        "proxyprotocol",
        Value::ListOf(VERSIONS),
        "socks_v4 socks_v5",
        "The versions of SOCKS the rule is about.",
        RuleKey::ProxyProtocol,
    ),
    clause(
        "method",
        Value::ListOf(METHODS),
        "any",
        "The methods the rule is about; clientmethod and socksmethod mean the same.",
        RuleKey::Method,
    ),
    clause("clientmethod", Value::ListOf(METHODS), "any", "The same, in a client rule.", RuleKey::Method),
    clause("socksmethod", Value::ListOf(METHODS), "any", "The same, in a socks rule.", RuleKey::Method),
    clause("user", Value::Words, "anybody", "The users the rule is about.", RuleKey::User),
    clause(
        "group",
        Value::Words,
        "anybody",
        "The groups of this system whose members the rule is about.",
        RuleKey::Group,
    ),
    clause(
        "log",
        Value::ListOf(EVENTS),
        "nothing",
        "What is logged: connect, disconnect and error; iooperation is a line for every read, data shows what was read, too; tcpinfo adds what the kernel knows of both connections.",
        RuleKey::Log,
    ),
    clause(
        "pam.servicename",
        Value::Word,
        "sockd",
        "The service of PAM that must accept the user: a file in /etc/pam.d.",
        RuleKey::PamService,
    ),
    renamed_clause("pamservicename", Value::Word, "pam.servicename", RuleKey::PamService),
    clause(
        "bandwidth",
        Value::Number,
        "any",
        "How many bytes a second, in both directions together, may pass in all that the rule lets pass.",
        RuleKey::Bandwidth,
    ),
    clause(
        "bandwidth.user",
        Value::Number,
        "any",
        "The same for each user; who has no name is told by the address of his host.",
        RuleKey::UserBandwidth,
    ),
    Keyword::idle("timeout.", Section::Rule, Value::RestOfLine, "time-outs hold for the whole file"),
    Keyword::idle("clientcompatibility", Section::Rule, Value::RestOfLine, NO_GSSAPI),
    Keyword::idle("gssapi.", Section::Rule, Value::RestOfLine, NO_GSSAPI),
    Keyword::idle(
        "udp.portrange",
        Section::Rule,
        Value::RestOfLine,
        "the ports for datagrams are the kernel's choice",
    ),
    Keyword::idle("internal.", Section::Rule, Value::RestOfLine, OPTIONS_OF_SOCKETS),
    Keyword::idle("external.", Section::Rule, Value::RestOfLine, OPTIONS_OF_SOCKETS),
    Keyword::idle("bsdauth.stylename", Section::Rule, Value::Word, "there is no BSD authentication here"),
    Keyword::idle("session.inheritable", Section::Rule, Value::Word, NO_COUNTS),
    Keyword::refused("session.", Section::Rule, NO_COUNTS),
    Keyword::refused("redirect", Section::Rule, "a rule cannot send anything elsewhere"),
    Keyword::refused("libwrap", Section::Rule, NOT_NARROWED),
    Keyword::refused("hostid", Section::Rule, NO_HOSTID),
    Keyword::refused("hostindex", Section::Rule, NO_HOSTID),
    Keyword::refused("ldap.", Section::Rule, NOT_NARROWED),
];

const fn key(
    name: &'static str,
    value: Value,
    default: &'static str,
    doc: &'static str,
    key: SockdKey,
) -> Keyword {
    Keyword::supported(name, Section::Sockd, value, default, doc, Key::Sockd(key))
}

const fn renamed(name: &'static str, value: Value, new: &'static str, key: SockdKey) -> Keyword {
    let standing = Standing::Renamed(new, Key::Sockd(key));
    Keyword { name, section: Section::Sockd, value, default: "", doc: "", standing }
}

const fn renamed_clause(name: &'static str, value: Value, new: &'static str, key: RuleKey) -> Keyword {
    let standing = Standing::Renamed(new, Key::Rule(key));
    Keyword { name, section: Section::Rule, value, default: "", doc: "", standing }
}

const fn clause(
    name: &'static str,
    value: Value,
    default: &'static str,
    doc: &'static str,
    key: RuleKey,
) -> Keyword {
    Keyword::supported(name, Section::Rule, value, default, doc, Key::Rule(key))
}
