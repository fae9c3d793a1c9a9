//! `socksd` as a process: whom it runs as, whose sockets it serves, where its log goes.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use crate::application::connect;
use crate::program::{Program, SOCKSD, complaint, scratch};
use crate::target::{echo, exchange};

#[test]
fn privileges_are_given_up_for_good() {
    let is_root = String::from_utf8(Command::new("id").arg("-u").output().unwrap().stdout).unwrap();
    if is_root.trim() != "0" {
        return;
    }
    let program = Program::start(&["--run-as", "nobody"]);
    exchange(&mut connect(program.address, echo()), b"as nobody");
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let nobody =
        String::from_utf8(Command::new("id").args(["-u", "nobody"]).output().unwrap().stdout).unwrap();
    let line = |key: &str| status.lines().find(|line| line.starts_with(key)).unwrap().to_owned();
    let uids: Vec<_> = line("Uid:").split_whitespace().skip(1).map(str::to_owned).collect();
    assert_eq!(uids, [nobody.trim(); 4]);
    assert!(!line("Gid:").split_whitespace().any(|gid| gid == "0"), "{status}");
    assert!(!line("Groups:").split_whitespace().any(|gid| gid == "0"), "{status}");
    assert_eq!(line("CapEff:").split_whitespace().last(), Some("0000000000000000"));
    assert_eq!(line("NoNewPrivs:").split_whitespace().last(), Some("1"));
    assert_eq!(program.terminate(), 0);
    assert!(
        complaint(&["-l", "127.0.0.1:0", "--run-as", "no-such-user"], 1).contains("no user no-such-user")
    );
}

#[test]
fn sockets_that_are_handed_over_are_served() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\"", SOCKSD]);
    command.stdin(Stdio::from(OwnedFd::from(listener)));
    let program = Program::spawn(command);
    assert_eq!(program.address, address);
    exchange(&mut connect(address, echo()), b"activated");
}

#[test]
fn the_log_goes_where_it_is_sent() {
    let log = scratch("process-log").join("log");
    let _ = std::fs::remove_file(&log);
    let mut program =
        Program::start(&["--log", log.to_str().unwrap(), "--log", "stderr", "--log", "/nonexistent/log"]);
    let application = connect(program.address, echo());
    drop(application);
    let line = program.line_with("up 0 down 0");
    let text = std::fs::read_to_string(&log).unwrap();
    let filed = text.lines().find(|line| line.contains("up 0 down 0")).unwrap();
    let (time, rest) = filed.split_once(' ').unwrap();
    assert_eq!(rest, line);
    assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
}

#[test]
fn the_journal_is_told_the_severity() {
    let mut command = Command::new(SOCKSD);
    command.args(["-l", "127.0.0.1:0"]).env("JOURNAL_STREAM", "8:1");
    let mut program = Program::spawn(command);
    drop(connect(program.address, echo()));
    assert!(program.line_with("up 0 down 0").starts_with("<6>connect 1 from "));
}
