//! What the command gets from us: its arguments, its environment, its exit status.

use crate::scene::Scene;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

#[test]
fn the_exit_status_is_the_commands() {
    let scene = Scene::new();
    for status in [0, 1, 7, 125, 126, 127, 255] {
        assert_eq!(scene.run(&["sh", "-c", &format!("exit {status}")]).status(), Some(status));
    }
}

#[test]
fn we_become_the_command() {
    let scene = Scene::new();
    let mut socksify = scene.socksify();
    socksify.args(["-p", "socks5://a", "sh", "-c", "kill -TERM $$"]);
    let status = socksify.status().unwrap();
    assert_eq!(status.signal(), Some(libc::SIGTERM));
    let child = scene.socksify().args(["-p", "socks5://a", "sh", "-c", "echo $$"]).stdout_piped();
    assert_eq!(child.0.trim_end(), child.1.to_string());
}

/// Runs to the end and gives output and process id.
trait Piped {
    fn stdout_piped(&mut self) -> (String, u32);
}

impl Piped for Command {
    fn stdout_piped(&mut self) -> (String, u32) {
        let child = self.stdout(std::process::Stdio::piped()).spawn().unwrap();
        let id = child.id();
        let output = child.wait_with_output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), id)
    }
}

#[test]
fn arguments_and_program_name_arrive_as_they_are() {
    let scene = Scene::new();
    let script = ["-c", "sh", "-c", "printf '<%s>' \"$0\" \"$@\"", "zero", "-v", "--", "a b", "", "--help"];
    assert_eq!(scene.run(&script).succeeds(), "<zero><-v><--><a b><><--help>");
    assert_eq!(
        scene.run(&["sh", "-c", "tr '\\0' ' ' </proc/$$/cmdline"]).succeeds().split(' ').next(),
        Some("sh")
    );
}

#[test]
fn the_library_comes_first_in_ld_preload() {
    let scene = Scene::new();
    let library = scene.shown("libsocksify.so");
    assert_eq!(scene.run(&["printenv", "LD_PRELOAD"]).succeeds().trim_end(), library);
    let other = scene.copy(scene.path("libsocksify.so"), "other.so");
    let mut socksify = scene.socksify();
    socksify.env("LD_PRELOAD", &other).args(["-p", "socks5://a", "printenv", "LD_PRELOAD"]);
    assert_eq!(scene.outcome(&mut socksify).succeeds().trim_end(), format!("{library}:{}", other.display()));
}

#[test]
fn the_command_sees_the_configuration_that_was_checked() {
    let scene = Scene::new();
    let file = scene.shown("socks.conf");
    assert_eq!(scene.run(&["-f", "socks.conf", "printenv", "SOCKS_CONF"]).succeeds().trim_end(), file);
    let mut socksify = scene.socksify();
    let found = scene.write(".config/socksify/socks.conf", crate::scene::PROXY_FILE, 0o644);
    let output = scene.outcome(socksify.args(["printenv", "SOCKS_CONF"])).succeeds();
    assert_eq!(output.trim_end(), found.to_str().unwrap());
}

#[test]
fn proxies_of_the_command_line_come_before_all_others() {
    let scene = Scene::new();
    let mut socksify = scene.socksify();
    socksify.env("SOCKS5_SERVER", "10.0.0.1:1080").env("SOCKSIFY_PROXY", "socks5://other");
    socksify.args([
        "-p",
        "socks5://a",
        "-p",
        "socks4a://b",
        "sh",
        "-c",
        "echo $SOCKSIFY_PROXY, $SOCKS5_SERVER",
    ]);
    assert_eq!(scene.outcome(&mut socksify).succeeds(), "socks5://a socks4a://b,\n");
}

#[test]
fn each_run_has_a_table_of_names_of_its_own() {
    let scene = Scene::new();
    std::fs::create_dir(scene.path("run")).unwrap();
    let table = || {
        let mut socksify = scene.socksify();
        socksify.env("XDG_RUNTIME_DIR", scene.path("run")).args([
            "-p",
            "socks5://a",
            "printenv",
            "SOCKSIFY_NAMES",
        ]);
        scene.outcome(&mut socksify).succeeds()
    };
    let (one, other) = (table(), table());
    assert!(one.starts_with(&scene.shown("run/socksify/names-")), "{one}");
    assert_ne!(one, other);
}

#[test]
fn verbosity_reaches_the_library() {
    let scene = Scene::new();
    let show = "echo $SOCKS_DEBUG $SOCKS_LOGOUTPUT";
    assert_eq!(scene.run(&["sh", "-c", show]).succeeds(), "\n");
    assert_eq!(scene.run(&["-vv", "sh", "-c", show]).output(), "2 stderr\n");
    let log = scene.shown("log");
    assert_eq!(scene.run(&["--log", "log", "sh", "-c", show]).succeeds(), format!("1 {log}\n"));
}

#[test]
fn the_printed_environment_is_read_back_by_a_shell() {
    let scene = Scene::new();
    let odd = scene.write("it's a $(file).conf", crate::scene::PROXY_FILE, 0o644);
    let mut shell = Command::new("/bin/sh");
    shell.env_clear().env("PATH", "/usr/bin:/bin").env("SOCKS5_SERVER", "x:1").env("LD_PRELOAD", "");
    let script = "eval \"$(\"$1\" --print-env -f \"$2\")\"; unset LD_PRELOAD_; printf '%s\\n' \"$LD_PRELOAD\" \
                  \"$SOCKS_CONF\" \"${SOCKS5_SERVER-unset}\" \"${SOCKSIFY_NAMES-unset}\"";
    shell.args(["-c", script, "sh"]).arg(scene.path("socksify")).arg(&odd);
    let output = scene.outcome(&mut shell).succeeds();
    let expected = [&scene.shown("libsocksify.so"), odd.to_str().unwrap(), "unset", "unset"].join("\n");
    assert_eq!(output.trim_end(), expected);
}

