//! The command line as data: one definition, from which parsing, `--help`, the manual page and the shell
//! completions all come.
//!
//! Everything up to the command word belongs to us, everything after it to the command; that is why nothing here is
//! a sub-command: no program's name may be taken away from the user.

use crate::guide;
use clap::{Parser, ValueHint};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What the user asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Parser)]
#[command(
    name = "socksify",
    version,
    about = "run a program with all its traffic through a SOCKS proxy",
    long_about = guide::DESCRIPTION,
    after_help = "--help explains more, with examples; the configuration file is described in socks.conf(5).",
    after_long_help = guide::sections(),
    override_usage = guide::USAGE,
    max_term_width = 100
)]
#[allow(
    rustdoc::broken_intra_doc_links,
    reason = "comments on options are help texts, with brackets as on a terminal"
)]
pub struct Arguments {
    /// Use this proxy; repeat it for proxies to fall back on, in order
    ///
    /// socks5h://[USER:PASSWORD@]HOST[:PORT]; likewise socks5 (the same), socks4a, socks4 (which takes no host
    /// names), and http (CONNECT). The port is 1080 unless given, 80 for http. Names are resolved by the proxy, never here. No configuration file is
    /// read.
    #[arg(short, long = "proxy", value_name = "URL", conflicts_with_all = ["file", "embedded"])]
    pub proxies: Vec<String>,

    /// Read this configuration file and no other
    ///
    /// Dante's syntax or TOML, told apart by content; see socks.conf(5). A proxychains.conf, torsocks.conf or tsocks.conf
    /// is read, too. Variables that name a proxy are ignored.
    #[arg(short = 'f', long = "config", value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "embedded")]
    pub file: Option<PathBuf>,

    /// Start a proxy of our own for this command
    ///
    /// A socksd on 127.0.0.1 with a password made for this run serves the command and ends with it. The traffic
    /// leaves from this machine: good for trying out, not for getting anywhere else.
    #[arg(long, conflicts_with_all = ["print_env", "check", "names"])]
    pub embedded: bool,

    /// Say what happens to each connection (-vv: more)
    ///
    /// Lines go to standard error, unless --log names another place.
    #[arg(short, long, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,

    /// Print errors of our own only, and no warnings but that of --allow-bypass
    ///
    /// What goes wrong with a proxy while COMMAND runs is said all the same.
    #[arg(short, long)]
    pub quiet: bool,

    /// Write the lines of -v to FILE instead of standard error; implies -v
    #[arg(long = "log", value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "quiet")]
    pub log: Option<PathBuf>,

    /// Say what becomes of each connection, name and association, as it happens, and what all came to
    ///
    /// A line for each event of COMMAND and of everything it starts: which target was asked for, by which line of the configuration it
    /// went which way, the outcome, the time that each part of the dialogue with the proxy took, and the bytes each way when it was closed.
    /// The lines go to standard error, or to FILE; with --json they are for programs. What stays on this machine is not told.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, value_hint = ValueHint::FilePath, group = "report", conflicts_with_all = ["convert", "print_env"])]
    pub trace: Option<Option<PathBuf>>,

    /// Run COMMAND even if it would bypass the proxy
    ///
    /// Programs that no library can be preloaded into (static, setuid, of another machine) or that do not use the C
    /// library for their connections (Go) are refused, because they would reach the network directly; so are those
    /// that COMMAND starts. This runs them all the same, with a warning.
    #[arg(long)]
    pub allow_bypass: bool,

    /// Read the configuration, print what it means, and try it out
    ///
    /// A test program connects with the library loaded; each proxy is reached, asked to let us in, to listen and to carry
    /// datagrams. The exit status is 0 if all is well, else 1. FILE stands in the place of -f.
    #[arg(long, value_name = "FILE", num_args = 0..=1, value_hint = ValueHint::FilePath, groups = ["action", "report"])]
    pub check: Option<Option<PathBuf>>,

    /// With --check: send nothing, only read
    #[arg(long, requires = "check")]
    pub offline: bool,

