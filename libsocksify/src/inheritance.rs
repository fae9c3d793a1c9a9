//! What a program started by this one has to inherit to go through the proxy, too: our library, and the variables that
//! say which proxy. Made ready when the process begins, since exec(2) may be called where nothing can be allocated.

use std::ffi::CString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use once_cell::race::OnceBox;

use crate::{environment, sys};

static INHERITANCE: OnceBox<Option<Inheritance>> = OnceBox::new();

/// Library and variables.
pub(crate) struct Inheritance {
    /// The library's file.
    pub(crate) library: CString,
    /// How LD_PRELOAD named it to us, where that means the same in every directory.
    spelled: Option<Vec<u8>>,
    /// `NAME=value`, as in an environment.
    pub(crate) variables: Vec<CString>,
}

/// What is handed on; nothing unless programs that would bypass us are refused.
pub(crate) fn inheritance() -> Option<&'static Inheritance> {
    let ours = || environment::refuses_unhookable().then(Inheritance::ours).flatten();
    INHERITANCE.get_or_init(|| Box::new(ours())).as_ref()
}

impl Inheritance {
    fn ours() -> Option<Inheritance> {
        let library = sys::our_file()?.into_os_string().into_vec();
        let preload = environment::variable(environment::PRELOAD).unwrap_or_default();
        let snapshot = environment::snapshot().iter();
        let ours = snapshot.filter(|(name, _)| name.to_str().is_some_and(environment::says_what_to_do));
        let entry = |name: &[u8], value: &[u8]| CString::new([name, b"=", value].concat()).ok();
        Some(Inheritance {
            spelled: spelled(preload.as_bytes(), &library),
            variables: ours.filter_map(|(name, value)| entry(name.as_bytes(), value.as_bytes())).collect(),
            library: CString::new(library).ok()?,
        })
    }

    #[cfg(test)]
    pub(crate) fn new(library: &std::ffi::CStr, variables: &[&std::ffi::CStr]) -> Inheritance {
        let variables = variables.iter().map(|variable| (*variable).into()).collect();
        Inheritance { library: library.into(), spelled: None, variables }
    }

    /// Whether a value of LD_PRELOAD loads us.
    pub(crate) fn is_in(&self, preload: &[u8]) -> bool {
        let is_ours = |entry: &[u8]| {
            entry == self.library.as_bytes()
                || self.spelled.as_deref().is_some_and(|spelled| spelled == entry)
        };
        entries(preload).any(is_ours)
    }
}

fn entries(preload: &[u8]) -> impl Iterator<Item = &[u8]> {
    preload.split(|byte| matches!(byte, b' ' | b':')).filter(|entry| !entry.is_empty())
}

fn file_name(path: &[u8]) -> Option<&[u8]> {
    path.rsplit(|byte| *byte == b'/').next()
}

fn spelled(preload: &[u8], library: &[u8]) -> Option<Vec<u8>> {
    let is_ours = |entry: &&[u8]| {
        let is_relative = !entry.starts_with(b"/") && entry.contains(&b'/');
        !is_relative && file_name(entry) == file_name(library)
    };
    entries(preload).find(is_ours).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inheritance(preload: &str) -> Inheritance {
        let spelled = spelled(preload.as_bytes(), b"/lib/libsocksify.so");
        Inheritance { library: c"/lib/libsocksify.so".into(), spelled, variables: Vec::new() }
    }

    #[test]
    fn the_library_is_known_by_its_file_and_by_the_name_it_was_given() {
        let ours = inheritance("/other.so libsocksify.so");
        assert!(ours.is_in(b"/lib/libsocksify.so") && ours.is_in(b"/x.so:libsocksify.so"));
        assert!(!ours.is_in(b"") && !ours.is_in(b"/other.so") && !ours.is_in(b"./libsocksify.so"));
        let ours = inheritance("../libsocksify.so");
        assert!(ours.is_in(b"/lib/libsocksify.so") && !ours.is_in(b"../libsocksify.so"));
    }
}
