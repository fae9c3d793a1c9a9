//! What is wrong before any command runs: the library, the configuration, the command line, the command's name.

use crate::scene::{PROXY_FILE, SUCCEED, Scene};
use std::path::Path;

#[test]
fn a_missing_library_is_looked_for_in_these_places() {
    let scene = Scene::without_library();
    let outcome = scene.run(&["true"]);
    assert_eq!(outcome.status(), Some(125));
    let messages = outcome.messages();
    let first =
        format!("socksify: libsocksify.so is missing; looked for:\n  {}\n", scene.shown("libsocksify.so"));
    assert!(messages.starts_with(&first), "{messages}");
    assert!(messages.contains("\n  /usr/local/lib/socksify/libsocksify.so\n"), "{messages}");
    assert!(messages.ends_with("\n  hint: $SOCKSIFY_LIBRARY can name it\n"), "{messages}");
}

fn with_library(scene: &Scene, library: &str) -> crate::scene::Outcome {
    let mut socksify = scene.socksify();
    scene.outcome(socksify.env("SOCKSIFY_LIBRARY", library).args(["-p", "socks5://127.0.0.1", "true"]))
}

#[test]
fn a_library_that_the_loader_would_ignore_is_refused() {
    let scene = Scene::new();
    let text = scene.write("text.so", PROXY_FILE, 0o644).to_str().unwrap().to_owned();
    with_library(&scene, &text)
        .fails(125, &format!("socksify: {text} cannot be preloaded: it is not a shared library\n"));
    let mut foreign = std::fs::read(scene.path("libsocksify.so")).unwrap();
    foreign[4] = 1;
    foreign[18] = 3;
    let foreign = scene.write("foreign.so", foreign, 0o644).to_str().unwrap().to_owned();
    let messages = with_library(&scene, &foreign).messages();
    assert!(
        messages.contains("cannot be preloaded: it is for 32-bit x86, and this socksify for "),
        "{messages}"
    );
}

#[test]
fn a_library_whose_path_the_loader_would_split_is_refused() {
    let scene = Scene::new();
    let library = scene.copy(scene.path("libsocksify.so"), "a b/libsocksify.so").to_str().unwrap().to_owned();
    with_library(&scene, &library).fails(
        125,
        &format!(
            "socksify: {library} cannot be preloaded: LD_PRELOAD would split or change a path with a blank, a colon or \
             a dollar sign\n  hint: copy it to another place and name that with $SOCKSIFY_LIBRARY\n"
        ),
    );
}

#[test]
fn a_relative_library_is_made_absolute() {
    let scene = Scene::new();
    let mut socksify = scene.socksify();
    socksify.env("SOCKSIFY_LIBRARY", "libsocksify.so").args(["-p", "socks5://a", "printenv", "LD_PRELOAD"]);
    assert_eq!(scene.outcome(&mut socksify).succeeds().trim_end(), scene.shown("libsocksify.so"));
}

#[test]
fn without_configuration_the_message_shows_how_to_give_one() {
    if ["/etc/socks.conf", "/etc/dante.conf"].iter().any(|file| Path::new(file).exists()) {
        return;
    }
    let scene = Scene::new();
    let home = scene.shown("");
    scene.outcome(scene.socksify().arg("true")).fails(
        125,
        &format!(
            "socksify: no configuration says which proxy to use; looked for:\n  \
             {home}.config/socksify/socks.conf\n  {home}.config/socksify/socks.toml\n  \
             /etc/socks.conf\n  /etc/dante.conf\n  \
             hint: name the proxy: socksify -p socks5h://127.0.0.1:1080 COMMAND\n        \
             or write one of these files, for example with this line:\n        \
             route {{ from: 0.0.0.0/0 to: 0.0.0.0/0 via: 127.0.0.1 port = 1080 proxyprotocol: socks_v5 }}\n"
        ),
    );
}

