//! What the help text and the manual page teach beyond the options: examples, log, exit status.
//!
//! Both are made from the tables here, so they cannot tell different stories.

use std::fmt::Write;

/// What the program does and whom it serves.
pub const DESCRIPTION: &str = "\
Serves CONNECT and BIND of SOCKS 5, 4a and 4 and UDP ASSOCIATE of SOCKS 5, by name and by address, and Tor's RESOLVE \
and RESOLVE_PTR. It logs one line for each connection when its target was reached and one with the bytes it carried when \
it ends. Other commands of SOCKS are answered with \"command not supported\".

Without options it serves the programs of this machine only. Other hosts are served once --allow names them or users \
exist; they reach everything but the addresses that are this host's alone (--reach). Finer rules stand in a \
configuration file (-f), as Dante's server has it: socksd.conf(5).";

/// A term and what it means.
pub type Entry = (&'static str, &'static str);

/// A section of the manual page: heading and entries.
pub type Section = (&'static str, &'static [Entry]);

/// The sections after the options, in order.
pub const SECTIONS: &[Section] = &[
    ("EXAMPLES", EXAMPLES),
    ("COMMANDS OF SOCKS", COMMANDS),
    ("LOG", LOG),
    ("SIGNALS", SIGNALS),
    ("EXIT STATUS", EXIT_STATUS),
];

const EXAMPLES: &[Entry] = &[
    ("socksd", "Serve the programs of this machine on 127.0.0.1:1080, without a password."),
    ("socksd -l 10.0.0.11:1080 --allow 10.0.0.0/8", "Serve the hosts of a network, without a password."),
    (
        "socksd -l 0.0.0.0:1080 -l [::]:1080 --users /etc/socksd.users",
        "Serve everybody who has a name and a password.",
    ),
    (
        "socksd -l 127.0.0.1:0 --resolve www.example.org=127.0.0.1",
        "Take a free port, which the first line of the log names, and know a name that nobody else knows.",
    ),
    (
        "socksd -f /etc/sockd.conf",
        "Serve by rules. socksd --check -f /etc/sockd.conf says what is wrong with them, or wider than it reads.",
    ),
    (
        "socksd --hash-password",
        "Make the hash of a password, to be stored in a file of users in place of it.",
    ),
    (
        "socksd -f /etc/sockd.conf --run-as nobody --log syslog",
        "Listen as root, also on a port below 1024, and serve as somebody with no rights. The units socksd.service and socksd.socket do the same in a sandbox of systemd; sockets that systemd hands over are served in place of --listen.",
    ),
    (
        "socksd --nft /etc/sockd.conf | nft -f -",
        "Filter the CONNECT requests that this host sends or passes on to other proxies, by the destination in their payload.",
    ),
    (
        "socksd --connections --watch",
        "Watch the connections of the socksd on port 1080: number, application, target as it was asked for and the address it stands for, user, bytes from and to the application, type (out, in, udp), age.",
    ),
    ("socksify -p socks5h://127.0.0.1:1080 curl http://www.example.org/", "Try it."),
];

const LOG: &[Entry] = &[
    (
        "connect 1 from 127.0.0.1:51234 to www.example.org:80 (192.0.2.7:80) user alice: open",
        "The target was reached.",
    ),
    (
        "connect 1 from 127.0.0.1:51234 to www.example.org:80 (192.0.2.7:80) user alice: up 78 down 1256 closed 0.31s",
        "The connection ended. up counts bytes from the application, down from the target; other ends than closed are \
         reset-by-application, reset-by-target, idle and shutdown.",
    ),
    (
        "connect 2 from 127.0.0.1:51236 to nowhere.example:80 user -: refused 04 unknown name: ... 0.02s",
        "The application was told so; the number is the reply code of RFC 1928.",
    ),
    (
        "handshake 3 from 127.0.0.1:51238 user alice: failed user name or password refused 0.00s",
        "There was no request.",
    ),
    (
        "bind 4 from 127.0.0.1:51240 to ftp.example.org:21 user -: listening on 192.0.2.1:40112",
        "A call from ftp.example.org is waited for; open follows, with the caller's address, when it has come.",
    ),
    (
        "udpassociate 5 from 127.0.0.1:51242 to 0.0.0.0:0 user -: up 40 down 90 sent 1 received 1 dropped 0 closed 2.10s",
        "An association for datagrams ended, with its connection. sent, received and dropped count datagrams.",
    ),
    (
        "resolve 6 from 127.0.0.1:51244 to www.example.org:0 user -: answered 192.0.2.7 0.01s",
        "The application was told this address; after resolveptr it is a name.",
    ),
    (
        "connect 7 from 127.0.0.1:51246 to www.example.org:80 (192.0.2.7:80) user -: up 18 data GET\\x20/\\x20HTTP/1.0\\r\\n",
        "So many bytes were read, and these; without data if the rule has log: iooperation. Likewise down.",
    ),
    (
        "connect 8 from 127.0.0.1:51248 to www.example.org:80 (192.0.2.7:80) user -: tcpinfo target rtt 8.012ms rttvar 4.006ms mss 1448 cwnd 10 retransmits 0",
        "What the kernel knows of the connection to the application or to the target, with log: tcpinfo.",
    ),
    (
        "blanks and control characters",
        "Names and data from the network are one word of a line: in them a blank, a backslash and whatever is not printed are written like \\x20, \\n and \\u{1b}, so that nobody can forge a line.",
    ),
];

const COMMANDS: &[Entry] = &[
    (
        "CONNECT",
        "The addresses of a name are tried until one connects, the next beside one that takes its time. The reply holds the address that the target sees.",
    ),
    (
        "BIND",
        "Waits for --bind-timeout for one call from the host that the request names, or from anybody if that is 0.0.0.0 \
         or ::. Others who call are closed. The port is chosen by the system; beside a zero address the request may \
         name one from 1024. The port is closed once the call has come or the application is gone.",
    ),
    (
        "UDP ASSOCIATE",
        "Relays the datagrams of one port of the application's host, by default the one that sends first, as long as \
         the connection lasts. Answers come back from hosts that were sent to, from any port of theirs. Fragments are \
         dropped, and so is what goes to multicast and broadcast addresses.",
    ),
    (
        "RESOLVE, RESOLVE_PTR",
        "Tell an address of a name (SOCKS 5 and 4a; IPv4 if there is one), or the name of an address (SOCKS 5), as Tor \
         does, to those whom the rules for CONNECT would let reach it on some port.",
    ),
];

const SIGNALS: &[Entry] = &[
    (
        "SIGHUP",
        "Read the configuration file and the files of users and names again, and open the files of the log again. New connections begin under the new rules, open ones keep theirs; if anything is wrong, all stays as it was and the log says why. Addresses that are listened on no more are closed for new connections only. Sockets that systemd handed over, --control and --metrics stay as they are.",
    ),
    ("SIGINT, SIGTERM", "Accept no more connections, give the open ones the time of --grace, and end."),
];

const EXIT_STATUS: &[Entry] = &[
    ("0", "After SIGINT or SIGTERM; with --check, if nothing is wrong."),
    ("1", "An address cannot be listened on, or a file cannot be used."),
    ("2", "The command line is wrong."),
];

/// The sections as text for a terminal.
pub fn sections() -> String {
    let mut text = String::new();
    for (heading, entries) in SECTIONS {
        let separator = if text.is_empty() { "" } else { "\n" };
        let _ = writeln!(text, "{separator}{heading}:");
        for (term, meaning) in *entries {
            let _ = writeln!(text, "  {term}\n          {meaning}");
        }
    }
    text
}
