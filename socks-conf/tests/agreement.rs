//! Dante's reader and ours: what one accepts the other does, or a reason says why not.

use socks_conf::parse;
use std::path::Path;

const PROBES: &str = include_str!("../fixtures/dante/client.tsv");

fn unescaped(snippet: &str) -> String {
    let mut text = String::new();
    let mut characters = snippet.chars();
    while let Some(c) = characters.next() {
        text.push(match (c, c == '\\') {
            (_, true) => match characters.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some(other) => other,
                None => '\\',
            },
            (c, false) => c,
        });
    }
    text
}

#[test]
fn dante_and_we_accept_the_same_or_say_why_not() {
    let mut number = 0;
    for line in PROBES.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let (verdict, snippet) = (fields.next().unwrap(), fields.next().unwrap());
        let ours = parse(unescaped(snippet).as_bytes(), Path::new("probe.conf")).is_ok();
        let dante = verdict.starts_with("accept");
        let reason = fields.next();
        assert_eq!(ours == dante, reason.is_none(), "{snippet}: Dante says {verdict}, we {ours}: {reason:?}");
        number += 1;
    }
    assert!(number > 150);
}
