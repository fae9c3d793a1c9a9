//! Several proxies, or a proxy with several addresses: who is asked next, and which answer is final. The application
//! sees one connect, however it waits for it.

use std::net::IpAddr;

use end_to_end::application::Wrapper;
use end_to_end::artifacts::Build;
use end_to_end::plan::{CLOSED_PROXY_PORT, LINE, NAME, NAME_PROXY, PROXY, PROXY_SECOND};
use end_to_end::script::{Act, Scripted};
use socks_proto::socks5::{self, Method, Rep};

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(crate) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for mode in ["blocking", "poll", "select", "epoll"] {
            for (label, first, is_next_asked) in FIRST {
                let name = format!("fail_over::proxy::{label}::{mode}::{}", build.name());
                let test = move |bench: &Bench<'_>| next_proxy(bench, build, mode, first, is_next_asked);
                suite.add(name, &["cc"], test);
            }
            // Whichever address is tried first, it is dead in one of these.
            for (label, address) in addresses() {
                let name = format!("fail_over::address::only_{label}_listens::{mode}::{}", build.name());
                suite.add(name, &["cc"], move |bench| next_address(bench, build, mode, address));
            }
        }
    }
}

fn addresses() -> [(&'static str, IpAddr); 3] {
    [("first", PROXY.v4.into()), ("second", PROXY_SECOND.into()), ("ipv6", PROXY.v6.into())]
}

/// What the first proxy says of the request; nothing if it is down.
type First = Option<Rep>;

/// Only what another proxy may do better is asked of another.
const FIRST: [(&str, First, bool); 6] = [
    ("down", None, true),
    ("reply_07", Some(Rep::COMMAND_NOT_SUPPORTED), true),
    ("reply_08", Some(Rep::ADDRESS_TYPE_NOT_SUPPORTED), true),
    ("reply_02", Some(Rep::NOT_ALLOWED), false),
    ("reply_04", Some(Rep::HOST_UNREACHABLE), false),
    ("reply_05", Some(Rep::CONNECTION_REFUSED), false),
];

fn errno(rep: Rep) -> &'static str {
    match rep {
        Rep::NOT_ALLOWED => "EACCES\n",
        Rep::HOST_UNREACHABLE => "EHOSTUNREACH\n",
        _ => "ECONNREFUSED\n",
    }
}

fn replies(rep: Rep) -> Vec<Act> {
    let zero = std::net::SocketAddr::from(([0, 0, 0, 0], 0)).into();
    let reply = Act::Send(socks5::encode_reply(rep, &zero).as_bytes().to_vec());
    let choice = Act::Send(socks5::encode_choice(Method::NONE).as_bytes().to_vec());
    let answer = (rep == Rep::SUCCEEDED).then_some(Act::Answer);
    [Act::Greeting, choice, Act::Request, reply].into_iter().chain(answer).chain([Act::Close]).collect()
}

fn next_proxy(bench: &Bench<'_>, build: Build, mode: &str, first: First, is_next_asked: bool) -> Verdict {
    let asked_first = first.map(|rep| Scripted::start(bench.world, replies(rep))).transpose()?;
    let second = Scripted::start(bench.world, replies(Rep::SUCCEEDED))?;
    let port = asked_first.as_ref().map_or(CLOSED_PROXY_PORT, |proxy| proxy.port);
    let urls = format!("socks5://{0}:{port} socks5://{0}:{1}", PROXY.v4, second.port);
    let prints = first.filter(|_| !is_next_asked).map_or("connected\n", errno);
    connects(bench, build, mode, &urls, prints)?;
    let requests = second.requests().len();
    if requests == usize::from(is_next_asked) {
        return Ok(());
    }
    Err(format!("the second proxy was asked {requests} times").into())
}

fn next_address(bench: &Bench<'_>, build: Build, mode: &str, address: IpAddr) -> Verdict {
    let proxy = Scripted::start_at(bench.world, address, replies(Rep::SUCCEEDED))?;
    connects(bench, build, mode, &format!("socks5://{NAME_PROXY}:{}", proxy.port), "connected\n")
}

fn connects(bench: &Bench<'_>, build: Build, mode: &str, urls: &str, prints: &str) -> Verdict {
    let wrapper = Wrapper::Preload { library: build.library(), configuration: None };
    let probe = preload::probe(bench, "connect", [NAME, &LINE.to_string(), mode])?;
    let outcome = bench.run(&probe.env("SOCKSIFY_PROXY", urls), &wrapper)?;
    expect(outcome.succeeded() && outcome.text() == prints, prints, &outcome)
}
