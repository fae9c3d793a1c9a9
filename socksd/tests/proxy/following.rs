//! An interface that is listened on and given another address.

use std::process::Command;

use crate::program::{SOCKSD, scratch};

const RULES: &str = "\
internal: inside port = 1080
external: inside
socksmethod: none
client pass { from: 0/0 to: inside }
socks pass { from: 0/0 to: 0/0 log: connect error }
";

const SCRIPT: &str = r#"
ip link set lo up
ip link add inside type veth peer name outside
ip link set inside up
ip link set outside up
ip address add 192.0.2.1/24 dev inside
"$SOCKSD" -f "$RULES" 2>"$LOG" &
socksd=$!
until grep -q "listening on 192.0.2.1:1080" "$LOG"; do kill -0 $socksd; done
ip address del 192.0.2.1/24 dev inside
ip address add 198.51.100.1/24 dev inside
until grep -q "listening on 198.51.100.1:1080" "$LOG"; do kill -0 $socksd; done
curl -s -x socks5://198.51.100.1:1080 http://198.51.100.1:1/ || :
curl -s -x socks5://198.51.100.1:1080 http://198.51.100.1:1080/ || :
kill $socksd
wait $socksd
"#;

#[test]
fn an_address_that_comes_later_is_served_and_is_no_target() {
    let directory = scratch("following");
    let (rules, log) = (directory.join("sockd.conf"), directory.join("log"));
    std::fs::write(&rules, RULES).unwrap();
    let mut command = Command::new("unshare");
    command.args(["-rn", "sh", "-eu", "-c", SCRIPT]);
    let output = command.env("SOCKSD", SOCKSD).env("RULES", &rules).env("LOG", &log).output().unwrap();
    let log = std::fs::read_to_string(log).unwrap_or_default();
    assert!(output.status.success(), "{}\n{log}", String::from_utf8_lossy(&output.stderr));
    assert!(log.contains(" to 198.51.100.1:1 (198.51.100.1:1) user -: refused 05 "), "{log}");
    assert!(log.contains(": refused 02 the target is this proxy"), "{log}");
}
