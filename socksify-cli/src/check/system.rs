//! Limits of this system that programs meet earlier with us than without.

use super::finding::{Findings, Verdict};
use crate::error::Error;
use crate::sys;
use std::path::Path;

/// Our own descriptors are high, and each association and listener takes one more.
const FEW: u64 = 256;

pub(crate) fn examine(findings: &mut Findings) -> Result<(), Error> {
    let limit = sys::open_files_limit().map_err(Error::System)?;
    let verdict = if limit < FEW { Verdict::Lacks } else { Verdict::Works };
    findings.add("open files", verdict, format!("at most {limit} in a program; see ulimit -n"), None)?;
    let mounted = Path::new("/proc/self/fd").is_dir();
    let (verdict, detail) = match mounted {
        true => (Verdict::Works, "mounted"),
        false => (Verdict::Lacks, "not mounted: what a program had open before it was started is not seen"),
    };
    findings.add("/proc", verdict, detail, None)
}
