//! Queries as res_mkquery(3) makes them, of names as applications write them.

/// A question that an application asks libc's resolver, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written<'a> {
    /// What the answer has to carry, too.
    pub id: u16,
    /// Labels joined by dots; a backslash takes the meaning from what follows it, or with three digits stands for that
    /// byte (RFC 1035, 5.1).
    pub name: &'a [u8],
    /// CLASS.
    pub class: u16,
    /// TYPE.
    pub kind: u16,
    /// RD: a name server is to ask others.
    pub recursion: bool,
    /// AD: the application wants to know whether the answer was validated (RFC 6840, 5.7).
    pub authentic: bool,
    /// With EDNS; `Some(true)` with DO, which asks for signatures (RFC 3225).
    pub edns: Option<bool>,
}

/// What a datagram may hold, as libc says.
const EDNS_SIZE: u16 = 1200;

/// The type of EDNS's record; RFC 6891, 6.1.2.
const OPT: u16 = 41;

/// The longest name on the wire: RFC 1035, 2.3.4.
const LONGEST: usize = 255;

const RD: u16 = 0x0100;
const AD: u16 = 0x0020;
const DO: u16 = 0x8000;

impl Written<'_> {
    /// The query; `None` where the name is none.
    pub fn query(&self) -> Option<Vec<u8>> {
        let name = wire(self.name)?;
        let flags = if self.recursion { RD } else { 0 } | if self.authentic { AD } else { 0 };
        let additional = u16::from(self.edns.is_some());
        let mut query = Vec::with_capacity(32 + name.len());
        let mut put = |words: &[u16]| query.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        put(&[self.id, flags, 1, 0, 0, additional]);
        query.extend_from_slice(&name);
        query.extend([self.kind, self.class].iter().flat_map(|word| word.to_be_bytes()));
        if let Some(signatures) = self.edns {
            let flags = if signatures { DO } else { 0 };
            query.push(0);
            query.extend([OPT, EDNS_SIZE, 0, flags, 0].iter().flat_map(|word| word.to_be_bytes()));
        }
        Some(query)
    }
}

/// A name as it stands in messages; the empty one and a single dot are the root.
fn wire(text: &[u8]) -> Option<Vec<u8>> {
    let mut wire = Vec::with_capacity(text.len() + 2);
    let mut label = Vec::new();
    let mut rest = text.iter().copied();
    let mut is_open = false;
    if text != b"." {
        while let Some(byte) = rest.next() {
            match byte {
                b'.' => {
                    close(&mut wire, &mut label)?;
                    is_open = false;
                    continue;
                }
                b'\\' => label.push(escaped(&mut rest)?),
                byte => label.push(byte),
            }
            is_open = true;
        }
    }
    if is_open {
        close(&mut wire, &mut label)?;
    }
    wire.push(0);
    (wire.len() <= LONGEST).then_some(wire)
}

fn close(wire: &mut Vec<u8>, label: &mut Vec<u8>) -> Option<()> {
    let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
    wire.push(length);
    wire.append(label);
    Some(())
}

/// What stands behind a backslash.
fn escaped(rest: &mut impl Iterator<Item = u8>) -> Option<u8> {
    let first = rest.next()?;
    let Some(mut value) = digit(first) else { return Some(first) };
    for _ in 0..2 {
        value = value * 10 + digit(rest.next()?)?;
    }
    u8::try_from(value).ok()
}

fn digit(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_the_wire() {
        let cases: [(&[u8], &[u8]); 7] = [
            (b"www.example", b"\x03www\x07example\0"),
            (b"www.example.", b"\x03www\x07example\0"),
            (b"", b"\0"),
            (b".", b"\0"),
            (b"a\\.b.c", b"\x03a.b\x01c\0"),
            (b"\\097\\\\", b"\x02a\\\0"),
            (b"b\xc3\xbccher", b"\x07b\xc3\xbccher\0"),
        ];
        for (text, expected) in cases {
            assert_eq!(wire(text).as_deref(), Some(expected), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn what_is_no_name() {
        let (long_label, long_name) = ([b'a'; 64], [b"aaaaaaa.".as_slice(); 32].concat());
        for text in [b"a..b".as_slice(), b".a", b"..", b"a\\", b"a\\25", b"a\\256", &long_label, &long_name] {
            assert_eq!(wire(text), None, "{}", text.escape_ascii());
        }
        let longest = [63, 63, 63, 61].map(|length| b"a".repeat(length)).join(&b'.');
        assert_eq!(wire(&longest).map(|wire| wire.len()), Some(255));
    }

    #[test]
    fn the_query_of_rfc_1035() {
        let mut asked = Written {
            id: 0x1234,
            name: b"a.b",
            class: 1,
            kind: 15,
            recursion: true,
            authentic: false,
            edns: None,
        };
        let plain = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x01b\0\0\x0f\0\x01";
        assert_eq!(asked.query().unwrap(), plain);
        (asked.edns, asked.authentic) = (Some(true), true);
        let extended =
            b"\x12\x34\x01\x20\0\x01\0\0\0\0\0\x01\x01a\x01b\0\0\x0f\0\x01\0\0\x29\x04\xb0\0\0\x80\0\0\0";
        assert_eq!(asked.query().unwrap(), extended);
    }
}
