//! Programs that a wrapped program starts: those that would bypass the proxy are refused, those that would lose the
//! library keep it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use end_to_end::application::{Application, Outcome, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::plan::{HTTP, LINE, NAME, TARGET};
use end_to_end::proxies::Server;
use libtest_mimic::Failed;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

/// The ways of the probe to start a program; those of the shell are for a line, not a program.
const WAYS: &[&str] = &[
    "execve",
    "execv",
    "execvp",
    "execvpe",
    "execl",
    "execle",
    "execlp",
    "fexecve",
    "execveat",
    "execveat_empty",
    "syscall_execve",
    "syscall_execveat",
    "posix_spawn",
    "posix_spawnp",
    "posix_spawn_chdir",
    "posix_spawn_fchdir",
    "vfork",
    "thread",
];
const SHELLS: &[&str] = &["system", "popen", "wordexp"];

pub(crate) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        let mut add = |name: &str, needs: &[&str], test: fn(&Bench<'_>, Build) -> Verdict| {
            suite.add(format!("exec::{name}::{}", build.name()), needs, move |bench| test(bench, build));
        };
        add("shell_starts_static", &["cc"], a_shell_cannot_start_a_static_program);
        add("script_of_static", &["cc"], a_script_is_refused_for_its_interpreter);
        add("setuid", &[], a_setuid_program_is_refused_to_others);
        add("library_out_of_reach", &[], programs_that_could_not_load_us_are_refused);
        add("env_i_curl", &["curl", "nginx"], an_emptied_environment_keeps_us);
        add("other_preload_is_kept", &[], another_preloaded_library_is_kept);
        add("large_environment", &["cc", "python3"], a_large_environment_is_completed);
        add("python_subprocess", &["python3", "cc", "curl", "nginx"], pythons_children_are_judged);
        add("preload_warns", &["cc"], the_library_alone_warns);
        add("allow_bypass_warns", &["cc"], allowed_programs_run_with_a_warning);
        add("failures_are_libcs", &["cc"], failures_are_the_same_as_without);
        for way in WAYS {
            suite.add(format!("exec::static::{way}::{}", build.name()), &["cc"], move |bench| {
                refuses(bench, build, way)
            });
        }
        for way in WAYS.iter().chain(SHELLS) {
            suite.add(format!("exec::words::{way}::{}", build.name()), &["cc"], move |bench| {
                hands_on_all_words(bench, build, way)
            });
            suite.add(format!("exec::emptied::{way}::{}", build.name()), &["cc"], move |bench| {
                reaches_the_target_with_nothing(bench, build, way)
            });
        }
    }
}

fn wrapper(bench: &Bench<'_>, build: Build) -> Result<Wrapper, Failed> {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    Ok(Wrapper::Command { build, urls: vec![proxy.url()] })
}

fn run(bench: &Bench<'_>, build: Build, application: &Application) -> Result<Outcome, Failed> {
    bench.run(application, &wrapper(bench, build)?)
}

/// A program that the library cannot be loaded into, and that would be seen if it ran.
fn static_program(bench: &Bench<'_>) -> Result<PathBuf, Failed> {
    let source = bench.scratch.write(
        "static.c",
        "#include <unistd.h>\nint main(void) { return write(1, \"ran\\n\", 4) != 4; }\n",
    )?;
    let program = bench.scratch.path().join("static");
    let compiled = Command::new("cc").arg("-static").arg(source).arg("-o").arg(&program).output()?;
    let message = || String::from_utf8_lossy(&compiled.stderr).into_owned().into();
    if compiled.status.success() { Ok(program) } else { Err(message()) }
}

fn executable(bench: &Bench<'_>, name: &str, content: &str) -> Result<String, Failed> {
    let path = bench.scratch.write(name, content)?;
    fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    Ok(path.display().to_string())
}

fn shell(line: impl Into<String>) -> Application {
    Application::new(["sh".into(), "-c".into(), line.into()])
}

/// One line that names the program and the reason.
fn tells_once(outcome: &Outcome, program: &str, reason: &str) -> bool {
    let mut lines = outcome.stderr.lines().filter(|line| line.contains("it would bypass the proxy"));
    let found = lines.next().is_some_and(|line| line.contains(program) && line.contains(reason));
    found && lines.next().is_none()
}

const STATIC: &str = "it is statically linked";

fn a_shell_cannot_start_a_static_program(bench: &Bench<'_>, build: Build) -> Verdict {
    let program = static_program(bench)?.display().to_string();
    let outcome = run(bench, build, &shell(format!("{program}; echo $?")))?;
    let refused = outcome.text() == "126\n" && tells_once(&outcome, &program, STATIC);
    expect(refused, "126 and one line", &outcome)
}

