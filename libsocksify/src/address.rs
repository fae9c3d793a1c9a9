//! Socket addresses between C and Rust.

use std::mem::{MaybeUninit, size_of};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use libc::{c_int, sockaddr, sockaddr_in, sockaddr_storage, socklen_t};
use socket2::{SockAddr, SockAddrStorage};

/// The kernel still accepts `struct sockaddr_in6` without its scope (RFC 2133), so must we: taking it for
/// malformed would hand the call to the kernel, which connects.
const SHORTEST_IPV6: usize = 24;

/// The kernel refuses what is longer.
const LONGEST: usize = size_of::<sockaddr_storage>();

/// Reads an internet address as connect(2) would; `None` for other families and for what the kernel refuses.
///
/// # Safety
/// `address` is null or points to `length` readable bytes.
pub(crate) unsafe fn internet(address: *const sockaddr, length: socklen_t) -> Option<SocketAddr> {
    // SAFETY: forwarded.
    unsafe { read(address, length, libc::AF_UNSPEC) }
}

/// Reads the address of a datagram: there the kernel takes AF_UNSPEC for the socket's own family, `domain` (ip(7),
/// udp(7), and raw IPv6 sockets).
///
/// # Safety
/// As [`internet`].
pub(crate) unsafe fn of_datagram(
    address: *const sockaddr,
    length: socklen_t,
    domain: c_int,
) -> Option<SocketAddr> {
    // SAFETY: forwarded.
    unsafe { read(address, length, domain) }
}

unsafe fn read(address: *const sockaddr, length: socklen_t, unspec: c_int) -> Option<SocketAddr> {
    // SAFETY: forwarded.
    let family = match unsafe { family(address, length)? } {
        libc::AF_UNSPEC => unspec,
        family => family,
    };
    let shortest = match family {
        libc::AF_INET => size_of::<sockaddr_in>(),
        libc::AF_INET6 => SHORTEST_IPV6,
        _ => return None,
    };
    let length = usize::try_from(length).ok().filter(|length| (shortest..=LONGEST).contains(length))?;
    let mut storage = SockAddrStorage::zeroed();
    // SAFETY: the source has `length` bytes, the destination is larger than the number copied, and any byte
    // pattern is a valid sockaddr_storage.
    unsafe {
        let raw = storage.view_as::<sockaddr_storage>();
        std::ptr::copy_nonoverlapping(address.cast::<u8>(), std::ptr::from_mut(raw).cast(), length);
        raw.ss_family = family as libc::sa_family_t;
        SockAddr::new(storage, size_of::<sockaddr_storage>() as socklen_t).as_socket()
    }
}

/// Whether traffic towards an address may concern us: everything but loopback and families that stay on this
/// machine. For the pass-through path: a look at the first bytes.
///
/// # Safety
/// As [`internet`].
pub(crate) unsafe fn may_leave(address: *const sockaddr, length: socklen_t) -> bool {
    // SAFETY: forwarded.
    let (family, internet) = unsafe { (family(address, length), internet(address, length)) };
    match family {
        Some(libc::AF_INET | libc::AF_INET6) => internet.is_none_or(|to| !stays_here(to)),
        Some(family) => family != libc::AF_UNIX && family != libc::AF_NETLINK,
        None => false,
    }
}

/// The family field, where there is one.
///
/// # Safety
/// As [`internet`].
unsafe fn family(address: *const sockaddr, length: socklen_t) -> Option<c_int> {
    let readable = !address.is_null() && length as usize >= size_of::<libc::sa_family_t>();
    // SAFETY: not null and long enough.
    readable.then(|| unsafe { (&raw const (*address).sa_family).read_unaligned() }.into())
}

/// Where daemons that resolve names for others listen: nscd(8), systemd-resolved(8), avahi-daemon(8).
const RESOLVERS: &[&[u8]] =
    &[b"/run/nscd/socket", b"/run/systemd/resolve/io.systemd.Resolve", b"/run/avahi-daemon/socket"];

