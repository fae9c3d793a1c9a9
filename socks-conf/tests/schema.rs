//! The JSON schema of the TOML dialect, for editors: made from the table of keywords, and held to what the reader takes.
//!
//! `UPDATE=1 cargo test -p socks-conf --test schema` writes it.

use serde_json::{Map, Value as Json, json};
use socks_conf::{KEYWORDS, Keyword, Section, Standing, Value, parse};
use std::path::{Path, PathBuf};

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join("socks.toml.schema.json")
}

fn one_or_list(item: Json) -> Json {
    json!({ "oneOf": [item.clone(), { "type": "array", "items": item, "minItems": 1 }] })
}

/// What a keyword takes in TOML.
fn value(row: &Keyword) -> Json {
    match row.value {
        Value::Number if row.name == "chain_len" => {
            json!({ "type": "integer", "minimum": 1, "maximum": 256 })
        }
        Value::Number | Value::Seconds => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        Value::OneOf(words) => json!({ "enum": words }),
        Value::ListOf(words) => one_or_list(json!({ "enum": words })),
        Value::Gateway | Value::Words | Value::Endpoint | Value::LogTargets | Value::NameServers => {
            one_or_list(json!({ "type": "string" }))
        }
        _ => json!({ "type": "string" }),
    }
}

fn documented(mut schema: Json, row: &Keyword) -> Json {
    let default = match row.default {
        "" | "required" => String::new(),
        default => format!(" Default: {default}."),
    };
    schema["description"] = format!("{}{default}", row.doc).into();
    schema
}

fn keywords(section: Section) -> impl Iterator<Item = &'static Keyword> {
    let supported = |row: &&Keyword| matches!(row.standing, Standing::Supported(_));
    KEYWORDS.iter().filter(move |row| row.section == section).filter(supported)
}

fn described(schema: Json, text: &str) -> Json {
    let mut schema = schema;
    schema["description"] = text.into();
    schema
}

fn object(properties: Map<String, Json>, required: &[&str]) -> Json {
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn proxy() -> Json {
    let string = || json!({ "type": "string", "minLength": 1, "maxLength": 255 });
    let mut properties = Map::new();
    let url = json!({ "type": "string", "pattern": "^([Ss][Oo][Cc][Kk][Ss](4|4[Aa]|5|5[Hh])|[Hh][Tt][Tt][Pp])://" });
    properties.insert(
        "url".into(),
        described(url, "socks5://, socks4a://, socks4:// or http://, then [USER[:PASSWORD]@]HOST[:PORT]."),
    );
    properties.insert("username".into(), described(string(), "The user name of the proxy."));
    properties
        .insert("password".into(), described(string(), "Its password. Keep the file from other users."));
    properties.insert(
        "password_file".into(),
        described(json!({ "type": "string" }), "A file whose first line is the password."),
    );
    properties.insert(
        "isolate".into(),
        described(
            json!({ "enum": ["process"] }),
            "A user name of its own for each process, to be kept apart by.",
        ),
    );
    object(properties, &["url"])
}

fn route() -> Json {
    // Those that are the proxy's or the endpoint's business in TOML.
    let elsewhere = |row: &&Keyword| !matches!(row.name, "proxyprotocol" | "method" | "next" | "uid");
    let rows = keywords(Section::Route).filter(elsewhere);
    let mut properties: Map<String, Json> =
        rows.map(|row| (row.name.to_owned(), documented(value(row), row))).collect();
    let port =
        json!({ "oneOf": [{ "type": "integer", "minimum": 0, "maximum": 65535 }, { "type": "string" }] });
    properties.insert(
        "port".into(),
        described(
            one_or_list(port),
            "The target's port: 80, \"http\", \"1024-65535\", \">= 1024\", \"!= 25\".",
        ),
    );
    let uid = keywords(Section::Route).find(|row| row.name == "uid").unwrap();
    let user = json!({ "oneOf": [{ "type": "integer", "minimum": 0, "maximum": u32::MAX - 1 }, { "type": "string" }] });
    properties.insert("user".into(), documented(one_or_list(user), uid));
    object(properties, &["via"])
}

fn schema() -> Json {
    let mut properties = Map::new();
    for row in keywords(Section::File) {
        match row.name.split_once('.') {
            None => properties.insert(row.name.to_owned(), documented(value(row), row)),
            Some((table, key)) => {
                let inner = Map::from_iter([(key.to_owned(), documented(value(row), row))]);
                properties.insert(table.to_owned(), object(inner, &[]))
            }
        };
    }
    let fake = json!({ "type": "string", "pattern": "^[0-9.]+/([89]|[12][0-9]|30)$" });
    properties.insert(
        "fake".into(),
        described(fake, "The addresses that stand for names. Default: 198.18.0.0/15."),
    );
    let proxies = json!({
        "type": "object",
        "propertyNames": { "not": { "enum": ["direct", "block"] } },
        "additionalProperties": proxy(),
    });
    properties.insert("proxy".into(), described(proxies, "The proxies, by name."));
    let routes = json!({ "type": "array", "items": route() });
    properties.insert("route".into(), described(routes, "The routes; the first that matches counts."));
    let mut schema = object(properties, &[]);
    schema["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    schema["title"] = "socks.toml of socksify".into();
    schema
}

#[test]
fn the_schema_is_up_to_date() {
    let text = format!("{:#}\n", schema());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file().parent().unwrap()).unwrap();
        std::fs::write(file(), &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file()).unwrap_or_default(), text, "UPDATE=1 writes it");
}

/// The keys that the reader names when it meets one that it does not know.
fn keys_of_the_reader(text: &str) -> Vec<String> {
    let complaint = parse(text.as_bytes(), Path::new("x.toml")).unwrap_err().to_string();
    let unknown = complaint.lines().find(|line| line.contains("unknown field")).unwrap();
    let listed = unknown.split("expected").nth(1).unwrap();
    let mut keys: Vec<String> = listed.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    keys.sort();
    keys
}

fn keys(schema: &Json) -> Vec<String> {
    let mut keys: Vec<String> = schema["properties"].as_object().unwrap().keys().cloned().collect();
    keys.sort();
    keys
}

#[test]
fn the_schema_has_the_keys_that_the_reader_takes() {
    assert_eq!(keys(&schema()), keys_of_the_reader("nosuchkey = 1\n"));
    assert_eq!(keys(&proxy()), keys_of_the_reader("[proxy.a]\nnosuchkey = 1\n"));
    assert_eq!(keys(&route()), keys_of_the_reader("[[route]]\nnosuchkey = 1\n"));
    assert_eq!(
        keys(&schema()["properties"]["timeout"]),
        keys_of_the_reader("[timeout]\nnosuchkey = 1\nother = 2")
    );
}
