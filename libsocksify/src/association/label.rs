//! What is known of a socket, written down on the socket itself: a program that inherits it, or gets it by SCM_RIGHTS, finds it
//! there. The kernel keeps the text as a classic BPF program (socket(7), SO_ATTACH_FILTER), whose first instruction lets
//! everything in, so that the others are never reached: they are the text, a word each. It goes wherever the socket goes, and
//! ends with it; nothing is left behind by who is killed. A program that gives its socket a filter of its own takes the
//! label off.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::RawFd;

use libc::{c_int, c_void, sock_filter, sock_fprog, socklen_t};

/// How long a label can be, in words of four bytes.
const WORDS: usize = 254;

/// Behind the instruction that lets everything in, and one that says what this is.
const BEGIN: usize = 2;

/// No filter that means anything ends in instructions like this one.
const MARK: u32 = 0x736f_7801;

/// SO_GET_FILTER has the number of SO_ATTACH_FILTER.
const SO_GET_FILTER: c_int = libc::SO_ATTACH_FILTER;

/// The text of a label.
pub(super) struct Label {
    bytes: [u8; WORDS * 4],
    length: usize,
}

/// What a socket carries now.
pub(super) enum Carried {
    Nothing,
    Label(Label),
    /// A filter of the application's own.
    Filter,
}

impl Label {
    pub(super) const fn new() -> Label {
        Label { bytes: [0; WORDS * 4], length: 0 }
    }

    /// Appends something; false, and nothing is appended, where it has no room.
    pub(super) fn put(&mut self, bytes: &[u8]) -> bool {
        let Some(place) = self.bytes.get_mut(self.length..self.length + bytes.len()) else { return false };
        place.copy_from_slice(bytes);
        self.length += bytes.len();
        true
    }

    /// Appends what `body` does, or nothing where that has no room.
    pub(super) fn put_whole(&mut self, body: impl FnOnce(&mut Label) -> bool) {
        let before = self.length;
        if !body(self) {
            self.length = before;
        }
    }

    /// Appends an address, or none.
    pub(super) fn put_address(&mut self, address: Option<SocketAddr>) -> bool {
        let Some(address) = address else { return self.put(&[0]) };
        let (ip, flowinfo, scope) = match address {
            SocketAddr::V4(address) => (address.ip().to_ipv6_mapped(), 0, 0),
            SocketAddr::V6(address) => (*address.ip(), address.flowinfo(), address.scope_id()),
        };
        let mut bytes = [0; ADDRESS];
        let family = [if address.is_ipv4() { 4 } else { 6 }];
        let parts: [&[u8]; 5] = [
            &family,
            &ip.octets(),
            &address.port().to_ne_bytes(),
            &flowinfo.to_ne_bytes(),
            &scope.to_ne_bytes(),
        ];
        bytes.iter_mut().zip(parts.into_iter().flatten()).for_each(|(to, from)| *to = *from);
        self.put(&bytes)
    }

    /// From the beginning.
    pub(super) fn text(&self) -> Text<'_> {
        Text { rest: self.bytes.get(..self.length).unwrap_or_default() }
    }

    /// Writes it on a socket, unless it stands there already; false where the kernel refuses, or the application has a filter.
    pub(super) fn attach(&self, fd: RawFd) -> bool {
        match read(fd) {
            Carried::Label(now) if now.text().rest == self.text().rest => return true,
            Carried::Filter => return false,
            Carried::Nothing | Carried::Label(_) => {}
        }
        let mut code = [instruction(u32::MAX); BEGIN + WORDS];
        let words = self.bytes.chunks_exact(4).take(self.length.div_ceil(4));
        let words = words.map(|word| word.try_into().map_or(0, u32::from_ne_bytes));
        let head = MARK ^ (self.length as u32) << 16;
        let mut count = 1;
        for (step, word) in code.iter_mut().skip(1).zip([head].into_iter().chain(words)) {
            *step = instruction(word);
            count += 1;
        }
        let program = sock_fprog { len: count, filter: code.as_mut_ptr() };
        // SAFETY: pointer and length of one structure, whose program outlives the call.
        unsafe {
            let length = size_of::<sock_fprog>() as socklen_t;
            let program = (&raw const program).cast::<c_void>();
            libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, program, length) == 0
        }
    }
}

/// Takes a label off.
pub(super) fn detach(fd: RawFd) {
    if let Carried::Label(_) = read(fd) {
        let nothing: c_int = 0;
        // SAFETY: pointer and length of one integer.
        unsafe {
            let length = size_of::<c_int>() as socklen_t;
            libc::setsockopt(
                fd,
                libc::SOL_SOCKET,
                libc::SO_DETACH_FILTER,
                (&raw const nothing).cast(),
                length,
            )
        };
    }
}

