//! Names as text, the form in which applications, proxies and hosts(5) have them: labels joined by dots, any other
//! byte as it is.

use domain::base::Name;
use domain::base::name::ToLabelIter;

/// The longest name as text, without the final dot: RFC 1035, 2.3.4.
const LONGEST: usize = 253;

/// A name as text, without the final dot; `None` for the root, and where a label has a byte no text could carry.
pub(crate) fn text(name: &impl ToLabelIter) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    for label in name.iter_labels().filter(|label| !label.is_root()) {
        let label = label.as_slice();
        if label.iter().any(|byte| matches!(byte, 0 | b'.')) {
            return None;
        }
        if !text.is_empty() {
            text.push(b'.');
        }
        text.extend_from_slice(label);
    }
    (!text.is_empty()).then_some(text)
}

/// Whether a name can be a host's, as libc has it for names that others say: letters, digits, `-` and `_` (res_hnok(3)).
/// Programs put such names into logs, and worse.
pub fn is_host_name(text: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !text.is_empty() && !text.starts_with(b"-") && text.iter().all(is_plain)
}

/// The name that `text` is; a final dot says nothing more.
pub(crate) fn name(text: &[u8]) -> Option<Name<Vec<u8>>> {
    let text = text.strip_suffix(b".").unwrap_or(text);
    if text.len() > LONGEST {
        return None;
    }
    let mut octets = Vec::with_capacity(text.len() + 2);
    for label in text.split(|byte| *byte == b'.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
        octets.push(length);
        octets.extend_from_slice(label);
    }
    octets.push(0);
    Name::from_octets(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let longest = [b'a'; 63].join_four();
        for written in
            [&b"a"[..], b"WWW.Example.org", b"_sip._tcp.example", b"b\xc3\xbccher.example", &longest]
        {
            assert_eq!(text(&name(written).unwrap()).unwrap(), written);
        }
        assert_eq!(text(&name(b"example.org.").unwrap()).unwrap(), b"example.org");
    }

    #[test]
    fn what_is_no_name() {
        let long_label = [b'a'; 64];
        let too_long = [[b'a'; 63].join_four(), b"x".to_vec()].concat();
        for wrong in [&b""[..], b".", b"..", b"a..b", b".a", &long_label, &too_long] {
            assert!(name(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn names_that_hosts_can_have() {
        for name in [&b"www.example.org"[..], b"_line._tcp.example", b"3com.example", b"a"] {
            assert!(is_host_name(name), "{name:?}");
        }
        for name in [&b""[..], b"-rf", b"a b", b"$(reboot).example", b"b\xc3\xbccher", b"a\n", b"a/b"] {
            assert!(!is_host_name(name), "{name:?}");
        }
    }

    #[test]
    fn labels_that_no_text_can_carry() {
        let dotted = Name::from_octets(vec![3, b'a', b'.', b'b', 0]).unwrap();
        assert_eq!(text(&dotted), None);
        assert_eq!(text(&Name::root_slice()), None);
    }

    trait Join {
        fn join_four(&self) -> Vec<u8>;
    }

    impl Join for [u8; 63] {
        /// A name of 253 bytes.
        fn join_four(&self) -> Vec<u8> {
            [&self[..], &self[..], &self[..], &self[..61]].join(&b'.')
        }
    }
}
