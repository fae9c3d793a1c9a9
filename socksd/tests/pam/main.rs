//! Users that PAM judges, by services of real modules: pam_unix with accounts of its own, and a program (pam_exec).

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const SOCKSD: &str = env!("CARGO_BIN_EXE_socksd");

/// What goes to port 1 is for accounts of the system, what goes to port 2 for those whom the program knows.
const RULES: &str = "\
internal: 127.0.0.1 port = 1080
socksmethod: pam.username
client pass { from: 0/0 to: 0/0 }
socks block { from: 0/0 to: 0/0 port = 3 log: connect }
socks pass { from: 0/0 to: 0/0 port 1-3 log: connect error }
socks pass { from: 0/0 to: 0/0 port = 4 pamservicename: gate log: connect error }
";

/// The password of both is `secret`; the account of bob has expired.
const PASSWD: &str = "root:x:0:0::/:/bin/sh\nalice:x:1001:1001::/:/bin/sh\nbob:x:1002:1002::/:/bin/sh\n";
const SHADOW: &str = "\
root:*:19000::::::
alice:$6$socksdtest$K6gQz9isoAquh6Cyw2W1mfKUKh5M.o2UnICNp8FwH456scVMN.iqUC1if4zkpmc3CRFeVIWIUVl42uaz0qN460:19000:0:99999:7:::
bob:$6$socksdtest$K6gQz9isoAquh6Cyw2W1mfKUKh5M.o2UnICNp8FwH456scVMN.iqUC1if4zkpmc3CRFeVIWIUVl42uaz0qN460:19000:0:99999:7::19001:
";

/// Lets in whose password is `of-` and his name; who is called slow waits until a file is there.
const GATE: &str = r#"#!/bin/sh
[ "$PAM_USER" != slow ] || until [ -e "${0%/*}/open" ]; do sleep 0.05; done
[ "$(tr -d '\0')" = "of-$PAM_USER" ] && [ "$PAM_RHOST" = 127.0.0.1 ]
"#;

const SCRIPT: &str = r#"
mount --bind "$DIR/pam.d" /etc/pam.d
mount --bind "$DIR/passwd" /etc/passwd
mount --bind "$DIR/shadow" /etc/shadow
ip link set lo up
"$SOCKSD" -f "$DIR/sockd.conf" 2>"$DIR/log" &
socksd=$!
until grep -q 'listening on 127.0.0.1:1080' "$DIR/log"; do kill -0 $socksd; done
as() { curl -sS -x "socks5://$1@127.0.0.1:1080" "http://127.0.0.1:$2/" 2>&1 || :; }
says() { said=$(as "$1" "$2"); echo "$said" | grep -q "$3" || { echo "$1 $2: $said"; exit 1; }; }
says alice:secret 1 '(5)'
says alice:secret 3 '(2)'
says alice:secret 4 '(2)'
says alice:wrong 1 'User was rejected'
says bob:secret 1 'User was rejected'
says carol:secret 1 'User was rejected'
says quick:of-quick 4 '(5)'
says quick:of-quick 1 '(2)'
says quick:wrong 4 'User was rejected'
pids=
for number in 1 2 3 4 5 6 7 8; do
    says slow:of-slow 4 '(5)' & pids="$pids $!"
done
until [ "$(grep -c . /proc/net/tcp)" -gt 8 ]; do kill -0 $socksd; done
says quick:of-quick 4 '(5)'
touch "$DIR/open"
for pid in $pids; do wait $pid; done
kill $socksd
wait $socksd
"#;

#[test]
fn services_of_pam_decide_who_is_a_user() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pam");
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(directory.join("pam.d")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.join(name), text).unwrap();
    write("sockd.conf", RULES);
    write("passwd", PASSWD);
    write("shadow", SHADOW);
    write("gate", GATE);
    std::fs::set_permissions(directory.join("gate"), std::fs::Permissions::from_mode(0o755)).unwrap();
    write("pam.d/sockd", "auth required pam_unix.so nodelay\naccount required pam_unix.so\n");
    let program = directory.join("gate");
    let gate = format!(
        "auth required pam_exec.so expose_authtok quiet {}\naccount required pam_permit.so\n",
        program.display()
    );
    write("pam.d/gate", &gate);
    write("pam.d/other", "auth required pam_deny.so\naccount required pam_deny.so\n");
    let mut command = Command::new("unshare");
    command.args(["-rmn", "sh", "-eu", "-c", SCRIPT]);
    let output = command.env("SOCKSD", SOCKSD).env("DIR", &directory).output().unwrap();
    let log = std::fs::read_to_string(directory.join("log")).unwrap_or_default();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{log}");
}