/// What a socket carries. What is longer than any label of ours is not ours.
pub(super) fn read(fd: RawFd) -> Carried {
    let mut code = [instruction(0); BEGIN + WORDS];
    let mut count = code.len() as socklen_t;
    // SAFETY: the kernel writes no more instructions than `count` says.
    let result = unsafe {
        libc::getsockopt(fd, libc::SOL_SOCKET, SO_GET_FILTER, code.as_mut_ptr().cast(), &mut count)
    };
    match (result, code.get(..count as usize)) {
        (0, Some([])) => Carried::Nothing,
        (0, Some(code)) => of_program(code).map_or(Carried::Filter, Carried::Label),
        _ => Carried::Filter,
    }
}

fn of_program(code: &[sock_filter]) -> Option<Label> {
    let [first, head, text @ ..] = code else { return None };
    let is_return = |step: &sock_filter| (step.code, step.jt, step.jf) == (instruction(0).code, 0, 0);
    let length = usize::try_from((head.k ^ MARK) >> 16).ok()?;
    let is_ours = first.k == u32::MAX && (head.k ^ MARK) & 0xffff == 0 && text.len() == length.div_ceil(4);
    if !is_ours || !code.iter().all(is_return) {
        return None;
    }
    let mut label = Label::new();
    label
        .bytes
        .chunks_exact_mut(4)
        .zip(text)
        .for_each(|(to, step)| to.copy_from_slice(&step.k.to_ne_bytes()));
    label.length = length;
    Some(label)
}

/// Ends the program, and keeps as much of the packet as `k` says.
const fn instruction(k: u32) -> sock_filter {
    sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k }
}

/// Family, address, port, flow information and scope.
const ADDRESS: usize = 1 + 16 + 2 + 4 + 4;

/// What is still to be read of a label.
pub(super) struct Text<'a> {
    rest: &'a [u8],
}

impl<'a> Text<'a> {
    /// So many bytes.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// So many bytes, as many as the type has.
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// An address, or that there is none; `None` where it is no address.
    pub(super) fn address(&mut self) -> Option<Option<SocketAddr>> {
        let family = self.byte()?;
        if family == 0 {
            return Some(None);
        }
        let ip = Ipv6Addr::from(self.array::<16>()?);
        let port = u16::from_ne_bytes(self.array()?);
        let [flowinfo, scope] = [self.array()?, self.array()?].map(u32::from_ne_bytes);
        match (family, ip.to_ipv4_mapped()) {
            (4, Some(ip)) => Some(Some(SocketAddr::new(IpAddr::V4(ip), port))),
            (6, _) => Some(Some(SocketAddrV6::new(ip, port, flowinfo, scope).into())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;

    fn carried(socket: &UdpSocket) -> Option<Vec<u8>> {
        match read(socket.as_raw_fd()) {
            Carried::Label(label) => Some(label.text().rest.to_vec()),
            Carried::Nothing | Carried::Filter => None,
        }
    }

    #[test]
    fn a_socket_carries_what_was_written_on_it() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert!(matches!(read(socket.as_raw_fd()), Carried::Nothing));
        for length in [0, 1, 4, 7, 300, WORDS * 4] {
            let mut label = Label::new();
            let text: Vec<u8> = (0..length).map(|byte| byte as u8).collect();
            assert!(label.put(&text) && label.attach(socket.as_raw_fd()));
            assert_eq!(carried(&socket).unwrap(), text);
        }
        assert!(!Label::new().put(&[0; WORDS * 4 + 1]));
        let to = socket.local_addr().unwrap();
        socket.send_to(b"hello", to).unwrap();
        let mut buffer = [0; 16];
        assert_eq!(socket.recv(&mut buffer).unwrap(), 5);
        detach(socket.as_raw_fd());
        assert!(matches!(read(socket.as_raw_fd()), Carried::Nothing));
    }

    #[test]
    fn a_filter_is_no_label() {
        let all = [instruction(u32::MAX)];
        let other = [instruction(u32::MAX), instruction(MARK ^ 9 << 16)];
        assert!(of_program(&all).is_none() && of_program(&other).is_none());
        let jump = sock_filter { code: 5, ..instruction(1) };
        assert!(of_program(&[instruction(u32::MAX), instruction(MARK ^ 4 << 16), jump]).is_none());
    }

    #[test]
    fn addresses_survive_and_what_is_cut_off_is_none() {
        let scoped = SocketAddrV6::new("fe80::1".parse().unwrap(), 22, 7, 3).into();
        let mapped = "[::ffff:192.0.2.7]:1".parse().unwrap();
        let all = [Some("192.0.2.7:80".parse().unwrap()), None, Some(scoped), Some(mapped)];
        let mut label = Label::new();
        assert!(all.iter().all(|address| label.put_address(*address)));
        let mut text = label.text();
        assert_eq!(all.map(|_| text.address().unwrap()), all);
        assert!(text.address().is_none());
        label.length -= 1;
        let mut text = label.text();
        assert!((0..3).all(|_| text.address().is_some()) && text.address().is_none());
    }
}
