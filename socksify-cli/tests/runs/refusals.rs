//! Programs that would bypass the proxy are not run, and the message says why and what to do.

use crate::scene::{Outcome, SUCCEED, Scene};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;

/// The end of every refusal.
const ESCAPE: &str = "        or run it with its connections unproxied: --allow-bypass\n";

const STATIC: &str = "  reason: it is statically linked: no library can be preloaded into it\n  \
    hint: use a build of it that is dynamically linked with this system's C library, or its own proxy options\n";

const GO: &str = "  reason: it is a Go program: these make system calls themselves, past every library\n  \
    hint: many Go programs read ALL_PROXY or HTTPS_PROXY, for example HTTPS_PROXY=socks5://HOST:PORT\n";

fn refused(program: &str, reason: &str) -> String {
    format!("socksify: refused to run {program}: it would bypass the proxy\n{reason}{ESCAPE}")
}

#[test]
fn a_static_program_is_refused() {
    let scene = Scene::new();
    let program = scene.program("static", &["-static"], SUCCEED);
    scene.run(&[&program]).fails(126, &refused(&scene.shown("static"), STATIC));
}

#[test]
fn a_static_position_independent_program_is_refused() {
    let scene = Scene::new();
    let program = scene.program("static-pie", &["-static-pie"], SUCCEED);
    scene.run(&[&program]).fails(126, &refused(&scene.shown("static-pie"), STATIC));
}

#[test]
fn it_runs_with_a_warning_when_that_is_asked_for() {
    let scene = Scene::new();
    let program = scene.program("static", &["-static"], "int main(void) { return 42; }\n");
    let outcome = scene.run(&["--allow-bypass".as_ref(), program.as_os_str()]);
    let warning = format!(
        "socksify: warning: {}: it is statically linked: no library can be preloaded into it; \
         its connections will NOT go through the proxy\n",
        program.display()
    );
    outcome.fails(42, &warning);
}

#[test]
fn a_script_is_what_its_interpreter_is() {
    let scene = Scene::new();
    scene.program("static", &["-static"], SUCCEED);
    let line = format!("#!{} -e\n", scene.shown("static"));
    let script = scene.write("script", line, 0o755);
    let reason = format!("  it is interpreted by {}\n{STATIC}", scene.shown("static"));
    scene.run(&[&script]).fails(126, &refused(&scene.shown("script"), &reason));
}

#[test]
fn a_script_of_env_is_what_env_starts() {
    let scene = Scene::new();
    scene.program("bin/static", &["-static"], SUCCEED);
    let script = scene.write("script", "#!/usr/bin/env static\n", 0o755);
    let mut socksify = scene.socksify();
    socksify.env("PATH", format!("{}:/usr/bin", scene.shown("bin")));
    socksify.args(["-p", "socks5://127.0.0.1"]).arg(script);
    let reason = format!("  it is interpreted by {}\n{STATIC}", scene.shown("bin/static"));
    scene.outcome(&mut socksify).fails(126, &refused(&scene.shown("script"), &reason));
}

#[test]
fn scripts_of_scripts_are_followed_to_the_end() {
    let scene = Scene::new();
    let mut interpreter = "/bin/sh".to_owned();
    for level in 1..=4 {
        scene.write(&format!("level{level}"), format!("#!{interpreter}\nexit 7\n"), 0o755);
        interpreter = scene.shown(&format!("level{level}"));
    }
    assert_eq!(scene.run(&[scene.path("level4")]).status(), Some(7));
    scene.write("level5", format!("#!{interpreter}\n"), 0o755);
    let reason = "  it is interpreted by /bin/sh\n  reason: it is interpreted by scripts in more than 4 levels\n  \
                  hint: start the program that is to interpret it: socksify PROGRAM FILE\n";
    scene.run(&[scene.path("level5")]).fails(126, &refused(&scene.shown("level5"), reason));
}

#[test]
fn a_go_program_is_refused() {
    let scene = Scene::new();
    let note = "__asm__(\".pushsection .note.go.buildid,\\\"a\\\",@note\\n.balign 4\\n.long 4, 4, 4\\n\"\n\
                \".ascii \\\"Go\\\\0\\\\0id!\\\\n\\\"\\n.popsection\");\n";
    let program = scene.program("go-note", &[], &format!("{note}{SUCCEED}"));
    scene.run(&[&program]).fails(126, &refused(&scene.shown("go-note"), GO));
    let section = "__attribute__((section(\".go.buildinfo\"))) char info[16] = \"go1.0\";\n";
    let program = scene.program("go-section", &[], &format!("{section}{SUCCEED}"));
    scene.run(&[&program]).fails(126, &refused(&scene.shown("go-section"), GO));
}

