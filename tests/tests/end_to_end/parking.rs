//! Non-blocking connects, and what an application does while the proxy is still being asked.
//!
//! The proxy is scripted and waits at a [`Gate`] before its last answer until the probe opens it: an event before that
//! is early, and what the application sends before that is a byte in the wrong dialogue.

use std::net::{IpAddr, SocketAddr};

use end_to_end::application::Wrapper;
use end_to_end::artifacts::Build;
use end_to_end::gate::Gate;
use end_to_end::plan::{LINE, NAME, PROXY, TARGET};
use end_to_end::script::{Act, Scripted};
use libtest_mimic::Failed;
use socks_proto::socks5::{self, Method, Rep};

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(crate) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for wait in WAITS {
            for (order, ending, waiter) in wait.variants() {
                let outcome = ending.prints();
                let label = format!("{}::{order}::{outcome}::{waiter}_thread", wait.name);
                let name = format!("parking::wait::{label}::{}", build.name());
                suite.add(name, &["cc"], move |bench| {
                    let words = [wait.name, order, outcome, waiter];
                    probe(bench, build, PROXY.v4.into(), NAME, "parked", &words, ending)
                });
            }
            for (family, proxy, target) in families() {
                let order = if wait.is_epoll { "before" } else { "after" };
                let name = format!("parking::family::{family}::{}::{}", wait.name, build.name());
                suite.add(name, &["cc"], move |bench| {
                    let words = [wait.name, order, "connected", "same"];
                    probe(bench, build, proxy, &target, "parked", &words, Ending::Connected)
                });
            }
        }
        for (name, acts) in MEANWHILE {
            for act in *acts {
                let test = move |bench: &Bench<'_>| {
                    probe(bench, build, PROXY.v4.into(), NAME, name, &[act], Ending::Connected)
                };
                suite.add(format!("parking::{name}::{act}::{}", build.name()), &["cc"], test);
            }
        }
    }
}

/// How an application waits.
#[derive(Clone, Copy)]
struct Wait {
    name: &'static str,
    is_epoll: bool,
}

const fn plain(name: &'static str) -> Wait {
    Wait { name, is_epoll: false }
}

const fn epoll(name: &'static str) -> Wait {
    Wait { name, is_epoll: true }
}

const WAITS: [Wait; 10] = [
    plain("poll"),
    plain("ppoll"),
    plain("select"),
    plain("pselect"),
    epoll("level"),
    epoll("edge"),
    epoll("oneshot"),
    epoll("exclusive"),
    epoll("nested"),
    epoll("dup"),
];

impl Wait {
    /// When an epoll entry is made, how the handshake ends, which thread waits.
    fn variants(self) -> Vec<(&'static str, Ending, &'static str)> {
        let orders: &[&str] = if self.is_epoll { &["before", "after"] } else { &["after"] };
        let endings = [Ending::Connected, Ending::Refused];
        let waiters = ["same", "other"];
        let of_order = |order| endings.map(|ending| waiters.map(|waiter| (order, ending, waiter)));
        orders.iter().copied().flat_map(of_order).flatten().collect()
    }
}

/// Each probe, and what it is told to do while the proxy is at the gate.
const MEANWHILE: &[(&str, &[&str])] = &[
    (
        "parked_data",
        &[
            "would_block",
            "dontwait",
            "with_offset",
            "sends_by_number",
            "others_by_number",
            "read",
            "readv",
            "recv",
            "recvfrom",
            "recvmsg",
            "recvmmsg",
            "splice_in",
            "write",
            "writev",
            "send",
            "sendto",
            "sendmsg",
            "sendmmsg",
            "sendfile",
            "splice_out",
        ],
    ),
    ("parked_identity", &["connecting", "by_number", "toggled", "blocking_connect"]),
    (
        "parked_ends",
        &[
            "shutdown",
            "close",
            "fclose",
            "copy_survives",
            "copies_closed",
            "fcntl_copy",
            "dup2_over",
            "dup2_of_plain_over",
            "dissolve",
            "reuse_file",
            "reuse_pipe",
            "reuse_socket",
            "closefrom",
            "close_range",
            "close_loop",
            "exec",
            "exit",
        ],
    ),
    (
        "parked_processes",
        &[
            "child_waits_by_poll",
            "child_waits_by_epoll",
            "child_knows_its_peer",
            "child_reads",
            "child_closes",
            "parent_closes",
            "child_connects_too",
            "vfork",
            "posix_spawn",
            "exec_inherits",
            "passed_on",
        ],
    ),
    ("parked_signals", &["interrupted_connect", "send_timeout", "interrupted_poll", "restarting_poll"]),
    ("parked_cancelled", &["poll", "read", "epoll", "select"]),
    ("parked_limits", &["no_descriptors", "descriptors_for_one"]),
    ("parked_fast_open", &["sendto", "sendmsg", "connect_option"]),
];

