//! `--embedded` and `--trace`: we stay beside the command and must not be noticed.

use crate::scene::Scene;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

/// Options for which we stay.
const STAYING: [&[&str]; 3] = [
    &["--embedded"],
    &["-p", "socks5h://127.0.0.1:1", "--trace=lines"],
    &["--embedded", "--trace=lines", "--json"],
];

/// Runs a command with these options.
fn run(scene: &Scene, options: &[&str], command: &[&str]) -> crate::scene::Outcome {
    scene.run(&[options, command].concat())
}

#[test]
fn the_exit_status_is_the_commands() {
    let scene = Scene::new();
    for options in STAYING {
        assert_eq!(run(&scene, options, &["sh", "-c", "exit 7"]).status(), Some(7));
        assert_eq!(run(&scene, options, &["true"]).status(), Some(0));
    }
}

#[test]
fn death_by_signal_counts_from_128() {
    let scene = Scene::new();
    for options in STAYING {
        assert_eq!(run(&scene, options, &["sh", "-c", "kill -TERM $$"]).status(), Some(143));
        assert_eq!(run(&scene, options, &["sh", "-c", "kill -KILL $$"]).status(), Some(137));
    }
}

#[test]
fn failures_are_as_without_it() {
    let scene = Scene::new();
    for options in STAYING {
        run(&scene, options, &["no-such-command"])
            .fails(127, "socksify: no-such-command: command not found\n");
    }
}

/// Starts a shell command; its first line of output tells that it is ready.
pub(crate) fn start(
    scene: &Scene,
    options: &[&str],
    script: &str,
) -> (Child, String, BufReader<std::process::ChildStdout>) {
    let mut socksify = scene.socksify();
    socksify.args(options).args(["sh", "-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = socksify.spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    (child, line.trim_end().to_owned(), output)
}

pub(crate) fn signal(process: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success());
}

#[test]
fn signals_are_passed_on() {
    let scene = Scene::new();
    for options in STAYING {
        for (name, number) in [("TERM", 15), ("INT", 2), ("HUP", 1), ("USR1", 10)] {
            let script =
                format!("trap 'exit {}' {name}; echo ready; while :; do sleep 0.1; done", 40 + number);
            let (mut socksify, _, _) = start(&scene, options, &script);
            signal(socksify.id(), &format!("-{name}"));
            assert_eq!(socksify.wait().unwrap().code(), Some(40 + number), "{name}");
        }
    }
}

#[test]
fn a_command_that_stops_stops_us() {
    let scene = Scene::new();
    for options in STAYING {
        let (mut socksify, _, mut output) =
            start(&scene, options, "echo ready; kill -STOP $$; echo again; exit 5");
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
}

#[test]
fn the_command_has_the_signal_mask_that_we_had() {
    let scene = Scene::new();
    for options in STAYING {
        let masks = |line: &str| -> Vec<String> {
            line.lines().filter(|line| line.starts_with("SigBlk")).map(str::to_owned).collect()
        };
        let ours = masks(&std::fs::read_to_string("/proc/thread-self/status").unwrap());
        assert_eq!(masks(&run(&scene, options, &["cat", "/proc/self/status"]).succeeds()), ours);
    }
}
