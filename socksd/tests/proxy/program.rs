//! `socksd` itself, by hand and with real applications.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use crate::application::{connect, dial, read_to_end};
use crate::target::{Target, echo, exchange};

pub(crate) const SOCKSD: &str = env!("CARGO_BIN_EXE_socksd");

/// A running `socksd`, killed at the end of its test.
pub(crate) struct Program {
    child: Child,
    log: BufReader<ChildStderr>,
    pub(crate) address: SocketAddr,
    /// The line it was asked to wait for before that.
    pub(crate) noted: String,
}

impl Program {
    pub(crate) fn start(arguments: &[&str]) -> Program {
        let mut command = Command::new(SOCKSD);
        command.args(["-l", "127.0.0.1:0"]).args(arguments);
        Program::spawn(command)
    }

    pub(crate) fn spawn(command: Command) -> Program {
        Program::spawn_after(command, "")
    }

    /// Waits for a line of the log before that which says it listens.
    pub(crate) fn spawn_after(mut command: Command, first: &str) -> Program {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let noted = if first.is_empty() { String::new() } else { line_with(&mut log, first) };
        let line = line_with(&mut log, "listening on");
        let address = line.rsplit(' ').next().unwrap().parse().unwrap();
        Program { child, log, address, noted }
    }

    /// Reads the log up to the next line with this text.
    pub(crate) fn line_with(&mut self, text: &str) -> String {
        line_with(&mut self.log, text)
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to read its configuration again.
    pub(crate) fn hang_up(&self) {
        assert!(
            Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().unwrap().success()
        );
    }

    pub(crate) fn terminate(mut self) -> i32 {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line_with(log: &mut impl BufRead, text: &str) -> String {
    loop {
        let mut line = String::new();
        assert!(log.read_line(&mut line).unwrap() > 0, "the log ended before {text:?}");
        if line.contains(text) {
            return line.trim_end().to_owned();
        }
    }
}

fn socksd(arguments: &[&str]) -> Output {
    Command::new(SOCKSD).args(arguments).output().unwrap()
}

pub(crate) fn complaint(arguments: &[&str], status: i32) -> String {
    let output = socksd(arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
    text
}

#[test]
fn listens_serves_and_ends() {
    let mut program = Program::start(&["--resolve", "www.example.org=127.0.0.1"]);
    let target = echo();
    let named = crate::application::named("www.example.org", target.port);
    let mut application = connect(program.address, named);
    let from = application.local_addr().unwrap();
    exchange(&mut application, b"program");
    drop(application);
    let port = target.port;
    let expected = format!(
        "socksd: connect 1 from {from} to www.example.org:{port} (127.0.0.1:{port}) user -: up 7 down 7 closed "
    );
    let line = program.line_with("closed");
    assert!(line.starts_with(&expected), "{line}");
    assert_eq!(program.terminate(), 0);
}

#[test]
fn the_command_line_is_checked() {
    assert!(complaint(&["--user", "alice"], 2).contains("expected NAME:PASSWORD"));
    assert!(complaint(&["--resolve", "a"], 2).contains("--resolve a: expected NAME=ADDRESS"));
    assert!(complaint(&["--allow", "10.0.0.3/8"], 2).contains("10.0.0.3/32"));
    assert!(complaint(&["--connect-timeout", "0"], 2).contains("more than 0"));
    assert!(complaint(&["-l", "1080"], 2).contains("such as 127.0.0.1:1080"));
    assert!(complaint(&["--frobnicate"], 2).contains("--frobnicate"));
    assert!(complaint(&["--users", "/nonexistent"], 1).contains("cannot read /nonexistent"));
    assert!(complaint(&["-l", "192.0.2.7:1080"], 1).contains("cannot listen on 192.0.2.7:1080: "));
    assert!(!complaint(&["--user", ":secret"], 2).contains("secret"));
}

#[test]
fn help_and_version_are_no_complaints() {
    let help = socksd(&["--help"]);
    assert!(help.status.success());
    assert!(String::from_utf8(help.stdout).unwrap().contains("EXAMPLES:"));
    assert!(socksd(&["--version"]).status.success());
}

#[test]
fn check_reads_the_files_and_says_where_they_are_wrong() {
    let directory = scratch("check");
    let users = directory.join("users");
    std::fs::write(&users, "# staff\nalice:secret\n").unwrap();
    std::fs::set_permissions(&users, std::fs::Permissions::from_mode(0o644)).unwrap();
    let users = users.to_str().unwrap();
    assert!(complaint(&["--check", "--users", users], 0).contains("others have access"));
    std::fs::set_permissions(users, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(complaint(&["--check", "--users", users], 0), "");
    std::fs::write(users, "alice:secret\nbob\n").unwrap();
    assert!(complaint(&["--check", "--users", users], 1).contains("users:2: expected NAME:PASSWORD"));
    let hosts = directory.join("hosts");
    std::fs::write(&hosts, "www 192.0.2.7\n").unwrap();
    assert!(complaint(&["--check", "--hosts", hosts.to_str().unwrap()], 1).contains("hosts:1: "));
    std::fs::remove_dir_all(directory).unwrap();
}

pub(crate) fn scratch(name: &str) -> std::path::PathBuf {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

#[test]
fn running_out_of_descriptors_is_survived() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 24; exec \"$0\" -l 127.0.0.1:0", SOCKSD]);
    let mut program = Program::spawn(command);
    let held: Vec<_> = (0..40).map(|_| dial(program.address)).collect();
    program.line_with("cannot accept connections for now: Too many open files");
    drop(held);
    exchange(&mut connect(program.address, echo()), b"served again");
    assert_eq!(program.terminate(), 0);
}

#[test]
fn the_descriptor_limit_is_raised() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -Sn 24; exec \"$0\" -l 127.0.0.1:0", SOCKSD]);
    let program = Program::spawn(command);
    let target = echo();
    let mut held: Vec<_> = (0..40).map(|_| connect(program.address, target)).collect();
    held.iter_mut().for_each(|application| exchange(application, b"all at once"));
}

#[test]
fn quiet_still_tells_who_was_turned_away() {
    let mut command = Command::new(SOCKSD);
    let taken = Target::listen();
    let port = taken.socket_addr().port();
    drop(taken);
    command.args(["-q", "-l", &format!("127.0.0.1:{port}"), "--allow", "192.0.2.7"]).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    while std::net::TcpStream::connect(address).is_err() {}
    let mut log = BufReader::new(child.stderr.take().unwrap());
    assert!(line_with(&mut log, "socksd: ").contains("not allowed to connect"));
    let mut application = dial(address);
    assert!(read_to_end(&mut application).unwrap().is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
}
