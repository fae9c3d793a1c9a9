//! Real files are judged: those of this machine, and those that the C compiler makes.

use socks_program::{Bypass, Caller, Inspection, Judgement, Place, Suspect};
use std::ffi::CString;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

const INSPECTION: Inspection<'_> = Inspection {
    caller: Caller { user: 0, effective_user: 0, group: 0, effective_group: 0 },
    search_path: None,
    shell_reads_texts: false,
};

/// A directory that is gone at the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("socks-program-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Directory(path)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn compile(&self, name: &str, options: &[&str], source: &str) -> PathBuf {
        let path = self.0.join(name);
        let mut compiler = Command::new("cc")
            .args(options)
            .args(["-x", "c", "-", "-o"])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        compiler.stdin.take().unwrap().write_all(source.as_bytes()).unwrap();
        assert!(compiler.wait().unwrap().success());
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const SUCCEED: &str = "int main(void) { return 0; }\n";

fn judge_as(inspection: Inspection<'_>, path: &Path) -> Judgement {
    let path = CString::new(path.as_os_str().as_bytes()).unwrap();
    inspection.judge(path.as_c_str().into())
}

fn judge(path: impl AsRef<Path>) -> Judgement {
    judge_as(INSPECTION, path.as_ref())
}

fn bypass(judgement: Judgement) -> Option<Bypass> {
    match judgement {
        Judgement::Bypasses(Suspect { bypass, .. }) => Some(bypass),
        _ => None,
    }
}

#[test]
fn programs_of_this_machine_pass() {
    for program in ["/bin/true", "/bin/sh", "/usr/bin/env", "/proc/self/exe"] {
        assert_eq!(judge(program), Judgement::Passes, "{program}");
    }
}

#[test]
fn what_loads_no_libraries_bypasses() {
    let directory = Directory::new();
    for option in ["-static", "-static-pie"] {
        let program = directory.compile(option, &[option], SUCCEED);
        assert_eq!(bypass(judge(program)), Some(Bypass::Static), "{option}");
    }
    assert_eq!(judge(directory.compile("dynamic", &[], SUCCEED)), Judgement::Passes);
}

#[test]
fn go_and_foreign_loaders_bypass() {
    let directory = Directory::new();
    let note = "__asm__(\".pushsection .note.go.buildid,\\\"a\\\",@note\\n.balign 4\\n.long 4, 4, 4\\n\"\n\
                \".ascii \\\"Go\\\\0\\\\0id!\\\\n\\\"\\n.popsection\");\n";
    let go = directory.compile("go", &[], &format!("{note}{SUCCEED}"));
    assert_eq!(bypass(judge(go)), Some(Bypass::Go));
    let section = "__attribute__((section(\".go.buildinfo\"))) char build[16] = \"go1.0\";\n";
    let go = directory.compile("go-section", &[], &format!("{section}{SUCCEED}"));
    assert_eq!(bypass(judge(go)), Some(Bypass::Go));
    let musl = directory.compile("musl", &["-Wl,--dynamic-linker=/lib/ld-musl-any.so.1"], SUCCEED);
    assert!(matches!(bypass(judge(musl)), Some(Bypass::Loader(_))));
}

#[test]
fn a_program_cut_off_anywhere_is_never_more_than_it_was() {
    let directory = Directory::new();
    let whole = fs::read(directory.compile("static", &["-static"], SUCCEED)).unwrap();
    for length in (0..2000).chain([whole.len() / 2, whole.len() - 1]) {
        let judgement = judge(directory.write("cut", &whole[..length]));
        assert_ne!(judgement, Judgement::Passes, "{length}");
    }
}

