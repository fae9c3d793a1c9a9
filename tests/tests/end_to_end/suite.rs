//! Collects tests: what each needs, the network it borrows, the leak check around it.

use std::collections::BTreeMap;
use std::env;
use std::sync::Arc;

use end_to_end::application::{Application, Outcome, Wrapper};
use end_to_end::is_root;
use end_to_end::pool::Pool;
use end_to_end::prerequisites::{self, NETWORK};
use end_to_end::scratch::Scratch;
use end_to_end::world::World;
use libtest_mimic::{Failed, Trial};

/// What a test finds wrong, if anything.
pub(crate) type Verdict = Result<(), Failed>;

/// Where a test works: a network for itself and an empty directory.
pub(crate) struct Bench<'w> {
    pub(crate) world: &'w World,
    pub(crate) scratch: Scratch,
}

impl Bench<'_> {
    /// Runs the application here.
    pub(crate) fn run(&self, application: &Application, wrapper: &Wrapper) -> Result<Outcome, Failed> {
        Ok(application.run(self.world, &self.scratch, wrapper)?)
    }
}

/// All tests.
pub(crate) struct Suite {
    pool: Arc<Pool>,
    trials: Vec<Trial>,
    skipped: BTreeMap<String, usize>,
}

impl Suite {
    pub(crate) fn new(pool: Arc<Pool>) -> Suite {
        Suite { pool, trials: Vec::new(), skipped: BTreeMap::new() }
    }

    /// A test that runs programs in the network; it fails if a packet passes the proxy.
    pub(crate) fn add(
        &mut self,
        name: String,
        needs: &[&str],
        test: impl FnOnce(&Bench<'_>) -> Verdict + Send + 'static,
    ) {
        self.add_unchecked(name, needs, move |bench| {
            let verdict = test(bench);
            let leaks = bench.world.leaks()?;
            match verdict {
                verdict if leaks.is_empty() => verdict,
                Ok(()) => Err(leaks.to_string().into()),
                Err(failed) => Err(format!("{leaks}\n{}", failed.message().unwrap_or_default()).into()),
            }
        });
    }

    /// A test of the network that judges leaks itself.
    pub(crate) fn add_unchecked(
        &mut self,
        name: String,
        needs: &[&str],
        test: impl FnOnce(&Bench<'_>) -> Verdict + Send + 'static,
    ) {
        let pool = self.pool.clone();
        let lent = move |world: &World| {
            world.leaks()?;
            test(&Bench { world, scratch: Scratch::new()? })
        };
        let missing = missing(needs);
        self.push(name, missing, move || pool.lend(lent)?);
    }

    /// A test that makes the hosts it needs.
    pub(crate) fn add_alone(
        &mut self,
        name: String,
        needs: &[&str],
        test: impl FnOnce() -> Verdict + Send + 'static,
    ) {
        let missing = missing(needs);
        self.push(name, missing, test);
    }

    /// A test that needs no network.
    pub(crate) fn add_plain(
        &mut self,
        name: &str,
        needs: &[&str],
        test: impl FnOnce() -> Verdict + Send + 'static,
    ) {
        let missing = prerequisites::missing(needs.iter().copied());
        self.push(name.to_owned(), missing, test);
    }

    /// Tests that cannot run are ignored here, and fail in continuous integration.
    fn push(
        &mut self,
        name: String,
        missing: Option<String>,
        test: impl FnOnce() -> Verdict + Send + 'static,
    ) {
        let Some(reason) = missing else {
            return self.trials.push(Trial::test(name, test));
        };
        *self.skipped.entry(reason.clone()).or_default() += 1;
        let ignored = env::var_os("CI").is_none_or(|ci| ci != "true");
        let failing = move || Err(Failed::from(reason));
        self.trials.push(Trial::test(name, failing).with_ignored_flag(ignored));
    }

    /// The tests, after saying which cannot run.
    pub(crate) fn finish(self) -> Vec<Trial> {
        for (reason, count) in &self.skipped {
            eprintln!(
                "CANNOT RUN {count} TESTS HERE: {reason} (tests/install-packages installs what is missing)"
            );
        }
        self.trials
    }
}

fn missing(needs: &[&str]) -> Option<String> {
    if !is_root() {
        return Some("only root makes network namespaces".to_owned());
    }
    prerequisites::missing(NETWORK.iter().chain(needs).copied())
}

/// Fails with what the program did.
pub(crate) fn expect(condition: bool, expected: &str, outcome: &Outcome) -> Verdict {
    if condition { Ok(()) } else { Err(format!("expected {expected}; got {outcome}").into()) }
}
