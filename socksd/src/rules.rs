//! Who may use the proxy, and for what: two lists of rules, of which the first that matches decides.
//!
//! A target asked for by name is judged twice: by name before it is looked up, and by every address it turns out to
//! have before that is connected to. A pass that rests on a name alone opens no network that a later rule blocks, so
//! that whoever runs a name server cannot lead us into one (DNS rebinding). The addresses that belong to this host
//! alone are open to other hosts only where a rule names them.

mod groups;
mod matching;
mod names;
mod own;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use socks_conf::sockd::{Action, LogEvents, Method, Methods, Rule};
use socks_conf::{Command, ProxyProtocol};

use crate::bandwidth::{Account, Accounts, User};
use crate::interfaces::Interfaces;
use crate::network::Network;
pub use groups::NoSuchGroup;
use groups::members;
use matching::Match;
pub(crate) use names::Names;
use own::is_own;

/// The rules of a configuration.
#[derive(Clone, Debug)]
pub struct Rules {
    client: Vec<Rule>,
    socks: Vec<Rule>,
    names: Names,
    /// Those of the socks rules, in their order.
    accounts: Arc<[Option<Accounts>]>,
}

/// What an application is known to be.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) from: SocketAddr,
    /// The methods by which it has shown who it is, of those that are asked for.
    pub(crate) methods: Methods,
    /// The name it gave with a password that was right.
    pub(crate) user: Option<String>,
    /// The services of PAM that have accepted that name and password.
    pub(crate) services: Vec<String>,
    /// The name that its host's ident server gave.
    pub(crate) ident: Option<String>,
}

/// Something that an application wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) who: &'a Who,
    pub(crate) version: ProxyProtocol,
    pub(crate) command: Command,
    pub(crate) target: Target<'a>,
}

/// The other end, as far as it is known: its name if it was asked for by name, and an address.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Target<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) address: Option<IpAddr>,
    pub(crate) port: Option<u16>,
}

/// What the rules say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Pass(Grant),
    Block(Denial),
    /// It depends on the address.
    Perhaps,
}

/// The rule that lets something pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grant {
    /// What it wants logged; without rules, everything.
    pub(crate) log: Option<LogEvents>,
    /// Its place among the socks rules, if it is one.
    rule: Option<usize>,
}

/// Why something is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// The rule in this line.
    Rule { line: u32, log: Option<LogEvents> },
    /// There are rules, and none matches.
    NoRule,
    /// There are no rules, and the options do not let it in.
    NotAllowed,
    /// The target belongs to this host alone.
    Own,
}

impl Who {
    /// Who pays for what passes: the user or, without a name, the host.
    fn payer(&self) -> User {
        let name = self.user.as_ref().or(self.ident.as_ref());
        name.map_or_else(|| User::At(self.from.ip()), |name| User::Named(name.clone()))
    }
}

impl Rules {
    /// Rules that match in this order: those for connections, and those for requests.
    ///
    /// The members of the groups they name are those of this moment; the error is a group that does not exist.
    pub fn new(mut client: Vec<Rule>, mut socks: Vec<Rule>) -> Result<Rules, NoSuchGroup> {
        for rule in client.iter_mut().chain(&mut socks) {
            for group in &rule.groups {
                rule.users.extend(members(group).ok_or_else(|| NoSuchGroup(group.clone()))?);
            }
        }
        let names = Names::of(client.iter().chain(&socks));
        let accounts = socks.iter().map(Accounts::of).collect();
        Ok(Rules { client, socks, names, accounts })
    }

    /// The services of PAM that users may be asked to be accepted by, each once.
    pub(crate) fn pam_services(&self) -> Vec<&str> {
        let mut services: Vec<&str> = Vec::new();
        for rule in &self.socks {
            let may_ask = rule.methods.is_empty() || rule.methods.contains(Method::PamUsername);
            let service = pam_service(rule).filter(|service| may_ask && !services.contains(service));
            services.extend(service);
        }
        services
    }

    /// The names that stand for addresses in these rules.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// On which accounts to book what passes by this grant.
    pub(crate) fn accounts(&self, grant: Grant, who: &Who) -> Vec<Arc<Account>> {
        let accounts = grant.rule.and_then(|index| self.accounts.get(index)?.as_ref());
        accounts.map_or_else(Vec::new, |accounts| accounts.for_user(&who.payer()))
    }

