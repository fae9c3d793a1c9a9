//! `--explain`: what would become of a call, without making it.

use crate::scene::Scene;

const ROUTES: &str = r#"
[proxy.office]
url = "socks5://alice@10.77.0.1"
[proxy.spare]
url = "socks4a://10.77.0.2:1081"
[[route]]
to = ["10.0.0.0/8", ".home.example"]
via = "direct"
[[route]]
to = "ads.example"
via = "block"
[[route]]
to = "0/0"
via = ["office", "spare"]
"#;

fn explained(options: &[&str]) -> String {
    let scene = Scene::new();
    scene.write("routes.toml", ROUTES, 0o600);
    scene.run(&[&["-f", "routes.toml", "--explain"], options].concat()).succeeds()
}

#[test]
fn the_route_that_decides_and_those_that_do_not() {
    let text = explained(&["www.example.org:443"]);
    let told = [
        "call: a connection to www.example.org, port 443, from a socket that was not bound\n",
        "name: resolved by the proxy; the program gets an address from 198.18.0.0/15\n",
        "  line 6: to 10.0.0.0/8, .home.example via direct: it is about other targets\n",
        "> line 12: to 0/0 via office, then spare: it decides\n",
        "outcome: through office (10.77.0.1:1080) by socks_v5, then spare (10.77.0.2:1081) by socks_v4a\n",
    ];
    told.iter().for_each(|line| assert!(text.contains(line), "{line}{text}"));
}

#[test]
fn names_that_are_resolved_here() {
    let text = explained(&["www.home.example"]);
    assert!(text.contains("name: resolved here, past the proxy, as a direct route says\n"), "{text}");
    assert!(text.contains("\noutcome: direct\n"), "{text}");
    let text = explained(&["localhost:80"]);
    assert!(text.contains("\noutcome: stays on this machine; no route is asked\n"), "{text}");
}

#[test]
fn datagrams_and_listeners() {
    let text = explained(&["192.0.2.1:53", "--udp"]);
    assert!(text.contains("\noutcome: through office (10.77.0.1:1080) by socks_v5\n"), "{text}");
    let text = explained(&["192.0.2.1", "--bind", "--from", "10.1.2.3"]);
    assert!(
        text.starts_with("call: a listener for a call from 192.0.2.1, any port, from 10.1.2.3:0\n"),
        "{text}"
    );
    assert!(
        text.contains("line 6: to 10.0.0.0/8, .home.example via direct: it does not serve this command"),
        "{text}"
    );
}

#[test]
fn a_blocked_name_and_json() {
    let text = explained(&["ads.example:80", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["decision"], "block");
    assert_eq!(value["routes"][1]["decides"], true);
    assert_eq!(value["routes"][1]["line"], 9);
    assert_eq!(value["name"], "asked of nobody: a block route is about this name");
    assert_eq!(value["errno"], "EACCES");
    assert_eq!(value["proxies"].as_array().unwrap().len(), 0);
}

#[test]
fn programs_and_users_of_routes() {
    let scene = Scene::new();
    let routes = "[[route]]\nprogram = 'true'\nuser = ['root', 7]\nvia = 'direct'\n\
                  [[route]]\nvia = 'block'\nerrno = 'ECONNREFUSED'\n";
    scene.write("routes.toml", routes, 0o600);
    let explained = |options: &[&str]| {
        scene.run(&[&["-f", "routes.toml", "--explain", "192.0.2.1:80"], options].concat()).succeeds()
    };
    let text = explained(&["--program", "true", "--user", "7"]);
    assert!(text.contains("from a socket that was not bound, of true, user ID 7\n"), "{text}");
    assert!(text.contains("> line 1: to 0/0 of true, user root, user 7 via direct: it decides\n"), "{text}");
    assert!(explained(&["--program", "true", "--user", "root"]).contains("\noutcome: direct\n"));
    let text = explained(&["--program", "true", "--user", "8"]);
    assert!(text.contains("via direct: it is about other users\n"), "{text}");
    let text = explained(&["--user", "root"]);
    assert!(text.contains(", of a program that no route names, user ID 0\n"), "{text}");
    assert!(text.contains("via direct: it is about other programs\n"), "{text}");
    assert!(text.contains("\noutcome: refused with ECONNREFUSED: the route is a block\n"), "{text}");
    let refused = scene.run(&["-f", "routes.toml", "--explain", "a", "--user", "no such"]);
    assert_eq!(refused.status(), Some(125));
}

#[test]
fn a_program_that_would_bypass_the_library() {
    let scene = Scene::new();
    scene.program("static", &["-static"], "int main(void) { return 0; }");
    scene.write("routes.toml", ROUTES, 0o600);
    let explained = |program: &str| {
        scene.run(&["-f", "routes.toml", "--explain", "192.0.2.1", "--program", program]).succeeds()
    };
    assert!(explained("true").ends_with("\nprogram: true: the library can be loaded into it\n"));
    let text = explained("./static");
    assert!(text.contains("\nprogram: ./static: would be refused, as it would bypass the proxy: "), "{text}");
}

#[test]
fn what_is_no_host_is_refused() {
    let scene = Scene::new();
    scene.write("routes.toml", ROUTES, 0o600);
    let outcome = scene.run(&["-f", "routes.toml", "--explain", "http://www.example.org/"]);
    assert_eq!(outcome.status(), Some(125));
    assert!(
        outcome.messages().starts_with("socksify: 'http://www.example.org/': expected HOST or HOST:PORT")
    );
    assert_eq!(
        scene.run(&["-f", "routes.toml", "--explain", "a", "--program", "no such"]).status(),
        Some(127)
    );
}
