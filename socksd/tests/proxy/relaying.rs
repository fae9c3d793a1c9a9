//! Bytes, end-of-file and resets pass through as if the proxy were not there.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::SockRef;
use socksd::Options;

use crate::application::{connect, half_close, read_exactly, read_to_end, reset};
use crate::journal::end_of;
use crate::proxy::{Proxy, options};
use crate::target::{Silent, Target, echo, exchange};

fn pair(proxy: &Proxy) -> (TcpStream, TcpStream) {
    let target = Target::listen();
    let application = connect(proxy.address, target.address());
    (application, target.accept())
}

#[test]
fn an_end_of_file_closes_one_direction_only() {
    let proxy = Proxy::start(options());
    let (mut application, mut target) = pair(&proxy);
    let from = application.local_addr().unwrap();
    application.write_all(b"question").unwrap();
    half_close(&application);
    assert_eq!(read_to_end(&mut target).unwrap(), b"question");
    target.write_all(&b"late answer".repeat(100_000)).unwrap_or_else(|_| panic!("cut off"));
    drop(target);
    assert_eq!(read_to_end(&mut application).unwrap().len(), 1_100_000);
    assert!(end_of(from).contains(": up 8 down 1100000 closed "));
}

#[test]
fn the_target_may_end_first() {
    let proxy = Proxy::start(options());
    let (mut application, mut target) = pair(&proxy);
    target.write_all(b"greeting").unwrap();
    half_close(&target);
    assert_eq!(read_to_end(&mut application).unwrap(), b"greeting");
    application.write_all(b"late data").unwrap();
    drop(application);
    assert_eq!(read_to_end(&mut target).unwrap(), b"late data");
}

