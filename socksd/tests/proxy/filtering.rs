//! Rules, methods and their configuration file, as applications meet them.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use socks_proto::Command::{Connect, UdpAssociate};
use socks_proto::client::{Failure, Version};
use socks_proto::socks5::Rep;
use socks_proto::{Address, Credentials};

use crate::application::{ask, connect, credentials, named, refused};
use crate::program::{Program, SOCKSD, complaint, scratch};
use crate::target::{echo, exchange};

/// A configuration file of this test.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> File {
        let file = File(scratch(&format!("filtering-{name}")).join("sockd.conf"));
        file.write(text);
        file
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.0, text).unwrap();
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

const EVERYBODY: &str = "socksmethod: none\nclient pass { from: 0/0 to: 0/0 }\n";

fn is_denied(failure: &Failure) -> bool {
    matches!(failure, Failure::Reply(rep) if *rep == Rep::NOT_ALLOWED)
}

fn at(target: Address, address: &str) -> Address {
    Address { host: address.parse::<std::net::IpAddr>().unwrap().into(), ..target }
}

fn attempt(
    proxy: SocketAddr,
    command: socks_proto::Command,
    target: Address,
    credentials: Option<Credentials>,
) -> Result<(), Failure> {
    ask(proxy, Version::Socks5, command, target, credentials).map(drop)
}

#[test]
fn the_first_rule_that_matches_decides() {
    let target = echo();
    let port = target.port;
    let file = File::new(
        "first",
        &format!(
            "{EVERYBODY}block {{ from: 0/0 to: 127.0.0.2/32 log: connect }}\npass {{ from: 0/0 to: 127.0.0.0/8 port = {port} }}\n"
        ),
    );
    let mut program = Program::start(&["-f", file.path()]);
    exchange(&mut connect(program.address, target), b"let through");
    assert!(is_denied(&refused(program.address, at(target, "127.0.0.2"))));
    assert!(program.line_with("refused 02").contains("blocked by the rule in line 3"));
    assert!(is_denied(&refused(program.address, Address { port: 1, ..target })));
    assert!(program.line_with("refused 02").contains("no rule lets it pass"));
}

#[test]
fn no_name_leads_into_a_network_that_is_blocked() {
    let target = echo();
    let file = File::new(
        "rebinding",
        &format!("{EVERYBODY}pass {{ from: 0/0 to: .example }}\nblock {{ from: 0/0 to: 127.0.0.2/32 }}\n"),
    );
    let hosts = ["--resolve", "good.example=127.0.0.1", "--resolve", "rebound.example=127.0.0.2"];
    let program = Program::start(&[&["-f", file.path()][..], &hosts].concat());
    exchange(&mut connect(program.address, named("good.example", target.port)), b"as named");
    assert!(is_denied(&refused(program.address, named("rebound.example", target.port))));
    assert!(is_denied(&refused(program.address, named("good.example.org", target.port))));
    assert!(is_denied(&refused(program.address, target)));
}

#[test]
fn commands_are_granted_one_by_one() {
    let target = echo();
    let file = File::new("commands", &format!("{EVERYBODY}pass {{ from: 0/0 to: 0/0 command: bind }}\n"));
    let program = Program::start(&["-f", file.path()]);
    assert!(is_denied(&attempt(program.address, Connect, target, None).unwrap_err()));
    assert!(is_denied(&attempt(program.address, UdpAssociate, Address::UNSPECIFIED, None).unwrap_err()));
    let mut waiting = crate::application::dial(program.address);
    waiting.write_all(&[5, 1, 0, 5, 2, 0, 1, 127, 0, 0, 1, 0, 80]).unwrap();
    let replies = crate::application::read_exactly(&mut waiting, 4);
    assert_eq!(replies, [5, 0, 5, 0]);
}

#[test]
fn interfaces_are_places() {
    let target = echo();
    let file = File::new(
        "interfaces",
        "internal: lo port = 0\nexternal: lo\ninternal.protocol: ipv4\nsocksmethod: none\nclient pass { from: lo to: lo }\nclient pass { from: 127.0.0.0/8 to: lo }\npass { from: 0/0 to: lo }\n",
    );
    let mut command = Command::new(SOCKSD);
    command.args(["-f", file.path()]);
    let program = Program::spawn(command);
    exchange(&mut connect(program.address, target), b"through the interface");
    assert!(is_denied(&refused(program.address, at(target, "127.0.0.2"))));
}

