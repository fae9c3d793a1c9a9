//! The environment a program is started with, completed where it would lose us: with LD_PRELOAD, and with the variables
//! that say which proxy, unless they are there. It lies on the application's stack until the program has taken over, or
//! in a mapping where it is large.

use std::ffi::CStr;
use std::ptr::{self, NonNull};

use libc::c_char;

use crate::inheritance::Inheritance;
use crate::interpose::Progress;

/// Enough for most environments, and for LD_PRELOAD.
const STRINGS: usize = 256;
const TEXT: usize = 1024;

const PRELOAD: &[u8] = b"LD_PRELOAD=";

type Entry = *const c_char;

/// An environment made here, if one had to be.
pub(crate) struct Surroundings {
    strings: [Entry; STRINGS],
    text: [u8; TEXT],
    made: Made,
}

#[derive(Clone, Copy)]
enum Made {
    Not,
    Here,
    Mapped(NonNull<Entry>, usize),
}

impl Default for Surroundings {
    fn default() -> Surroundings {
        Surroundings { strings: [ptr::null(); STRINGS], text: [0; TEXT], made: Made::Not }
    }
}

impl Progress for Surroundings {
    fn woken(&mut self, _interrupted: bool) {}
}

impl Surroundings {
    /// Sees to it that the program gets us; false where there is no memory for that.
    ///
    /// # Safety
    /// `given` is null or an environment: strings, then a null pointer.
    pub(crate) unsafe fn complete(&mut self, given: *const Entry, ours: &'static Inheritance) -> bool {
        // SAFETY: as above.
        let given = unsafe { entries(given) };
        let preload = given.iter().filter_map(|entry| value(entry, PRELOAD)).next_back().unwrap_or_default();
        if ours.is_in(preload) {
            return true;
        }
        let strings = given.len() + ours.variables.len() + 2;
        let text = PRELOAD.len() + ours.library.as_bytes().len() + 1 + preload.len() + 1;
        let Some((strings, text)) = self.room(strings, text) else { return false };
        let colon: &[u8] = if preload.is_empty() { b"" } else { b":" };
        let line = [PRELOAD, ours.library.as_bytes(), colon, preload, b"\0"];
        text.iter_mut().zip(line.into_iter().flatten()).for_each(|(to, from)| *to = *from);
        let kept = given.iter().filter(|entry| value(entry, PRELOAD).is_none()).copied();
        let missing =
            ours.variables.iter().filter(|variable| !is_set(variable, given)).map(|line| line.as_ptr());
        let all = [text.as_ptr().cast()].into_iter().chain(kept).chain(missing).chain([ptr::null()]);
        strings.iter_mut().zip(all).for_each(|(to, from)| *to = from);
        true
    }

    /// Room for so many strings and so many bytes of text.
    fn room(&mut self, strings: usize, text: usize) -> Option<(&mut [Entry], &mut [u8])> {
        if strings <= STRINGS && text <= TEXT {
            self.made = Made::Here;
            return Some((&mut self.strings, &mut self.text));
        }
        let size = strings * size_of::<Entry>() + text;
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a fresh mapping, large enough for both, of zeroes, which null pointers are.
        unsafe {
            let fresh = libc::mmap(ptr::null_mut(), size, protection, flags, -1, 0);
            let fresh = NonNull::new(fresh.cast::<Entry>()).filter(|_| fresh != libc::MAP_FAILED)?;
            self.made = Made::Mapped(fresh, size);
            let behind = fresh.add(strings).cast::<u8>();
            Some((
                std::slice::from_raw_parts_mut(fresh.as_ptr(), strings),
                std::slice::from_raw_parts_mut(behind.as_ptr(), text),
            ))
        }
    }

    /// The environment to start the program with; `None` for the one given.
    pub(crate) fn environment(&self) -> Option<*const Entry> {
        match self.made {
            Made::Not => None,
            Made::Here => Some(self.strings.as_ptr()),
            Made::Mapped(strings, _) => Some(strings.as_ptr()),
        }
    }

    /// Makes the application's own environment this one, variable by variable; setenv(3) copies them.
    pub(crate) fn adopt(&self) {
        let Some(made) = self.environment() else { return };
        // SAFETY: made by `complete`.
        for entry in unsafe { entries(made) } {
            // SAFETY: entries of an environment are strings.
            let line = unsafe { CStr::from_ptr(*entry) }.to_bytes_with_nul();
            let Some(end) = line.iter().position(|byte| *byte == b'=').filter(|end| *end < NAME) else {
                continue;
            };
            let mut name = [0; NAME + 1];
            name[..end].copy_from_slice(&line[..end]);
            let overwrites = line.starts_with(PRELOAD);
            // SAFETY: both strings end in NUL.
            unsafe { libc::setenv(name.as_ptr().cast(), line[end + 1..].as_ptr().cast(), overwrites.into()) };
        }
    }