#[test]
fn scripts_are_what_interprets_them() {
    let directory = Directory::new();
    let interpreter = directory.compile("static", &["-static"], SUCCEED);
    let script = directory.write("script", format!("#!{} -x\n", interpreter.display()));
    let Judgement::Bypasses(suspect) = judge(&script) else { panic!("{:?}", judge(&script)) };
    assert_eq!((suspect.interpreter.unwrap().as_path(), suspect.bypass), (&*interpreter, Bypass::Static));
    let script = directory.write("second", format!("#!{}\n", script.display()));
    assert_eq!(bypass(judge(&script)), Some(Bypass::Static));
    assert_eq!(judge(directory.write("shell", "#!/bin/sh -e\n")), Judgement::Passes);
    assert_eq!(judge(directory.write("lost", "#!/nowhere/sh\n")), Judgement::Absent);
    let endless = directory.0.join("endless");
    directory.write("endless", format!("#!{}\n", endless.display()));
    assert_eq!(bypass(judge(endless)), Some(Bypass::Interpreters));
}

#[test]
fn what_env_starts_is_looked_for_where_env_would() {
    let directory = Directory::new();
    directory.compile("static", &["-static"], SUCCEED);
    let script = directory.write("script", "#!/usr/bin/env static\n");
    let search_path = [b"/nowhere:", directory.0.as_os_str().as_bytes()].concat();
    let there = Inspection { search_path: Some(&search_path), ..INSPECTION };
    assert_eq!(bypass(judge_as(there, &script)), Some(Bypass::Static));
    let elsewhere = Inspection { search_path: Some(b"/nowhere"), ..INSPECTION };
    assert_eq!(judge_as(elsewhere, &script), Judgement::Passes);
    assert_eq!(judge(script), Judgement::Passes, "env itself is hooked, and asks again");
}

#[test]
fn what_cannot_run_is_told_from_what_would_bypass() {
    let directory = Directory::new();
    assert_eq!(judge("/nowhere/program"), Judgement::Absent);
    assert_eq!(judge("/etc/passwd/program"), Judgement::Absent);
    assert_eq!(judge("/etc"), Judgement::Absent);
    assert_eq!(judge("/dev/null"), Judgement::Absent);
    let text = directory.write("text", "echo\n");
    assert_eq!(judge(&text), Judgement::Text);
    assert_eq!(judge_as(Inspection { shell_reads_texts: true, ..INSPECTION }, &text), Judgement::Passes);
    assert_eq!(bypass(judge(directory.write("picture", b"\x89PNG\r\n\x1a\n\0"))), Some(Bypass::Malformed));
    symlink("loop", directory.0.join("loop")).unwrap();
    assert_eq!(bypass(judge(directory.0.join("loop"))), Some(Bypass::Unreadable(libc::ELOOP)));
}

#[test]
fn privileges_count_unless_the_caller_has_them() {
    let directory = Directory::new();
    let program = directory.compile("program", &[], SUCCEED);
    fs::set_permissions(&program, Permissions::from_mode(0o4755)).unwrap();
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&program).unwrap());
    let caller = |user| Caller { user, effective_user: user, group: 0, effective_group: 0 };
    let judge_for = |user| judge_as(Inspection { caller: caller(user), ..INSPECTION }, &program);
    assert_eq!(judge_for(owner), Judgement::Passes);
    let judgement = judge_for(owner + 1);
    let status = fs::read_to_string("/proc/self/status").unwrap();
    if status.lines().any(|line| line.split_whitespace().eq(["NoNewPrivs:", "0"])) {
        assert_eq!(bypass(judgement), Some(Bypass::SetUser(owner)));
    }
    let different = Inspection { caller: Caller { effective_user: 1, ..caller(0) }, ..INSPECTION };
    assert_eq!(bypass(judge_as(different, Path::new("/bin/true"))), Some(Bypass::DifferentIds));
}

#[test]
fn a_program_is_found_by_directory_and_by_descriptor() {
    let directory = Directory::new();
    let program = directory.compile("static", &["-static"], SUCCEED);
    let at = fs::File::open(&directory.0).unwrap();
    let found = INSPECTION.judge(Place::At(at.as_raw_fd(), c"static"));
    assert_eq!(bypass(found), Some(Bypass::Static));
    let open = fs::File::open(&program).unwrap();
    assert_eq!(bypass(INSPECTION.judge(Place::Descriptor(open.as_raw_fd()))), Some(Bypass::Static));
    assert_eq!(INSPECTION.judge(Place::Descriptor(at.as_raw_fd())), Judgement::Absent);
}
