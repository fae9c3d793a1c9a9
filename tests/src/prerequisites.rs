//! Which programs the tests need and which Debian packages have them.

use std::path::{Path, PathBuf};

use crate::host::PATH;

/// A program and its package.
pub const PROGRAMS: &[(&str, &str)] = &[
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("dnsmasq", "dnsmasq-base"),
    ("openssl", "openssl"),
    ("cc", "gcc"),
    ("/usr/include/netdb.h", "libc6-dev"),
    ("/usr/include/security/pam_appl.h", "libpam0g-dev"),
    ("nm", "binutils"),
    ("nginx", "nginx-light"),
    ("fcgiwrap", "fcgiwrap"),
    ("vsftpd", "vsftpd"),
    ("sshd", "openssh-server"),
    ("danted", "dante-server"),
    ("microsocks", "microsocks"),
    ("tinyproxy", "tinyproxy"),
    ("curl", "curl"),
    ("wget", "wget"),
    ("nc.openbsd", "netcat-openbsd"),
    ("ncat", "ncat"),
    ("socat", "socat"),
    ("tnftp", "tnftp"),
    ("inetutils-ftp", "inetutils-ftp"),
    ("ssh", "openssh-client"),
    ("git", "git"),
    ("python3", "python3"),
    ("perl", "perl"),
    ("bash", "bash"),
    ("node", "nodejs"),
    ("javac", "default-jdk-headless"),
    ("lftp", "lftp"),
    ("redis-server", "redis-server"),
    ("redis-cli", "redis-tools"),
    ("pg_createcluster", "postgresql"),
    ("psql", "postgresql-client"),
    ("chromium", "chromium"),
    ("dig", "bind9-dnsutils"),
    ("host", "bind9-host"),
    ("nslookup", "bind9-dnsutils"),
    ("ping", "iputils-ping"),
    ("aria2c", "aria2"),
    ("valgrind", "valgrind"),
    ("iperf3", "iperf3"),
    ("chronyd", "chrony"),
    ("ntpdig", "ntpsec-ntpdig"),
    ("gtlsclient", "ngtcp2-client"),
    ("gtlsserver", "ngtcp2-server"),
    ("proxychains4", "proxychains4"),
    ("/usr/lib/python3/dist-packages/socks.py", "python3-socks"),
    ("torsocks", "torsocks"),
    ("/usr/lib/x86_64-linux-gnu/libdsocksd.so.0", "libdsocksd0"),
    ("/usr/share/nodejs/socks/build/index.js", "node-socks"),
];

/// Without these there is no test network at all.
pub const NETWORK: &[&str] = &["ip", "nft", "dnsmasq", "openssl", "ssh", "git"];

/// Where the program is among Debian's.
pub fn find(program: &str) -> Option<PathBuf> {
    let exact = Path::new(program);
    if exact.is_absolute() {
        return exact.exists().then(|| exact.to_owned());
    }
    PATH.split(':').map(|directory| Path::new(directory).join(program)).find(|path| path.exists())
}

/// What is missing of these programs, and where it comes from.
pub fn missing<'a>(programs: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let missing = programs.into_iter().filter(|program| find(program).is_none());
    let words = missing.map(|program| match package(program) {
        Some(package) => format!("{program} (package {package})"),
        None => program.to_owned(),
    });
    let words: Vec<_> = words.collect();
    (!words.is_empty()).then(|| format!("missing {}", words.join(", ")))
}

fn package(program: &str) -> Option<&'static str> {
    PROGRAMS.iter().find(|(name, _)| *name == program).map(|(_, package)| *package)
}
