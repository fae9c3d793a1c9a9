//! The ruleset of `socksd --nft`, in force in a network of its own.

use std::process::Command;

use crate::program::{SOCKSD, complaint, scratch};

const RULES: &str = "\
internal: 127.0.0.1 port = 1080
socksmethod: none
client pass { from: 0/0 to: 0/0 }
socks block { from: 0/0 to: 8.8.8.8/32 }
socks block { from: 0/0 to: 2001:db8:8::/48 }
socks block { from: 0/0 to: bad.example port = 80 }
socks pass { from: 0/0 to: 9.9.9.9/32 port = 81 }
socks block { from: 0/0 to: 9.9.9.9/32 }
socks pass { from: 0/0 to: 0/0 }
";

/// Asks socksd for targets where nobody listens: what it refuses has come through, and stands in its log.
const SCRIPT: &str = r#"
ip link set lo up
for address in 8.8.8.8 9.9.9.9 192.0.2.7; do ip address add $address/32 dev lo; done
for address in 2001:db8:8::8 2001:db8:9::9; do ip address add $address/128 dev lo nodad; done
"$SOCKSD" --nft "$RULES" | nft -f -
"$SOCKSD" -l 127.0.0.1:1080 --resolve good.example=192.0.2.7 --resolve bad.example=192.0.2.7 2>"$LOG" &
socksd=$!
until grep -q "listening on" "$LOG"; do kill -0 $socksd; done
for target in 8.8.8.8 192.0.2.7 "[2001:db8:8::8]" "[2001:db8:9::9]" 9.9.9.9 9.9.9.9:81; do
    curl -s -x socks5://127.0.0.1:1080 "http://$target/" || :
done
for target in 8.8.8.8 192.0.2.7; do curl -s -x socks4://127.0.0.1:1080 "http://$target/" || :; done
for target in bad.example good.example; do curl -s -x socks5h://127.0.0.1:1080 "http://$target/" || :; done
kill $socksd
wait $socksd
"#;

#[test]
fn requests_are_filtered_by_the_destination_in_their_payload() {
    let directory = scratch("firewall");
    let (rules, log) = (directory.join("sockd.conf"), directory.join("log"));
    std::fs::write(&rules, RULES).unwrap();
    let mut command = Command::new("unshare");
    command.args(["-rn", "sh", "-eu", "-c", SCRIPT]);
    let output = command.env("SOCKSD", SOCKSD).env("RULES", &rules).env("LOG", &log).output().unwrap();
    let log = std::fs::read_to_string(log).unwrap_or_default();
    assert!(output.status.success(), "{}\n{log}", String::from_utf8_lossy(&output.stderr));
    let arrived = |target: &str| log.matches(&format!(" to {target} ")).count();
    assert_eq!(arrived("8.8.8.8:80"), 0, "{log}");
    assert_eq!(arrived("192.0.2.7:80"), 2, "{log}");
    assert_eq!((arrived("[2001:db8:8::8]:80"), arrived("[2001:db8:9::9]:80")), (0, 1), "{log}");
    assert_eq!((arrived("9.9.9.9:80"), arrived("9.9.9.9:81")), (0, 1), "{log}");
    assert_eq!((arrived("bad.example:80"), arrived("good.example:80")), (0, 1), "{log}");
}

#[test]
fn a_ruleset_needs_rules() {
    assert!(complaint(&["--nft", "/nonexistent"], 1).contains("cannot read /nonexistent"));
}