fn a_script_is_refused_for_its_interpreter(bench: &Bench<'_>, build: Build) -> Verdict {
    let interpreter = static_program(bench)?.display().to_string();
    let inner = executable(bench, "inner", &format!("#!{interpreter} -x\n"))?;
    let script = executable(bench, "script", &format!("#!{inner}\n"))?;
    let outcome = run(bench, build, &shell(format!("{script}; echo $?")))?;
    let refused = outcome.text() == "126\n"
        && tells_once(&outcome, &script, &format!("interpreted by {interpreter}"))
        && outcome.stderr.contains(STATIC);
    expect(refused, "126 and one line", &outcome)?;
    let script = executable(bench, "of-env", "#!/usr/bin/env static\n")?;
    let path = bench.scratch.path().display();
    let outcome = run(bench, build, &shell(format!("PATH={path}:$PATH; {script}; echo $?")))?;
    let refused = outcome.text() == "126\n" && tells_once(&outcome, &interpreter, STATIC);
    expect(refused, "126 and one line", &outcome)
}

/// Another user, who can read a copy of the library, but not everywhere the original.
fn as_nobody(bench: &Bench<'_>, build: Build, library_mode: u32, line: &str) -> Result<Outcome, Failed> {
    let library = bench.scratch.path().join("libsocksify.so");
    fs::copy(build.library(), &library)?;
    fs::set_permissions(&library, Permissions::from_mode(library_mode))?;
    fs::set_permissions(bench.scratch.path(), Permissions::from_mode(0o755))?;
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", line];
    run(bench, build, &Application::new(nobody).env("SOCKSIFY_LIBRARY", library))
}

fn a_setuid_program_is_refused_to_others(bench: &Bench<'_>, build: Build) -> Verdict {
    let copy = bench.scratch.path().join("copy");
    fs::copy("/bin/echo", &copy)?;
    fs::set_permissions(&copy, Permissions::from_mode(0o4755))?;
    let program = copy.display().to_string();
    let line = format!("{program} ran; echo $?");
    let outcome = as_nobody(bench, build, 0o755, &line)?;
    let refused = outcome.text() == "126\n" && tells_once(&outcome, &program, "it is setuid to user 0");
    expect(refused, "126 and one line", &outcome)?;
    let outcome = run(bench, build, &shell(line))?;
    expect(outcome.text() == "ran\n0\n", "root gains nothing by it", &outcome)
}

/// The loader warns, and starts the program without us.
fn programs_that_could_not_load_us_are_refused(bench: &Bench<'_>, build: Build) -> Verdict {
    let outcome = as_nobody(bench, build, 0o700, "echo ran")?;
    let refused = outcome.stdout.is_empty() && tells_once(&outcome, "sh", "it could not load our library");
    expect(refused && !outcome.succeeded(), "a refusal", &outcome)
}

fn an_emptied_environment_keeps_us(bench: &Bench<'_>, build: Build) -> Verdict {
    let url = format!("http://{NAME}:{HTTP}/small/7");
    let curl = |before: &[&str]| Application::new(before.iter().copied().chain(["curl", "-sS", &url]));
    for before in [&["env", "-i"][..], &["env", "-u", "LD_PRELOAD"], &["sh", "-c", "exec env - \"$@\"", "sh"]]
    {
        let outcome = run(bench, build, &curl(before))?;
        expect(outcome.stdout == bench.world.fixtures.read("web/small/7")?, "the file", &outcome)?;
    }
    Ok(())
}

fn another_preloaded_library_is_kept(bench: &Bench<'_>, build: Build) -> Verdict {
    let other = "/usr/lib/other.so";
    let inner = "sh -c 'echo $LD_PRELOAD; echo $SOCKSIFY_ON_UNHOOKABLE'";
    let outcome = run(bench, build, &shell(format!("env -i LD_PRELOAD={other} PATH=$PATH {inner}")))?;
    let expected = format!("{}:{other}\nrefuse\n", build.library().display());
    expect(outcome.text() == expected, &expected, &outcome)
}

fn a_large_environment_is_completed(bench: &Bench<'_>, build: Build) -> Verdict {
    let probe = bench.world.fixtures.probe("names")?.display().to_string();
    let many = "import os,sys\nmany={f'V{n}':'x'*50 for n in range(900)}\nmany['LD_PRELOAD']=':'.join(['']*3000)\n\
                os.execve(sys.argv[1],sys.argv[1:],many)\n";
    let python = Application::new(["python3", "-c", many, &probe, NAME, &LINE.to_string()]);
    let outcome = run(bench, build, &python)?;
    expect(outcome.succeeded(), "an exchange with the target", &outcome)
}

/// subprocess uses vfork(2) where it can, posix_spawn(3) where it may.
fn pythons_children_are_judged(bench: &Bench<'_>, build: Build) -> Verdict {
    let program = static_program(bench)?.display().to_string();
    let script = "import os, subprocess, sys\n\
        program, url = sys.argv[1:]\n\
        for start in (lambda: subprocess.run([program]),\n\
        \x20             lambda: subprocess.run([program], close_fds=False),\n\
        \x20             lambda: subprocess.run([program], env={}, preexec_fn=lambda: None),\n\
        \x20             lambda: os.posix_spawn(program, [program], {})):\n\
        \x20   try:\n\
        \x20       start()\n\
        \x20   except PermissionError:\n\
        \x20       print('refused', flush=True)\n\
        for close in True, False:\n\
        \x20   subprocess.run(['curl', '-sS', url], env={}, close_fds=close, check=True)\n";
    let url = format!("http://{NAME}:{HTTP}/small/7");
    let outcome = run(bench, build, &Application::new(["python3", "-c", script, &program, &url]))?;
    let file = String::from_utf8(bench.world.fixtures.read("web/small/7")?)?;
    let expected = format!("refused\nrefused\nrefused\nrefused\n{file}{file}");
    expect(outcome.text() == expected, &expected, &outcome)
}

