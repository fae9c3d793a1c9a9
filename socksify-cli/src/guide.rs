//! What the help text and the manual page teach beyond the options: examples, files, environment, exit status.
//!
//! Both are made from the tables here, so they cannot tell different stories.

use std::fmt::Write;

/// The command line in one line.
pub const USAGE: &str = "socksify [OPTIONS] [-c] COMMAND [ARG]...\n       \
                         socksify [OPTIONS] --shell | --print-env | --names | --check [FILE] | --convert FILE | --explain HOST[:PORT]";

/// What the program does and what it promises.
pub const DESCRIPTION: &str = "\
Runs COMMAND so that every TCP connection it makes, and every host name it looks up, goes through a SOCKS proxy. \
The program is not changed and need not know about proxies. What cannot go through the proxy fails: nothing is sent \
past it.

The proxy comes from -p, or from a configuration file that can also send some addresses directly, block others, and \
choose between proxies. Both are checked before COMMAND starts. A COMMAND that would bypass the proxy is refused, \
and so is a program that it starts later.";

/// A term and what it means.
pub type Entry = (&'static str, &'static str);

/// A section of the manual page: heading and entries.
pub type Section = (&'static str, &'static [Entry]);

/// The sections after the options, in order.
pub const SECTIONS: &[Section] =
    &[("EXAMPLES", EXAMPLES), ("FILES", FILES), ("ENVIRONMENT", ENVIRONMENT), ("EXIT STATUS", EXIT_STATUS)];

const EXAMPLES: &[Entry] = &[
    ("socksify -p socks5h://127.0.0.1:1080 curl https://example.org/", "One command through one proxy."),
    (
        "ssh -N -D 1080 gateway & socksify -p socks5h://127.0.0.1 git clone https://example.org/project.git",
        "An SSH login is a proxy, too.",
    ),
    ("socksify -c ftp ftp.example.org", "The proxy is named in the configuration file; -c may be left out."),
    (
        "socksify -p socks5h://alice:secret@gate:1080 -p socks5h://spare:1080 wget example.org",
        "A password, and a second proxy for when the first is down. Other users of this machine can read command \
         lines; a configuration file is safer for passwords.",
    ),
    ("socksify -v ssh host.intranet.example", "Says on standard error what happens to each connection."),
    (
        "socksify --trace git fetch",
        "Which connections a command and its children make, as they do, and what all came to.",
    ),
    ("socksify --shell", "A shell in which everything goes through the proxy."),
    ("eval \"$(socksify --print-env)\"", "The same for the shell you are in."),
    ("socksify -f /etc/proxychains.conf curl example.org", "The configuration of another program, as it is."),
    (
        "socksify --convert /etc/proxychains.conf >~/.config/socksify/socks.toml",
        "The same in TOML, to go on from.",
    ),
    ("socksify --check --target www.example.org:80", "What the configuration means, and whether it works."),
    ("socksify --explain www.example.org:443", "Which way a connection would go, and why."),
    ("socksify --embedded curl http://example.org/", "No proxy at hand: try it with one of our own."),
    ("socksify sh -c 'curl -s example.org | wc -c'", "A pipeline: hand it to a shell."),
];

const FILES: &[Entry] = &[
    ("$SOCKS_CONF", "The configuration file, if this variable is set; else the first of these that exists:"),
    (
        "$XDG_CONFIG_HOME/socksify/socks.conf, $XDG_CONFIG_HOME/socksify/socks.toml",
        "The user's; XDG_CONFIG_HOME is ~/.config unless set.",
    ),
    ("/etc/socks.conf, /etc/dante.conf", "The system's."),
    (
        "$XDG_RUNTIME_DIR/socksify/",
        "Which names stand behind the addresses that commands have been given; --names prints it.",
    ),
    (
        "libsocksify.so",
        "The library that does the work, looked for beside socksify, in ../lib and ../lib/socksify, and where it \
         was installed.",
    ),
];

const ENVIRONMENT: &[Entry] = &[
    ("SOCKS_CONF", "Configuration file; -f sets it."),
    ("SOCKSIFY_PROXY", "Proxy URLs separated by blanks, to be tried in order; -p sets it. No file is read."),
    ("SOCKS_SERVER, SOCKS4_SERVER, SOCKS5_SERVER, HTTP_CONNECT_PROXY", "A proxy, as Dante has them."),
    (
        "SOCKS_USERNAME, SOCKS_PASSWORD",
        "For proxies that have no user name of their own in the configuration.",
    ),
    ("SOCKSIFY_NAMES", "The table of names of this run; socksify sets it, and --names reads it."),
    ("SOCKS_DEBUG, SOCKS_LOGOUTPUT", "How much to log and where; -v and --log set them."),
    (
        "SOCKSIFY_RESOLVEPROTOCOL, SOCKSIFY_NAMESERVER, SOCKSIFY_UDP, SOCKSIFY_BIND",
        "In place of these options of the configuration; see socks.conf(5).",
    ),
    ("SOCKSIFY_TRACE", "Where the library tells of connections; --trace sets it."),
    ("SOCKSIFY_LIBRARY", "The library to preload, in place of the installed one."),
    (
        "SOCKSIFY_ON_UNHOOKABLE",
        "refuse or warn: what the library does when a program is started that would bypass it. socksify sets refuse, or \
         warn with --allow-bypass; without it, warn.",
    ),
    ("LD_PRELOAD", "Ours is put in front of what it holds; the rest is kept."),
    ("SHELL", "What --shell runs."),
];

const EXIT_STATUS: &[Entry] = &[
    ("125", "socksify itself failed: a mistake on the command line, in the configuration, or no library."),
    ("126", "COMMAND was found but cannot be run, or was refused because it would bypass the proxy."),
    ("127", "COMMAND was not found."),
    ("128+N", "With --embedded or --trace: COMMAND was ended by signal N."),
    ("otherwise", "That of COMMAND; with --check, 0 or 1."),
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