#[test]
fn a_shell_is_the_users() {
    let scene = Scene::new();
    let shell = scene.write("shell", "#!/bin/sh\necho mine $#\n", 0o755);
    let mut socksify = scene.socksify();
    socksify.env("SHELL", shell).args(["-p", "socks5://a", "--shell"]);
    assert_eq!(scene.outcome(&mut socksify).succeeds(), "mine 0\n");
}

#[test]
fn a_check_tells_what_the_configuration_means() {
    let scene = Scene::new();
    let text = scene.run(&["--check", "--offline"]).succeeds();
    let file = scene.shown("socks.conf");
    assert!(text.starts_with(&format!("configuration: {file}\n")), "{text}");
    assert!(text.contains("\nproxy: 10.0.0.11:1080, socks_v5\n"), "{text}");
    assert!(text.contains("\nroute (line 1): from 0.0.0.0/0 to 0.0.0.0/0 via 10.0.0.11:1080; "), "{text}");
    assert!(text.contains(&format!("\nlibrary: {}\n", scene.shown("libsocksify.so"))), "{text}");
}

#[test]
fn the_configuration_is_called_what_the_user_called_it() {
    let scene = Scene::new();
    let checked = scene.run(&["--check", "--offline", "-p", "socks5://a"]).succeeds();
    assert!(checked.starts_with("configuration: -p\n"), "{checked}");
    for (options, name) in [(&["-v", "-p", "socks5://a"][..], "-p"), (&["-v", "--embedded"], "--embedded")] {
        let told = scene.run(&[options, &["true"]].concat()).messages();
        assert!(told.contains(&format!("socksify: running /usr/bin/true as {name} says, with ")), "{told}");
    }
}

#[test]
fn what_a_file_does_not_mean_is_told_once() {
    let scene = Scene::new();
    let file = scene.write("wide.toml", "[[route]]\nto = \"10.0.0.1/8\"\nvia = \"direct\"\n", 0o644);
    let warning = format!(
        "warning: 10.0.0.1/8 means the whole network 10.0.0.0/8, not one address\n --> {}:2:6\n",
        file.display()
    );
    let checked = scene.run(&["--check", "--offline", "-f", "wide.toml"]).succeeds();
    assert!(checked.contains(&format!("\n{warning}")), "{checked}");
    for told in [scene.run(&["-f", "wide.toml", "true"]), scene.run(&["-v", "-f", "wide.toml", "true"])] {
        let told = told.messages();
        assert!(told.starts_with(&format!("socksify: {warning}")), "{told}");
    }
    assert_eq!(scene.run(&["-q", "-f", "wide.toml", "true"]).messages(), "");
}

#[test]
fn what_is_merely_superfluous_is_told_on_request() {
    let scene = Scene::new();
    scene.write("idle.conf", "timeout.io: 5\nroute { from: 0/0 to: 0/0 via: direct }\n", 0o644);
    assert_eq!(scene.run(&["-f", "idle.conf", "true"]).messages(), "");
    let told = scene.run(&["-v", "-f", "idle.conf", "true"]).messages();
    assert!(told.starts_with("socksify: warning: `timeout.io` has no effect"), "{told}");
}

#[test]
fn a_password_that_others_can_read_is_told() {
    let scene = Scene::new();
    let text = "[proxy.a]\nurl = \"socks5://al:hush@127.0.0.1\"\n[[route]]\nvia = \"a\"\n";
    let open = scene.write("open.toml", text, 0o644);
    let told = scene.run(&["-f", "open.toml", "true"]).messages();
    let path = open.display();
    let warning = format!(
        "warning: {path}: other users of this machine can read the password in {path}: chmod 600 {path}\n"
    );
    assert!(told.starts_with(&format!("socksify: {warning}")), "{told}");
    scene.write("shut.toml", text, 0o600);
    assert_eq!(scene.run(&["-f", "shut.toml", "true"]).messages(), "");
}

#[test]
fn a_configuration_of_another_program_is_converted() {
    let scene = Scene::new();
    let file = scene.write("x.conf", "proxy_dns\n[ProxyList]\nsocks5 10.0.0.11 1080\n", 0o644);
    let text = scene.run(&["--convert", "x.conf"]).succeeds();
    assert!(text.starts_with("# What x.conf says"), "{text}");
    assert!(text.contains("url = \"socks5://10.0.0.11:1080\""), "{text}");
    let checked = scene.run(&["--check", "x.conf", "--offline"]).succeeds();
    assert!(checked.starts_with(&format!("configuration: {}\n", file.display())), "{checked}");
    scene.write("y.conf", "strict_chain\n[ProxyList]\nsocks5 10.0.0.11 1080\nraw 10.0.0.12 1080\n", 0o644);
    let outcome = scene.run(&["-f", "y.conf", "true"]);
    assert_eq!(outcome.status(), Some(125));
    assert!(outcome.messages().contains("error: `raw` is not supported"));
}

#[test]
fn a_check_that_fails_is_status_1() {
    let scene = Scene::new();
    assert_eq!(scene.run(&["--check", "-f", "missing"]).status(), Some(1));
}
