//! Programs that gain privileges when they are executed: the loader ignores LD_PRELOAD for them.
//!
//! The rules are the kernel's (AT_SECURE, see getauxval(3)), so that a setuid program of one's own, or any under
//! no_new_privs or on a nosuid file system, is not refused without need.

use crate::bypass::Bypass;
use crate::sys;

/// Who executes the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// Real user id.
    pub user: u32,
    /// Effective user id.
    pub effective_user: u32,
    /// Real group id.
    pub group: u32,
    /// Effective group id.
    pub effective_group: u32,
}

/// What a file says of the privileges of its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Type and permissions; inode(7).
    pub mode: u32,
    /// The owner.
    pub user: u32,
    /// The group.
    pub group: u32,
}

impl Caller {
    /// This process.
    pub fn ours() -> Caller {
        sys::ids()
    }

    /// The loader distrusts the environment whatever the program is.
    pub fn differs(&self) -> bool {
        self.user != self.effective_user || self.group != self.effective_group
    }

    /// What the program would gain by its mode.
    pub fn gain(&self, status: &Status) -> Option<Bypass> {
        if status.mode & libc::S_ISUID != 0 && status.user != self.user {
            return Some(Bypass::SetUser(status.user));
        }
        let is_set_group = status.mode & libc::S_ISGID != 0 && status.mode & libc::S_IXGRP != 0;
        (is_set_group && status.group != self.group).then_some(Bypass::SetGroup(status.group))
    }

    /// Whether file capabilities count: to root they give nothing it does not have.
    pub fn gains_by_capabilities(&self) -> bool {
        self.user != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(user: u32) -> Caller {
        Caller { user, effective_user: user, group: user, effective_group: user }
    }

    #[test]
    fn only_a_gain_counts() {
        let set_user = Status { mode: 0o104_755, user: 0, group: 0 };
        assert!(matches!(caller(1000).gain(&set_user), Some(Bypass::SetUser(0))));
        assert!(caller(0).gain(&set_user).is_none());
        let set_group = Status { mode: 0o102_755, user: 0, group: 5 };
        assert!(matches!(caller(1000).gain(&set_group), Some(Bypass::SetGroup(5))));
        assert!(caller(5).gain(&set_group).is_none());
        assert!(caller(1000).gain(&Status { mode: 0o100_755, ..set_group }).is_none());
        assert!(caller(1000).gain(&Status { mode: 0o102_744, ..set_group }).is_none(), "mandatory locking");
    }

    #[test]
    fn different_ids_are_told() {
        assert!(!caller(1000).differs());
        assert!(Caller { effective_user: 0, ..caller(1000) }.differs());
        assert!(Caller { effective_group: 0, ..caller(1000) }.differs());
        assert!(!caller(0).gains_by_capabilities() && caller(1).gains_by_capabilities());
    }
}