#[test]
fn a_broken_configuration_is_shown_with_its_place() {
    let scene = Scene::new();
    let file = scene.write("broken.conf", "debug: 1\nroute { form: 0.0.0.0/0 }\n", 0o644);
    let outcome = scene.run(&["-f", file.to_str().unwrap(), "true"]);
    assert_eq!(outcome.status(), Some(125));
    let messages = outcome.messages();
    assert!(messages.starts_with("socksify: error: `form` is not a keyword of a route\n"), "{messages}");
    assert!(messages.contains(&format!("\n --> {}:2:9\n", file.display())), "{messages}");
    assert!(messages.contains("route { form: 0.0.0.0/0 }"), "{messages}");
    assert!(messages.contains('^'), "{messages}");
}

#[test]
fn an_unreadable_configuration_is_named_with_the_reason() {
    let scene = Scene::new();
    std::fs::create_dir(scene.path("directory")).unwrap();
    let outcome = scene.run(&["-f", "directory", "true"]);
    let directory = scene.shown("directory");
    outcome.fails(125, &format!("socksify: cannot read {directory}: Is a directory (os error 21)\n"));
    let outcome = scene.run(&["-f", "missing.conf", "true"]);
    let missing = scene.shown("missing.conf");
    outcome.fails(125, &format!("socksify: cannot read {missing}: No such file or directory (os error 2)\n"));
}

#[test]
fn a_proxy_that_is_none_is_shown_as_it_was_written() {
    let scene = Scene::new();
    let messages = scene.run(&["-p", "socks6://host", "true"]).messages();
    assert!(messages.starts_with("socksify: -p socks6://host: expected "), "{messages}");
    scene.run(&["-p", "socks5://a socks5://b", "true"]).fails(
        125,
        "socksify: -p 'socks5://a socks5://b': a proxy URL has no blanks\n  \
         hint: give each proxy a -p of its own\n",
    );
}

#[test]
fn a_log_file_that_cannot_be_written_is_named() {
    let scene = Scene::new();
    scene.run(&["--log", "missing/log", "true"]).fails(
        125,
        "socksify: cannot write the log file missing/log: No such file or directory (os error 2)\n",
    );
}

#[test]
fn a_log_file_that_would_become_two_is_refused() {
    let scene = Scene::new();
    let message = "socksify: --log 'my log': the path of a log file must not have blanks\n";
    scene.run(&["--log", "my log", "true"]).fails(125, message);
}

#[test]
fn a_mistake_on_the_command_line_is_ours() {
    let scene = Scene::new();
    assert_eq!(scene.run(&["--no-such-option", "true"]).status(), Some(125));
    assert_eq!(scene.run::<&str>(&[]).status(), Some(125));
    let help = scene.run(&["--help"]);
    assert!(help.succeeds().contains("EXAMPLES"));
    assert!(scene.run(&["--version"]).succeeds().starts_with("socksify "));
}

#[test]
fn a_command_that_is_not_there_is_127() {
    let scene = Scene::new();
    scene.run(&["no-such-command"]).fails(127, "socksify: no-such-command: command not found\n");
    scene.run(&["./no-such-command"]).fails(127, "socksify: ./no-such-command: command not found\n");
    scene.run(&["ftp host"]).fails(
        127,
        "socksify: ftp host: command not found\n  \
         hint: for a line with blanks start a shell: socksify sh -c 'ftp host'\n",
    );
}

#[test]
fn a_command_that_cannot_be_executed_is_126() {
    let scene = Scene::new();
    scene.write("plain", "exit 0\n", 0o644);
    scene.run(&["./plain"]).fails(126, "socksify: cannot run ./plain: Permission denied (os error 13)\n");
    scene.run(&["/etc"]).fails(126, "socksify: cannot run /etc: is a directory\n");
}

#[test]
fn a_script_whose_interpreter_is_missing_is_told_apart() {
    let scene = Scene::new();
    let script = scene.write("script", "#!/no/such/interpreter\n", 0o755);
    scene.run(&[&script]).fails(
        127,
        &format!(
            "socksify: cannot run {}: No such file or directory (os error 2)\n  \
             hint: the file exists, but its interpreter or loader does not\n",
            script.display()
        ),
    );
}

#[test]
fn checks_come_before_the_command() {
    let scene = Scene::new();
    let command = scene.program("touch", &[], SUCCEED);
    let mut socksify = scene.socksify();
    let outcome = scene.outcome(socksify.args(["-f", "/dev/null/x", command.to_str().unwrap()]));
    assert_eq!(outcome.status(), Some(125));
}
