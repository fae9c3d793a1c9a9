//! Other addresses to listen on, taken over while the proxy runs.

use std::net::{Shutdown, TcpStream};
use std::process::Command;

use crate::application::{connect, read_to_end};
use crate::program::{Program, SOCKSD, scratch};
use crate::target::{echo, exchange};

/// Serves everybody at these places. Nobody else is on these loopback addresses.
fn rules(internal: &str) -> String {
    format!(
        "{internal}\nsocksmethod: none\nclient pass {{ from: 0/0 to: 0/0 }}\npass {{ from: 0/0 to: 0/0 log: connect disconnect error }}\n"
    )
}

#[test]
fn a_hangup_opens_and_closes_listeners_and_cuts_nobody() {
    let file = scratch("listening").join("sockd.conf");
    let write = |internal: &str| std::fs::write(&file, rules(internal)).unwrap();
    let mut command = Command::new(SOCKSD);
    command.arg("-f").arg(&file);
    write("internal: 127.90.0.1 port = 1080");
    let mut program = Program::spawn(command);
    let (first, second) = (program.address, "127.90.0.2:1081".parse().unwrap());
    let mut early = connect(first, echo());
    write("internal: 127.90.0.2 port = 1081");
    program.hang_up();
    program.line_with("no longer listening on 127.90.0.1:1080");
    program.line_with("listening on 127.90.0.2:1081");
    program.line_with("read the configuration again");
    exchange(&mut connect(second, echo()), b"served at the new address");
    while TcpStream::connect(first).is_ok() {}
    exchange(&mut early, b"still served");
    // An address that is nobody's: all stays as it was.
    write("internal: 127.90.0.3 port = 1082\ninternal: 192.0.2.7 port = 1082");
    program.hang_up();
    program.line_with("the configuration stays as it was: cannot listen on 192.0.2.7:1082: ");
    assert!(TcpStream::connect("127.90.0.3:1082").is_err());
    exchange(&mut connect(second, echo()), b"served at the old address");
    early.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_to_end(&mut early).unwrap(), b"");
    assert_eq!(program.terminate(), 0);
}

const SCRIPT: &str = r#"
ip link set lo up
write() {
    printf '%s\n' "$@" 'socksmethod: none' 'client pass { from: 0/0 to: 0/0 }' 'pass { from: 0/0 to: 0/0 log: connect error }' >"$RULES"
}
until_log() { until grep -q "$1" "$LOG"; do kill -0 $socksd; done; }
write 'internal: 127.0.0.1 port = 1080'
setpriv --bounding-set -net_bind_service "$SOCKSD" -f "$RULES" 2>"$LOG" &
socksd=$!
until_log 'listening on 127.0.0.1:1080'
write 'internal: 0.0.0.0 port = 1080'
kill -HUP $socksd
until_log 'read the configuration again'
curl -s -x socks5://127.0.0.2:1080 http://127.0.0.1:1/ || :
until_log ' from 127.0.0.1:[0-9]* to 127.0.0.1:1 .* refused 05'
write 'internal: 0.0.0.0 port = 80'
kill -HUP $socksd
until_log 'stays as it was: cannot listen on 0.0.0.0:80: Permission denied'
curl -s -x socks5://127.0.0.2:1080 http://127.0.0.1:2/ || :
until_log ' to 127.0.0.1:2 .* refused 05'
kill $socksd
wait $socksd
"#;

/// The wildcard takes the place of an address on the same port; a port that needs a right which is given up is not had.
#[test]
fn an_address_may_widen_but_rights_that_are_gone_are_gone() {
    let directory = scratch("listening-widened");
    let (rules, log) = (directory.join("sockd.conf"), directory.join("log"));
    let mut command = Command::new("unshare");
    command.args(["-rn", "sh", "-eu", "-c", SCRIPT]);
    let output = command.env("SOCKSD", SOCKSD).env("RULES", &rules).env("LOG", &log).output().unwrap();
    let log = std::fs::read_to_string(log).unwrap_or_default();
    assert!(output.status.success(), "{}\n{log}", String::from_utf8_lossy(&output.stderr));
    assert!(log.contains("listening on 0.0.0.0:1080"), "{log}");
}
