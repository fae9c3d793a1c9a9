//! Programs that gain privileges when they are executed: the loader ignores LD_PRELOAD for them.
//!
//! The rules are the kernel's (AT_SECURE, see getauxval(3)), so that a setuid program of one's own, or any under
//! no_new_privs or on a nosuid file system, is not refused without need.

use crate::program::Bypass;
use crate::sys::{self, Ids};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Who executes the program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    ids: Ids,
    no_new_privileges: bool,
}

impl Caller {
    /// This process.
    pub(crate) fn ours() -> Caller {
        Caller { ids: sys::ids(), no_new_privileges: sys::no_new_privileges() }
    }

    /// The reason why the loader would distrust the environment of this program, if it would.
    pub(crate) fn distrusted(&self, path: &Path, metadata: &Metadata) -> Option<Bypass> {
        if self.ids.user != self.ids.effective_user || self.ids.group != self.ids.effective_group {
            return Some(Bypass::DifferentIds);
        }
        let gain = self.gain(metadata).or_else(|| self.capabilities(path))?;
        let is_effective = !self.no_new_privileges && !is_nosuid(path);
        is_effective.then_some(gain)
    }

    fn gain(&self, metadata: &Metadata) -> Option<Bypass> {
        let mode = metadata.mode();
        if mode & libc::S_ISUID != 0 && metadata.uid() != self.ids.user {
            return Some(Bypass::SetUser(metadata.uid()));
        }
        let is_set_group = mode & libc::S_ISGID != 0 && mode & libc::S_IXGRP != 0;
        (is_set_group && metadata.gid() != self.ids.group).then(|| Bypass::SetGroup(metadata.gid()))
    }

    /// File capabilities; to root they give nothing it does not have.
    fn capabilities(&self, path: &Path) -> Option<Bypass> {
        let counts = self.ids.user != 0 && sys::has_attribute(path, c"security.capability");
        counts.then_some(Bypass::Capabilities)
    }
}

fn is_nosuid(path: &Path) -> bool {
    sys::mount_flags(path).is_ok_and(|flags| flags & libc::ST_NOSUID != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(user: u32) -> Caller {
        let ids = Ids { user, effective_user: user, group: user, effective_group: user };
        Caller { ids, no_new_privileges: false }
    }

    #[test]
    fn only_a_gain_counts() {
        let su = Path::new("/usr/bin/su");
        let metadata = std::fs::metadata(su).unwrap();
        assert!(metadata.mode() & libc::S_ISUID != 0, "su is not setuid here");
        assert!(matches!(caller(1000).gain(&metadata), Some(Bypass::SetUser(0))));
        assert!(caller(0).gain(&metadata).is_none());
        let plain = std::fs::metadata("/bin/sh").unwrap();
        assert!(caller(1000).gain(&plain).is_none());
    }

    #[test]
    fn different_ids_are_distrusted_whatever_the_program() {
        let mut caller = caller(1000);
        caller.ids.effective_user = 0;
        let sh = Path::new("/bin/sh");
        let metadata = std::fs::metadata(sh).unwrap();
        assert!(matches!(caller.distrusted(sh, &metadata), Some(Bypass::DifferentIds)));
    }

    #[test]
    fn without_new_privileges_there_is_no_gain() {
        let su = Path::new("/usr/bin/su");
        let caller = Caller { no_new_privileges: true, ..caller(1000) };
        assert!(caller.distrusted(su, &std::fs::metadata(su).unwrap()).is_none());
    }
}
