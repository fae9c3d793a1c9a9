//! The keys outside the routes, those that are not at their defaults.

use super::{one_or_list, quoted};
use crate::choice::Choice;
use crate::keyword::KEYWORDS;
use crate::{Config, LogTarget};
use std::fmt::Display;

impl Config {
    pub(super) fn options(&self) -> String {
        let unset = Config::new(self.source.clone(), self.search);
        let mut text = String::new();
        let mut add = |key: &str, value: String| text += &format!("\n# {}\n{key} = {value}\n", doc(key));
        if self.resolveprotocol != unset.resolveprotocol {
            add("resolveprotocol", word(self.resolveprotocol));
        }
        if !self.nameservers.is_empty() {
            add("nameserver", strings(&self.nameservers));
        }
        if self.udp != unset.udp {
            add("udp", word(self.udp));
        }
        if self.bind != unset.bind {
            add("bind", word(self.bind));
        }
        if self.fake_range != unset.fake_range {
            let (address, prefix) = self.fake_range;
            add("fake", quoted(&format!("{address}/{prefix}")));
        }
        if self.timeout_connect != unset.timeout_connect {
            let seconds = self.timeout_connect.map_or(0, |limit| limit.as_millis().div_ceil(1000));
            add("timeout.connect", seconds.to_string());
        }
        if !self.logoutput.is_empty() {
            add("logoutput", strings(&self.logoutput));
        }
        if !self.errorlog.is_empty() {
            add("errorlog", strings(&self.errorlog));
        }
        if self.debug != 0 {
            add("debug", self.debug.to_string());
        }
        text
    }
}

fn doc(key: &str) -> &'static str {
    const FAKE: &str = "The addresses that stand for names.";
    KEYWORDS.iter().find(|row| row.name == key).map_or(FAKE, |row| row.doc)
}

fn word<T: Choice + PartialEq>(value: T) -> String {
    quoted(value.word())
}

fn strings<T: Display>(values: &[T]) -> String {
    let values: Vec<String> = values.iter().map(|value| quoted(&value.to_string())).collect();
    one_or_list(&values)
}

impl Display for LogTarget {
    /// Dante's word for it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LogTarget::Stderr => f.write_str("stderr"),
            LogTarget::Stdout => f.write_str("stdout"),
            LogTarget::Syslog(None) => f.write_str("syslog"),
            LogTarget::Syslog(Some(facility)) => write!(f, "syslog/{facility}"),
            LogTarget::File(file) => write!(f, "{}", file.display()),
        }
    }
}
