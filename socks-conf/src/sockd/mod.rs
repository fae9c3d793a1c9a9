//! The configuration of a server: Dante's `sockd.conf`, and the same in TOML.
//!
//! Where Dante's reader is strict about layout this one is lenient, as the client's is. It is strict where Dante's
//! words would let in more than the author can have meant: a key that narrows access and is not supported is
//! refused, never passed over; one that does not bear on access is accepted with a warning.

mod check;
mod keyword;
mod model;
mod option;
mod problem;
mod rule;
mod toml;

pub use keyword::{RuleKey, SOCKD_KEYWORDS, SockdKey};
pub use model::{
    Action, Families, Family, Listen, Local, LogEvent, LogEvents, Method, Methods, Rotation, Rule, Sockd,
};
pub(crate) use option::is_interface_label;
pub use problem::{SockdCaution, SockdProblem};

use crate::dante::Parser;
use crate::diagnostic::Location;
use crate::parse::is_toml;
use crate::problem::Problem;
use crate::text::Text;
use crate::{Diagnostic, Error};
use std::path::Path;

/// Reads a server's `text`, in Dante's syntax or TOML, told apart by content. `file` is for messages only.
pub fn parse(text: &[u8], file: &Path) -> Result<Sockd, Error> {
    let text = Text::new(text, file);
    read(&text).map_err(Error::Syntax)
}

fn read(text: &Text<'_>) -> Result<Sockd, Vec<Diagnostic>> {
    if text.bytes.starts_with(b"\xff\xfe") || text.bytes.starts_with(b"\xfe\xff") {
        let problem = Problem::Encoding("this file is in UTF-16; save it as UTF-8");
        return Err(vec![Diagnostic { location: text.locate(0..0), problem }]);
    }
    let mut sockd = Sockd::default();
    if is_toml(text) {
        toml::read(text, &mut sockd)?;
    } else {
        Parser::new(text, &mut sockd).read_sockd()?;
    }
    sockd.warn_about_the_whole(&Location::whole(text.file.clone()));
    Ok(sockd)
}
