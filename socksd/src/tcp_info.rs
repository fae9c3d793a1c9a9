//! What the kernel knows of a TCP connection: tcp_info of tcp(7), asked for by sock_diag(7), as getsockopt(2) gives it to
//! unsafe code only.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};
use tokio::net::TcpStream;

/// `SOCK_DIAG_BY_FAMILY`.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST`.
const REQUEST: u16 = 1;
/// `INET_DIAG_INFO`.
const INFO: u16 = 2;
/// `IPPROTO_TCP`, and the families as the kernel counts them.
const TCP: u8 = 6;
const INET: u8 = 2;
const INET6: u8 = 10;

/// The length of `struct nlmsghdr`.
const HEADER: usize = 16;
/// The length of `struct inet_diag_msg`.
const MESSAGE: usize = 72;

/// What is told of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TcpInfo {
    rtt: Duration,
    rttvar: Duration,
    mss: u32,
    cwnd: u32,
    retransmits: u32,
}

impl TcpInfo {
    /// That of this connection, if the kernel still knows it and tells.
    pub(crate) fn of(stream: &TcpStream) -> Option<TcpInfo> {
        let question = question(stream.local_addr().ok()?, stream.peer_addr().ok()?)?;
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(SOCK_DIAG)).ok()?;
        sendto(&socket, &question, SendFlags::empty(), &SocketAddrNetlink::new(0, 0)).ok()?;
        let mut answer = [0; 4096];
        // The kernel has answered before the question is sent.
        let (length, _) = recv(&socket, &mut answer[..], RecvFlags::empty()).ok()?;
        info(answer.get(..length)?)
    }
}

/// `struct inet_diag_req_v2` behind its header.
fn question(own: SocketAddr, other: SocketAddr) -> Option<Vec<u8>> {
    const ANY: [u8; 4] = [0xff; 4];
    let family = if own.is_ipv4() { INET } else { INET6 };
    let mut body = vec![family, TCP, 1 << (INFO - 1), 0];
    body.extend(ANY);
    body.extend(own.port().to_be_bytes());
    body.extend(other.port().to_be_bytes());
    body.extend(sixteen(own.ip()));
    body.extend(sixteen(other.ip()));
    // Any interface and any cookie.
    body.extend([0; 4]);
    body.extend([ANY, ANY].concat());
    let length = u32::try_from(HEADER + body.len()).ok()?;
    let head =
        [&length.to_ne_bytes()[..], &BY_FAMILY.to_ne_bytes(), &REQUEST.to_ne_bytes(), &[0; 8]].concat();
    Some([head, body].concat())
}

fn sixteen(ip: IpAddr) -> [u8; 16] {
    let mut bytes = [0; 16];
    match ip {
        IpAddr::V4(v4) => bytes[..4].copy_from_slice(&v4.octets()),
        IpAddr::V6(v6) => bytes = v6.octets(),
    }
    bytes
}

/// Finds it among the attributes of the answer.
fn info(answer: &[u8]) -> Option<TcpInfo> {
    let is_it = answer.get(4..6)? == BY_FAMILY.to_ne_bytes();
    let mut attributes = answer.get(HEADER + MESSAGE..).filter(|_| is_it)?;
    loop {
        let (length, kind) = (two(attributes, 0)?, two(attributes, 2)?);
        let value = attributes.get(4..length.into())?;
        if kind == INFO {
            return read(value);
        }
        attributes = attributes.get(usize::from(length).next_multiple_of(4)..)?;
    }
}

/// `struct tcp_info`: eight bytes, then words.
fn read(info: &[u8]) -> Option<TcpInfo> {
    let word = |index: usize| {
        let start = 8 + 4 * index;
        Some(u32::from_ne_bytes(info.get(start..start + 4)?.try_into().ok()?))
    };
    Some(TcpInfo {
        mss: word(2)?,
        rtt: Duration::from_micros(word(15)?.into()),
        rttvar: Duration::from_micros(word(16)?.into()),
        cwnd: word(18)?,
        retransmits: word(23)?,
    })
}

fn two(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

impl fmt::Display for TcpInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TcpInfo { rtt, rttvar, mss, cwnd, retransmits } = self;
        write!(
            f,
            "rtt {:.3}ms rttvar {:.3}ms mss {mss} cwnd {cwnd} retransmits {retransmits}",
            rtt.as_secs_f64() * 1e3,
            rttvar.as_secs_f64() * 1e3
        )
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_kernel_knows_connections_of_either_family() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(address).await.unwrap();
            let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let info = TcpInfo::of(&stream).unwrap();
            assert!(info.mss > 500 && info.cwnd > 0, "{info}");
        }
    }

    #[test]
    fn no_answer_makes_the_reader_panic() {
        assert_eq!(info(&[]), None);
        let mut answer = [0; HEADER + MESSAGE];
        answer[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
        for attribute in
            [&[0, 0, 2, 0][..], &[3, 0, 2, 0], &[4, 0, 2, 0], &[8, 0, 1, 0, 1, 1, 1, 1], &[255; 8]]
        {
            assert_eq!(info(&[&answer[..], attribute].concat()), None, "{attribute:?}");
        }
    }
}
