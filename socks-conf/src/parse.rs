//! One file: telling Dante's syntax from TOML and from other programs' files, and reading it.

use crate::caution::Caution;
use crate::dante;
use crate::diagnostic::Location;
use crate::foreign::Format;
use crate::import;
use crate::problem::Problem;
use crate::text::Text;
use crate::toml;
use crate::{Config, Diagnostic, Error, ProxyProtocol, ResolveProtocol, Search, Source, Via, Warning};
use std::ops::Range;
use std::path::Path;

/// Reads `text`, in Dante's syntax or TOML, told apart by content. `file` is for messages only.
///
/// A password file that TOML names is not read; [`load`](crate::load) does that.
pub fn parse(text: &[u8], file: &Path) -> Result<Config, Error> {
    let text = Text::new(text, file);
    let source = Source::File(file.to_owned());
    read(&text, source)
}

fn read(text: &Text<'_>, source: Source) -> Result<Config, Error> {
    let fail = |range: Range<usize>, problem| {
        Err(Error::Syntax(vec![Diagnostic { location: text.locate(range), problem }]))
    };
    if text.bytes.starts_with(b"\xff\xfe") || text.bytes.starts_with(b"\xfe\xff") {
        return fail(0..0, Problem::Encoding("this file is in UTF-16; save it as UTF-8"));
    }
    let first = FirstLine::of(text);
    let format = Format::of_list(text).or(first.format);
    if let Some(format) = format.filter(|format| !format.is_read()) {
        return fail(first.word, Problem::Foreign(format));
    }
    let mut config = Config::new(source, Search::ByProxyProtocol);
    if let Some(format) = format {
        import::read(format, text, &mut config).map_err(Error::Syntax)?;
    } else if first.toml {
        config.search = Search::FirstMatch;
        toml::read(text, &mut config).map_err(Error::Syntax)?;
    } else {
        dante::read(text, &mut config).map_err(Error::Syntax)?;
    }
    config.holds_password = config.proxies.iter().any(|proxy| proxy.password.is_some());
    config.add_automatic_routes();
    config.warn_about_shadows(text);
    config.warn_about_own_addresses(text);
    config.warn_about_the_whole(Location::whole(text.file.clone()));
    Ok(config)
}

/// Whether this is TOML, by its first line.
pub(crate) fn is_toml(text: &Text<'_>) -> bool {
    FirstLine::of(text).toml
}

/// The beginning of the first line that says something.
struct FirstLine {
    word: Range<usize>,
    format: Option<Format>,
    toml: bool,
}

impl FirstLine {
    fn of(text: &Text<'_>) -> FirstLine {
        let mut start = 0;
        for line in text.bytes.split_inclusive(|byte| *byte == b'\n') {
            let blanks = line.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let line_start = start + blanks;
            start += line.len();
            let content = line.get(blanks..).unwrap_or_default();
            if !matches!(content, [] | [b'#', ..]) {
                return FirstLine::at(content, line_start);
            }
        }
        FirstLine { word: 0..0, format: None, toml: false }
    }

    fn at(content: &[u8], start: usize) -> FirstLine {
        let in_word =
            |byte: &u8| !byte.is_ascii_whitespace() && !matches!(byte, b':' | b'=' | b'{' | b'#' | b'@');
        let length = content.iter().take_while(|byte| in_word(byte)).count();
        let (word, rest) = content.split_at_checked(length).unwrap_or((content, &[]));
        let next = rest.iter().copied().find(|byte| !matches!(byte, b' ' | b'\t'));
        // Dante has no `[` and no quotes at all, and no `=` behind the first word.
        let toml = matches!(content, [b'[' | b'"' | b'\'', ..]) || next == Some(b'=');
        let format = Format::recognize(word, next);
        FirstLine { word: start..start + length, format, toml }
    }
}

impl Config {
    /// Adds the warnings that need the whole configuration.
    pub(crate) fn warn_about_the_whole(&mut self, location: Location) {
        if self.routes.is_empty() {
            self.warnings.push(Warning { location: location.clone(), caution: Caution::NoRoutes });
        }
        let mut through = self.routes.iter().filter(|route| matches!(route.via, Via::Proxies(_))).peekable();
        let only_socks4 = [ProxyProtocol::SocksV4].into();
        if self.resolveprotocol == ResolveProtocol::Fake
            && through.peek().is_some()
            && through.all(|route| route.proxyprotocols == only_socks4)
        {
            self.warnings.push(Warning { location, caution: Caution::NoWayForNames });
        }
    }
}
