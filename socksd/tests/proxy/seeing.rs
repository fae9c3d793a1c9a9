//! What a running proxy tells: its connections over the control socket, its counters over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use socksd::connections::{Direction, ask, parse};

use crate::application::{connect, dial, named, read_to_end};
use crate::program::{Program, SOCKSD, scratch};
use crate::target::{echo, exchange};

#[test]
fn connections_are_listed_while_they_last() {
    let control = scratch("seeing-list").join("control");
    let path = control.to_str().unwrap();
    let mut program = Program::start(&["--control", path, "--resolve", "www.example.org=127.0.0.1"]);
    assert_eq!(std::fs::metadata(&control).unwrap().permissions().mode() & 0o777, 0o600);
    let target = echo();
    let mut application = connect(program.address, named("www.example.org", target.port));
    exchange(&mut application, b"twelve bytes");
    let idle = dial(program.address);
    let list = loop {
        let list = parse(&ask(&control).unwrap()).unwrap();
        // Bytes are counted when they are on their way, and may arrive before.
        if list.len() == 2 && list.iter().any(|connection| connection.rx == 12) {
            break list;
        }
    };
    let from = application.local_addr().unwrap();
    let it = list.iter().find(|connection| connection.source == from).unwrap();
    assert_eq!(it.asked.as_deref(), Some(format!("www.example.org:{}", target.port).as_str()));
    assert_eq!(it.resolved.map(|address| address.ip().to_string()).as_deref(), Some("127.0.0.1"));
    assert_eq!((it.tx, it.rx, it.direction, &it.user), (12, 12, Some(Direction::Out), &None));
    let handshake = list.iter().find(|connection| connection.source == idle.local_addr().unwrap()).unwrap();
    assert_eq!((handshake.direction, &handshake.asked), (None, &None));
    let table = Command::new(SOCKSD).args(["--connections", "--control", path]).output().unwrap();
    let table = String::from_utf8(table.stdout).unwrap();
    assert!(table.starts_with("NUMBER  SOURCE") && table.contains("www.example.org"), "{table}");
    let json = Command::new(SOCKSD).args(["--connections", "--json", "--control", path]).output().unwrap();
    assert_eq!(parse(std::str::from_utf8(&json.stdout).unwrap()).unwrap().len(), 2);
    drop(application);
    program.line_with("closed");
    drop(idle);
    program.line_with("handshake");
    while !parse(&ask(&control).unwrap()).unwrap().is_empty() {}
    assert_eq!(program.terminate(), 0);
    assert!(!control.exists());
    let nobody = Command::new(SOCKSD).args(["--connections", "--control", path]).output().unwrap();
    assert_eq!(nobody.status.code(), Some(1));
}

#[test]
fn a_watch_shows_what_changes() {
    let control = scratch("seeing-watch").join("control");
    let path = control.to_str().unwrap();
    let program = Program::start(&["--control", path]);
    let mut command = Command::new(SOCKSD);
    command.args(["--connections", "--watch", "--control", path]).stdout(Stdio::piped());
    let mut watching = command.spawn().unwrap();
    let mut shown = BufReader::new(watching.stdout.take().unwrap());
    let mut next = || {
        let mut line = String::new();
        assert!(shown.read_line(&mut line).unwrap() > 0);
        line
    };
    assert!(next().starts_with("\x1b[H\x1b[2JNUMBER  SOURCE"));
    let application = connect(program.address, echo());
    let from = application.local_addr().unwrap().to_string();
    while !next().contains(&from) {}
    drop(application);
    let mut tables_without = 0;
    while tables_without < 2 {
        let line = next();
        tables_without = if line.contains(&from) { 0 } else { tables_without + 1 };
    }
    watching.kill().unwrap();
    watching.wait().unwrap();
}

#[test]
fn a_client_gets_no_more_connections_than_it_may_have() {
    let mut program = Program::start(&["--max-connections", "1"]);
    let target = echo();
    let mut first = connect(program.address, target);
    exchange(&mut first, b"within the limit");
    let mut second = dial(program.address);
    let _ = second.write_all(b"\x05\x01\x00");
    assert!(read_to_end(&mut second).map_or(true, |bytes| bytes.is_empty()));
    drop(first);
    program.line_with("closed");
    exchange(&mut connect(program.address, target), b"again within");
}

#[test]
fn counters_are_told_over_http() {
    let mut command = Command::new(SOCKSD);
    command.args(["-l", "127.0.0.1:0", "--metrics", "127.0.0.1:0"]).stderr(Stdio::piped());
    let mut program = Program::spawn_after(command, "metrics at http://");
    let metrics = program.noted.clone();
    let address = metrics.strip_suffix("/metrics").and_then(|text| text.rsplit("//").next()).unwrap();
    exchange(&mut connect(program.address, echo()), b"counted");
    program.line_with("closed");
    let mut page = String::new();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    stream.read_to_string(&mut page).unwrap();
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("\nsocksd_requests_opened_total 1\n"), "{page}");
    assert!(page.contains("\nsocksd_bytes_up_total 7\n"), "{page}");
}
