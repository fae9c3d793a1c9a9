//! What one application may do: the rules, asked on its behalf.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use socks_conf::sockd::{LogEvents, Method, Methods};
use socks_conf::{Command, ProxyProtocol};
use socks_proto::server::Version;
use socks_proto::{Address, Host, Name};
use tokio::net::TcpStream;

use crate::bandwidth::Account;
use crate::ident::ident;
use crate::interfaces::Interfaces;
use crate::live::Entry;
use crate::meter::Meter;
use crate::network::Network;
use crate::outgoing::canonical;
use crate::proof::Proof;
use crate::refusal::Refusal;
use crate::rules::{Ask, Denial, Grant, Target, Verdict, Who, is_own_of_others};
use crate::site::Site;

/// An application that was let in, and what is known of it.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    site: Arc<Site>,
    who: Who,
    version: ProxyProtocol,
    /// Where it reached us.
    inside: SocketAddr,
    /// Where what the rules want logged is noted.
    entry: Arc<Entry>,
}

impl Gate {
    /// Lets an application in, or not, before its first byte is read.
    pub(crate) async fn open(
        application: &TcpStream,
        from: SocketAddr,
        site: &Arc<Site>,
        entry: &Arc<Entry>,
    ) -> Result<Gate, Denial> {
        let options = &site.options;
        let ident = if options.wants_ident() { ident(application).await } else { None };
        let asked = |method| {
            if options.clientmethods.is_empty() {
                method == Method::None
            } else {
                options.clientmethods.contains(&method)
            }
        };
        let methods = shown(asked, [(Method::None, true), (Method::Rfc931, ident.is_some())]);
        let who = Who { from: canonical(from), methods, user: None, services: Vec::new(), ident };
        let inside = application.local_addr().map_or(from, canonical);
        let gate = Gate {
            site: Arc::clone(site),
            who,
            version: ProxyProtocol::SocksV5,
            inside,
            entry: Arc::clone(entry),
        };
        match &options.rules {
            Some(rules) => {
                let verdict = rules.client(&gate.who, inside, &Interfaces::now());
                gate.note(verdict);
                match verdict {
                    Verdict::Pass(_) => Ok(gate),
                    Verdict::Block(denial) => Err(denial),
                    Verdict::Perhaps => Err(Denial::NoRule),
                }
            }
            None if options.admits(from) => Ok(gate),
            None => Err(Denial::NotAllowed),
        }
    }

    /// Takes note of how the application has spoken, and of the user that it has shown to be.
    pub(crate) fn identify(&mut self, version: Version, user: Option<&[u8]>, proof: &Proof) {
        self.version = match version {
            Version::Socks4 => ProxyProtocol::SocksV4,
            Version::Socks4a => ProxyProtocol::SocksV4a,
            Version::Socks5 => ProxyProtocol::SocksV5,
            Version::Http => ProxyProtocol::Http,
        };
        let methods = self.site.options.methods();
        let asked = |method| methods.contains(&method);
        let facts = [
            (Method::None, user.is_none()),
            (Method::Username, proof.methods.contains(Method::Username)),
            (Method::PamUsername, proof.methods.contains(Method::PamUsername)),
            (Method::Rfc931, self.who.ident.is_some()),
        ];
        self.who.methods = shown(asked, facts);
        self.who.services.clone_from(&proof.services);
        self.who.user = user.map(|user| String::from_utf8_lossy(user).into_owned());
    }

    /// The application's address.
    pub(crate) fn from(&self) -> SocketAddr {
        self.who.from
    }

    /// Where the application reached us.
    pub(crate) fn inside(&self) -> SocketAddr {
        self.inside
    }

    /// Whether a request may be served as far as can be told before its target is looked up. What the rules want to
    /// judge by its address passes here, and is judged by [`target`](Self::target).
    pub(crate) fn request(&self, command: Command, asked: &Address) -> Result<(), Refusal> {
        let address = asked.canonical();
        let text;
        let mut target = Target { port: Some(address.port), ..Target::default() };
        match address.host {
            // A caller that is not known yet, or the application's own address, which decides nothing.
            Host::Ip(_) if command == Command::UdpAssociate => target.port = None,
            Host::Ip(ip) if ip.is_unspecified() => target.port = None,
            Host::Ip(ip) => target.address = Some(ip),
            Host::Name(name) => {
                text = name_of(&name);
                target.name = Some(&text);
            }
        }
        let verdict = self.judge(command, target);
        self.note(verdict);
        match verdict {
            Verdict::Pass(_) | Verdict::Perhaps => Ok(()),
            Verdict::Block(denial) => Err(Refusal::Denied(denial, None)),
        }
    }

    /// Whether this address, for which the name may stand, may be reached.
    pub(crate) fn target(
        &self,
        command: Command,
        name: Option<&Name>,
        address: SocketAddr,
    ) -> Result<(), Refusal> {
        let verdict = self.weigh(command, name, address);
        self.note(verdict);
        finally(verdict, address).map(drop)
    }