    /// With --check: have each proxy connect to this target, and say how long it takes
    #[arg(long, value_name = "HOST:PORT", requires = "check", conflicts_with = "offline")]
    pub target: Option<String>,

    /// What --check starts anew
    #[arg(long, hide = true, group = "action", value_name = "ADDRESS:PORT")]
    pub probe: Option<String>,

    /// Print what a configuration file says as commented TOML, and stop
    ///
    /// FILE may be Dante's, or a proxychains.conf, torsocks.conf, tsocks.conf, or a socks.conf of the 1990s. What comes out
    /// decides every connection alike; what could not be said is in the comments.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, group = "action", conflicts_with_all = ["file", "proxies", "embedded"])]
    pub convert: Option<PathBuf>,

    /// Print shell commands that make the calling shell use the proxy
    ///
    /// For eval "$(socksify --print-env)" in a session or a profile. The shell itself is not changed: a program that it
    /// starts and that would bypass the proxy is not refused, but what its other programs start is.
    #[arg(long, group = "action")]
    pub print_env: bool,

    /// Print which names stand behind the addresses that commands have been given
    ///
    /// A line for each name: its stand-in, the IPv6 twin of that, the name. Within a command that socksify runs, what that
    /// command and its children have asked for; else all that commands of this user have.
    #[arg(long, groups = ["action", "report"])]
    pub names: bool,

    /// Say what would become of a connection to HOST, and why; nothing is sent
    ///
    /// How the name would be resolved, which route decides and why the others do not, which proxies would be asked. Without a
    /// port, only what holds for every port.
    #[arg(long, value_name = "HOST[:PORT]", groups = ["action", "report"])]
    pub explain: Option<String>,

    /// With --explain: datagrams instead of a connection
    #[arg(long, requires = "explain", conflicts_with = "bind")]
    pub udp: bool,

    /// With --explain: a listener that HOST is to call back
    #[arg(long, requires = "explain")]
    pub bind: bool,

    /// With --explain: from a socket bound to ADDRESS
    #[arg(long, value_name = "ADDRESS[:PORT]", requires = "explain")]
    pub from: Option<String>,

    /// With --explain: from this program; also say whether the library could be loaded into it
    ///
    /// Unless given, from one that no route names.
    #[arg(long, value_name = "NAME", value_hint = ValueHint::CommandName, requires = "explain")]
    pub program: Option<OsString>,

    /// With --explain: from a process of this user, by name or number, instead of the one who asks
    #[arg(long, value_name = "USER", value_hint = ValueHint::Username, requires = "explain")]
    pub user: Option<String>,

    /// Print JSON: of --check and --explain an object, of --names an array of objects with address, address6, name, table, of --trace an object a line
    #[arg(long, requires = "report")]
    pub json: bool,

    /// Run $SHELL: everything typed there goes through the proxy
    #[arg(long, group = "action")]
    pub shell: bool,

    /// The command follows; may be left out
    #[arg(short = 'c', conflicts_with = "action")]
    pub command_follows: bool,

    /// The program to run and its arguments; options after it are its own
    #[arg(
        value_name = "COMMAND",
        value_hint = ValueHint::CommandWithArguments,
        trailing_var_arg = true,
        conflicts_with = "action",
        required_unless_present = "action"
    )]
    pub command: Vec<OsString>,
}

impl Arguments {
    /// Reads a command line, program name first; what is not to be run (help, version, a mistake) comes as the error.
    pub fn read(words: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(words)
    }

    /// The configuration file that was named.
    pub fn named_file(&self) -> Option<&Path> {
        self.check.as_ref().and_then(Option::as_deref).or(self.file.as_deref())
    }

