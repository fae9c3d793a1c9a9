//! Queries as datagrams, through an association that lasts as long as they do.

use std::net::SocketAddr;
use std::time::Instant;

use socks_proto::{Address, Host, udp};

use super::line::Line;
use super::lookup::is_open;
use crate::policy::{self, Path};

/// More than any name server sends in one datagram, with the header in front.
const LARGEST: usize = 4096 + udp::MAX_HEADER;

/// Asks a name server by UDP. False where no proxy carries datagrams to it; an answer that did not fit is none.
pub(super) fn ask(
    server: SocketAddr,
    queries: &[Vec<u8>],
    answers: &mut [Option<Vec<u8>>],
    until: Instant,
) -> bool {
    let Path::Proxied(passage) = policy::of_datagram(-1, server) else { return false };
    // Datagrams pass as long as the control connection stands.
    let Some((_control, relay)) = Line::associated(&passage, until) else { return false };
    let Some(line) = Line::datagrams(relay, until) else { return false };
    let mut open: Vec<_> = queries.iter().zip(answers).filter(|(_, answer)| is_open(answer)).collect();
    for (query, _) in &open {
        let _ = line.send(&with_header(server, query));
    }
    let mut buffer = vec![0; LARGEST];
    let mut is_whole = true;
    while !open.is_empty() && line.wait(libc::POLLIN).is_some() {
        let Some(received) = line.receive(&mut buffer) else { break };
        let Some(came) = buffer.get(..received).and_then(|datagram| without_header(server, datagram)) else {
            continue;
        };
        if let Some(place) = open.iter().position(|(query, _)| socks_dns::answers(came, query)) {
            let (_, answer) = open.swap_remove(place);
            if socks_dns::was_cut(came) {
                is_whole = false;
            } else {
                *answer = Some(came.to_vec());
            }
        }
    }
    is_whole
}

fn with_header(server: SocketAddr, query: &[u8]) -> Vec<u8> {
    let mut header = [0; udp::MAX_HEADER];
    let length = udp::encode_header(&Address::from(server), &mut header);
    [header.get(..length).unwrap_or_default(), query].concat()
}

/// What a whole datagram from the server holds.
fn without_header(server: SocketAddr, datagram: &[u8]) -> Option<&[u8]> {
    let (header, length) = udp::decode(datagram).ok()?;
    let Host::Ip(from) = header.address.host else { return None };
    let is_from_it = SocketAddr::new(from.to_canonical(), header.address.port) == server;
    datagram.get(length..).filter(|_| header.frag == 0 && is_from_it)
}