    /// Whether an application may connect to `own`, an address of ours.
    pub(crate) fn client(&self, who: &Who, own: SocketAddr, interfaces: &Interfaces) -> Verdict {
        let target = Target { name: None, address: Some(own.ip()), port: Some(own.port()) };
        let ask = Ask { who, version: ProxyProtocol::SocksV5, command: Command::Connect, target };
        match self.walk(&self.client, &ask, interfaces).0 {
            Verdict::Pass(Grant { log, .. }) => Verdict::Pass(Grant { log, rule: None }),
            verdict => verdict,
        }
    }

    /// Whether a request may be served.
    pub(crate) fn request(&self, ask: &Ask<'_>, interfaces: &Interfaces, reach: &[Network]) -> Verdict {
        let (verdict, named) = self.walk(&self.socks, ask, interfaces);
        match (verdict, ask.target.address) {
            (Verdict::Pass(_), Some(address))
                if !named && is_own_of_others(ask.who, address, interfaces, reach) =>
            {
                Verdict::Block(Denial::Own)
            }
            _ => verdict,
        }
    }

    /// What the list says, and whether the rule names the target's address more closely than "any".
    fn walk(&self, rules: &[Rule], ask: &Ask<'_>, interfaces: &Interfaces) -> (Verdict, bool) {
        let (mut may_pass, mut may_block) = (false, false);
        for (index, rule) in rules.iter().enumerate() {
            match self.matches(rule, ask, interfaces) {
                Match::No => {}
                Match::Perhaps => match rule.action {
                    Action::Pass => may_pass = true,
                    Action::Block => may_block = true,
                },
                Match::Yes(_) if rule.action == Action::Block => {
                    let verdict = if may_pass { Verdict::Perhaps } else { Verdict::Block(denial(rule)) };
                    return (verdict, false);
                }
                Match::Yes(_) if may_block => return (Verdict::Perhaps, false),
                Match::Yes(how) => {
                    let below = rules.get(index + 1..).unwrap_or_default();
                    let network = how.by_name.then(|| self.blocked_network(below, ask, interfaces)).flatten();
                    let verdict = network
                        .map_or(Verdict::Pass(Grant { log: rule.log, rule: Some(index) }), |rule| {
                            Verdict::Block(denial(rule))
                        });
                    return (verdict, how.narrow);
                }
            }
        }
        (if may_pass { Verdict::Perhaps } else { Verdict::Block(Denial::NoRule) }, false)
    }

    /// The rule that blocks a network the target's address is in.
    fn blocked_network<'a>(
        &self,
        rules: &'a [Rule],
        ask: &Ask<'_>,
        interfaces: &Interfaces,
    ) -> Option<&'a Rule> {
        rules
            .iter()
            .filter(|rule| rule.action == Action::Block)
            .find(|rule| matches!(self.matches(rule, ask, interfaces), Match::Yes(how) if how.narrow))
    }
}

/// The service of PAM that must have accepted a user for this rule. What is blocked is blocked whoever accepts the user,
/// unless the rule names somebody.
fn pam_service(rule: &Rule) -> Option<&str> {
    let default = (rule.action == Action::Pass).then_some(Rule::PAM_SERVICE);
    rule.pam_service.as_deref().or(default)
}

fn denial(rule: &Rule) -> Denial {
    Denial::Rule { line: rule.line, log: rule.log }
}

/// Whether the target belongs to this host, while the application does not.
pub(crate) fn is_own_of_others(
    who: &Who,
    target: IpAddr,
    interfaces: &Interfaces,
    reach: &[Network],
) -> bool {
    let is_at_home = |from: IpAddr| from.is_loopback() || interfaces.contain(from);
    is_own(target, interfaces)
        && !is_at_home(who.from.ip().to_canonical())
        && !reach.iter().any(|network| network.contains(target))
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denial::Rule { line: 0, .. } => f.write_str("blocked by a rule"),
            Denial::Rule { line, .. } => write!(f, "blocked by the rule in line {line}"),
            Denial::NoRule => f.write_str("no rule lets it pass"),
            Denial::NotAllowed => f.write_str("not allowed to connect (see --allow and --user)"),
            Denial::Own => {
                f.write_str("the target is this host, which other hosts may not reach (see --reach)")
            }
        }
    }
}

#[cfg(test)]
mod tests;
