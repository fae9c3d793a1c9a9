//! Asking name servers: one after the other, until one knows.

use std::net::SocketAddr;
use std::time::Instant;

use socks_conf::ResolveProtocol;
use socks_dns::{Exchange, Ticket};

use super::line::Line;
use super::relayed;
use super::servers::{self, Server};
use crate::configuration::runtime;
use crate::sys;

/// The answers to some queries, by DNS over TCP, or over UDP where that is the mode and the answer fits; `None` where there
/// is nobody to ask. Answers that are a server's failure are kept where no other knows better.
pub(super) fn through_the_proxy(
    queries: &[Vec<u8>],
    named: Option<SocketAddr>,
) -> Option<Vec<Option<Vec<u8>>>> {
    let runtime = runtime()?;
    let conf = servers::resolv_conf();
    let servers = servers::servers(runtime, named, &conf);
    if servers.is_empty() {
        return None;
    }
    let by_datagrams = runtime.config.resolveprotocol == ResolveProtocol::Udp;
    let mut answers = vec![None; queries.len()];
    for _ in 0..conf.attempts {
        for server in &servers {
            let until = Instant::now() + conf.timeout;
            let ask = |queries: &[Vec<u8>], answers: &mut [Option<Vec<u8>>]| {
                let is_answered = by_datagrams && relayed::ask(server.address, queries, answers, until);
                if !is_answered {
                    ask_by_stream(server, queries, answers, until);
                }
            };
            ask(queries, &mut answers);
            if let Some(plain) = without_edns(queries, &answers) {
                ask(&plain, &mut answers);
            }
            if !answers.iter().any(is_open) {
                return Some(answers);
            }
        }
    }
    Some(answers)
}

/// Whether a question has no answer yet, or only one that another server may know better.
pub(super) fn is_open(answer: &Option<Vec<u8>>) -> bool {
    answer.as_deref().is_none_or(socks_dns::server_failed)
}

/// The queries without EDNS, where that is what a server did not understand.
fn without_edns(queries: &[Vec<u8>], answers: &[Option<Vec<u8>>]) -> Option<Vec<Vec<u8>>> {
    if !answers.iter().flatten().any(|answer| socks_dns::knows_no_edns(answer)) {
        return None;
    }
    let plain = queries.iter().map(|query| socks_dns::without_edns(query).unwrap_or_else(|| query.clone()));
    Some(plain.collect()).filter(|plain: &Vec<_>| plain.as_slice() != queries)
}

/// Asks one server what is still open.
fn ask_by_stream(server: &Server, queries: &[Vec<u8>], answers: &mut [Option<Vec<u8>>], until: Instant) {
    let Some(line) = Line::to(server.address, &server.path, until) else {
        log::info!("the name server {} cannot be reached", server.address);
        return;
    };
    let mut exchange = Exchange::new(sys::random());
    let open = queries.iter().zip(answers).filter(|(_, answer)| is_open(answer));
    let mut asked: Vec<(Ticket, &mut Option<Vec<u8>>)> =
        open.filter_map(|(query, answer)| Some((exchange.ask(query)?, answer))).collect();
    let mut buffer = vec![0; 4096];
    // A server that talks without end keeps nobody waiting for longer than a silent one.
    while exchange.unanswered().next().is_some() && line.has_time() {
        let Some(came) = step(&line, &mut exchange, &mut buffer) else { break };
        for (ticket, answer) in came {
            if let Some((_, place)) = asked.iter_mut().find(|(open, _)| *open == ticket) {
                **place = Some(answer);
            }
        }
    }
    if exchange.unanswered().next().is_some() {
        log::info!("the name server {} did not answer", server.address);
    }
}

/// Sends, receives, or waits for either; `None` where nothing will come any more.
fn step(line: &Line, exchange: &mut Exchange, buffer: &mut [u8]) -> Option<Vec<(Ticket, Vec<u8>)>> {
    if !exchange.output().is_empty() {
        let sent = line.send(exchange.output())?;
        exchange.sent(sent);
        if sent > 0 {
            return Some(Vec::new());
        }
    }
    let received = line.receive(buffer)?;
    if received == 0 {
        let sends = if exchange.output().is_empty() { 0 } else { libc::POLLOUT };
        line.wait(libc::POLLIN | sends)?;
        return Some(Vec::new());
    }
    let came = exchange.received(buffer.get(..received)?);
    (!exchange.is_over() || !came.is_empty()).then_some(came)
}
