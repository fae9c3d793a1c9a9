//! Files found in the wild, where `SOCKS_CONF_CORPUS` names a directory of them: each is read, or refused for a reason
//! that a person would agree with, and none makes a reader panic when its words are deleted, doubled or swapped.
//!
//! The files are other people's and not part of this package; without them there is nothing to do.

use socks_conf::{Error, parse, sockd};
use std::fs;
use std::path::{Path, PathBuf};

const DIRECTORIES: &[&str] = &["socks.conf", "proxychains", "torsocks", "tsocks", SERVERS];

/// The directory of servers' files.
const SERVERS: &str = "sockd.conf";

/// The beginning of a file's name, and what the refusal says.
const REFUSED: &[(&str, &str, &str)] = &[
    // Other programs that use the same name, and a file that Dante refuses, too.
    ("socks.conf", "02-", "`listen` is not a keyword of socks.conf"),
    ("socks.conf", "03-", "this is the access list of a SOCKS server"),
    ("socks.conf", "04-", "this is the access list of a SOCKS server"),
    ("socks.conf", "10-", "this is the access list of a SOCKS server"),
    ("socks.conf", "11-", "`user` is not supported: user names and passwords are not in this file"),
    // proxychains ends with an error at the first and at those without a proxy.
    ("proxychains", "03-", "`[ProxyList]` has no value `sock5`"),
    ("proxychains", "08-", "expected a proxy below `[ProxyList]`"),
    ("proxychains", "13-", "expected a proxy below `[ProxyList]`"),
    ("proxychains", "20-", "expected a proxy below `[ProxyList]`"),
    // Placeholders for a script to fill in.
    ("tsocks", "03-", "expected a port from 1 to 65535, found `vSOCKS_PORT`"),
    (SERVERS, "27-", "expected a number, found `DEBUG`"),
    (SERVERS, "37-", "no service is called `PORTPLACEHOLDER`"),
    // The rules of Dante's first releases, without colons, which it refuses today, too.
    (SERVERS, "39-", "expected `:` behind the keyword, found `0.0.0.0`"),
];

fn corpus() -> Vec<(&'static str, PathBuf)> {
    let Some(root) = std::env::var_os("SOCKS_CONF_CORPUS") else { return Vec::new() };
    let entries = |directory: &&'static str| {
        let files = fs::read_dir(Path::new(&root).join(directory)).unwrap();
        let directory = *directory;
        files.map(move |entry| (directory, entry.unwrap().path())).collect::<Vec<_>>()
    };
    DIRECTORIES.iter().flat_map(entries).collect()
}

#[test]
fn each_file_is_read_or_refused_with_reason() {
    for (directory, file) in corpus() {
        let name = file.file_name().unwrap().to_str().unwrap();
        let refused = REFUSED.iter().find(|(d, prefix, _)| *d == directory && name.starts_with(prefix));
        match (read(directory, &fs::read(&file).unwrap(), Path::new(name)), refused) {
            (Ok(()), None) => {}
            (Err(error), Some((.., reason))) => {
                assert!(error.to_string().contains(reason), "{directory}/{name}: {error}")
            }
            (Ok(()), Some((.., reason))) => panic!("{directory}/{name} is read, and was refused: {reason}"),
            (Err(error), None) => panic!("{directory}/{name}: {error}"),
        }
    }
}

/// Reads a file as what it is; what applications are told can be written in TOML, too.
fn read(directory: &str, text: &[u8], file: &Path) -> Result<(), Error> {
    if directory == SERVERS {
        return sockd::parse(text, file).map(drop);
    }
    let config = parse(text, file)?;
    drop(config.to_toml().unwrap_or_else(|why| panic!("{}: {why}", file.display())));
    Ok(())
}

#[test]
fn no_mutation_makes_a_reader_panic() {
    for (directory, file) in corpus() {
        let text = fs::read(&file).unwrap();
        let blank = |byte: &u8| byte.is_ascii_whitespace();
        let words: Vec<&[u8]> = text.chunk_by(|a, b| blank(a) == blank(b)).collect();
        let comment = |index: usize| {
            let before: Vec<u8> = words[..index].iter().flat_map(|word| word.iter().copied()).collect();
            before.iter().rev().take_while(|byte| **byte != b'\n').any(|byte| *byte == b'#')
        };
        for index in (0..words.len()).filter(|index| !blank(&words[*index][0]) && !comment(*index)) {
            let mut deleted = words.clone();
            deleted.remove(index);
            survive(directory, &deleted.concat());
            let mut doubled = words.clone();
            doubled.insert(index, b" ");
            doubled.insert(index, words[index]);
            survive(directory, &doubled.concat());
            let mut swapped = words.clone();
            swapped.swap(index, (index + 2).min(words.len() - 1));
            survive(directory, &swapped.concat());
        }
    }
}

/// Whatever comes, a mistake has a place.
fn survive(directory: &str, text: &[u8]) {
    if let Err(error) = read(directory, text, Path::new("mutated")) {
        let Error::Syntax(diagnostics) = &error else { panic!("{error}") };
        assert!(diagnostics.iter().all(|diagnostic| diagnostic.location.line >= 1), "{error}");
    }
}
