//! What was examined and what came of it, a line each.

use crate::error::Error;
use crate::message;
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// What came of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It works.
    Works,
    /// It does not, but much can be done without.
    Lacks,
    /// It does not, and connections will fail for it.
    Failed,
    /// It was not examined.
    Skipped,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Verdict::Works => "ok",
            Verdict::Lacks => "no",
            Verdict::Failed => "FAILED",
            Verdict::Skipped => "skipped",
        }
    }
}

struct Finding {
    what: String,
    verdict: Verdict,
    detail: String,
    took: Option<Duration>,
}

/// All that was found so far.
pub(crate) struct Findings {
    /// Whether lines are kept for the end.
    quiet: bool,
    found: Vec<Finding>,
}

impl Findings {
    pub(crate) fn new(quiet: bool) -> Findings {
        Findings { quiet, found: Vec::new() }
    }

    /// Takes note, and prints the line at once: the next may take long.
    pub(crate) fn add(
        &mut self,
        what: impl Into<String>,
        verdict: Verdict,
        detail: impl Into<String>,
        took: Option<Duration>,
    ) -> Result<(), Error> {
        let finding = Finding { what: what.into(), verdict, detail: detail.into(), took };
        if !self.quiet {
            let time = took.map_or(String::new(), |took| format!(" ({:.1} ms)", took.as_secs_f64() * 1e3));
            let line = format!("{:>7}  {}: {}{time}\n", verdict.word(), finding.what, finding.detail);
            message::print(line.as_bytes())?;
        }
        self.found.push(finding);
        Ok(())
    }

    pub(crate) fn any(&self, verdict: Verdict) -> bool {
        self.found.iter().any(|finding| finding.verdict == verdict)
    }

    pub(crate) fn json(&self, origin: &str, library: &Path, warnings: &[String]) -> String {
        let finding = |finding: &Finding| {
            json!({
                "what": finding.what,
                "verdict": finding.verdict.word().to_lowercase(),
                "detail": finding.detail,
                "milliseconds": finding.took.map(|took| took.as_secs_f64() * 1e3),
            })
        };
        let value = json!({
            "ok": !self.any(Verdict::Failed),
            "configuration": origin,
            "library": library.display().to_string(),
            "warnings": warnings,
            "findings": self.found.iter().map(finding).collect::<Vec<_>>(),
        });
        format!("{value:#}\n")
    }
}

/// The answer where there is nothing to examine.
pub(crate) fn fault(error: &Error) -> String {
    format!("{:#}\n", json!({ "ok": false, "error": error.to_string() }))
}
