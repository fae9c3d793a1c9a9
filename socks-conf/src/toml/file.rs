//! The shape of the TOML file, read by serde. Unknown keys are errors: a misspelt one must not widen a route.

use super::words::Words;
use ::toml::Spanned;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct File {
    pub(super) resolveprotocol: Option<Spanned<String>>,
    pub(super) nameserver: Option<Words>,
    pub(super) udp: Option<Spanned<String>>,
    pub(super) bind: Option<Spanned<String>>,
    pub(super) logoutput: Option<Words>,
    pub(super) errorlog: Option<Words>,
    pub(super) debug: Option<u32>,
    pub(super) timeout: Option<Timeout>,
    pub(super) fake: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) proxy: BTreeMap<Spanned<String>, ProxyTable>,
    #[serde(default)]
    pub(super) route: Vec<Spanned<RouteTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Timeout {
    pub(super) connect: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct ProxyTable {
    pub(super) url: Spanned<String>,
    pub(super) username: Option<Spanned<String>>,
    pub(super) password: Option<Spanned<String>>,
    pub(super) password_file: Option<Spanned<PathBuf>>,
    pub(super) isolate: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct RouteTable {
    pub(super) from: Option<Words>,
    pub(super) to: Option<Words>,
    pub(super) port: Option<Words>,
    pub(super) command: Option<Words>,
    pub(super) protocol: Option<Words>,
    pub(super) program: Option<Words>,
    pub(super) user: Option<Words>,
    pub(super) via: Words,
    pub(super) mode: Option<Spanned<String>>,
    pub(super) chain_len: Option<Spanned<u32>>,
    pub(super) errno: Option<Spanned<String>>,
}
