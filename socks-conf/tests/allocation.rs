//! The routing decision runs inside connect(2), where an allocation could deadlock or recurse: none happens.

use socks_conf::{Command, Decision, Host, Process, Protocol, Question, parse};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::path::Path;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes on to the system allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: our caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: our caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn routing_allocates_nothing() {
    for (file, text) in [
        ("office.conf", &include_bytes!("../fixtures/accepted/office.conf")[..]),
        ("office.toml", &include_bytes!("../fixtures/accepted/office.toml")[..]),
    ] {
        let config = parse(text, Path::new(file)).unwrap();
        let before = ALLOCATIONS.get();
        for to in [
            Host::Ip([10, 1, 2, 3].into()),
            Host::Ip("2001:db8:1::1".parse().unwrap()),
            Host::Name("WWW.intranet.example."),
            Host::Name("www.example.com"),
            Host::Name("::ffff:192.0.2.1"),
        ] {
            for port in [None, Some(25), Some(443)] {
                let from = SocketAddr::from(([0, 0, 0, 0], 0));
                let question = Question {
                    command: Command::Connect,
                    protocol: Protocol::Tcp,
                    from,
                    to,
                    port,
                    process: Process::default(),
                };
                if let Decision::Proxy(route, _) = config.route(&question) {
                    assert!(config.through(route, &question).count() > 0);
                }
            }
        }
        assert_eq!(ALLOCATIONS.get(), before, "{file}");
    }
}
