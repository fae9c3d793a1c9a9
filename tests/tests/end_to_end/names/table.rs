//! The table of fake addresses as programs meet it: one for a whole tree of processes, alive as long as any of them, whole
//! whoever is killed, and no danger to anybody when its file is damaged.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use end_to_end::application::{Application, Outcome, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::plan::{LINE, NAME, NAME_V4};
use end_to_end::proxies::Server;
use libtest_mimic::Failed;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(super) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        let mut add = |name: &str, needs: &[&str], test: fn(&Bench<'_>, Build) -> Verdict| {
            let name = format!("names::table::{name}::{}", build.name());
            suite.add(name, needs, move |bench| test(bench, build));
        };
        add("one_program_resolves_another_connects", &["nc.openbsd"], one_resolves_another_connects);
        add("daemon_outlives_its_parent", &["nc.openbsd"], daemon_outlives_its_parent);
        add("processes_are_killed", &["cc"], processes_are_killed);
        add("file_is_full", &["cc"], file_is_full);
        for (label, damage) in DAMAGES {
            let name = format!("names::table::damaged::{label}::{}", build.name());
            suite.add(name, &["cc"], move |bench| survives(bench, build, *damage, false));
        }
    }
    for (label, damage) in DAMAGES {
        let name = format!("names::table::damaged::{label}::valgrind");
        suite.add(name, &["cc", "valgrind"], move |bench| survives(bench, Build::Debug, *damage, true));
    }
}

/// A shell gives the address that one program prints to another one.
fn one_resolves_another_connects(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let wrapper = Wrapper::Command { build, urls: vec![proxy.url()] };
    for (database, name) in [("ahostsv4", NAME), ("ahostsv6", NAME), ("ahosts", NAME_V4), ("hosts", NAME)] {
        let script = "set -- $(getent \"$1\" \"$2\") \"$3\"; nc.openbsd \"$1\" \"$(eval echo \\${$#})\"";
        let shell = Application::new(["sh", "-c", script, "sh", database, name, &LINE.to_string()]);
        let outcome = bench.run(&shell.stdin("hello\n"), &wrapper)?;
        expect(outcome.text() == "you said hello\n", "the target's answer", &outcome)?;
    }
    Ok(())
}

/// The program that socksify started has ended, and another run of it has cleaned up, before the daemon connects to the
/// address that it had been given, and looks another name up.
fn daemon_outlives_its_parent(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let words = [build.socksify().into_os_string(), proxy.url().into(), NAME.into(), NAME_V4.into()];
    let shell = Application::new(["sh", "-c", OUTLIVED, "sh"]).args(words).args([LINE.to_string()]);
    let outcome = bench.run(&shell, &Wrapper::Nothing)?;
    let expected = "you said first\nyou said second\n";
    expect(outcome.text() == expected && outcome.succeeded(), expected, &outcome)
}

const OUTLIVED: &str = r#"
mkfifo gate answers
cat >daemon <<'END'
read address
first=$(echo first | nc.openbsd "$address" "$2")
second=$(echo second | nc.openbsd "$1" "$2")
printf '%s\n' "$first" "$second" >answers
END
"$1" -p "$2" -- sh -c '
  set -- $(getent ahostsv4 "$1") "$2" "$3"
  echo "$1" >address
  shift $(($# - 2))
  setsid sh daemon "$@" <gate &
' sh "$3" "$4" "$5"
"$1" -p "$2" -- getent ahosts other.test >/dev/null
cat address >gate
cat answers
"#;

fn processes_are_killed(bench: &Bench<'_>, build: Build) -> Verdict {
    let wrapper = preload::through(bench, build.library(), Server::Socksd.open())?;
    // Without optimisation fewer have to do.
    let count = if build == Build::Release { "100000" } else { "12500" };
    let outcome = bench.run(&preload::probe(bench, "many_names", [count])?, &wrapper)?;
    expect(outcome.succeeded(), "one address for each name", &outcome)
}

/// A name for which no address is left is one to be asked for again later, EAI_AGAIN; those that have one keep it.
fn file_is_full(bench: &Bench<'_>, build: Build) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let configuration = format!(
        "fake = \"198.18.0.0/30\"\n[proxy.p]\nurl = \"{}\"\n[[route]]\nto = \"0.0.0.0/0\"\nvia = \"p\"\n",
        proxy.url()
    );
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let outcome = bench.run(&preload::probe(bench, "survivor", ["30"])?, &wrapper)?;
    let expected = format!("{} refused\n", 2 * (30 - ADDRESSES_OF_PREFIX_30));
    expect(outcome.succeeded() && outcome.text() == expected, &expected, &outcome)
}

/// The first and the last address of a range stand for nothing.
const ADDRESSES_OF_PREFIX_30: usize = 2;

/// What happens to the bytes of a good table.
type Damage = fn(&mut Vec<u8>);

/// The parts of the file: a header that says what it is, then one that says how far it is filled.
const IDENTITY: usize = 32;
const HEADER: usize = 64;

const DAMAGES: &[(&str, Damage)] = &[
    ("random", |bytes| scramble(bytes)),
    ("random_behind_the_header", |bytes| scramble(&mut bytes[HEADER..])),
    ("random_behind_the_identity", |bytes| scramble(&mut bytes[IDENTITY..])),
    ("every_byte_ff_behind_the_header", |bytes| bytes[HEADER..].fill(0xff)),
    ("every_byte_zero_behind_the_header", |bytes| bytes[HEADER..].fill(0)),
    ("filled_to_the_brim", |bytes| bytes[IDENTITY..IDENTITY + 8].fill(0xff)),
    ("truncated", |bytes| bytes.truncate(bytes.len() / 2)),
    ("truncated_in_the_header", |bytes| bytes.truncate(IDENTITY)),
    ("lengthened", |bytes| bytes.extend([0xff; 4096])),
    ("empty", |bytes| bytes.clear()),
];

/// Bytes that look random (xorshift64).
fn scramble(bytes: &mut [u8]) {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for byte in bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *byte = (state >> 32) as u8;
    }
}

fn survives(bench: &Bench<'_>, build: Build, damage: Damage, in_valgrind: bool) -> Verdict {
    let wrapper = preload::through(bench, build.library(), Server::Socksd.open())?;
    let table = bench.scratch.path().join("names");
    let good = look_up(bench, &wrapper, &table, "100", false)?;
    expect(good.succeeded(), "addresses", &good)?;
    let mut bytes = std::fs::read(&table)?;
    damage(&mut bytes);
    // A file of its own: the kernel keeps no bytes of the old one for it.
    std::fs::remove_file(&table)?;
    std::fs::write(&table, bytes)?;
    std::fs::set_permissions(&table, std::fs::Permissions::from_mode(0o600))?;
    let outcome = look_up(bench, &wrapper, &table, "30", in_valgrind)?;
    expect(outcome.succeeded(), "a program that lives on", &outcome)
}

fn look_up(
    bench: &Bench<'_>,
    wrapper: &Wrapper,
    table: &Path,
    count: &str,
    in_valgrind: bool,
) -> Result<Outcome, Failed> {
    let probe = bench.world.fixtures.probe("survivor")?;
    let valgrind: &[&str] = if in_valgrind { &["valgrind", "-q", "--error-exitcode=9"] } else { &[] };
    let words = valgrind.iter().map(Into::into).chain([probe.into_os_string(), count.into()]);
    bench.run(&Application::new(words).env("SOCKSIFY_NAMES", table), wrapper)
}
