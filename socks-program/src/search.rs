//! The search of execvp(3): the files it would try for a name, in order.

use std::ffi::CStr;
use std::ops::ControlFlow;

/// The search path if there is no PATH, as in glibc.
pub const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin";

/// As long as a path can be; longer entries of PATH are skipped.
const PATH_MAX: usize = 4096;
const NAME_MAX: usize = 255;

/// Tries the candidates for a name until one is taken: a name with a slash is the only one, others are looked for in
/// `search_path`, where an empty entry is the current directory.
pub fn try_each<T>(
    search_path: &[u8],
    name: &[u8],
    mut candidate: impl FnMut(&CStr) -> ControlFlow<T>,
) -> Option<T> {
    if name.is_empty() || name.contains(&0) {
        return None;
    }
    if name.contains(&b'/') {
        return joined(&mut [0; PATH_MAX], b"", name).and_then(|path| candidate(path).break_value());
    }
    if name.len() > NAME_MAX {
        return None;
    }
    let mut buffer = [0; PATH_MAX];
    for directory in search_path.split(|byte| *byte == b':') {
        if let ControlFlow::Break(taken) =
            joined(&mut buffer, directory, name).map_or(ControlFlow::Continue(()), &mut candidate)
        {
            return Some(taken);
        }
    }
    None
}

fn joined<'b>(buffer: &'b mut [u8; PATH_MAX], directory: &[u8], name: &[u8]) -> Option<&'b CStr> {
    let slash: &[u8] = if directory.is_empty() { b"" } else { b"/" };
    let length = directory.len() + slash.len() + name.len();
    let room = buffer.get_mut(..=length)?;
    let bytes = directory.iter().chain(slash).chain(name).chain(&[0]);
    room.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    CStr::from_bytes_with_nul(room).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(path: &str, name: &str) -> Vec<String> {
        let mut all = Vec::new();
        let none: Option<()> = try_each(path.as_bytes(), name.as_bytes(), |path| {
            all.push(path.to_str().unwrap().to_owned());
            ControlFlow::Continue(())
        });
        assert_eq!(none, None);
        all
    }

    #[test]
    fn each_directory_is_tried_in_order() {
        assert_eq!(candidates("/bin:/usr/bin/:", "sh"), ["/bin/sh", "/usr/bin//sh", "sh"]);
        assert_eq!(candidates("", "sh"), ["sh"]);
        let first = try_each(b"/a:/b", b"x", |path| ControlFlow::Break(path.to_owned()));
        assert_eq!(first.as_deref(), Some(c"/a/x"));
    }

    #[test]
    fn a_name_with_a_slash_is_not_searched_for() {
        assert_eq!(candidates("/bin", "./sh"), ["./sh"]);
        assert_eq!(candidates("/bin", "/sh"), ["/sh"]);
    }

    #[test]
    fn what_cannot_be_a_file_is_not_tried() {
        assert!(candidates("/bin", "").is_empty());
        assert!(candidates("/bin", &"x".repeat(256)).is_empty());
        assert!(candidates("/bin", "x\0y").is_empty());
        assert_eq!(candidates(&format!("/{}:/bin", "y".repeat(4096)), "sh"), ["/bin/sh"]);
        assert!(candidates("", &"/".repeat(4096)).is_empty());
    }
}
