//! The manual page and the shell completions in the repository are what the command-line definition says.
//!
//! `UPDATE=1 cargo test -p socksify-cli --test pages` writes them anew.

use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use socksify_cli::args::Arguments;
use socksify_cli::guide::{self, Section};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn the_manual_page_is_up_to_date() {
    compare("man/socksify.1", &manual_page());
}

#[test]
fn the_completions_are_up_to_date() {
    compare("completions/socksify.bash", &completions(Shell::Bash));
    compare("completions/_socksify", &completions(Shell::Zsh));
    compare("completions/socksify.fish", &completions(Shell::Fish));
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

fn completions(shell: Shell) -> Vec<u8> {
    let mut out = Vec::new();
    generate(shell, &mut Arguments::command(), "socksify", &mut out);
    out
}

/// When the page last changed in more than wording.
const LAST_CHANGE: &str = "2026-11-20";

/// The usual sections from the definition, then those of the guide.
fn manual_page() -> Vec<u8> {
    let definition: Command = Arguments::command().after_help("").after_long_help("");
    let version = definition.get_version().unwrap_or_default().to_owned();
    let man = Man::new(definition).title("SOCKSIFY").date(LAST_CHANGE).source(format!("socksify {version}"));
    let man = man.manual("User Commands");
    let mut out = Vec::new();
    man.render_title(&mut out).unwrap();
    man.render_name_section(&mut out).unwrap();
    man.render_synopsis_section(&mut out).unwrap();
    man.render_description_section(&mut out).unwrap();
    man.render_options_section(&mut out).unwrap();
    guide::SECTIONS.iter().for_each(|section| out.extend(rendered(section)));
    out.extend(rendered_see_also());
    with_one_preamble(&String::from_utf8(out).unwrap())
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

fn rendered_see_also() -> Vec<u8> {
    let mut roff = Roff::new();
    let pages =
        [bold("socks.conf"), roman("(5), "), bold("socksd"), roman("(8), "), bold("ld.so"), roman("(8)")];
    roff.control("SH", ["SEE ALSO"]).text(pages);
    roff.render().into_bytes()
}