fn the_library_alone_warns(bench: &Bench<'_>, build: Build) -> Verdict {
    let program = static_program(bench)?.display().to_string();
    let wrapper = preload::through(bench, build.library(), Server::Socksd.open())?;
    let outcome =
        bench.run(&shell(format!("{program}; echo $?; env -i sh -c 'echo $LD_PRELOAD'")), &wrapper)?;
    let told = outcome.text() == "ran\n0\n\n" && tells_once(&outcome, &program, STATIC);
    expect(told, "the program's output and one line", &outcome)?;
    let refusing = shell(format!("{program}; echo $?")).env("SOCKSIFY_ON_UNHOOKABLE", "refuse");
    let outcome = bench.run(&refusing, &wrapper)?;
    expect(outcome.text() == "126\n" && tells_once(&outcome, &program, STATIC), "a refusal", &outcome)
}

fn allowed_programs_run_with_a_warning(bench: &Bench<'_>, build: Build) -> Verdict {
    let program = static_program(bench)?.display().to_string();
    let socksify = build.socksify().display().to_string();
    let words = ["-p", "socks5://127.0.0.1", "--allow-bypass", "sh", "-c", &format!("{program}; echo $?")];
    let application = Application::new([socksify.as_str()]).args(words);
    let outcome = bench.run(&application, &Wrapper::Nothing)?;
    let told = outcome.text() == "ran\n0\n" && tells_once(&outcome, &program, STATIC);
    expect(told, "the program's output and one line", &outcome)
}

fn execs(bench: &Bench<'_>, words: &[&str]) -> Result<Application, Failed> {
    preload::probe(bench, "execs", words.iter().copied())
}

/// What cannot be executed at all is libc's to say, and so is what execvp(3) does instead.
fn failures_are_the_same_as_without(bench: &Bench<'_>, build: Build) -> Verdict {
    let text = executable(bench, "text", "echo a text for the shell\n")?;
    let junk = executable(bench, "junk", "\u{1}\0\u{2}\0")?;
    let cut = executable(bench, "cut", "\u{7f}ELF\u{2}\u{1}")?;
    let lost = executable(bench, "lost", "#!/nowhere/interpreter\n")?;
    let plain = bench.scratch.write("plain", "echo\n")?.display().to_string();
    let directory = bench.scratch.path().display().to_string();
    let programs = [
        &text,
        &junk,
        &cut,
        &lost,
        &plain,
        &directory,
        "/nowhere/program",
        "nowhere",
        "plain",
        "text",
        "",
        "/etc/passwd/x",
    ];
    for program in programs {
        for way in
            ["execve", "execvp", "execl", "execlp", "posix_spawn", "posix_spawnp", "syscall_execve", "vfork"]
        {
            let path = format!("/nowhere:{directory}:/bin");
            let application = execs(bench, &[way, "given", program])?.env("PATH", path);
            let without = bench.run(&application, &Wrapper::Nothing)?;
            let with = run(bench, build, &application)?;
            let same = with.text() == without.text() && with.status == without.status;
            expect(same, &format!("{way} {program} as without: {without}"), &with)?;
        }
    }
    Ok(())
}

fn refuses(bench: &Bench<'_>, build: Build, way: &str) -> Verdict {
    let program = static_program(bench)?.display().to_string();
    for environment in ["given", "empty"] {
        let outcome = run(bench, build, &execs(bench, &[way, environment, &program])?)?;
        let refused = outcome.text() == "EACCES\n" && tells_once(&outcome, "", STATIC);
        expect(refused, "EACCES and one line", &outcome)?;
    }
    Ok(())
}

fn hands_on_all_words(bench: &Bench<'_>, build: Build, way: &str) -> Verdict {
    for environment in ["given", "empty"] {
        let words = [way, environment, "/bin/echo", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let outcome = run(bench, build, &execs(bench, &words)?)?;
        expect(outcome.succeeded() && outcome.text() == "1 2 3 4 5 6 7 8 9\n", "nine words", &outcome)?;
    }
    Ok(())
}

/// The proxy alone knows the name: who reaches the target has the library and knows the proxy.
fn reaches_the_target_with_nothing(bench: &Bench<'_>, build: Build, way: &str) -> Verdict {
    let probe = bench.world.fixtures.probe("names")?.display().to_string();
    for host in [NAME, &TARGET.v4.to_string()] {
        let words = [way, "empty", &probe, host, &LINE.to_string()];
        let outcome = run(bench, build, &execs(bench, &words)?)?;
        expect(outcome.succeeded(), "an exchange with the target", &outcome)?;
    }
    Ok(())
}
