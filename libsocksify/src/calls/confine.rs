//! prctl(2), as far as it confines the program.

use libc::c_int;

use crate::confinement;
use crate::interpose::Verdict;

/// Takes note of it: PR_SET_SECCOMP.
pub(crate) fn prctl((): &mut (), _option: c_int, _: usize, _: usize, _: usize, _: usize) -> Verdict<c_int> {
    confinement::begin();
    Verdict::Direct
}