/// Whether the address is that of a daemon that resolves names, past every route.
///
/// # Safety
/// As [`internet`].
pub(crate) unsafe fn is_resolver(address: *const sockaddr, length: socklen_t) -> bool {
    const PATH: usize = std::mem::offset_of!(libc::sockaddr_un, sun_path);
    let length = (length as usize).min(size_of::<libc::sockaddr_un>());
    // SAFETY: forwarded.
    if unsafe { family(address, length as socklen_t) } != Some(libc::AF_UNIX) || length <= PATH {
        return false;
    }
    // SAFETY: the caller's bytes from the path on.
    let path = unsafe { std::slice::from_raw_parts(address.cast::<u8>().add(PATH), length - PATH) };
    let path = path.split(|byte| *byte == 0).next().unwrap_or_default();
    RESOLVERS.contains(&path.strip_prefix(b"/var").unwrap_or(path))
}

/// Whether the address is AF_UNSPEC, by which connect(2) dissolves a connection.
///
/// # Safety
/// As [`internet`].
pub(crate) unsafe fn is_unspec(address: *const sockaddr, length: socklen_t) -> bool {
    // SAFETY: forwarded.
    unsafe { family(address, length) == Some(libc::AF_UNSPEC) }
}

/// Whether the application gave a buffer for an address, as getpeername(2) takes it; the kernel says what else is wrong.
///
/// # Safety
/// `length` is null or points to a length.
pub(crate) unsafe fn is_buffer(address: *mut sockaddr, length: *const socklen_t) -> bool {
    // SAFETY: not null.
    !address.is_null() && !length.is_null() && unsafe { length.read_unaligned() } <= i32::MAX as socklen_t
}

/// Writes an address as getpeername(2) does: at most `*length` bytes, and `*length` becomes the full length.
///
/// # Safety
/// `length` points to a length, `address` to that many writable bytes.
pub(crate) unsafe fn write(from: SocketAddr, address: *mut sockaddr, length: *mut socklen_t) {
    let from = SockAddr::from(from);
    // SAFETY: no more bytes than the application's buffer and our value both have.
    unsafe {
        let copied = from.len().min(length.read_unaligned()) as usize;
        std::ptr::copy_nonoverlapping(from.as_ptr().cast::<u8>(), address.cast(), copied);
        length.write_unaligned(from.len());
    }
}

/// Fills an address by a call that takes a buffer and its length, such as getsockname(2).
pub(crate) fn filled(fill: impl FnOnce(*mut sockaddr, *mut socklen_t) -> c_int) -> Option<SocketAddr> {
    let mut storage = MaybeUninit::<sockaddr_storage>::zeroed();
    let mut length = size_of::<sockaddr_storage>() as socklen_t;
    if fill(storage.as_mut_ptr().cast(), &mut length) != 0 {
        return None;
    }
    // SAFETY: the call above filled `length` bytes of the storage, which are not more than it has.
    unsafe { internet(storage.as_ptr().cast(), length) }
}

/// The address behind an IPv4-mapped one: Java and others reach IPv4 targets through IPv6 sockets.
pub(crate) fn unmapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Whether the address never leaves this machine: the loopback range, or "any", which Linux takes for loopback.
pub(crate) fn is_local(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    ip.is_loopback() || ip.is_unspecified()
}

/// Whether the address names one host wherever it is used: neither a group, nor everybody, nor a neighbour on a link.
pub(crate) fn is_for_one_host(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => !ip.is_multicast() && !ip.is_broadcast(),
        IpAddr::V6(ip) => !ip.is_multicast() && !ip.is_unicast_link_local(),
    }
}

/// The port of name servers.
pub(crate) const DOMAIN: u16 = 53;

/// Whether traffic never leaves this machine. A name server on loopback is none of that kind: it asks others.
pub(crate) fn stays_here(address: SocketAddr) -> bool {
    is_local(address.ip()) && address.port() != DOMAIN
}

