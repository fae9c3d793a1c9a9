//! What can be judged of a rule, or of the whole file, only when all of it is known.

use super::model::{Action, Method, Methods, Rule, Sockd, is_everything};
use super::problem::{SockdCaution, SockdProblem};
use super::rule::Stage;
use crate::caution::Caution;
use crate::dante::{Parser, Result};
use crate::diagnostic::Location;
use crate::problem::Problem;
use crate::set::{Member, Set};
use crate::{Place, Warning};
use std::ops::Range;

impl Parser<'_, Sockd> {
    /// Adds a rule, with the warnings it deserves.
    pub(super) fn add_rule(&mut self, stage: Stage, rule: Rule, at: Range<usize>) -> Result<()> {
        match self.config.judge(stage, &rule) {
            Ok(cautions) => cautions.into_iter().for_each(|caution| self.warn(at.clone(), caution)),
            Err(problem) => return self.fail(at, Problem::Sockd(problem)),
        }
        self.config.rules_mut(stage).push(rule);
        Ok(())
    }

    /// The methods of rules, against those of the file, which may come behind them in our reading.
    pub(super) fn check_sockd(&mut self) -> Result<()> {
        match self.config.method_out_of_place() {
            None => Ok(()),
            Some((line, method)) => {
                let problem = Problem::Sockd(SockdProblem::MethodNotGlobal(method.word()));
                self.fail(self.text.beginning_of(line), problem)
            }
        }
    }
}

impl Sockd {
    pub(super) fn rules_mut(&mut self, stage: Stage) -> &mut Vec<Rule> {
        match stage {
            Stage::Client => &mut self.client_rules,
            Stage::Socks => &mut self.socks_rules,
        }
    }

    /// What is to be said about a rule that would be the next of its list.
    pub(super) fn judge(&self, stage: Stage, rule: &Rule) -> std::result::Result<Vec<Caution>, SockdProblem> {
        if rule.names_users() && rule.methods.contains(Method::None) {
            return Err(SockdProblem::UserWithoutName);
        }
        let list = match stage {
            Stage::Client => &self.client_rules,
            Stage::Socks => &self.socks_rules,
        };
        let mut cautions = Vec::new();
        if let Some(above) = list.iter().find(|above| above.is_universal()) {
            cautions.push(Caution::Sockd(SockdCaution::NeverReached { above: above.line }));
        }
        let domains = rule.to.iter().filter(|_| rule.action == Action::Block && stage == Stage::Socks);
        for to in domains.filter(|to| matches!(to.place, Place::Domain(_))) {
            cautions.push(Caution::Sockd(SockdCaution::DomainByAddress(to.place.to_string())));
        }
        Ok(cautions)
    }

    /// A rule with a method that the file does not allow: its line and the method.
    pub(super) fn method_out_of_place(&self) -> Option<(u32, Method)> {
        let client: Methods = self.clientmethods.iter().copied().collect();
        let socks: Methods = self.socksmethods.iter().flatten().copied().collect();
        let client = client.or([Method::None].into());
        let stray = |rules: &[Rule], allowed: Methods| {
            rules.iter().find_map(|rule| {
                let method = rule.methods.iter().find(|method| !allowed.contains(*method))?;
                Some((rule.line, method))
            })
        };
        let known = if self.socksmethods.is_some() { socks } else { Set::all() };
        stray(&self.client_rules, client.union(known)).or_else(|| stray(&self.socks_rules, known))
    }

    /// Adds the warnings that need the whole file.
    pub(super) fn warn_about_the_whole(&mut self, location: &Location) {
        let mut warn = |caution| {
            self.warnings.push(Warning { location: location.clone(), caution: Caution::Sockd(caution) });
        };
        if self.client_rules.is_empty() {
            warn(SockdCaution::NoClientRules);
        }
        if self.socks_rules.is_empty() {
            warn(SockdCaution::NoSocksRules);
        }
        if self.socksmethods.is_none() {
            warn(SockdCaution::NoMethod);
        }
    }
}

impl Rule {
    /// Whether nothing gets past it.
    fn is_universal(&self) -> bool {
        is_everything(&self.from)
            && is_everything(&self.to)
            && self.commands == Set::all()
            && self.protocols == Set::all()
            && self.proxyprotocols == Set::all()
            && self.methods.is_empty()
            && !self.names_users()
    }
}
