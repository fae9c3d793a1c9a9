//! The members of the system's groups.

use std::fmt;
use std::fs::read_to_string;

use nix::unistd::Group;

/// The users whose primary group it is, and those it lists; `None` if there is no such group.
pub(super) fn members(group: &str) -> Option<Vec<String>> {
    let group = Group::from_name(group).ok().flatten()?;
    let mut members = group.mem;
    let passwd = read_to_string("/etc/passwd").unwrap_or_default();
    members.extend(primary(&passwd, group.gid.as_raw()).map(str::to_owned));
    Some(members)
}

/// The users in the text of passwd(5) whose group this is.
fn primary(passwd: &str, gid: u32) -> impl Iterator<Item = &str> {
    passwd.lines().filter_map(move |line| {
        let mut fields = line.split(':');
        let (name, its) = (fields.next()?, fields.nth(2)?);
        (its.parse() == Ok(gid)).then_some(name)
    })
}

/// A rule names a group that this system does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchGroup(pub String);

impl fmt::Display for NoSuchGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a rule names the group {}, which does not exist", self.0)
    }
}

impl std::error::Error for NoSuchGroup {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_those_of_both_files() {
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:50::/:/bin/sh\nbob:x:1001:50::/:/bin/sh\nbad\n";
        assert_eq!(primary(passwd, 50).collect::<Vec<_>>(), ["alice", "bob"]);
        assert_eq!(primary(passwd, 51).next(), None);
        assert!(members("root").unwrap().contains(&"root".to_owned()));
        assert_eq!(members("no-such-group"), None);
    }
}