/// The form in which a socket of `family` can reach `address`, if it can.
pub(crate) fn for_family(address: SocketAddr, family: c_int) -> Option<SocketAddr> {
    match (address.ip().to_canonical(), family) {
        (IpAddr::V4(ip), libc::AF_INET6) => Some(SocketAddr::new(ip.to_ipv6_mapped().into(), address.port())),
        (ip @ IpAddr::V4(_), libc::AF_INET) => Some(SocketAddr::new(ip, address.port())),
        (IpAddr::V6(_), libc::AF_INET6) => Some(address),
        _ => None,
    }
}

/// The same port, at no particular address.
pub(crate) fn anywhere(address: SocketAddr) -> SocketAddr {
    let any = match address {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    SocketAddr::new(any, address.port())
}

/// No particular address: what an unbound socket has.
pub(crate) const UNBOUND: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(address: SocketAddr) -> Vec<u8> {
        let address = SockAddr::from(address);
        // SAFETY: the value is at least `len` bytes long.
        unsafe { std::slice::from_raw_parts(address.as_ptr().cast::<u8>(), address.len() as usize).to_vec() }
    }

    fn parse(bytes: &[u8]) -> Option<SocketAddr> {
        // SAFETY: pointer and length of one slice.
        unsafe { internet(bytes.as_ptr().cast(), bytes.len() as socklen_t) }
    }

    #[test]
    fn reads_what_the_kernel_reads() {
        for text in ["192.0.2.7:80", "[2001:db8::7]:443", "[::ffff:192.0.2.7]:80"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(parse(&bytes(address)), Some(address));
            assert_eq!(parse(&bytes(address)[..15]), None);
        }
    }

    #[test]
    fn an_ipv6_address_without_scope_is_an_address() {
        let address: SocketAddr = "[2001:db8::7]:443".parse().unwrap();
        assert_eq!(parse(&bytes(address)[..24]), Some(address));
        assert_eq!(parse(&bytes(address)[..23]), None);
    }

    #[test]
    fn a_datagram_to_af_unspec_goes_to_the_sockets_family() {
        let mut raw = bytes("192.0.2.7:53".parse().unwrap());
        raw[..2].copy_from_slice(&(libc::AF_UNSPEC as u16).to_ne_bytes());
        assert_eq!(parse(&raw), None);
        // SAFETY: pointer and length of one vector.
        let read = unsafe { of_datagram(raw.as_ptr().cast(), raw.len() as socklen_t, libc::AF_INET) };
        assert_eq!(read, Some("192.0.2.7:53".parse().unwrap()));
    }

    #[test]
    fn a_name_server_on_loopback_does_not_stay_here() {
        assert!(stays_here("127.0.0.53:80".parse().unwrap()));
        assert!(!stays_here("127.0.0.53:53".parse().unwrap()));
        assert!(!stays_here("192.0.2.7:80".parse().unwrap()));
    }

    #[test]
    fn daemons_that_resolve_are_known_by_their_sockets() {
        let is_known = |address: SockAddr| {
            // SAFETY: pointer and length of one value.
            unsafe { is_resolver(address.as_ptr().cast(), address.len()) }
        };
        let is_resolver = |path: &str| is_known(SockAddr::unix(path).unwrap());
        for path in ["/run/nscd/socket", "/var/run/nscd/socket", "/run/systemd/resolve/io.systemd.Resolve"] {
            assert!(is_resolver(path), "{path}");
        }
        for path in ["", "socket", "/run/nscd/socket2", "/run/dbus/system_bus_socket"] {
            assert!(!is_resolver(path), "{path}");
        }
        assert!(!is_known(SockAddr::from("192.0.2.7:80".parse::<SocketAddr>().unwrap())));
    }

    #[test]
    fn unaligned_addresses_are_read() {
        let mut shifted = vec![0];
        shifted.extend(bytes("192.0.2.7:80".parse().unwrap()));
        assert_eq!(parse(&shifted[1..]), Some("192.0.2.7:80".parse().unwrap()));
    }

    #[test]
    fn local_addresses() {
        for ip in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::", "::ffff:0.0.0.0"] {
            assert!(is_local(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["10.0.0.1", "192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "fe80::1", "255.255.255.255"] {
            assert!(!is_local(ip.parse().unwrap()), "{ip}");
        }
    }
}
