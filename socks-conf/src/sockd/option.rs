//! The keys outside the rules, in Dante's syntax.

use super::keyword::{FAMILIES, ROTATIONS, SockdKey};
use super::model::{Family, Listen, Local, Method, Rotation, Sockd};
use super::problem::{SockdCaution, SockdProblem};
use crate::caution::Caution;
use crate::dante::{Class, Parser, Result, is_mapped, literal};
use crate::keyword::{Key, Keyword, Section, Standing};
use crate::problem::Problem;
use crate::set::Set;
use crate::url::is_host_name;
use crate::{Diagnostic, Ports};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

impl Parser<'_, Sockd> {
    /// Reads a whole file; every mistake in it is an error, as far as one is not the consequence of another.
    pub(super) fn read_sockd(mut self) -> std::result::Result<(), Vec<Diagnostic>> {
        loop {
            self.cursor.skip_space();
            if self.cursor.peek().is_none() || self.mistakes.suffice() {
                break;
            }
            match self.read_sockd_statement() {
                Ok(()) => self.mistakes.note_sense(),
                Err(mistake) => self.skip_statement(*mistake),
            }
        }
        if self.mistakes.is_empty() {
            return self.check_sockd().map_err(|mistake| vec![*mistake]);
        }
        self.mistakes.verdict()
    }

    fn read_sockd_statement(&mut self) -> Result<()> {
        let word = self.cursor.word(Class::Plain);
        if self.read_rule_at(&word)? { Ok(()) } else { self.read_sockd_option(word) }
    }

    fn read_sockd_option(&mut self, word: Range<usize>) -> Result<()> {
        let keyword = self.keyword(word.clone(), Section::Sockd)?;
        match keyword.standing {
            Standing::Supported(Key::Sockd(key)) | Standing::Renamed(_, Key::Sockd(key)) => {
                self.set_sockd_option(key, keyword, word)
            }
            _ => self.skip_value(keyword),
        }
    }

    fn set_sockd_option(
        &mut self,
        key: SockdKey,
        keyword: &'static Keyword,
        word: Range<usize>,
    ) -> Result<()> {
        match key {
            SockdKey::Internal => {
                let listen = self.listen()?;
                self.config.internal.push(listen);
            }
            SockdKey::External => {
                let external = self.external()?;
                self.config.external.push(external);
            }
            SockdKey::InternalProtocol => self.config.internal_families = self.families(keyword.name)?,
            SockdKey::ExternalProtocol => self.config.external_families = self.families(keyword.name)?,
            SockdKey::Rotation => {
                let (index, _) = self.value(keyword.name, ROTATIONS)?;
                self.config.rotation = Rotation::ALL.get(index).copied().unwrap_or_default();
            }
            SockdKey::ClientMethod => self.config.clientmethods = self.client_methods(keyword.name, word)?,
            SockdKey::SocksMethod => {
                self.config.socksmethods = Some(self.server_methods(keyword.name, word)?);
            }
            SockdKey::Users => self.config.users = Some(PathBuf::from(self.one_word()?)),
            SockdKey::Unprivileged => self.config.unprivileged = Some(self.one_word()?),
            SockdKey::LogOutput => {
                let targets = self.log_targets()?;
                self.config.logoutput.extend(targets);
            }
            SockdKey::ErrorLog => {
                let targets = self.log_targets()?;
                self.config.errorlog.extend(targets);
            }
            SockdKey::Debug => self.config.debug = self.number("a number", u32::MAX)?,
            SockdKey::Negotiate => self.config.timeout_negotiate = self.duration()?,
            SockdKey::Connect => self.config.timeout_connect = self.duration()?,
            SockdKey::Io => {
                self.config.timeout_io_tcp = self.duration()?;
                self.config.timeout_io_udp = self.config.timeout_io_tcp;
            }
            SockdKey::IoTcp => self.config.timeout_io_tcp = self.duration()?,
            SockdKey::IoUdp => self.config.timeout_io_udp = self.duration()?,
            SockdKey::FinWait => self.config.timeout_tcp_fin_wait = self.duration()?,
            SockdKey::ConnectionsTotal => self.config.connections_total = self.count()?,
            SockdKey::ConnectionsClient => self.config.connections_client = self.count()?,
        }
        Ok(())
    }

    fn duration(&mut self) -> Result<Option<Duration>> {
        let seconds = self.number("a number of seconds", u32::MAX)?;
        Ok(Some(Duration::from_secs(seconds.into())))
    }

    fn count(&mut self) -> Result<Option<u32>> {
        self.number("a number of connections", u32::MAX).map(Some)
    }

    /// One word up to a blank.
    pub(super) fn one_word(&mut self) -> Result<String> {
        self.cursor.skip_space();
        let word = self.cursor.word(Class::Target);
        if word.is_empty() { self.unexpected("a value") } else { Ok(self.str(&word).into_owned()) }
    }

    fn families(&mut self, keyword: &'static str) -> Result<Set<Family>> {
        let mut families = Set::EMPTY;
        self.members(keyword, FAMILIES, &[Family::Ipv4, Family::Ipv6], &mut families)?;
        Ok(families)
    }

    fn listen(&mut self) -> Result<Listen> {
        let local = self.local()?;
        let start = self.cursor.at;
        let port = match self.listen_port()? {
            Ports::Any => 1080,
            Ports::Equal(port) => port,
            _ => return self.fail(start..self.cursor.at, Problem::Sockd(SockdProblem::OnePort)),
        };
        Ok(Listen { local, port })
    }

    fn external(&mut self) -> Result<Local> {
        let start = self.cursor;
        let local = self.local()?;
        if matches!(local, Local::Ip(address) if address.is_unspecified()) {
            let mut word = start;
            word.skip_space();
            let word = word.word(Class::Address);
            return self.fail(word, Problem::Sockd(SockdProblem::ExternalWildcard));
        }
        Ok(local)
    }

    fn local(&mut self) -> Result<Local> {
        self.cursor.skip_space();
        let word = self.cursor.word(Class::Address);
        let text = self.str(&word);
        let local = match literal(&text) {
            _ if word.is_empty() => return self.unexpected("an address, a host name or an interface"),
            Some((address, _)) if is_mapped(address) => return self.fail(word, Problem::MappedAddress),
            Some((address, _)) => Local::Ip(address),
            None if is_host_name(&text) || is_interface_label(&text) => Local::Name(text.into_owned()),
            None => return self.fail(word, Problem::NotAnAddress(text.into_owned())),
        };
        self.no_mask_follows()?;
        Ok(local)
    }

    pub(super) fn server_methods(&mut self, keyword: &'static str, at: Range<usize>) -> Result<Vec<Method>> {
        let words = self.values(keyword, super::keyword::METHODS)?;
        let mut methods = Vec::new();
        for (index, word) in words {
            match Method::of(index) {
                None => self.warn(word, Caution::Sockd(SockdCaution::NoGssapi)),
                Some(method) if methods.contains(&method) => {
                    self.warn(word.clone(), Caution::Duplicate(self.str(&word).into_owned()));
                }
                Some(method) => methods.push(method),
            }
        }
        if methods.is_empty() {
            return self.fail(at, Problem::Sockd(SockdProblem::NoMethodLeft));
        }
        Ok(methods)
    }

    pub(super) fn client_methods(&mut self, keyword: &'static str, at: Range<usize>) -> Result<Vec<Method>> {
        let methods = self.server_methods(keyword, at.clone())?;
        if methods.iter().any(|method| !matches!(method, Method::None | Method::Rfc931)) {
            return self.fail(at, Problem::Sockd(SockdProblem::ClientMethod));
        }
        Ok(methods)
    }
}

/// Whether `text` could be the name of an interface or of an alias of one: `eth0.100`, `eth0:1`.
pub(crate) fn is_interface_label(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '@');
    text.len() <= 15 && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(allowed)
}

impl Method {
    /// The method of the word at this place of the table; GSSAPI is none of ours.
    pub(super) fn of(index: usize) -> Option<Method> {
        use Method::{None as Anybody, PamUsername, Rfc931, Username};
        [Anybody, Username, Rfc931, PamUsername, PamUsername].get(index).copied()
    }
}