    /// Whether the application may be told of this name and address, as far as they are known: whether it could
    /// connect to any port there.
    pub(crate) fn answer(&self, name: Option<&Name>, address: Option<IpAddr>) -> Result<(), Refusal> {
        let text = name.map(name_of);
        let verdict = self.judge(Command::Connect, Target { name: text.as_deref(), address, port: None });
        self.note(verdict);
        match verdict {
            Verdict::Pass(_) | Verdict::Perhaps => Ok(()),
            Verdict::Block(denial) => {
                Err(Refusal::Denied(denial, address.map(|address| SocketAddr::new(address, 0))))
            }
        }
    }

    /// Whether a datagram may go to this address, for which the name may stand.
    pub(crate) fn datagram(&self, name: Option<&Name>, address: SocketAddr) -> Result<Grant, Refusal> {
        finally(self.weigh(Command::UdpAssociate, name, address), address)
    }

    fn weigh(&self, command: Command, name: Option<&Name>, address: SocketAddr) -> Verdict {
        let name = name.map(name_of);
        let (ip, port) = (Some(address.ip()), Some(address.port()));
        self.judge(command, Target { name: name.as_deref(), address: ip, port })
    }

    /// Notes what the rule that decides wants logged.
    fn note(&self, verdict: Verdict) {
        let (log, accounts) = match verdict {
            Verdict::Pass(grant) => (self.events(grant), self.accounts(grant)),
            Verdict::Block(Denial::Rule { log, .. }) => (Some(log.unwrap_or_default()), Vec::new()),
            Verdict::Block(_) | Verdict::Perhaps => (None, Vec::new()),
        };
        let mut facts = self.entry.facts();
        (facts.log, facts.accounts) = (log, accounts);
    }

    /// What is done with the datagrams that pass by this grant.
    pub(crate) fn meter(&self, grant: Grant) -> Meter {
        Meter::new(&self.entry, self.events(grant).unwrap_or_default(), self.accounts(grant))
    }

    /// What is logged of what passes by this grant; `None` is everything.
    fn events(&self, grant: Grant) -> Option<LogEvents> {
        self.site.options.rules.as_ref().map(|_| grant.log.unwrap_or_default())
    }

    fn accounts(&self, grant: Grant) -> Vec<Arc<Account>> {
        self.site.options.rules.as_ref().map_or_else(Vec::new, |rules| rules.accounts(grant, &self.who))
    }

    /// Whether a caller's connection, or a target's datagram, may reach the application.
    pub(crate) fn reply(&self, command: Command, from: SocketAddr) -> Result<Grant, Refusal> {
        let Some(rules) = &self.site.options.rules else { return Ok(Grant::default()) };
        let who = Who { from, ..self.who.clone() };
        let own = self.who.from;
        let target = Target { name: None, address: Some(own.ip()), port: Some(own.port()) };
        let ask = Ask { who: &who, version: self.version, command, target };
        let everything = [Network::EVERY_IPV4, Network::EVERY_IPV6];
        finally(rules.request(&ask, &Interfaces::now(), &everything), from)
    }

    fn judge(&self, command: Command, target: Target<'_>) -> Verdict {
        let options = &self.site.options;
        let interfaces = Interfaces::now();
        let Some(rules) = &options.rules else {
            return self.judge_without_rules(target.address, &interfaces);
        };
        let ask = Ask { who: &self.who, version: self.version, command, target };
        rules.request(&ask, &interfaces, &options.reach)
    }

    /// The default: who may be anybody must be on this host or in the list, and nobody else's way leads into this host.
    fn judge_without_rules(&self, address: Option<IpAddr>, interfaces: &Interfaces) -> Verdict {
        let options = &self.site.options;
        let is_anybody = self.who.methods.iter().all(|method| method == Method::None);
        if self.who.methods.is_empty() || is_anybody && !options.admits_anybody(self.who.from) {
            return Verdict::Block(Denial::NotAllowed);
        }
        match address {
            Some(address) if is_own_of_others(&self.who, address, interfaces, &options.reach) => {
                Verdict::Block(Denial::Own)
            }
            Some(_) => Verdict::Pass(Grant::default()),
            None => Verdict::Perhaps,
        }
    }
}

/// The verdict on an address, which leaves nothing open.
fn finally(verdict: Verdict, address: SocketAddr) -> Result<Grant, Refusal> {
    match verdict {
        Verdict::Pass(grant) => Ok(grant),
        Verdict::Block(denial) => Err(Refusal::Denied(denial, Some(address))),
        Verdict::Perhaps => Err(Refusal::Denied(Denial::NoRule, Some(address))),
    }
}

/// The methods that are asked for and of which it is a fact that they were shown.
fn shown<const N: usize>(asked: impl Fn(Method) -> bool, facts: [(Method, bool); N]) -> Methods {
    facts.into_iter().filter(|(method, is_so)| *is_so && asked(*method)).map(|(method, _)| method).collect()
}

fn name_of(name: &Name) -> String {
    String::from_utf8_lossy(name.as_bytes()).into_owned()
}