    /// Gives the memory back, when the program did not take over, or in a parent.
    pub(crate) fn release(&mut self) {
        if let Made::Mapped(strings, size) = std::mem::replace(&mut self.made, Made::Not) {
            // SAFETY: mapped by `room` for this environment alone.
            unsafe { libc::munmap(strings.as_ptr().cast(), size) };
        }
    }
}

/// Longer names than ours are.
const NAME: usize = 64;

/// # Safety
/// `environment` is null or ends in a null pointer.
unsafe fn entries<'a>(environment: *const Entry) -> &'a [Entry] {
    if environment.is_null() {
        return &[];
    }
    // SAFETY: every pointer before the null one can be read.
    unsafe {
        let mut count = 0;
        while !(*environment.add(count)).is_null() {
            count += 1;
        }
        std::slice::from_raw_parts(environment, count)
    }
}

/// What follows `prefix` in an entry.
fn value<'a>(entry: &Entry, prefix: &[u8]) -> Option<&'a [u8]> {
    // SAFETY: entries of an environment are strings.
    unsafe { CStr::from_ptr(*entry) }.to_bytes().strip_prefix(prefix)
}

/// Whether the variable of a line `NAME=value` has any value in an environment.
fn is_set(line: &CStr, environment: &[Entry]) -> bool {
    let line = line.to_bytes();
    let name = line.iter().position(|byte| *byte == b'=').map_or(line, |end| &line[..=end]);
    environment.iter().any(|entry| value(entry, name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;

    /// It stays as long as the process, as the one there is outside of tests.
    fn inheritance() -> &'static Inheritance {
        Box::leak(Box::new(Inheritance::new(c"/us.so", &[c"SOCKS_CONF=/ours", c"SOCKSIFY_PROXY=p"])))
    }

    /// What becomes of an environment; `None` if it stays as it is.
    fn completed(given: &[&str]) -> Option<Vec<String>> {
        let given: Vec<CString> = given.iter().map(|entry| CString::new(*entry).unwrap()).collect();
        let entries: Vec<Entry> = given.iter().map(|entry| entry.as_ptr()).chain([ptr::null()]).collect();
        completed_from(entries.as_ptr())
    }

    fn completed_from(given: *const Entry) -> Option<Vec<String>> {
        let mut kept = Surroundings::default();
        // SAFETY: an environment, as made above, or null.
        assert!(unsafe { kept.complete(given, inheritance()) });
        // SAFETY: an environment, as just made.
        let made = kept.environment().map(|made| unsafe { entries(made) });
        let made = made.map(|made| made.iter().map(|entry| text(*entry)).collect());
        kept.release();
        assert!(kept.environment().is_none());
        made
    }

    fn text(entry: Entry) -> String {
        // SAFETY: an entry of an environment.
        unsafe { CStr::from_ptr(entry) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn an_environment_that_has_us_stays_as_it_is() {
        assert_eq!(completed(&["A=b", "LD_PRELOAD=/x.so:/us.so"]), None);
        assert_eq!(completed(&["LD_PRELOAD=/us.so /x.so", "SOCKS_CONF=/theirs"]), None);
    }

    #[test]
    fn nothing_becomes_what_we_need() {
        let ours = ["LD_PRELOAD=/us.so", "SOCKS_CONF=/ours", "SOCKSIFY_PROXY=p"];
        assert_eq!(completed(&[]).unwrap(), ours);
        assert_eq!(completed_from(ptr::null()).unwrap(), ours);
    }

    #[test]
    fn what_there_is_stays() {
        let made = completed(&["A=b", "LD_PRELOAD=/x.so", "SOCKS_CONF=/theirs", "odd"]).unwrap();
        let expected = ["LD_PRELOAD=/us.so:/x.so", "A=b", "SOCKS_CONF=/theirs", "odd", "SOCKSIFY_PROXY=p"];
        assert_eq!(made, expected);
        assert_eq!(
            completed(&["SOCKS_CONFX=1", "LD_PRELOAD="]).unwrap()[1..3],
            ["SOCKS_CONFX=1", "SOCKS_CONF=/ours"]
        );
    }

    #[test]
    fn the_last_preload_is_the_one_the_loader_takes() {
        let made = completed(&["LD_PRELOAD=/us.so", "LD_PRELOAD=/x.so"]).unwrap();
        assert_eq!(made[0], "LD_PRELOAD=/us.so:/x.so");
        assert_eq!(made.len(), 3);
    }

    #[test]
    fn large_environments_have_room() {
        let many: Vec<String> = (0..5000).map(|number| format!("V{number}={number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let made = completed(&many).unwrap();
        assert_eq!(made[1..5001], many);
        let long = format!("LD_PRELOAD={}", "/x.so:".repeat(1000));
        assert!(completed(&[&long]).unwrap()[0].ends_with("/x.so:"));
        for count in 250..260 {
            assert_eq!(completed(&many[..count]).unwrap().len(), count + 3);
        }
    }
}
