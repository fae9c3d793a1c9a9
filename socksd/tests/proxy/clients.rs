//! Applications of other people, which speak SOCKS themselves or by a library in front of them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Command, Stdio};

use crate::program::Program;
use crate::target::Target;

/// An HTTP target that answers every request with `hello`.
fn web() -> u16 {
    let target = Target::listen();
    let port = target.socket_addr().port();
    std::thread::spawn(move || {
        loop {
            let mut stream = target.accept();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                match stream.read(&mut byte) {
                    Ok(1) => request.push(byte[0]),
                    _ => break,
                }
            }
            let _ = stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        }
    });
    port
}

#[test]
fn curl_in_every_dialect() {
    let program = Program::start(&["--resolve", "www.example.org=127.0.0.1"]);
    let (proxy, port) = (program.address, web());
    for (scheme, host) in [
        ("socks4", "127.0.0.1"),
        ("socks4a", "www.example.org"),
        ("socks5", "127.0.0.1"),
        ("socks5h", "www.example.org"),
    ] {
        let arguments = ["-sS", "-x", &format!("{scheme}://{proxy}"), &format!("http://{host}:{port}/")];
        assert_eq!(stdout("curl", &arguments, b""), "hello", "{scheme}");
    }
}

#[test]
fn curl_with_a_password() {
    let program = Program::start(&["--user", "alice:secret"]);
    let (proxy, target) = (program.address, format!("http://127.0.0.1:{}/", web()));
    let right = format!("socks5://alice:secret@{proxy}");
    assert_eq!(stdout("curl", &["-sS", "-x", &right, &target], b""), "hello");
    let wrong = format!("socks5://alice:wrong@{proxy}");
    assert_eq!(Command::new("curl").args(["-s", "-x", &wrong, &target]).status().unwrap().code(), Some(97));
}

#[test]
fn netcat_half_closes_and_reads_the_answer() {
    let program = Program::start(&[]);
    let proxy = program.address.to_string();
    let port = web().to_string();
    for version in ["4", "5"] {
        let arguments = ["-N", "-X", version, "-x", &proxy, "127.0.0.1", &port];
        assert!(stdout("nc", &arguments, b"GET / HTTP/1.0\r\n\r\n").ends_with("hello"), "{version}");
    }
}

#[test]
fn proxychains_leads_programs_here() {
    let program = Program::start(&[]);
    let target = format!("http://127.0.0.1:{}/", web());
    for kind in ["socks4", "socks5"] {
        let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("proxychains-{kind}.conf"));
        let (ip, port) = (program.address.ip(), program.address.port());
        std::fs::write(&file, format!("strict_chain\n[ProxyList]\n{kind} {ip} {port}\n")).unwrap();
        let arguments = ["-q", "-f", file.to_str().unwrap(), "curl", "-sS", &target];
        assert_eq!(stdout("proxychains4", &arguments, b""), "hello", "{kind}");
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn python_socks_connects_and_sends_datagrams() {
    let program = Program::start(&["--resolve", "www.example.org=127.0.0.1"]);
    let echo = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = echo.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut buffer = [0; 65536];
        while let Ok((length, from)) = echo.recv_from(&mut buffer) {
            let _ = echo.send_to(&buffer[..length], from);
        }
    });
    let script = "
import socks, sys
proxy, tcp, udp = (int(word) for word in sys.argv[1:])
for kind in (socks.SOCKS4, socks.SOCKS5):
    s = socks.socksocket()
    s.set_proxy(kind, '127.0.0.1', proxy, rdns=True)
    s.connect(('www.example.org', tcp))
    s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
    assert b'hello' in b''.join(iter(lambda: s.recv(1000), b''))
import socket
d = socks.socksocket(socket.AF_INET, socket.SOCK_DGRAM)
d.set_proxy(socks.SOCKS5, '127.0.0.1', proxy, rdns=True)
for size in (1, 1000, 8000):
    d.sendto(b'x' * size, ('www.example.org', udp))
    data, source = d.recvfrom(65536)
    assert (len(data), source) == (size, ('127.0.0.1', udp)), (len(data), source)
print('done', end='')
";
    let ports = [program.address.port(), web(), port].map(|port| port.to_string());
    let arguments = ["-c", script, &ports[0], &ports[1], &ports[2]];
    assert_eq!(stdout("/usr/bin/python3", &arguments, b""), "done");
}

fn stdout(program: &str, arguments: &[&str], input: &[u8]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}
