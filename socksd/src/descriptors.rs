//! The limit on open descriptors, of which every connection needs two.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the soft limit to the hard one, and gives the limit that now holds (`None`: there is none).
///
/// It belongs to the whole process and is inherited: a program that also starts others should leave it alone, since
/// those that use select(2) cannot have more than 1024 descriptors.
pub fn raise_descriptor_limit() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            limit = raised;
        }
    }
    limit.current
}