/// How the proxy ends the handshake.
#[derive(Clone, Copy)]
enum Ending {
    Connected,
    Refused,
}

impl Ending {
    fn prints(self) -> &'static str {
        match self {
            Ending::Connected => "connected",
            Ending::Refused => "ECONNREFUSED",
        }
    }

    fn acts(self) -> Vec<Act> {
        match self {
            Ending::Connected => vec![reply(Rep::SUCCEEDED), Act::Answer, Act::Close],
            Ending::Refused => vec![reply(Rep::CONNECTION_REFUSED), Act::Close],
        }
    }
}

fn reply(rep: Rep) -> Act {
    let bnd = SocketAddr::from((TARGET.v4, 45261)).into();
    Act::Send(socks5::encode_reply(rep, &bnd).as_bytes().to_vec())
}

/// A proxy that gives its last answer when the gate opens.
fn acts(gate: &Gate, ending: Ending) -> Vec<Act> {
    let choice = Act::Send(socks5::encode_choice(Method::NONE).as_bytes().to_vec());
    let before = [Act::Greeting, choice, Act::Request, Act::Gate(gate.clone())];
    before.into_iter().chain(ending.acts()).collect()
}

/// Runs a probe that connects to `host` through a proxy that listens at `address` only.
fn probe(
    bench: &Bench<'_>,
    build: Build,
    address: IpAddr,
    host: &str,
    name: &str,
    words: &[&str],
    ending: Ending,
) -> Verdict {
    let gate = Gate::new(&bench.scratch, "gate")?;
    let proxy = Scripted::start_at(bench.world, address, acts(&gate, ending))?;
    let url = format!("socks5://{}", SocketAddr::new(address, proxy.port));
    let (port, directory) = (LINE.to_string(), gate.path().display().to_string());
    let probe = preload::probe(bench, name, [&[host, &port, &directory], words].concat())?;
    let wrapper = Wrapper::Preload { library: build.library(), configuration: None };
    let probe = probe.env("SOCKSIFY_PROXY", url);
    let outcome = bench.run(&probe, &wrapper)?;
    expect(outcome.succeeded() && outcome.stdout.is_empty(), "success", &outcome)?;
    is_what_was_asked(&proxy, &gate, &authority(host))
}

fn authority(host: &str) -> String {
    if host.contains(':') { format!("[{host}]:{LINE}") } else { format!("{host}:{LINE}") }
}

fn is_what_was_asked(proxy: &Scripted, gate: &Gate, expected: &str) -> Verdict {
    if gate.was_rushed() {
        return Err(Failed::from("the application's bytes came before the proxy's answer"));
    }
    match proxy.requests().iter().find(|asked| asked.to_string() != expected) {
        Some(asked) => Err(format!("the proxy was asked for {asked}").into()),
        None => Ok(()),
    }
}

/// The application's socket is of another family than the proxy's only address; IPv6 sockets of the probe are
/// IPV6_V6ONLY.
fn families() -> [(&'static str, IpAddr, String); 3] {
    [
        ("ipv4_by_ipv6_proxy", PROXY.v6.into(), TARGET.v4.to_string()),
        ("ipv6_by_ipv4_proxy", PROXY.v4.into(), TARGET.v6.to_string()),
        ("name_by_ipv6_proxy", PROXY.v6.into(), NAME.to_owned()),
    ]
}
