//! What benchmarks have in common: they need what was built, and say what went wrong.

use std::process::ExitCode;

use crate::artifacts;

/// What a part of a benchmark comes to.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Runs a benchmark that prints its figures itself.
pub fn report(compare: impl FnOnce() -> Outcome<()>) -> ExitCode {
    if let Some(missing) = artifacts::missing() {
        eprintln!("{missing}");
        return ExitCode::FAILURE;
    }
    match compare() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
