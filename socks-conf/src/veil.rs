//! Passwords in a line that a message is about to show: messages end up in logs.

use crate::similar::similar;

/// The line with every password replaced by as many asterisks.
pub(crate) fn veil(line: &[u8]) -> Vec<u8> {
    let mut veiled = line.to_vec();
    let bare = bare_password_start(line);
    if let Some(start) = password_start(line).or(bare) {
        hide(veiled.get_mut(start..));
    }
    let mut from = 0;
    while let Some(start) = find(&veiled, b"://", from) {
        from = start + hide_in_authority(veiled.get_mut(start..).unwrap_or_default());
    }
    veiled
}

/// Where a password begins that stands behind its key and a blank, as in torsocks.conf, or fifth in the line of a proxy,
/// as in proxychains.conf.
fn bare_password_start(line: &[u8]) -> Option<usize> {
    let place = |word: &[u8]| word.as_ptr().addr() - line.as_ptr().addr();
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let (key, value) = (words.next()?, words.next()?);
    if std::str::from_utf8(key).is_ok_and(|key| is_password(key) || key.ends_with("Password")) {
        return Some(place(value));
    }
    let port = words.next()?;
    let user = words.next().filter(|user| !user.starts_with(b"#"))?;
    let fifth = words.next().filter(|_| !user.is_empty())?;
    port.iter().all(u8::is_ascii_digit).then(|| place(fifth))
}

/// Where the value of a key begins that is `password`, or a misspelling of it.
pub(crate) fn password_start(line: &[u8]) -> Option<usize> {
    let separators = line.iter().enumerate().filter(|(_, byte)| matches!(byte, b'=' | b':'));
    let mut ends = separators.map(|(end, _)| end);
    ends.find(|end| key_before(line.get(..*end).unwrap_or_default()).is_some_and(is_password))
        .map(|end| end + 1)
}

fn key_before(text: &[u8]) -> Option<&str> {
    let text = text.trim_ascii_end();
    let text = text.strip_suffix(b"\"").or(text.strip_suffix(b"'")).unwrap_or(text);
    let in_key = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let length = text.iter().rev().take_while(|byte| in_key(byte)).count();
    std::str::from_utf8(text.get(text.len() - length..)?).ok()
}

fn is_password(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let file = key.contains("file");
    !file
        && (key.starts_with("pass")
            || key.ends_with("pass")
            || similar(&key, ["password", "passwd"]).is_some())
}

/// Hides the password in `user:password@host`, up to what cannot be part of it; how long that was.
fn hide_in_authority(text: &mut [u8]) -> usize {
    let length = text.iter().take_while(|byte| !matches!(byte, b' ' | b'"' | b'\'')).count();
    let authority = text.get_mut(..length).unwrap_or_default();
    let colon = authority.iter().position(|byte| *byte == b':');
    let at = authority.iter().rposition(|byte| *byte == b'@');
    if let (Some(colon), Some(at)) = (colon, at) {
        hide(authority.get_mut(colon + 1..at));
    }
    length
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
        assert_eq!(veiled("a = { pasword = \"hush\" }"), "a = { pasword = ****** *");
        assert_eq!(veiled("  password: hush }"), "  password: **** *");
        assert_eq!(veiled("password_file = \"~/p\""), "password_file = \"~/p\"");
        assert_eq!(veiled("url = \"socks5://al:hu:@sh@h:1\""), "url = \"socks5://al:******@h:1\"");
        assert_eq!(veiled("socks5://a@h socks5://b:x@h"), "socks5://a@h socks5://b:*@h");
        assert_eq!(veiled("route { from: 0/0 }"), "route { from: 0/0 }");
        assert_eq!(veiled("default_pass = hush"), "default_pass = ****");
        assert_eq!(veiled("SOCKS5Password hu sh"), "SOCKS5Password ** **");
        assert_eq!(veiled("sock5\t10.0.0.1 1080 al hush"), "sock5\t10.0.0.1 1080 al ****");
        assert_eq!(veiled("sockd @=a 10.0.0.0 255.0.0.0 eq 80"), "sockd @=a 10.0.0.0 255.0.0.0 eq 80");
    }
}
