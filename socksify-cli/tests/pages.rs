//! The manual pages and the shell completions in the repository say what the programs do.
//!
//! Those made from the command-line definition are written anew by `UPDATE=1 cargo test -p socksify-cli --test pages`.

use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use socks_conf::{KEYWORDS, SOCKD_KEYWORDS, Standing};
use socksify_cli::args::Arguments;
use socksify_cli::guide::{self, Section};
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

#[test]
fn the_manual_pages_are_up_to_date() {
    compare("man/socksify.1", &SOCKSIFY.manual_page());
    compare("man/socksd.8", &SOCKSD.manual_page());
}

#[test]
fn the_completions_are_up_to_date() {
    for program in [SOCKSIFY, SOCKSD] {
        let name = program.name;
        compare(&format!("completions/{name}.bash"), &program.completions(Shell::Bash));
        compare(&format!("completions/_{name}"), &program.completions(Shell::Zsh));
        compare(&format!("completions/{name}.fish"), &program.completions(Shell::Fish));
    }
}

/// The page is written by hand; this holds it to what the reader of the file knows.
#[test]
fn socks_conf_5_names_every_keyword() {
    let page = fs::read_to_string(repository().join("man/socks.conf.5")).unwrap();
    let supported = KEYWORDS.iter().filter(|keyword| matches!(keyword.standing, Standing::Supported(_)));
    for keyword in supported {
        assert!(page.contains(&format!("\n.It Ic {} :", keyword.name)), "{} is missing", keyword.name);
    }
}

#[test]
fn the_examples_of_socks_conf_5_are_right() {
    let page = fs::read_to_string(repository().join("man/socks.conf.5")).unwrap();
    let displays: Vec<&str> = page.split(".Bd -literal -offset indent\n").skip(1).collect();
    assert_eq!(displays.len(), 6);
    for display in displays {
        let (example, _) = display.split_once(".Ed\n").unwrap();
        match socks_conf::parse(example.as_bytes(), Path::new("example")) {
            Ok(config) => assert!(!config.routes.is_empty(), "{example}"),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn socksd_conf_5_names_every_keyword_with_its_meaning() {
    let page = fs::read_to_string(repository().join("man/socksd.conf.5")).unwrap();
    let supported =
        SOCKD_KEYWORDS.iter().filter(|keyword| matches!(keyword.standing, Standing::Supported(_)));
    for keyword in supported {
        let (heading, default) =
            (format!("\n.It Ic {} :", keyword.name), format!("Default: {}.", keyword.default));
        let says_so = |entry: &str| {
            let entry = entry.split("\n.It").next().unwrap_or_default().replace('\n', " ");
            entry.contains(keyword.doc) && entry.contains(&default)
        };
        assert!(page.split(&heading).skip(1).any(says_so), "{}", keyword.name);
    }
}

#[test]
fn the_examples_of_socksd_conf_5_are_right() {
    let page = fs::read_to_string(repository().join("man/socksd.conf.5")).unwrap();
    let displays = page.split(".Bd -literal -offset indent\n").skip(1);
    let examples = displays.filter_map(|display| display.split_once(".Ed\n")).map(|(example, _)| example);
    let examples: Vec<&str> = examples.filter(|example| example.contains("internal")).collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        let sockd = socks_conf::sockd::parse(example.as_bytes(), Path::new("example"));
        let sockd = sockd.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((sockd.client_rules.len(), sockd.socks_rules.len()), (1, 2), "{example}");
        assert!(sockd.warnings.is_empty(), "{:?}", sockd.warnings);
    }
}

#[test]
fn the_manual_pages_render_without_warnings() {
    for page in ["man/socksify.1", "man/socks.conf.5", "man/socksd.8", "man/socksd.conf.5"] {
        let mut mandoc = process::Command::new("mandoc");
        let Ok(output) = mandoc.args(["-T", "lint", "-W", "warning"]).arg(repository().join(page)).output()
        else {
            return;
        };
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    }
}

/// Compares a file of the repository with what it should be, or writes it.
fn compare(path: &str, expected: &[u8]) {
    let path = repository().join(path);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read(&path).unwrap_or_default();
    let command = "UPDATE=1 cargo test -p socksify-cli --test pages";
    assert!(found == expected, "{} is out of date; write it anew with\n  {command}", path.display());
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A program whose command line is defined as data, and what its page says beyond that.
struct Program {
    name: &'static str,
    definition: fn() -> Command,
    /// The number of the manual's section, and its name.
    manual: (&'static str, &'static str),
    sections: &'static [Section],
    /// Pages with their sections of the manual.
    see_also: &'static [(&'static str, &'static str)],
}

const SOCKSIFY: Program = Program {
    name: "socksify",
    definition: Arguments::command,
    manual: ("1", "User Commands"),
    sections: guide::SECTIONS,
    see_also: &[("socks.conf", "(5)"), ("socksd", "(8)"), ("ld.so", "(8)")],
};

const SOCKSD: Program = Program {
    name: "socksd",
    definition: socksd::args::Args::command,
    manual: ("8", "System Administration"),
    sections: socksd::guide::SECTIONS,
    see_also: &[("socksd.conf", "(5)"), ("socksify", "(1)"), ("hosts", "(5)")],
};

/// When the pages last changed in more than wording.
const LAST_CHANGE: &str = "2026-11-20";

impl Program {
    fn completions(&self, shell: Shell) -> Vec<u8> {
        let mut out = Vec::new();
        generate(shell, &mut (self.definition)(), self.name, &mut out);
        out
    }

    /// The usual sections from the definition, then those of the guide.
    fn manual_page(&self) -> Vec<u8> {
        let definition = (self.definition)().after_help("").after_long_help("");
        let version = definition.get_version().unwrap_or_default().to_owned();
        let man = Man::new(definition).title(self.name.to_uppercase()).date(LAST_CHANGE);
        let (number, manual) = self.manual;
        let man = man.source(format!("{} {version}", self.name)).section(number).manual(manual);
        let mut out = Vec::new();
        man.render_title(&mut out).unwrap();
        man.render_name_section(&mut out).unwrap();
        man.render_synopsis_section(&mut out).unwrap();
        man.render_description_section(&mut out).unwrap();
        man.render_options_section(&mut out).unwrap();
        self.sections.iter().for_each(|section| out.extend(rendered(section)));
        out.extend(rendered_see_also(self.see_also));
        with_one_preamble(&String::from_utf8(out).unwrap())
    }
}

/// Each section was rendered as if it were alone, with the definition of the apostrophe in front.
fn with_one_preamble(page: &str) -> Vec<u8> {
    let preamble: String = Roff::new().render().lines().map(|line| format!("{line}\n")).collect();
    assert!(page.starts_with(&preamble));
    format!("{preamble}{}", page.replace(&preamble, "")).into_bytes()
}

fn rendered((heading, entries): &Section) -> Vec<u8> {
    let mut roff = Roff::new();
    roff.control("SH", [*heading]);
    for (term, meaning) in *entries {
        roff.control("TP", []).text([bold(*term)]).text([roman(*meaning)]);
    }
    roff.render().into_bytes()
}

fn rendered_see_also(pages: &[(&str, &str)]) -> Vec<u8> {
    let mut words = Vec::new();
    for (page, number) in pages {
        let separator = if words.is_empty() { "" } else { ", " };
        words.extend([roman(separator), bold(*page), roman(*number)]);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]).text(words);
    roff.render().into_bytes()
}