    /// How talkative the library is to be, if the command line says.
    pub fn debug_level(&self) -> Option<u8> {
        let implied = u8::from(self.log.is_some());
        Some(self.verbose.max(implied)).filter(|level| *level > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    fn read(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::read(line.split_whitespace().map(OsString::from))
    }

    fn command(line: &str) -> Vec<OsString> {
        read(line).unwrap_or_else(|error| panic!("{line}: {error}")).command
    }

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_command_runs_with_or_without_c() {
        assert_eq!(command("socksify -c ftp host"), ["ftp", "host"]);
        assert_eq!(command("socksify ftp host"), ["ftp", "host"]);
        assert_eq!(command("socksify -vc ftp host"), ["ftp", "host"]);
    }

    #[test]
    fn everything_after_the_command_is_the_commands() {
        assert_eq!(command("socksify curl -v -p x --help"), ["curl", "-v", "-p", "x", "--help"]);
        assert_eq!(command("socksify -c sh -c exit"), ["sh", "-c", "exit"]);
        assert_eq!(command("socksify ls -- -l"), ["ls", "--", "-l"]);
        assert_eq!(command("socksify -v curl --version --unknown"), ["curl", "--version", "--unknown"]);
    }

    #[test]
    fn two_dashes_end_our_options() {
        assert_eq!(command("socksify -- curl -v"), ["curl", "-v"]);
        assert_eq!(command("socksify -c -- -odd-name"), ["-odd-name"]);
        assert_eq!(command("socksify -v -- ls -- -l"), ["ls", "--", "-l"]);
    }

    #[test]
    fn proxies_keep_their_order() {
        let arguments = read("socksify -p socks5://a --proxy=socks4://b -psocks5h://c true").unwrap();
        assert_eq!(arguments.proxies, ["socks5://a", "socks4://b", "socks5h://c"]);
    }

    #[test]
    fn verbosity_counts_and_a_log_file_implies_it() {
        assert_eq!(read("socksify true").unwrap().debug_level(), None);
        assert_eq!(read("socksify -vv true").unwrap().debug_level(), Some(2));
        assert_eq!(read("socksify --log x true").unwrap().debug_level(), Some(1));
        assert_eq!(read("socksify --log x -vvv true").unwrap().debug_level(), Some(3));
    }

    #[test]
    fn a_trace_goes_to_a_file_only_by_an_equals_sign() {
        assert_eq!(read("socksify --trace curl -v").unwrap().trace, Some(None));
        assert_eq!(command("socksify --trace --json curl -v"), ["curl", "-v"]);
        let arguments = read("socksify --trace=lines curl").unwrap();
        assert_eq!((arguments.trace, arguments.command), (Some(Some("lines".into())), vec!["curl".into()]));
        assert!(read("socksify --trace --shell").unwrap().shell);
    }

    #[test]
    fn contradictions_are_refused() {
        for line in [
            "socksify -p socks5://a -f b true",
            "socksify -p socks5://a --embedded true",
            "socksify -f b --embedded true",
            "socksify -q -v true",
            "socksify --shell --print-env",
            "socksify --check --shell",
            "socksify --convert x --check",
            "socksify --convert x true",
            "socksify --explain x --check",
            "socksify --explain x --udp --bind",
            "socksify --shell true",
            "socksify --check -c true",
            "socksify --embedded --print-env",
            "socksify --names --check",
            "socksify --names true",
            "socksify --trace --check",
            "socksify --trace --convert x",
        ] {
            assert_eq!(read(line).unwrap_err().kind(), ErrorKind::ArgumentConflict, "{line}");
        }
    }

    #[test]
    fn an_unknown_option_is_a_mistake_and_no_command() {
        assert_eq!(read("socksify --unknown true").unwrap_err().kind(), ErrorKind::UnknownArgument);
        assert_eq!(read("socksify -x true").unwrap_err().kind(), ErrorKind::UnknownArgument);
        assert_eq!(read("socksify").unwrap_err().kind(), ErrorKind::MissingRequiredArgument);
        assert_eq!(read("socksify -c").unwrap_err().kind(), ErrorKind::MissingRequiredArgument);
    }

    #[test]
    fn help_teaches() {
        let help = Arguments::command().render_long_help().to_string();
        for word in
            ["EXAMPLES", "FILES", "ENVIRONMENT", "EXIT STATUS", "socksify -c ftp", "SOCKS_CONF", "127"]
        {
            assert!(help.contains(word), "{word} is missing in:\n{help}");
        }
    }
}
