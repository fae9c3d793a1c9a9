//! Asks an application's host who runs it (RFC 1413, formerly RFC 931).
//!
//! The answer is worth what that host is worth: whoever controls it says what they like.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::outgoing::canonical;

/// The port that ident servers listen on.
const AUTH: u16 = 113;

/// RFC 1413 asks for 30 seconds at least, but the application waits meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// RFC 1413, section 4: a reply is at most so long.
const LONGEST_REPLY: usize = 1000;

/// A user's name is at most so long (RFC 1413, 6).
const LONGEST_NAME: usize = 512;

/// The name of the user whose connection this is; `None` if its host does not say.
pub(crate) async fn ident(application: &TcpStream) -> Option<String> {
    let theirs = canonical(application.peer_addr().ok()?);
    let ours = canonical(application.local_addr().ok()?);
    timeout(PATIENCE, ask(theirs, ours, AUTH)).await.ok()?
}

async fn ask(theirs: SocketAddr, ours: SocketAddr, auth: u16) -> Option<String> {
    let socket = if theirs.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.ok()?;
    // The server finds the connection by both addresses, so the question comes from the one it is about.
    socket.bind(SocketAddr::new(ours.ip(), 0)).ok()?;
    let mut stream = socket.connect(SocketAddr::new(theirs.ip(), auth)).await.ok()?;
    let question = format!("{} , {}\r\n", theirs.port(), ours.port());
    stream.write_all(question.as_bytes()).await.ok()?;
    let mut reply = Vec::new();
    let mut buffer = [0; 256];
    while !reply.contains(&b'\n') && reply.len() < LONGEST_REPLY {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(count) => reply.extend_from_slice(&buffer[..count]),
        }
    }
    name_in(&reply, theirs.port(), ours.port())
}

/// The name in `port , port : USERID : system : name`, if the ports are those asked about.
fn name_in(reply: &[u8], theirs: u16, ours: u16) -> Option<String> {
    let line = reply.split(|byte| matches!(byte, b'\r' | b'\n')).next()?;
    let line = std::str::from_utf8(line).ok()?;
    let mut fields = line.splitn(4, ':');
    let (ports, kind, system, name) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let (first, second) = ports.split_once(',')?;
    let are_the_ports = first.trim().parse() == Ok(theirs) && second.trim().parse() == Ok(ours);
    // OTHER says that the name is none of a user.
    let is_a_user = kind.trim() == "USERID" && system.split(',').next()?.trim() != "OTHER";
    let name = name.trim();
    let is_a_name = (1..=LONGEST_NAME).contains(&name.len()) && !name.chars().any(char::is_control);
    (are_the_ports && is_a_user && is_a_name).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn only_an_answer_to_the_question_counts() {
        let name = |reply: &str| name_in(reply.as_bytes(), 51234, 1080);
        assert_eq!(name("51234 , 1080 : USERID : UNIX : alice\r\n").as_deref(), Some("alice"));
        assert_eq!(name("51234,1080:USERID:UNIX,UTF-8:al:ice\n").as_deref(), Some("al:ice"));
        assert_eq!(name("51234 , 1081 : USERID : UNIX : alice\r\n"), None);
        assert_eq!(name("51234 , 1080 : ERROR : NO-USER\r\n"), None);
        assert_eq!(name("51234 , 1080 : USERID : OTHER : x9f\r\n"), None);
        assert_eq!(name("51234 , 1080 : USERID : UNIX : \r\n"), None);
        assert_eq!(name("51234 , 1080 : USERID : UNIX : a\x07\r\n"), None);
        assert_eq!(name(""), None);
    }

    #[tokio::test]
    async fn the_question_comes_from_the_address_it_is_about() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let auth = server.local_addr().unwrap().port();
        let answering = tokio::spawn(async move {
            let (mut stream, from) = server.accept().await.unwrap();
            let mut question = [0; 64];
            let count = stream.read(&mut question).await.unwrap();
            assert_eq!(&question[..count], b"51234 , 1080\r\n");
            stream.write_all(b"51234 , 1080 : USERID : UNIX : alice\r\n").await.unwrap();
            from
        });
        let (theirs, ours) = ("127.0.0.1:51234".parse().unwrap(), "127.0.0.5:1080".parse().unwrap());
        assert_eq!(ask(theirs, ours, auth).await.as_deref(), Some("alice"));
        assert_eq!(answering.await.unwrap().ip().to_string(), "127.0.0.5");
    }
}
