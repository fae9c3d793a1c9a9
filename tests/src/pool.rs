//! Lends test networks to tests, one test a network, and makes a new one when all are lent.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::fixtures::Fixtures;
use crate::world::World;

/// The networks of a run.
#[derive(Default)]
pub struct Pool {
    fixtures: OnceLock<Result<Arc<Fixtures>, String>>,
    free: Mutex<Vec<World>>,
}

impl Pool {
    /// Lends a network to `test`. One whose test panics is not used again.
    pub fn lend<T>(&self, test: impl FnOnce(&World) -> T) -> Result<T, String> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let world = free.map_or_else(|| self.make(), Ok)?;
        let outcome = test(&world);
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(world);
        Ok(outcome)
    }

    /// The files all networks share.
    pub fn fixtures(&self) -> Result<Arc<Fixtures>, String> {
        let make = || Fixtures::new().map(Arc::new).map_err(|error| error.to_string());
        self.fixtures.get_or_init(make).clone()
    }

    fn make(&self) -> Result<World, String> {
        World::new(self.fixtures()?).map_err(|error| format!("the test network does not come up: {error}"))
    }
}