#[test]
fn a_reset_by_the_target_is_a_reset_to_the_application() {
    let proxy = Proxy::start(options());
    let (mut application, mut target) = pair(&proxy);
    let from = application.local_addr().unwrap();
    target.write_all(b"half a trans").unwrap();
    assert_eq!(read_exactly(&mut application, 12), b"half a trans");
    reset(target);
    assert_eq!(read_to_end(&mut application).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(end_of(from).contains(": up 0 down 12 reset-by-target "));
}

#[test]
fn what_came_before_a_reset_is_delivered_before_it() {
    let proxy = Proxy::start(options());
    for size in [12, 100_000, 400_000] {
        let (mut application, mut target) = pair(&proxy);
        let from = application.local_addr().unwrap();
        SockRef::from(&application).set_recv_buffer_size(4096).unwrap();
        target.set_nonblocking(true).unwrap();
        let mut sent = 0;
        while sent < size {
            match target.write(&vec![7; (size - sent).min(65536)]) {
                Ok(count) => sent += count,
                Err(_) => break,
            }
        }
        // The application has read nothing yet, so that most of it is somewhere on its way.
        reset(target);
        let mut received = 0;
        let error = loop {
            let mut some = [0; 10_000];
            match application.read(&mut some) {
                Ok(0) => panic!("an end-of-file after {received} bytes"),
                Ok(count) => received += count,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        let end = end_of(from);
        assert!(end.contains(&format!(": up 0 down {received} reset-by-target ")), "{received}: {end}");
    }
}

#[test]
fn a_reset_by_the_application_is_a_reset_to_the_target() {
    let proxy = Proxy::start(options());
    let (mut application, mut target) = pair(&proxy);
    let from = application.local_addr().unwrap();
    application.write_all(b"half").unwrap();
    assert_eq!(read_exactly(&mut target, 4), b"half");
    reset(application);
    assert_eq!(read_to_end(&mut target).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(end_of(from).contains(": up 4 down 0 reset-by-application "));
}

#[test]
fn a_reset_after_half_close_is_still_a_reset() {
    let proxy = Proxy::start(options());
    let (mut application, mut target) = pair(&proxy);
    half_close(&application);
    assert_eq!(read_to_end(&mut target).unwrap(), b"");
    reset(target);
    assert_eq!(read_to_end(&mut application).unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn an_application_that_half_closed_may_still_reset() {
    let proxy = Proxy::start(options());
    let (application, mut target) = pair(&proxy);
    half_close(&application);
    assert_eq!(read_to_end(&mut target).unwrap(), b"");
    let from = application.local_addr().unwrap();
    reset(application);
    assert!(end_of(from).contains(": up 0 down 0 reset-by-application "));
    let written = (0..1000).find_map(|_| target.write_all(b"nobody reads this").err());
    assert!(written.is_some());
}

#[test]
fn a_target_that_breaks_while_it_is_written_to_is_a_reset() {
    let proxy = Proxy::start(options());
    let (mut application, target) = pair(&proxy);
    let from = application.local_addr().unwrap();
    let mut reader = application.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        loop {
            if let Err(error) = application.write_all(&[0; 65536]) {
                return error.kind();
            }
        }
    });
    let mut some = [0; 1000];
    (&target).read_exact(&mut some).unwrap();
    // Closing with input unread is a reset.
    drop(target);
    // The system tells a reset once: to whichever call comes first. After an end-of-file it would tell EPIPE.
    let read = read_to_end(&mut reader).err().map(|error| error.kind());
    let written = Some(writer.join().unwrap());
    assert!([read, written].contains(&Some(ErrorKind::ConnectionReset)), "{read:?} {written:?}");
    assert!(end_of(from).contains(" reset-by-target "));
}

#[test]
fn large_transfers_arrive_whole_both_ways_at_once() {
    let proxy = Proxy::start(options());
    let mut application = connect(proxy.address, echo());
    let from = application.local_addr().unwrap();
    let data: Vec<u8> = (0..8_000_000_u32).map(|index| (index * 31 % 251) as u8).collect();
    let sent = data.clone();
    let mut writing = application.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        writing.write_all(&sent).unwrap();
        half_close(&writing);
    });
    let received = read_to_end(&mut application).unwrap();
    writer.join().unwrap();
    assert!(received == data);
    assert!(end_of(from).contains(": up 8000000 down 8000000 closed "));
}

/// Waits for room to write, which does not come once everything on the way is full.
fn gets_room(stream: &TcpStream) -> bool {
    const WHILE: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
    poll(&mut [PollFd::new(stream, PollFlags::OUT)], Some(&WHILE)).unwrap() > 0
}

#[test]
fn a_reader_that_waits_makes_the_writer_wait() {
    let proxy = Proxy::start(options());
    let (mut application, mut target) = pair(&proxy);
    application.set_nonblocking(true).unwrap();
    let chunk = [7; 65536];
    let mut sent = 0;
    // Buffers of the system on the way are finite, so the proxy is too if this ever ends.
    while gets_room(&application) {
        match application.write(&chunk) {
            Ok(count) => sent += count,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        assert!(sent < 256 * 1024 * 1024);
    }
    application.set_nonblocking(false).unwrap();
    half_close(&application);
    assert_eq!(read_to_end(&mut target).unwrap().len(), sent);
}

#[test]
fn what_is_idle_is_reset() {
    let proxy = Proxy::start(Options { idle_timeout: Some(Duration::from_millis(300)), ..options() });
    let (mut application, mut target) = pair(&proxy);
    let from = application.local_addr().unwrap();
    assert_eq!(read_to_end(&mut application).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(read_to_end(&mut target).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(end_of(from).contains(": up 0 down 0 idle "));
}

#[test]
fn what_is_half_closed_and_idle_is_reset() {
    let limit = Some(Duration::from_millis(300));
    let proxy = Proxy::start(Options { half_closed_timeout: limit, ..options() });
    let (open, _open_target) = pair(&proxy);
    let (mut application, mut target) = pair(&proxy);
    let from = application.local_addr().unwrap();
    half_close(&application);
    assert!(end_of(from).contains(": up 0 down 0 idle "));
    assert!(read_to_end(&mut target).unwrap().is_empty());
    assert_eq!(read_to_end(&mut application).unwrap_err().kind(), ErrorKind::ConnectionReset);
    drop(open);
}

#[test]
fn an_application_that_gives_up_frees_the_attempt() {
    let silent = Silent::at([127, 0, 0, 1]);
    let proxy = Proxy::start(options());
    let mut application = crate::application::dial(proxy.address);
    let from = application.local_addr().unwrap();
    let port = silent.address.port().to_be_bytes();
    application.write_all(&[&b"\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01"[..], &port].concat()).unwrap();
    read_exactly(&mut application, 2);
    reset(application);
    assert!(end_of(from).contains(": up 0 down 0 reset-by-application "));
}

#[test]
fn two_hundred_at_once() {
    let proxy = Proxy::start(options());
    let target = echo();
    std::thread::scope(|scope| {
        for number in 0..200_u32 {
            let proxy = proxy.address;
            scope.spawn(move || {
                let mut application = connect(proxy, target);
                for round in 0..10 {
                    exchange(&mut application, format!("{number} {round}").repeat(500).as_bytes());
                }
            });
        }
    });
}
