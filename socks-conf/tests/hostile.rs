//! No input makes the readers panic, and every complaint about a text names a place in it.

use proptest::prelude::*;
use socks_conf::{Command, Config, Diagnostic, Error, Host, Process, Protocol, Question, parse};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

/// Reads `text`, renders whatever comes, and asks a question when there is a configuration.
fn survive(text: &[u8]) {
    match parse(text, Path::new("mutated")) {
        Ok(config) => {
            config.warnings.iter().for_each(|warning| drop(warning.to_string()));
            ask(&config);
        }
        Err(Error::Syntax(diagnostics)) => {
            assert!(!diagnostics.is_empty());
            diagnostics.iter().for_each(|diagnostic| has_a_place(diagnostic, text));
        }
        Err(error) => panic!("parse has no other error: {error}"),
    }
}

fn has_a_place(diagnostic: &Diagnostic, text: &[u8]) {
    let lines = text.split(|byte| *byte == b'\n').count();
    let location = &diagnostic.location;
    assert!((1..=lines).contains(&(location.line as usize)), "{diagnostic}");
    assert!(location.column >= 1 && location.length >= 1, "{diagnostic}");
    assert!(diagnostic.to_string().contains('^'), "{diagnostic}");
}

fn ask(config: &Config) {
    for to in [Host::Ip([192, 0, 2, 1].into()), Host::Name("www.example.com"), Host::Name(".")] {
        for port in [None, Some(80)] {
            let from = SocketAddr::from(([0, 0, 0, 0], 0));
            config.route(&Question {
                command: Command::Connect,
                protocol: Protocol::Tcp,
                from,
                to,
                port,
                process: Process::default(),
            });
        }
    }
}

fn fixtures() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let directories = ["accepted", "diagnostics", "warnings"].map(|name| root.join(name));
    let files = directories.iter().flat_map(|directory| fs::read_dir(directory).unwrap());
    files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension != "txt"))
        .map(|path| fs::read(path).unwrap())
        .collect()
}

/// Words, single symbols, and the blanks between them.
fn tokens(text: &[u8]) -> Vec<&[u8]> {
    let class = |byte: &u8| match byte {
        b' ' | b'\t' | b'\n' => 0,
        byte if byte.is_ascii_alphanumeric() || *byte >= 0x80 => 1,
        byte => *byte,
    };
    text.chunk_by(|a, b| class(a) == class(b)).collect()
}

#[test]
fn tokens_deleted_doubled_and_swapped() {
    for text in fixtures() {
        let tokens = tokens(&text);
        for index in 0..tokens.len() {
            let mut deleted = tokens.clone();
            deleted.remove(index);
            survive(&deleted.concat());
            let mut doubled = tokens.clone();
            doubled.insert(index, tokens[index]);
            survive(&doubled.concat());
            for distance in 1..4 {
                let mut swapped = tokens.clone();
                swapped.swap(index, (index + distance).min(tokens.len() - 1));
                survive(&swapped.concat());
            }
        }
    }
}

#[test]
fn bytes_deleted_doubled_and_replaced() {
    for text in fixtures() {
        for index in 0..text.len() {
            survive(&text[..index]);
            let (before, behind) = (&text[..index], &text[index + 1..]);
            survive(&[before, behind].concat());
            survive(&[before, &text[index..=index], &text[index..]].concat());
            for byte in [0, b'\n', b'\r', b'\\', b'#', b'{', b'}', b':', b'/', b'%', b'[', b'"', 0xff] {
                survive(&[before, &[byte], behind].concat());
            }
        }
    }
}

#[test]
fn deep_nesting_and_long_lines() {
    for unit in ["[", "{", "a=[", "a={a=", "route {", "{ route", "to: ", "a.", "\\\n", "\"", "://", ":@"] {
        survive(unit.repeat(20_000).as_bytes());
        survive(format!("a = {}", unit.repeat(20_000)).as_bytes());
        survive(format!("debug: {}", unit.repeat(20_000)).as_bytes());
    }
}

proptest! {
    #[test]
    fn any_bytes(text in prop::collection::vec(any::<u8>(), 0..400)) {
        survive(&text);
    }

    #[test]
    fn words_of_the_grammar_in_any_order(words in prop::collection::vec(word(), 0..40)) {
        survive(words.concat().as_bytes());
    }

    #[test]
    fn words_of_toml_in_any_order(words in prop::collection::vec(toml_word(), 0..40)) {
        survive(format!("debug = 1\n{}", words.concat()).as_bytes());
    }

    #[test]
    fn any_url(text in "(socks5|socks4a?|http)?(://)?[a-z0-9:@%\\[\\]./é-]{0,40}") {
        let _ = socks_conf::Proxy::from_url(&text);
    }
}

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "route ",
        "{ ",
        "} ",
        "from: ",
        "to: ",
        "via: ",
        "0/0 ",
        "0.0.0.0/0 ",
        "10.0.0.11 ",
        "direct ",
        "block ",
        "port ",
        "= ",
        ">= ",
        "1080 ",
        "-",
        "80",
        "0x",
        "09 ",
        "::1/",
        "128 ",
        ".",
        "example.com ",
        "[::1] ",
        "fe80::%lo/",
        "255.0.0.0 ",
        "proxyprotocol: ",
        "socks_v5 ",
        "command: ",
        "connect ",
        "bind",
        "method:",
        "none\n",
        "debug:",
        "logoutput:",
        "syslog/",
        "stderr ",
        "\n",
        "\\\n",
        "#",
        "\r\n",
        ",",
        "é",
        "\t",
        "redirect ",
        "extension: ",
        "localdomain: ",
    ])
}

fn toml_word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "[[route]]\n",
        "[proxy.a]\n",
        "to = ",
        "from = ",
        "port = ",
        "via = ",
        "url = ",
        "command = ",
        "\"0/0\"\n",
        "\"a\"\n",
        "\"socks5://h\"\n",
        "[",
        "]\n",
        ",",
        "80\n",
        "\"-\"\n",
        "\"10.0.0.1/255.0.0.0\"\n",
        "\"::/129\"\n",
        "\"\"\n",
        "timeout.connect = ",
        "fake = ",
        "\"connect\"\n",
        "\"direct\"\n",
        "true\n",
        "1.5\n",
        "{",
        "}\n",
        "password = ",
        "é",
        "=",
        "\n",
    ])
}
