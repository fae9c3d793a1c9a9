//! Every symbol by which libc's libraries could ask a name server stands in the table, or here with the reason why not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use end_to_end::artifacts::workspace;

use crate::suite::{Suite, Verdict};

pub(super) fn add(suite: &mut Suite) {
    suite.add_plain("names::symbols::of_the_resolver_are_known", &["nm"], are_known);
}

const LIBRARIES: &[&str] = &["libc.so.6", "libresolv.so.2", "libanl.so.1"];

/// Where the loader finds them on the machines we run on.
const DIRECTORIES: &[&str] = &["/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/lib64", "/usr/lib"];

/// What a symbol that concerns names is called.
const PARTS: &[&str] = &[
    "res_",
    "gethost",
    "getaddrinfo",
    "getnameinfo",
    "getnetby",
    "gai_",
    "hostalias",
    "rcmd",
    "rexec",
    "ruserok",
];

/// Reads or changes what is in memory, or in files of this machine.
const HARMLESS: &[&str] = &[
    "__check_rhosts_file",
    "__gethostname_chk",
    "__hostalias",
    "__rcmd_errstr",
    "__res_close",
    "__res_dnok",
    "__res_hnok",
    "__res_hostalias",
    "__res_init",
    "__res_isourserver",
    "__res_mailok",
    "__res_mkquery",
    "__res_nameinquery",
    "__res_nclose",
    "__res_ninit",
    "__res_nmkquery",
    "__res_ownok",
    "__res_queriesmatch",
    "__res_randomid",
    "__res_state",
    "_res_hconf",
    "_res_opcodes",
    "gai_cancel",
    "gai_error",
    "gai_strerror",
    "gai_suspend",
    "gethostent",
    "gethostent_r",
    "gethostname",
    "res_dnok",
    "res_hnok",
    "res_mailok",
    "res_mkquery",
    "res_nmkquery",
    "res_ownok",
    "res_send_setqhook",
    "res_send_setrhook",
    "rexecoptions",
];

fn are_known() -> Verdict {
    let table = fs::read_to_string(workspace().join("INTERPOSED.md"))?;
    let rows: BTreeSet<_> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let mut unknown = BTreeSet::new();
    for library in LIBRARIES {
        let paths = DIRECTORIES.iter().map(|directory| Path::new(directory).join(library));
        let path = paths.into_iter().find(|path| path.exists()).ok_or(*library)?;
        let output = Command::new("nm").args(["-D", "--defined-only"]).arg(path).output()?;
        let listing = String::from_utf8_lossy(&output.stdout).into_owned();
        let symbols = listing.lines().filter_map(|line| line.split_whitespace().last());
        // What is private can be called by libc's own libraries alone.
        let symbols = symbols.filter(|symbol| !symbol.ends_with("@GLIBC_PRIVATE"));
        let names = symbols.filter_map(|symbol| symbol.split('@').next()).filter(|name| is_about_names(name));
        let is_known = |name: &&str| rows.contains(name) || HARMLESS.contains(name);
        unknown.extend(names.filter(|name| !is_known(name)).map(str::to_owned));
    }
    if unknown.is_empty() { Ok(()) } else { Err(format!("not in the table: {unknown:?}").into()) }
}

fn is_about_names(symbol: &str) -> bool {
    PARTS.iter().any(|part| symbol.contains(part))
}
