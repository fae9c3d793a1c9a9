//! The proxy of `--embedded`.

use crate::attended::{signal, start};
use crate::scene::Scene;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

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
    let (mut socksify, url, _output) =
        start(&scene, &["--embedded"], "echo $SOCKSIFY_PROXY; exec cat >/dev/null");
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
