//! Passwords in a line that a message is about to show: messages end up in logs.

/// The line with every password replaced by as many asterisks.
pub(crate) fn veil(line: &[u8]) -> Vec<u8> {
    let mut veiled = line.to_vec();
    let shown = if is_password(line) {
        line.iter().position(|byte| *byte == b'=').map_or(0, |equals| equals + 1)
    } else {
        line.len()
    };
    hide(veiled.get_mut(shown..));
    let mut from = 0;
    while let Some(start) = find(&veiled, b"://", from) {
        let authority = veiled.get(start..).unwrap_or_default();
        let end =
            authority.iter().position(|byte| matches!(byte, b' ' | b'"' | b'\'')).unwrap_or(authority.len());
        let authority = authority.get(..end).unwrap_or_default();
        let password = authority.iter().position(|byte| *byte == b':');
        let at = authority.iter().rposition(|byte| *byte == b'@');
        if let (Some(colon), Some(at)) = (password, at) {
            hide(veiled.get_mut(start + colon + 1..start + at));
        }
        from = start;
    }
    veiled
}

/// Whether this is a line of TOML that sets `password`.
pub(crate) fn is_password(line: &[u8]) -> bool {
    let key = line.split(|byte| *byte == b'=').next().unwrap_or_default();
    let key = String::from_utf8_lossy(key);
    let key = key.trim().rsplit('.').next().unwrap_or_default();
    key.trim().trim_matches(['"', '\'']) == "password"
}

fn hide(bytes: Option<&mut [u8]>) {
    bytes.unwrap_or_default().iter_mut().filter(|byte| **byte != b' ').for_each(|byte| *byte = b'*');
}

/// The place behind the next `pattern`.
fn find(bytes: &[u8], pattern: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(pattern.len()).position(|window| window == pattern).map(|at| from + at + pattern.len())
}

#[cfg(test)]
mod tests {
    use super::veil;

    #[test]
    fn passwords_are_hidden() {
        let veiled = |line: &str| String::from_utf8(veil(line.as_bytes())).unwrap();
        assert_eq!(veiled("password = \"hush\""), "password = ******");
        assert_eq!(veiled(" proxy.a.password=5 # x"), " proxy.a.password=* * *");
        assert_eq!(veiled("password_file = \"~/p\""), "password_file = \"~/p\"");
        assert_eq!(veiled("url = \"socks5://al:hu:@sh@h:1\""), "url = \"socks5://al:******@h:1\"");
        assert_eq!(veiled("socks5://a@h socks5://b:x@h"), "socks5://a@h socks5://b:*@h");
        assert_eq!(veiled("route { from: 0/0 }"), "route { from: 0/0 }");
    }
}
