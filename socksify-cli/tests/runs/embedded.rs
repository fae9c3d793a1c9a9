//! `--embedded`: we stay beside the command and must not be noticed.

use crate::scene::Scene;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

#[test]
fn the_exit_status_is_the_commands() {
    let scene = Scene::new();
    assert_eq!(scene.run(&["--embedded", "sh", "-c", "exit 7"]).status(), Some(7));
    assert_eq!(scene.run(&["--embedded", "true"]).status(), Some(0));
}

#[test]
fn death_by_signal_counts_from_128() {
    let scene = Scene::new();
    assert_eq!(scene.run(&["--embedded", "sh", "-c", "kill -TERM $$"]).status(), Some(143));
    assert_eq!(scene.run(&["--embedded", "sh", "-c", "kill -KILL $$"]).status(), Some(137));
}

#[test]
fn failures_are_as_without_it() {
    let scene = Scene::new();
    scene
        .run(&["--embedded", "no-such-command"])
        .fails(127, "socksify: no-such-command: command not found\n");
}

/// Starts a shell command; its first line of output tells that it is ready.
fn start(scene: &Scene, script: &str) -> (Child, String, BufReader<std::process::ChildStdout>) {
    let mut socksify = scene.socksify();
    socksify.args(["--embedded", "sh", "-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = socksify.spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    (child, line.trim_end().to_owned(), output)
}

fn signal(process: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success());
}

#[test]
fn signals_are_passed_on() {
    let scene = Scene::new();
    for (name, number) in [("TERM", 15), ("INT", 2), ("HUP", 1), ("USR1", 10)] {
        let script = format!("trap 'exit {}' {name}; echo ready; while :; do sleep 0.1; done", 40 + number);
        let (mut socksify, _, _) = start(&scene, &script);
        signal(socksify.id(), &format!("-{name}"));
        assert_eq!(socksify.wait().unwrap().code(), Some(40 + number), "{name}");
    }
}

#[test]
fn a_command_that_stops_stops_us() {
    let scene = Scene::new();
    let (mut socksify, _, mut output) = start(&scene, "echo ready; kill -STOP $$; echo again; exit 5");
    let process = socksify.id() as libc::pid_t;
    let mut status = 0;
    // SAFETY: `status` is a writable int; the process is our own child and has not been waited for.
    let found = unsafe { libc::waitpid(process, &mut status, libc::WUNTRACED) };
    assert_eq!(found, process);
    assert_eq!(std::process::ExitStatus::from_raw(status).stopped_signal(), Some(libc::SIGSTOP));
    signal(socksify.id(), "-CONT");
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!((rest.as_str(), socksify.wait().unwrap().code()), ("again\n", Some(5)));
}

#[test]
fn the_command_has_the_signal_mask_that_we_had() {
    let scene = Scene::new();
    let masks = |line: &str| -> Vec<String> {
        line.lines().filter(|line| line.starts_with("SigBlk")).map(str::to_owned).collect()
    };
    let ours = masks(&std::fs::read_to_string("/proc/thread-self/status").unwrap());
    assert_eq!(masks(&scene.run(&["--embedded", "cat", "/proc/self/status"]).succeeds()), ours);
}

/// Address and port, user name, password of a proxy URL.
fn parts(url: &str) -> (&str, &str, &str) {
    let (credentials, place) = url.strip_prefix("socks5h://").unwrap().split_once('@').unwrap();
    let (name, password) = credentials.split_once(':').unwrap();
    (place, name, password)
}

/// The answer to a greeting that offers the method, and, with a password, to that.
fn greet(stream: &mut TcpStream, method: u8, credentials: Option<(&str, &str)>) -> Vec<u8> {
    stream.write_all(&[5, 1, method]).unwrap();
    let mut answer = vec![0; 2];
    stream.read_exact(&mut answer).unwrap();
    if let Some((name, password)) = credentials {
        let message = [&[1, name.len() as u8], name.as_bytes(), &[password.len() as u8], password.as_bytes()];
        stream.write_all(&message.concat()).unwrap();
        stream.read_exact(&mut answer).unwrap();
    }
    answer
}

#[test]
fn the_proxy_serves_the_command_and_nobody_else() {
    let scene = Scene::new();
    let (mut socksify, url, _output) = start(&scene, "echo $SOCKSIFY_PROXY; exec cat >/dev/null");
    let (place, name, password) = parts(&url);
    assert!(place.starts_with("127.0.0.1:"), "{place}");
    let connect = || TcpStream::connect(place).unwrap();
    assert_eq!(greet(&mut connect(), 0, None), [5, 0xff], "served without a password");
    assert_ne!(greet(&mut connect(), 2, Some((name, "wrong"))), [1, 0], "served with a wrong password");
    let mut stream = connect();
    assert_eq!(greet(&mut stream, 2, Some((name, password))), [1, 0]);
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let [high, low] = target.local_addr().unwrap().port().to_be_bytes();
    stream.write_all(&[5, 1, 0, 1, 127, 0, 0, 1, high, low]).unwrap();
    let mut reply = [0; 10];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(reply[..2], [5, 0]);
    target.accept().unwrap();
    signal(socksify.id(), "-TERM");
    assert_eq!(socksify.wait().unwrap().code(), Some(143));
    assert!(TcpStream::connect(place).is_err(), "the proxy outlived the command");
}

#[test]
fn the_proxys_lines_go_where_the_log_goes() {
    let scene = Scene::new();
    let wait = "until grep -q 'socksd: listening on 127.0.0.1:' log; do :; done";
    scene.run(&["--embedded", "--log", "log", "sh", "-c", wait]).succeeds();
}
