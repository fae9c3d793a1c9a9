//! `--check`: what the configuration means, and whether it works: the library, each proxy, the limits of this system.

mod dialogue;
mod finding;
mod preload;
mod proxies;
mod summary;
mod system;

pub(crate) use preload::probe;
pub(crate) use summary::{joined, via};

use crate::args::Arguments;
use crate::diagnosis::{self, Style};
use crate::environment::Environment;
use crate::error::Error;
use crate::explain::Target;
use crate::{configuration, exit, library, message};
use finding::{Findings, Verdict};
use summary::Summary;

/// Prints what the configuration means and each finding as it is made; the exit status says whether all is well.
pub(crate) fn run(arguments: &Arguments, environment: &mut Environment) -> Result<u8, Error> {
    match examine(arguments, environment) {
        Ok(true) => Ok(exit::SUCCESS),
        Ok(false) => Ok(exit::FAULT_FOUND),
        Err(error @ Error::Output(_)) => Err(error),
        Err(error) => {
            if arguments.json {
                message::print(finding::fault(&error).as_bytes())?;
            }
            message::fail(&error);
            Ok(exit::FAULT_FOUND)
        }
    }
}

fn examine(arguments: &Arguments, environment: &mut Environment) -> Result<bool, Error> {
    let target = match &arguments.target {
        Some(text) => Some(target(text)?),
        None => None,
    };
    let config = configuration::load(environment)?;
    let library = library::find(&|name| environment.variable(name)).map_err(Error::Library)?;
    let origin = configuration::origin(arguments, &config);
    if !arguments.json {
        let summary = Summary(&config);
        let text = format!("configuration: {origin}\n{summary}library: {}\n", library.display());
        message::print(text.as_bytes())?;
    }
    let mut findings = Findings::new(arguments.json);
    if !arguments.offline {
        preload::examine(&library, environment, &mut findings)?;
        proxies::examine(&config, target.as_ref(), &mut findings)?;
        system::examine(&mut findings)?;
    }
    if arguments.json {
        let warnings: Vec<String> =
            config.warnings.iter().map(|warning| diagnosis::warning(warning, Style::Plain)).collect();
        message::print(findings.json(&origin, &library, &warnings).as_bytes())?;
    }
    Ok(!findings.any(Verdict::Failed))
}

fn target(text: &str) -> Result<Target, Error> {
    Target::read(text).filter(|target| target.port.is_some()).ok_or_else(|| Error::Target(text.to_owned()))
}