#[test]
fn a_program_of_another_c_library_is_refused() {
    let scene = Scene::new();
    let program = scene.program("musl", &["-Wl,--dynamic-linker=/lib/ld-musl-any.so.1"], SUCCEED);
    let reason = "  reason: it is loaded by /lib/ld-musl-any.so.1: our library is made for the GNU C library\n  \
        hint: use a build of it that is dynamically linked with this system's C library, or its own proxy options\n";
    scene.run(&[&program]).fails(126, &refused(&scene.shown("musl"), reason));
}

#[test]
fn a_program_of_another_machine_is_refused() {
    let scene = Scene::new();
    let mut program = std::fs::read(scene.program("native", &[], SUCCEED)).unwrap();
    // e_ident[EI_CLASS] = ELFCLASS32, e_machine = EM_386.
    program[4] = 1;
    program[18..20].copy_from_slice(&[3, 0]);
    let program = scene.write("i386", program, 0o755);
    let ours = if cfg!(target_arch = "x86_64") { "64-bit x86-64" } else { "64-bit ARM64" };
    let reason = format!(
        "  reason: it is a 32-bit x86 program: our library is {ours} and cannot be loaded into it\n  \
         hint: use a build of it for this machine, or a socksify built for that one\n"
    );
    scene.run(&[&program]).fails(126, &refused(&scene.shown("i386"), &reason));
}

#[test]
fn what_is_no_program_is_refused() {
    let scene = Scene::new();
    let reason = "  reason: it is neither a script nor a program this machine can load\n  \
                  hint: start the program that is to interpret it: socksify PROGRAM FILE\n";
    let program = scene.write("binary", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 0o755);
    scene.run(&[&program]).fails(126, &refused(&scene.shown("binary"), reason));
    let object = scene.program("object.o", &["-c"], SUCCEED);
    std::fs::set_permissions(&object, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    scene.run(&[&object]).fails(126, &refused(&scene.shown("object.o"), reason));
}

#[test]
fn a_text_without_interpreter_is_for_the_shell() {
    let scene = Scene::new();
    let script = scene.write("script", "exit 9\n", 0o755);
    assert_eq!(scene.run(&[&script]).status(), Some(9));
}

/// The user that privileged programs are run as in these tests: nobody, if we can be nobody.
fn as_nobody(scene: &Scene, program: &Path) -> Outcome {
    let mut socksify = scene.socksify();
    socksify.args(["-q", "-p", "socks5://127.0.0.1"]).arg(program);
    if is_root() {
        socksify.uid(65534).gid(65534);
    }
    scene.outcome(&mut socksify)
}

fn is_root() -> bool {
    // SAFETY: geteuid has no arguments and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// no_new_privs is inherited: under it nothing gains privileges, and nothing has to be refused.
fn privileges_can_be_gained() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().any(|line| line.split_whitespace().eq(["NoNewPrivs:", "0"]))
}

#[test]
fn a_setuid_program_is_refused() {
    if !privileges_can_be_gained() {
        return;
    }
    let scene = Scene::new();
    let reason = "  reason: it is setuid to user 0: the loader ignores LD_PRELOAD for such programs\n  \
                  hint: become that user first and start socksify then, as in: sudo socksify COMMAND\n";
    as_nobody(&scene, Path::new("/usr/bin/su")).fails(126, &refused("/usr/bin/su", reason));
}

#[test]
fn a_program_with_capabilities_is_refused() {
    if !privileges_can_be_gained() || !is_root() {
        return;
    }
    let scene = Scene::new();
    let program = scene.program("capable", &[], SUCCEED);
    give_capability(&program);
    let reason = "  reason: it has file capabilities: the loader ignores LD_PRELOAD for such programs\n  \
                  hint: use a copy of it without capabilities (cp drops them), or start socksify as root\n";
    as_nobody(&scene, &program).fails(126, &refused(&scene.shown("capable"), reason));
    assert_eq!(scene.run(&[&program]).status(), Some(0), "to root, capabilities are no gain");
}

/// CAP_NET_RAW, permitted and effective: vfs_cap_data of version 2.
fn give_capability(program: &Path) {
    let data: [u32; 5] = [0x0200_0001, 1 << 13, 0, 0, 0];
    let bytes: Vec<u8> = data.iter().flat_map(|word| word.to_le_bytes()).collect();
    let path = CString::new(program.as_os_str().as_bytes()).unwrap();
    // SAFETY: the strings are NUL-terminated, and the pointer and length are those of one vector.
    let set = unsafe {
        libc::setxattr(path.as_ptr(), c"security.capability".as_ptr(), bytes.as_ptr().cast(), bytes.len(), 0)
    };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}

#[test]
fn a_program_that_cannot_be_read_is_refused() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let program = scene.program("secret", &[], SUCCEED);
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    let reason = "  reason: it cannot be looked into (Permission denied (os error 13))\n  \
                  hint: give yourself read permission, or use a copy you can read\n";
    as_nobody(&scene, &program).fails(126, &refused(&scene.shown("secret"), reason));
}
