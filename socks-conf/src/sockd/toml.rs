//! The same in TOML, with Dante's words.

use super::keyword::{EVENTS, FAMILIES, METHODS, ROTATIONS, VERSIONS};
use super::model::{Action, Family, Listen, Local, LogEvent, Method, Rotation, Rule, Sockd};
use super::option::is_interface_label;
use super::problem::{SockdCaution, SockdProblem};
use super::rule::{Stage, versions};
use crate::caution::Caution;
use crate::dante::{is_mapped, literal};
use crate::keyword::{COMMANDS, PROTOCOLS};
use crate::problem::Problem;
use crate::set::{Member, Set};
use crate::text::Text;
use crate::toml::{Reader, Result, Words, deserialize, verdict};
use crate::url::is_host_name;
use crate::{Command, Diagnostic, Endpoint, Place, Ports, Protocol, ProxyProtocol};
use ::toml::Spanned;
use serde::Deserialize;
use std::net::IpAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

/// The shape of the file. Unknown keys are errors: a misspelt one must not widen a rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct File {
    internal: Option<Words>,
    external: Option<Words>,
    #[serde(rename = "internal-protocol")]
    internal_protocol: Option<Words>,
    #[serde(rename = "external-protocol")]
    external_protocol: Option<Words>,
    #[serde(rename = "external-rotation")]
    external_rotation: Option<Spanned<String>>,
    clientmethod: Option<Words>,
    socksmethod: Option<Words>,
    users: Option<PathBuf>,
    user: Option<UserTable>,
    logoutput: Option<Words>,
    errorlog: Option<Words>,
    debug: Option<u32>,
    #[serde(default)]
    timeout: TimeoutTable,
    #[serde(default)]
    connections: ConnectionsTable,
    #[serde(default)]
    client: Vec<Spanned<RuleTable>>,
    #[serde(default)]
    socks: Vec<Spanned<RuleTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct UserTable {
    unprivileged: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct TimeoutTable {
    negotiate: Option<u32>,
    connect: Option<u32>,
    io: Option<u32>,
    udp: Option<u32>,
    tcp_fin_wait: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct ConnectionsTable {
    total: Option<u32>,
    client: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct RuleTable {
    action: Spanned<String>,
    from: Option<Words>,
    to: Option<Words>,
    port: Option<Words>,
    command: Option<Words>,
    protocol: Option<Words>,
    proxyprotocol: Option<Words>,
    method: Option<Words>,
    user: Option<Words>,
    group: Option<Words>,
    pam: Option<Spanned<PamTable>>,
    bandwidth: Option<Spanned<Bandwidth>>,
    log: Option<Words>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct PamTable {
    servicename: String,
}

/// What may pass in a second.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a number of bytes a second, or { rule = NUMBER, user = NUMBER }")]
enum Bandwidth {
    Rule(u64),
    Each(BandwidthTable),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct BandwidthTable {
    rule: Option<u64>,
    user: Option<u64>,
}

/// Reads a whole file.
pub(super) fn read(text: &Text<'_>, sockd: &mut Sockd) -> std::result::Result<(), Vec<Diagnostic>> {
    let (file, mut mistakes) = deserialize::<File>(text);
    let Some(file) = file else { return Err(mistakes) };
    let mut reader = Reader { text, config: sockd };
    let mut note = |read: Result<()>| mistakes.extend(read.err().map(|mistake| *mistake));
    note(reader.take_places(&file));
    note(reader.take_settings(&file));
    for (stage, tables) in [(Stage::Client, file.client), (Stage::Socks, file.socks)] {
        tables.into_iter().for_each(|table| note(reader.take_rule(stage, table)));
    }
    verdict(mistakes)?;
    match reader.config.method_out_of_place() {
        None => Ok(()),
        Some((line, method)) => {
            let problem = Problem::Sockd(SockdProblem::MethodNotGlobal(method.word()));
            reader.fail(text.beginning_of(line), problem).map_err(|mistake| vec![*mistake])
        }
    }
}

impl Reader<'_, Sockd> {
    fn take_places(&mut self, file: &File) -> Result<()> {
        for word in file.internal.iter().flat_map(Words::iter) {
            let Some(listen) = listen(word.get_ref()) else {
                return self.refuse(word, SockdProblem::NotAListen(word.get_ref().clone()));
            };
            self.config.internal.push(listen);
        }
        for word in file.external.iter().flat_map(Words::iter) {
            match local(word.get_ref()) {
                Some(Local::Ip(address)) if address.is_unspecified() => {
                    return self.refuse(word, SockdProblem::ExternalWildcard);
                }
                Some(local) => self.config.external.push(local),
                None => return self.fail(word.span(), Problem::NotAnAddress(word.get_ref().clone())),
            }
        }
        let families = [Family::Ipv4, Family::Ipv6];
        let read = |words| self.members("internal-protocol", words, FAMILIES, &families);
        let (internal, external) =
            (read(file.internal_protocol.as_ref())?, read(file.external_protocol.as_ref())?);
        (self.config.internal_families, self.config.external_families) = (internal, external);
        if let Some(word) = &file.external_rotation {
            let index = self.word_of("external-rotation", word, ROTATIONS)?;
            self.config.rotation = Rotation::ALL.get(index).copied().unwrap_or_default();
        }
        Ok(())
    }

    fn take_settings(&mut self, file: &File) -> Result<()> {
        if let Some(words) = &file.clientmethod {
            self.config.clientmethods = self.methods_of("clientmethod", words, Stage::Client)?;
        }
        if let Some(words) = &file.socksmethod {
            self.config.socksmethods = Some(self.methods_of("socksmethod", words, Stage::Socks)?);
        }
        self.config.logoutput = self.log_targets(file.logoutput.as_ref());
        self.config.errorlog = self.log_targets(file.errorlog.as_ref());
        let seconds = |seconds: Option<u32>| seconds.map(|seconds| Duration::from_secs(seconds.into()));
        let config = &mut *self.config;
        config.users.clone_from(&file.users);
        config.unprivileged = file.user.as_ref().and_then(|user| user.unprivileged.clone());
        config.debug = file.debug.unwrap_or(0);
        config.timeout_negotiate = seconds(file.timeout.negotiate);
        config.timeout_connect = seconds(file.timeout.connect);
        config.timeout_io_tcp = seconds(file.timeout.io);
        config.timeout_io_udp = seconds(file.timeout.udp.or(file.timeout.io));
        config.timeout_tcp_fin_wait = seconds(file.timeout.tcp_fin_wait);
        config.connections_total = file.connections.total;
        config.connections_client = file.connections.client;
        Ok(())
    }

    fn refuse<T>(&self, word: &Spanned<String>, problem: SockdProblem) -> Result<T> {
        self.fail(word.span(), Problem::Sockd(problem))
    }

    fn methods_of(&mut self, keyword: &'static str, words: &Words, stage: Stage) -> Result<Vec<Method>> {
        let mut methods = Vec::new();
        for word in words.iter() {
            match Method::of(self.word_of(keyword, word, METHODS)?) {
                None => self.warn(word.span(), Caution::Sockd(SockdCaution::NoGssapi)),
                Some(method)
                    if stage == Stage::Client && !matches!(method, Method::None | Method::Rfc931) =>
                {
                    return self.refuse(word, SockdProblem::ClientMethod);
                }
                Some(method) if methods.contains(&method) => {
                    self.warn(word.span(), Caution::Duplicate(word.get_ref().clone()));
                }
                Some(method) => methods.push(method),
            }
        }
        if methods.is_empty() {
            return self.fail(words.span(), Problem::Sockd(SockdProblem::NoMethodLeft));
        }
        Ok(methods)
    }

    fn take_rule(&mut self, stage: Stage, table: Spanned<RuleTable>) -> Result<()> {
        let at = table.span();
        let line = self.text.line_of(at.start);
        let table = table.into_inner();
        let action = match table.action.get_ref().as_str() {
            "pass" => Action::Pass,
            "block" => Action::Block,
            word => return self.refuse(&table.action, SockdProblem::NotAnAction(word.to_owned())),
        };
        let about_requests = [
            ("command", &table.command),
            ("protocol", &table.protocol),
            ("proxyprotocol", &table.proxyprotocol),
        ];
        let about_requests =
            about_requests.into_iter().find_map(|(key, words)| Some((key, words.as_ref()?.span())));
        let about_requests = about_requests
            .or_else(|| Some(("pam", table.pam.as_ref()?.span())))
            .or_else(|| Some(("bandwidth", table.bandwidth.as_ref()?.span())));
        if let Some((key, at)) = about_requests
            && stage == Stage::Client
        {
            return self.fail(at, Problem::Sockd(SockdProblem::NotInClientRule(key)));
        }
        let rule = self.rule(stage, &table, Rule { line, ..Rule::new(action) })?;
        match self.config.judge(stage, &rule) {
            Ok(cautions) => cautions.into_iter().for_each(|caution| self.warn(at.clone(), caution)),
            Err(problem) => return self.fail(at, Problem::Sockd(problem)),
        }
        self.config.rules_mut(stage).push(rule);
        Ok(())
    }

    fn rule(&mut self, stage: Stage, table: &RuleTable, rule: Rule) -> Result<Rule> {
        let socks = [ProxyProtocol::SocksV4, ProxyProtocol::SocksV5];
        let said = self.members("proxyprotocol", table.proxyprotocol.as_ref(), VERSIONS, &socks)?;
        let methods = match &table.method {
            Some(words) => self.methods_of("method", words, stage)?,
            None => Vec::new(),
        };
        Ok(Rule {
            from: self.ends("from", table.from.as_ref(), None)?,
            to: self.ends("to", table.to.as_ref(), table.port.as_ref())?,
            commands: self.members("command", table.command.as_ref(), COMMANDS, Command::ALL)?.or(Set::all()),
            protocols: self
                .members("protocol", table.protocol.as_ref(), PROTOCOLS, Protocol::ALL)?
                .or(Set::all()),
            proxyprotocols: versions(said),
            methods: methods.into_iter().collect(),
            users: self.names("user", table.user.as_ref())?,
            groups: self.names("group", table.group.as_ref())?,
            pam_service: table.pam.as_ref().map(|pam| pam.get_ref().servicename.clone()),
            bandwidth: self.rate(table.bandwidth.as_ref(), Bandwidth::of_rule)?,
            user_bandwidth: self.rate(table.bandwidth.as_ref(), Bandwidth::of_user)?,
            log: self.events(table.log.as_ref())?,
            ..rule
        })
    }

    /// Every place with every port.
    fn ends(
        &mut self,
        keyword: &'static str,
        places: Option<&Words>,
        ports: Option<&Words>,
    ) -> Result<Vec<Endpoint>> {
        let places = match places {
            Some(words) => self.places(keyword, words)?,
            None => vec![Place::Everything],
        };
        let ports = match ports {
            Some(words) => self.ports(words)?,
            None => vec![Ports::Any],
        };
        let with_ports = |place: Place| {
            ports
                .iter()
                .map(move |ports| Endpoint { place: place.clone(), ports: *ports })
                .collect::<Vec<_>>()
        };
        Ok(places.into_iter().flat_map(with_ports).collect())
    }

    /// An empty list of users would be anybody, which is the opposite of what it says.
    fn names(&self, keyword: &'static str, words: Option<&Words>) -> Result<Vec<String>> {
        match words {
            None => Ok(Vec::new()),
            Some(words) if words.as_slice().is_empty() => {
                self.fail(words.span(), Problem::Sockd(SockdProblem::EmptyList(keyword)))
            }
            Some(words) => Ok(words.iter().map(|word| word.get_ref().clone()).collect()),
        }
    }

    fn rate(
        &self,
        said: Option<&Spanned<Bandwidth>>,
        rate: impl Fn(&Bandwidth) -> Option<u64>,
    ) -> Result<Option<NonZeroU64>> {
        let Some((said, rate)) = said.and_then(|said| Some((said, rate(said.get_ref())?))) else {
            return Ok(None);
        };
        match NonZeroU64::new(rate) {
            None => self.fail(said.span(), Problem::Sockd(SockdProblem::NoBandwidth)),
            rate => Ok(rate),
        }
    }

    fn events(&mut self, words: Option<&Words>) -> Result<Option<Set<LogEvent>>> {
        let Some(words) = words else { return Ok(None) };
        let mut events = Set::EMPTY;
        for word in words.iter() {
            let event = LogEvent::of(self.word_of("log", word, EVENTS)?);
            events = events.union(event.into_iter().collect());
        }
        Ok(Some(events))
    }
}

impl Bandwidth {
    fn of_rule(&self) -> Option<u64> {
        match self {
            Bandwidth::Rule(rate) => Some(*rate),
            Bandwidth::Each(table) => table.rule,
        }
    }

    fn of_user(&self) -> Option<u64> {
        match self {
            Bandwidth::Rule(_) => None,
            Bandwidth::Each(table) => table.user,
        }
    }
}

/// `10.0.0.11:1080`, `[::1]:1080`, `eth0:1080`, or any of them without a port.
fn listen(text: &str) -> Option<Listen> {
    let with_port = || {
        let (host, port) = text.rsplit_once(':').filter(|_| literal(text).is_none())?;
        let port = port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse().ok())??;
        Some(Listen { local: local(host)?, port })
    };
    with_port().or_else(|| local(text).map(|local| Listen { local, port: 1080 }))
}

fn local(text: &str) -> Option<Local> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    match (bare, literal(text)) {
        (Some(bare), _) => bare.parse().ok().map(|address| Local::Ip(IpAddr::V6(address))),
        (None, Some((address, _))) => (!is_mapped(address)).then_some(Local::Ip(address)),
        (None, None) => {
            (is_host_name(text) || is_interface_label(text)).then(|| Local::Name(text.to_owned()))
        }
    }
}
