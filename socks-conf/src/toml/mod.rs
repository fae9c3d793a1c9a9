//! Our own dialect: TOML with Dante's words, where the first route that matches decides.

mod file;
mod port;
mod proxy;
mod recovery;
mod route;
mod words;

pub(crate) use recovery::deserialize;
pub(crate) use words::Words;

use crate::caution::Caution;
use crate::choice::Choice;
use crate::dante::Model;
use crate::endpoint::Network;
use crate::keyword::{Keyword, Section, Standing};
use crate::problem::Problem;
use crate::text::Text;
use crate::{Config, Diagnostic, LogTarget, Warning, nameserver};
use ::toml::Spanned;
use file::File;
use std::net::Ipv4Addr;
use std::ops::Range;
use std::time::Duration;

pub(crate) type Result<T> = std::result::Result<T, Box<Diagnostic>>;

/// Reads a whole file; every value that cannot be used is an error.
pub(crate) fn read(text: &Text<'_>, config: &mut Config) -> std::result::Result<(), Vec<Diagnostic>> {
    let (file, mut mistakes) = deserialize::<File>(text);
    let Some(file) = file else { return Err(mistakes) };
    let mut reader = Reader { text, config };
    mistakes.extend(reader.take_options(&file));
    mistakes.extend(reader.take_proxies(file.proxy));
    let all_proxies = mistakes.is_empty();
    let routes = reader.take_routes(file.route).into_iter();
    // A proxy that could not be read is not missing.
    mistakes.extend(
        routes.filter(|mistake| all_proxies || !matches!(mistake.problem, Problem::UnknownProxy { .. })),
    );
    verdict(mistakes)
}

/// The mistakes in the order of the text.
pub(crate) fn verdict(mut mistakes: Vec<Diagnostic>) -> std::result::Result<(), Vec<Diagnostic>> {
    mistakes.sort_by_key(|mistake| (mistake.location.line, mistake.location.column));
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}

pub(crate) struct Reader<'a, M = Config> {
    pub(crate) text: &'a Text<'a>,
    pub(crate) config: &'a mut M,
}

fn fail<T>(text: &Text<'_>, range: Range<usize>, problem: Problem) -> Result<T> {
    Err(Box::new(Diagnostic { location: text.locate(range), problem }))
}

/// The message of the TOML reader, with the word that an unknown key may have been meant to be.
fn complaint(message: &str) -> Problem {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let similar = match quoted.split_first() {
        Some((unknown, known)) if message.starts_with("unknown ") => {
            crate::similar::similar(unknown, known.iter().copied()).map(str::to_owned)
        }
        _ => None,
    };
    let reason =
        quoted.first().and_then(|word| refusal(word)).filter(|_| message.starts_with("unknown field"));
    let message =
        message.replace('\n', ", ").replace("expected u32", "expected a number from 0 to 4294967295");
    Problem::Toml { message, similar, reason }
}

/// Why a key of Dante's is not supported.
fn refusal(word: &str) -> Option<&'static str> {
    let row = Keyword::find(word, Section::Route).or_else(|| Keyword::find(word, Section::File))?;
    match row.standing {
        Standing::Refused(reason) | Standing::NoEffect(reason) => Some(reason),
        Standing::Supported(_) | Standing::Renamed(..) => None,
    }
}

impl<M: Model> Reader<'_, M> {
    pub(crate) fn fail<T>(&self, range: Range<usize>, problem: Problem) -> Result<T> {
        fail(self.text, range, problem)
    }

    pub(crate) fn warn(&mut self, range: Range<usize>, caution: Caution) {
        let location = self.text.locate(range);
        self.config.warnings().push(Warning { location, caution });
    }

    pub(crate) fn log_targets(&mut self, words: Option<&Words>) -> Vec<LogTarget> {
        let mut targets = Vec::new();
        for word in words.iter().flat_map(|words| words.iter()) {
            let target = LogTarget::from_bytes(word.get_ref().as_bytes());
            if let Some(facility) = target.unknown_facility() {
                self.warn(word.span(), Caution::UnknownFacility(facility.to_owned()));
            }
            targets.push(target);
        }
        targets
    }

    /// Which of the `accepted` words it is.
    pub(crate) fn word_of(
        &self,
        keyword: &'static str,
        word: &Spanned<String>,
        accepted: &'static [&'static str],
    ) -> Result<usize> {
        let text = word.get_ref();
        match accepted.iter().position(|value| value == text) {
            Some(index) => Ok(index),
            None => self.fail(word.span(), crate::value::unknown_value(keyword, text, accepted)),
        }
    }
}

impl Reader<'_> {
    /// Takes what stands outside the tables; the mistakes in it.
    fn take_options(&mut self, file: &File) -> Vec<Diagnostic> {
        let options = [
            self.choose(file.resolveprotocol.as_ref(), |config| &mut config.resolveprotocol),
            self.choose(file.udp.as_ref(), |config| &mut config.udp),
            self.choose(file.bind.as_ref(), |config| &mut config.bind),
            self.take_name_servers(file),
            self.take_fake_range(file),
        ];
        self.config.debug = file.debug.unwrap_or(0);
        if let Some(seconds) = file.timeout.as_ref().and_then(|timeout| timeout.connect) {
            self.config.timeout_connect = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
        }
        self.config.logoutput = self.log_targets(file.logoutput.as_ref());
        self.config.errorlog = self.log_targets(file.errorlog.as_ref());
        options.into_iter().filter_map(|option| option.err().map(|mistake| *mistake)).collect()
    }

    fn take_name_servers(&mut self, file: &File) -> Result<()> {
        for word in file.nameserver.iter().flat_map(|words| words.iter()) {
            let server = nameserver::parse(word.get_ref());
            self.config.nameservers.push(server.or_else(|problem| self.fail(word.span(), problem))?);
        }
        Ok(())
    }

    fn take_fake_range(&mut self, file: &File) -> Result<()> {
        if let Some(range) = &file.fake {
            self.config.fake_range = self.fake_range(range)?;
        }
        Ok(())
    }

    fn choose<T: Choice>(
        &mut self,
        word: Option<&Spanned<String>>,
        field: fn(&mut Config) -> &mut T,
    ) -> Result<()> {
        if let Some(word) = word {
            let value = T::from_word(word.get_ref()).or_else(|problem| self.fail(word.span(), problem))?;
            *field(self.config) = value;
        }
        Ok(())
    }

    fn fake_range(&self, range: &Spanned<String>) -> Result<(Ipv4Addr, u8)> {
        let network = range.get_ref().split_once('/').and_then(|(address, prefix)| {
            let (address, prefix) = (address.parse::<Ipv4Addr>().ok()?, prefix.parse::<u8>().ok()?);
            let network = Network { address: address.into(), prefix };
            ((8..=30).contains(&prefix) && !network.has_host_bits()).then_some((address, prefix))
        });
        network.map_or_else(|| self.fail(range.span(), Problem::NotAFakeRange), Ok)
    }
}
