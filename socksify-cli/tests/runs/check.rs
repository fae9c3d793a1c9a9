//! `--check` with proxies that answer as they are told to.

use crate::scene::Scene;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

/// A SOCKS5 proxy that answers each command with a REP.
struct Proxy {
    listener: TcpListener,
}

impl Proxy {
    fn new() -> Proxy {
        Proxy { listener: TcpListener::bind("127.0.0.1:0").unwrap() }
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Serves until the test ends.
    fn serve(self, method: u8, replies: [u8; 3]) -> u16 {
        let port = self.port();
        std::thread::spawn(move || {
            for stream in self.listener.incoming() {
                let _ = answer(stream.unwrap(), method, replies);
            }
        });
        port
    }
}

fn answer(mut stream: TcpStream, method: u8, replies: [u8; 3]) -> std::io::Result<()> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    stream.read_exact(&mut vec![0; head[1].into()])?;
    stream.write_all(&[5, method])?;
    let mut request = [0; 4];
    stream.read_exact(&mut request)?;
    let reply = replies[usize::from(request[1]) - 1];
    stream.write_all(&[5, reply, 0, 1, 198, 51, 100, 7, 0x1f, 0x90])
}

#[test]
fn every_step_has_a_line() {
    let scene = Scene::new();
    let port = Proxy::new().serve(0, [0, 0, 7]);
    let url = format!("socks5://127.0.0.1:{port}");
    let outcome = scene.run(&["--check", "--target", "www.example.org:80", "-p", &url]);
    let text = outcome.output();
    let proxy = format!("proxy 127.0.0.1:{port}");
    for line in [
        format!("\n     ok  {proxy}: reached at 127.0.0.1:{port} ("),
        format!("\n     ok  {proxy}: speaks SOCKS5 and lets us in\n"),
        format!("\n     ok  {proxy}, connect: www.example.org:80, resolved there ("),
        format!("\n     ok  {proxy}, bind: listens on 198.51.100.7:8080 ("),
        format!("\n     no  {proxy}, udp: "),
        "\n     ok  open files: at most ".to_owned(),
        // The library of the scene intercepts nothing.
        "\n FAILED  library: a connection of a test program did not reach us\n".to_owned(),
    ] {
        assert!(text.contains(&line), "{line}{text}");
    }
    assert_eq!(outcome.status(), Some(1));
}

/// As `ssh -D` does with all but CONNECT.
#[test]
fn a_proxy_that_hangs_up_on_what_it_does_not_know() {
    let scene = Scene::new();
    let proxy = Proxy::new();
    let port = proxy.port();
    std::thread::spawn(move || {
        for stream in proxy.listener.incoming() {
            let _ = answer_connect_only(stream.unwrap());
        }
    });
    let url = format!("socks5://127.0.0.1:{port}");
    let text = scene.run(&["--check", "--target", "www.example.org:80", "-p", &url]).output();
    let proxy = format!("proxy 127.0.0.1:{port}");
    for line in [
        format!("\n     ok  {proxy}: speaks SOCKS5 and lets us in\n"),
        format!("\n     ok  {proxy}, connect: www.example.org:80, resolved there ("),
        format!("\n     no  {proxy}, bind: the proxy closed the connection"),
        format!("\n     no  {proxy}, udp: the proxy closed the connection"),
    ] {
        assert!(text.contains(&line), "{line}{text}");
    }
}

fn answer_connect_only(mut stream: TcpStream) -> std::io::Result<()> {
    let mut head = [0; 2];
    stream.read_exact(&mut head)?;
    stream.read_exact(&mut vec![0; head[1].into()])?;
    stream.write_all(&[5, 0])?;
    let mut request = [0; 4];
    stream.read_exact(&mut request)?;
    match request[1] {
        1 => stream.write_all(&[5, 0, 0, 1, 198, 51, 100, 7, 0x1f, 0x90]),
        _ => Ok(()),
    }
}

#[test]
fn a_proxy_that_lets_nobody_in_and_one_that_is_not_there() {
    let scene = Scene::new();
    let shut = Proxy::new().serve(0xff, [0; 3]);
    let gone = Proxy::new().port();
    let urls = [format!("socks5://127.0.0.1:{shut}"), format!("socks5://127.0.0.1:{gone}")];
    let text = scene.run(&["--check", "-p", &urls[0], "-p", &urls[1]]).output();
    assert!(text.contains(&format!("\n FAILED  proxy 127.0.0.1:{shut}: SOCKS5: ")), "{text}");
    assert!(text.contains(&format!("\n FAILED  proxy 127.0.0.1:{gone}: cannot be reached at ")), "{text}");
}

