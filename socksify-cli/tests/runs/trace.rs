//! `--trace`: what is told, as lines and for programs. That the library tells it is seen end to end.

use crate::scene::Scene;
use std::fs;

/// Tells of a connection as the library does, and of something that is none of ours.
const TELL: &str = r#"
    echo '{"event":"connection","time":5.0,"pid":7,"program":"p\u001b[2J","id":1,"kind":"connect","target":"www.test:80","route":3,"proxy":"10.0.0.1:1080","protocol":"socks_v5","outcome":"open","tcp":0.001,"request":0.25}' >$SOCKSIFY_TRACE
    echo 'not ours' >$SOCKSIFY_TRACE
    echo '{"event":"close","time":6.0,"pid":7,"program":"p","id":1,"target":"www.test:80","lasted":1.5,"up":5,"down":3072,"lost":2}' >$SOCKSIFY_TRACE
"#;

fn options<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["-p", "socks5h://127.0.0.1:1"], more, &["sh", "-c", TELL]].concat()
}

#[test]
fn lines_and_a_table_go_to_standard_error() {
    let scene = Scene::new();
    let outcome = scene.run(&options(&["--trace"]));
    assert_eq!((outcome.status(), outcome.output().as_str()), (Some(0), ""));
    let text = outcome.messages();
    for line in [
        "p\\u{1b}[2J[7] www.test:80 via 10.0.0.1:1080 (socks_v5) by line 3: open; tcp 1.0 ms, request 250.0 ms\n",
        "p[7] www.test:80: closed after 1.50 s; 5 B up, 3.0 KiB down\n",
        "1 in all; open at exit: 0; names looked up: 0; events lost: 2\n",
    ] {
        assert!(text.contains(line), "{line} is missing in:\n{text}");
    }
    assert!(!text.contains("not ours") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn programs_get_an_object_a_line() {
    let scene = Scene::new();
    assert_eq!(scene.run(&options(&["--trace=lines", "--json"])).status(), Some(0));
    let text = fs::read_to_string(scene.path("lines")).unwrap();
    let events: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    assert_eq!(names, ["connection", "close", "summary"]);
    assert_eq!(events[2]["rows"][0]["down"], 3072);
}

#[test]
fn nothing_is_left_behind() {
    let scene = Scene::new();
    let told =
        scene.run(&["-p", "socks5h://127.0.0.1:1", "--trace=lines", "sh", "-c", "echo $SOCKSIFY_TRACE"]);
    let fifo = told.output();
    assert!(fifo.contains("/trace-") && fs::symlink_metadata(fifo.trim_end()).is_err(), "{fifo}");
}

#[test]
fn a_file_that_cannot_be_written_is_said() {
    let scene = Scene::new();
    let outcome = scene.run(&["-p", "socks5h://127.0.0.1:1", "--trace=/nowhere/lines", "true"]);
    outcome.fails(125, "socksify: cannot trace to /nowhere/lines: No such file or directory (os error 2)\n");
}