#[test]
fn users_have_rights_of_their_own() {
    let target = echo();
    let file = File::new(
        "users",
        "socksmethod: username none\nclient pass { from: 0/0 to: 0/0 }\npass { from: 0/0 to: 0/0 user: alice }\npass { from: 0/0 to: 127.0.0.2/32 method: none }\n",
    );
    let hash = hash_of("secret");
    let users = file.0.with_file_name("users");
    std::fs::write(&users, format!("alice:{hash}\nbob:plain\n")).unwrap();
    let program = Program::start(&["-f", file.path(), "--users", users.to_str().unwrap()]);
    let reach =
        |name: &str, password: &str| attempt(program.address, Connect, target, credentials(name, password));
    assert!(reach("alice", "secret").is_ok() && reach("alice", "secret").is_ok());
    assert!(is_denied(&reach("bob", "plain").unwrap_err()));
    assert!(!is_denied(&reach("alice", "wrong").unwrap_err()));
    assert!(!is_denied(&reach("carol", "secret").unwrap_err()));
    assert!(is_denied(&refused(program.address, target)));
    let elsewhere = refused(program.address, at(Address { port: 1, ..target }, "127.0.0.2"));
    assert!(matches!(elsewhere, Failure::Reply(rep) if rep == Rep::CONNECTION_REFUSED), "{elsewhere:?}");
}

fn hash_of(password: &str) -> String {
    let mut command = Command::new(SOCKSD);
    command.arg("--hash-password").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

#[test]
fn an_ident_server_that_says_nothing_lets_nobody_in() {
    let file = File::new(
        "ident",
        "clientmethod: rfc931\nsocksmethod: none\nclient pass { from: 0/0 to: 0/0 }\npass { from: 0/0 to: 0/0 }\n",
    );
    let program = Program::start(&["-f", file.path()]);
    // Port 113 of the application's own loopback address, where nobody listens.
    assert!(attempt(program.address, Connect, echo(), None).is_err());
}

#[test]
fn a_hangup_changes_the_rules_and_cuts_nobody() {
    let target = echo();
    let file = File::new("reload", &format!("{EVERYBODY}pass {{ from: 0/0 to: 0/0 }}\n"));
    let mut program = Program::start(&["-f", file.path()]);
    let mut early = connect(program.address, target);
    exchange(&mut early, b"before");
    file.write(&format!("{EVERYBODY}block {{ from: 0/0 to: 127.0.0.1/32 }}\n"));
    program.hang_up();
    program.line_with("read the configuration again");
    assert!(is_denied(&refused(program.address, target)));
    exchange(&mut early, b"after");
    file.write("socks pass { from: 0/0 }\n");
    program.hang_up();
    let line = program.line_with("the configuration stays as it was");
    assert!(line.contains("sockd.conf:1:1: this rule has no `to:`"), "{line}");
    assert!(is_denied(&refused(program.address, target)));
    assert_eq!(program.terminate(), 0);
}

#[test]
fn check_points_at_masks_that_match_everything() {
    let file = File::new(
        "check",
        "internal: lo\nexternal: lo\nmethod: username\nuser.privileged: root\nclient pass {\nfrom: 10.0.0.3/0 port 1-65535 to: 0.0.0.0/0\n}\npass {\nfrom: 10.0.0.3/0 to: 10.0.0.10/0\nprotocol: tcp udp\n}\n",
    );
    let text = complaint(&["--check", "-f", file.path()], 0);
    assert!(
        text.contains("sockd.conf:6:7: 10.0.0.3/0 matches every address; the one address is 10.0.0.3/32"),
        "{text}"
    );
    assert!(text.contains("the method username lets nobody in, for there are no users"), "{text}");
    file.write("srchost: nodnsunknown\n");
    assert!(complaint(&["--check", "-f", file.path()], 1).contains("`srchost` is not supported"));
    file.write("internal: nosuch0.invalid port = 1080\n");
    assert!(complaint(&["--check", "-f", file.path()], 1).contains("neither an interface nor a host name"));
    file.write("socksmethod: pam.username\n");
    assert!(complaint(&["--check", "-f", file.path()], 1).contains("built without PAM"));
    file.write("socksmethod: username\nsocks pass { from: 0/0 to: 0/0 group: no-such-group }\n");
    assert!(
        complaint(&["--check", "-f", file.path()], 1)
            .contains("the group no-such-group, which does not exist")
    );
    assert!(complaint(&["--check", "-f", "/nonexistent"], 1).contains("cannot read /nonexistent"));
    assert!(complaint(&["-f", file.path(), "--allow", "127.0.0.1"], 2).contains("--allow"));
}