#[test]
fn json_says_the_same() {
    let scene = Scene::new();
    let port = Proxy::new().serve(0, [5, 0, 0]);
    let url = format!("socks5://127.0.0.1:{port}");
    let text = scene.run(&["--check", "--json", "--target", "192.0.2.1:80", "-p", &url]).output();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&value["ok"], &value["configuration"]), (&false.into(), &"-p".into()));
    let findings = value["findings"].as_array().unwrap();
    let verdict = |what: &str| {
        let what = format!("proxy 127.0.0.1:{port}{what}");
        findings.iter().find(|finding| finding["what"] == what.as_str()).unwrap()["verdict"].clone()
    };
    assert_eq!((verdict(""), verdict(", connect")), ("ok".into(), "failed".into()));
    assert_eq!((verdict(", bind"), verdict(", udp")), ("ok".into(), "ok".into()));
}

#[test]
fn json_says_what_keeps_the_configuration_from_being_read() {
    let scene = Scene::new();
    scene.write("broken.conf", "debgu: 1\n", 0o644);
    let outcome = scene.run(&["--check", "broken.conf", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&outcome.output()).unwrap();
    assert_eq!(value["ok"], false);
    assert!(value["error"].as_str().unwrap().starts_with("error: `debgu` is not a keyword"), "{value}");
    assert_eq!(outcome.status(), Some(1));
}

/// An HTTP proxy on loopback that answers each connection with one of these responses, in this order.
fn http_proxy(responses: &'static [&'static str]) -> (u16, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = std::thread::spawn(move || {
        // The first connection is there to see whether it stands.
        drop(listener.accept().unwrap());
        responses.iter().map(|response| respond(listener.accept().unwrap().0, response)).collect()
    });
    (port, serving)
}

/// Reads a header, and gives its lines.
fn respond(mut stream: TcpStream, response: &str) -> String {
    let mut header = Vec::new();
    while !header.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        header.extend(byte);
    }
    stream.write_all(response.as_bytes()).unwrap();
    String::from_utf8(header).unwrap()
}

#[test]
fn an_http_proxy_is_asked_for_the_target() {
    let scene = Scene::new();
    let (port, serving) = http_proxy(&["HTTP/1.1 502 Bad Gateway\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"]);
    let url = format!("http://alice:secret@127.0.0.1:{port}");
    let text = scene.run(&["-p", &url, "--check", "--target", "www.example.org:443"]).output();
    assert!(text.contains(": speaks HTTP and lets alice in, by password or without\n"), "{text}");
    assert!(text.contains(", connect: www.example.org:443, resolved there"), "{text}");
    let asked = serving.join().unwrap();
    assert!(asked[0].starts_with("CONNECT nobody.invalid:443 HTTP/1.1\r\n"), "{asked:?}");
    assert!(asked[1].starts_with("CONNECT www.example.org:443 HTTP/1.1\r\n"), "{asked:?}");
    assert!(asked[1].contains("\r\nProxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n"), "{asked:?}");
}

#[test]
fn an_http_proxy_that_lets_nobody_in_has_failed() {
    let scene = Scene::new();
    let (port, serving) = http_proxy(&["HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"]);
    let outcome = scene.run(&["-p", &format!("http://127.0.0.1:{port}"), "--check"]);
    let text = outcome.output();
    assert!(
        text.contains(": HTTP: the proxy replied 407 (user name and password wanted, or others)\n"),
        "{text}"
    );
    assert_eq!(outcome.status(), Some(1));
    serving.join().unwrap();
}

#[test]
fn a_proxy_that_no_route_leads_to_is_left_alone() {
    let scene = Scene::new();
    scene.write(
        "idle.toml",
        "[proxy.idle]\nurl = 'socks5://127.0.0.1:1'\n[[route]]\nvia = 'direct'\n",
        0o644,
    );
    let text = scene.run(&["--check", "idle.toml"]).output();
    assert!(text.contains("\nskipped  proxy idle: no route leads to it\n"), "{text}");
}

#[test]
fn traps_of_dantes_order_are_told() {
    let scene = Scene::new();
    scene.write("both.conf", "route { from: 0/0 to: 0/0 via: 127.0.0.1 port = 1080 }\n", 0o644);
    let text = scene.run(&["--check", "both.conf", "--offline"]).succeeds();
    assert!(text.contains("\nnote: IPv4 targets go by socks_v4, without password, "), "{text}");
    assert!(text.contains("\nnote: networks of this machine go direct only where a route says so"), "{text}");
}
