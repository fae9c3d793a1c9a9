//! Where the configuration comes from: variables, then files in their order.

use socks_conf::{
    BindPolicy, Caution, Config, Decision, Error, Host, LogTarget, Proxy, ProxyProtocol, Question,
    ResolveProtocol, Source, UdpFallback, Via, load,
};
use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

const ROUTE: &[u8] = b"route { from: 0/0 to: 0/0 via: 10.0.0.11 port = 1080 proxyprotocol: socks_v5 }";

/// Loads with these variables and files; a file without content is there and cannot be read.
fn load_from(variables: &[(&str, &str)], files: &[(&str, Option<&[u8]>)]) -> Result<Config, Error> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    let files: HashMap<_, _> = files.iter().map(|(path, content)| (Path::new(*path), *content)).collect();
    load(&|name| variables.get(name).map(OsString::from), &|path| match files.get(path) {
        Some(Some(content)) => Ok(content.to_vec()),
        Some(None) => Err(io::ErrorKind::PermissionDenied.into()),
        None => Err(io::ErrorKind::NotFound.into()),
    })
}

fn with(variables: &[(&str, &str)]) -> Config {
    load_from(variables, &[("/etc/socks.conf", None)]).unwrap_or_else(|error| panic!("{error}"))
}

fn places(config: &Config) -> Vec<String> {
    config.proxies.iter().map(Proxy::to_string).collect()
}

fn protocols(config: &Config) -> Vec<String> {
    config.proxies.iter().map(|proxy| proxy.protocols.to_string()).collect()
}

fn credentials(config: &Config) -> (Option<&str>, Option<&str>) {
    let proxy = &config.proxies[0];
    (proxy.username.as_deref(), proxy.password.as_ref().map(|secret| secret.reveal()))
}

#[test]
fn files_are_tried_in_order() {
    let order = ["/x/socksify/socks.conf", "/x/socksify/socks.toml", "/etc/socks.conf", "/etc/dante.conf"];
    for (index, file) in order.iter().enumerate() {
        let there: Vec<_> = order[index..].iter().map(|file| (*file, Some(ROUTE))).collect();
        let config = load_from(&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/home/alice")], &there).unwrap();
        assert_eq!(config.source, Source::File(PathBuf::from(file)));
    }
}

#[test]
fn the_home_directory_stands_in_for_xdg_config_home() {
    for variables in [
        &[("HOME", "/h")][..],
        &[("HOME", "/h"), ("XDG_CONFIG_HOME", "")],
        &[("HOME", "/h"), ("XDG_CONFIG_HOME", "x")],
    ] {
        let config = load_from(variables, &[("/h/.config/socksify/socks.conf", Some(ROUTE))]).unwrap();
        assert_eq!(config.source, Source::File(PathBuf::from("/h/.config/socksify/socks.conf")));
    }
}

#[test]
fn socks_conf_names_the_file_and_must_exist() {
    let files = [("/etc/socks.conf", Some(&b""[..])), ("/a", Some(ROUTE))];
    let config = load_from(&[("SOCKS_CONF", "/a")], &files).unwrap();
    assert_eq!(config.source, Source::File(PathBuf::from("/a")));
    let error = load_from(&[("SOCKS_CONF", "/b")], &files).unwrap_err();
    assert!(matches!(&error, Error::Unreadable { file, .. } if file == Path::new("/b")), "{error}");
}

#[test]
fn users_of_routes_are_those_of_the_file() {
    let text = b"[[route]]\nuser = ['bob', 7]\nvia = 'block'\n";
    let passwd = b"root:x:0:0::/:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n";
    let of = |passwd: &[u8]| {
        load_from(&[("SOCKS_CONF", "/a")], &[("/a", Some(text)), ("/etc/passwd", Some(passwd))])
    };
    let users: Vec<_> = of(passwd).unwrap().routes[0].callers.users.iter().map(|user| user.id).collect();
    assert_eq!(users, [Some(1001), Some(7)]);
    let error = of(b"").unwrap_err();
    assert_eq!(
        error.to_string(),
        "/a: the route of line 1 is about the user `bob`, whom /etc/passwd does not have; write the user ID"
    );
}

#[test]
fn an_unreadable_file_is_an_error_and_a_missing_one_is_not() {
    let files = [("/etc/socks.conf", None), ("/etc/dante.conf", Some(ROUTE))];
    assert!(matches!(load_from(&[], &files), Err(Error::Unreadable { .. })));
    let error = load_from(&[("HOME", "/h")], &[]).unwrap_err();
    assert!(matches!(&error, Error::Missing { tried } if tried.len() == 4), "{error}");
    assert!(error.to_string().ends_with("\n  /etc/socks.conf\n  /etc/dante.conf"), "{error}");
}

#[test]
fn socksify_proxy_holds_urls_in_fail_over_order() {
    let config = with(&[
        ("SOCKSIFY_PROXY", " socks5h://al:x@10.0.0.11 socks4a://h:9 "),
        ("SOCKS_SERVER", "10.0.0.12"),
    ]);
    assert_eq!(config.source, Source::Environment("SOCKSIFY_PROXY"));
    assert_eq!(places(&config), ["10.0.0.11:1080", "h:9"]);
    assert_eq!(config.routes[0].via, Via::Proxies(vec![0, 1]));
    assert_eq!(credentials(&config), (Some("al"), Some("x")));
    let question = Question {
        command: socks_conf::Command::Connect,
        protocol: socks_conf::Protocol::Tcp,
        from: SocketAddr::from(([0, 0, 0, 0], 0)),
        to: Host::Name("www.example.com"),
        port: Some(80),
        process: socks_conf::Process::default(),
    };
    assert!(matches!(config.route(&question), Decision::Proxy(_, ProxyProtocol::SocksV5)));
}

#[test]
fn a_bad_variable_is_named_and_its_value_is_not_shown() {
    for (name, value) in [
        ("SOCKSIFY_PROXY", "socks6://al:hush@h"),
        ("SOCKSIFY_PROXY", " "),
        ("SOCKS_SERVER", "hush/x"),
        ("SOCKS5_SERVER", "h:hush"),
        ("HTTP_CONNECT_PROXY", "socks5://hush"),
        ("HTTP_CONNECT_PROXY", "hush"),
        ("UPNP_IGD", "hush"),
    ] {
        let error = load_from(&[(name, value)], &[("/etc/socks.conf", Some(ROUTE))]).unwrap_err();
        assert!(matches!(&error, Error::Variable { name: named, .. } if named == name), "{error}");
        assert!(!error.to_string().contains("hush"), "{error}");
    }
    let not_utf8 = load(&|name| (name == "SOCKSIFY_PROXY").then(|| OsString::from_vec(vec![0xff])), &|_| {
        Ok(ROUTE.to_vec())
    });
    assert!(matches!(not_utf8, Err(Error::Variable { .. })));
}

#[test]
fn settings_of_the_environment_take_the_place_of_the_files() {
    let file: &[u8] = b"udp: direct\nnameserver: 10.0.0.1\n";
    let variables = [
        ("SOCKSIFY_RESOLVEPROTOCOL", "tor"),
        ("SOCKSIFY_NAMESERVER", "10.0.0.53 [2001:db8::53]:5353"),
        ("SOCKSIFY_UDP", "block"),
        ("SOCKSIFY_BIND", "always"),
    ];
    let config = load_from(&variables, &[("/etc/socks.conf", Some(file))]).unwrap();
    assert_eq!((config.resolveprotocol, config.udp), (ResolveProtocol::Tor, UdpFallback::Block));
    assert_eq!((config.nameservers.len(), config.bind), (2, BindPolicy::Always));
    for (name, _) in variables {
        let error = load_from(&[(name, "nonsense")], &[("/etc/socks.conf", Some(file))]).unwrap_err();
        assert!(error.to_string().starts_with(&format!("${name}: expected")), "{error}");
    }
}

#[test]
fn dantes_variables_keep_the_file_from_being_read() {
    let config = with(&[("SOCKS_SERVER", "10.0.0.11:1081")]);
    assert_eq!(config.source, Source::Environment("SOCKS_SERVER"));
    assert_eq!(
        (places(&config), protocols(&config)),
        (vec!["10.0.0.11:1081".into()], vec!["socks_v4 socks_v5".into()])
    );
    let config = with(&[
        ("SOCKS5_SERVER", "[::1]"),
        ("SOCKS4_SERVER", "h:9"),
        ("HTTP_CONNECT_PROXY", "http://h:3128/"),
    ]);
    assert_eq!(places(&config), ["h:9", "[::1]:1080", "h:3128"]);
    assert_eq!(protocols(&config), ["socks_v4", "socks_v5", "http"]);
    assert_eq!(config.routes.len(), 3);
}

#[test]
fn an_empty_variable_is_not_set() {
    let config =
        load_from(&[("SOCKS_SERVER", ""), ("SOCKSIFY_PROXY", "")], &[("/etc/socks.conf", Some(ROUTE))]);
    assert_eq!(config.unwrap().source, Source::File(PathBuf::from("/etc/socks.conf")));
}

#[test]
fn route_variables_end_at_the_first_gap() {
    let direct = "from: 0/0 to: 10.0.0.0/8 via: direct";
    let proxy = "from: 0/0 to: 0/0 via: 10.0.0.11 port = 1080";
    let config = with(&[("SOCKS_ROUTE_1", direct), ("SOCKS_ROUTE_2", proxy), ("SOCKS_ROUTE_4", direct)]);
    assert_eq!(config.routes.iter().map(|route| route.line).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(config.source, Source::Environment("SOCKS_ROUTE_1"));
    let error = load_from(&[("SOCKS_ROUTE_1", direct), ("SOCKS_ROUTE_2", "from: 0/0 to: 0/0 via: ,")], &[])
        .unwrap_err();
    assert!(error.to_string().starts_with("$SOCKS_ROUTE_2:1:24: "), "{error}");
    assert!(load_from(&[("SOCKS_ROUTE_1", "from: 0/0 to: 0/0 via: direct }")], &[]).is_err());
}

#[test]
fn credentials_of_the_environment() {
    let names = [
        ("SOCKS_USERNAME", "SOCKS_PASSWORD"),
        ("SOCKS_USER", "SOCKS_PASSWD"),
        ("SOCKS5_USER", "SOCKS5_PASSWD"),
    ];
    for (index, _) in names.iter().enumerate() {
        let set: Vec<_> = names[index..]
            .iter()
            .flat_map(|(user, password)| [(*user, *user), (*password, *password)])
            .collect();
        let config = load_from(&set, &[("/etc/socks.conf", Some(ROUTE))]).unwrap();
        assert_eq!(credentials(&config), (Some(names[index].0), Some(names[index].1)));
    }
    let config =
        load_from(&[("SOCKS_PASSWORD", "x"), ("LOGNAME", "alice")], &[("/etc/socks.conf", Some(ROUTE))])
            .unwrap();
    assert_eq!(credentials(&config), (Some("alice"), Some("x")));
    let config = load_from(&[("LOGNAME", "alice")], &[("/etc/socks.conf", Some(ROUTE))]).unwrap();
    assert_eq!(credentials(&config), (None, None));
    let long = "x".repeat(256);
    assert!(load_from(&[("SOCKS_USERNAME", &long)], &[("/etc/socks.conf", Some(ROUTE))]).is_err());
}

#[test]
fn a_password_goes_only_where_the_method_allows_it() {
    let variables = [("SOCKS_USERNAME", "alice"), ("SOCKS_PASSWORD", "x")];
    let of = |methods: &str| {
        let text = format!("route {{ from: 0/0 to: 0/0 via: 10.0.0.11 {methods} }}");
        load_from(&variables, &[("/etc/socks.conf", Some(text.as_bytes()))]).unwrap()
    };
    assert_eq!(credentials(&of("method: none")), (Some("alice"), None));
    assert_eq!(credentials(&of("method: none proxyprotocol: socks_v5")), (None, None));
    assert_eq!(credentials(&of("method: username")), (Some("alice"), Some("x")));
    assert_eq!(credentials(&of("")), (Some("alice"), Some("x")));
    let two = b"route { from: 0/0 to: 10.0.0.0/8 via: 10.0.0.11 method: none }\nroute { from: 0/0 to: 0/0 via: 10.0.0.11 }\n\
        route { from: 0/0 to: 0/0 via: 10.0.0.11 }";
    let config = load_from(&variables, &[("/etc/socks.conf", Some(two))]).unwrap();
    assert_eq!(
        config.proxies.iter().map(|proxy| proxy.password.is_some()).collect::<Vec<_>>(),
        [false, true]
    );
    assert_eq!(config.routes[2].via, Via::Proxies(vec![1]));
}

#[test]
fn missing_credentials_are_pointed_out() {
    let text = &b"route { from: 0/0 to: 0/0 via: 10.0.0.11 method: username }"[..];
    let config = load_from(&[], &[("/etc/socks.conf", Some(text))]).unwrap();
    assert_eq!(config.warnings[0].caution, Caution::NoUserName);
    let config = load_from(&[("SOCKS_USERNAME", "alice")], &[("/etc/socks.conf", Some(text))]).unwrap();
    assert_eq!(config.warnings[0].caution, Caution::NoPassword);
}

#[test]
fn password_files_are_read_and_the_home_directory_expanded() {
    let text = &b"[proxy.a]\nurl = 'socks5://h'\nusername = 'alice'\npassword_file = '~/pass'\n[[route]]\nvia = 'a'\n"[..];
    let load =
        |password| load_from(&[("HOME", "/h")], &[("/etc/socks.conf", Some(text)), ("/h/pass", password)]);
    assert_eq!(
        credentials(&load(Some(b"s3cret word\r\nsecond line\n")).unwrap()),
        (Some("alice"), Some("s3cret word"))
    );
    assert!(matches!(load(Some(b"\n")), Err(Error::PasswordFile { .. })));
    assert!(matches!(load(Some(b"\xff")), Err(Error::PasswordFile { .. })));
    assert!(matches!(load(None), Err(Error::Unreadable { file, .. }) if file == Path::new("/h/pass")));
}

#[test]
fn a_relative_password_file_is_beside_the_configuration() {
    let text = b"[proxy.a]\nurl = 'socks5://h'\nusername = 'alice'\npassword_file = 'a.pass'\n[[route]]\nvia = 'a'\n";
    let files = [("/etc/socks.conf", Some(&text[..])), ("/etc/a.pass", Some(&b"secret"[..]))];
    assert_eq!(credentials(&load_from(&[], &files).unwrap()), (Some("alice"), Some("secret")));
}

#[test]
fn logging_variables_add_to_the_file() {
    let text = [b"debug: 2\nlogoutput: stderr\n", ROUTE].concat();
    let load = |debug, log| {
        load_from(
            &[("SOCKS_DEBUG", debug), ("SOCKS_LOGOUTPUT", log), ("SOCKS_ERRLOGOUTPUT", "syslog/daemon")],
            &[("/etc/socks.conf", Some(&text))],
        )
    };
    let config = load("1", "stderr /var/log/socksify").unwrap();
    assert_eq!(config.debug, 2);
    assert_eq!(config.logoutput, [LogTarget::Stderr, LogTarget::File("/var/log/socksify".into())]);
    assert_eq!(config.errorlog, [LogTarget::Syslog(Some("daemon".into()))]);
    assert_eq!(load("3", "").unwrap().debug, 3);
    assert!(matches!(load("much", ""), Err(Error::Variable { .. })));
}

#[test]
fn bind_is_never_proxied_where_dantes_variable_says_so() {
    let files = [("/etc/socks.conf", Some(ROUTE))];
    let bind = |variables: &[(&str, &str)]| load_from(variables, &files).unwrap().bind;
    assert_eq!(bind(&[("SOCKS_BINDLOCALONLY", "")]), BindPolicy::Auto);
    assert_eq!(bind(&[("SOCKS_BINDLOCALONLY", "no")]), BindPolicy::Never);
    assert_eq!(bind(&[("SOCKS_BINDLOCALONLY", "1"), ("SOCKSIFY_BIND", "always")]), BindPolicy::Always);
}

#[test]
fn variables_that_would_weaken_a_route_do_nothing_silently() {
    let files = [("/etc/socks.conf", Some(ROUTE))];
    let config = load_from(&[("SOCKS_DIRECTROUTE_FALLBACK", "Yes")], &files).unwrap();
    assert!(matches!(&config.warnings[..], [warning] if matches!(warning.caution, Caution::NoEffect { .. })));
    assert!(load_from(&[("SOCKS_DIRECTROUTE_FALLBACK", "no")], &files).unwrap().warnings.is_empty());
    let redirect = load_from(&[("SOCKS_SERVER", "h:1"), ("SOCKS_REDIRECT_FROM", "10.0.0.1")], &[]);
    assert!(matches!(redirect, Err(Error::Variable { name, .. }) if name == "SOCKS_REDIRECT_FROM"));
}

#[test]
fn a_process_that_is_kept_apart_has_a_user_name_of_its_own() {
    let text = b"[proxy.tor]\nurl = 'socks5://127.0.0.1:9050'\nisolate = 'process'\n[[route]]\nvia = 'tor'\n";
    let files = [("/etc/socks.conf", Some(&text[..]))];
    let load = || load_from(&[("SOCKS_USERNAME", "alice"), ("SOCKS_PASSWORD", "hush")], &files).unwrap();
    let (first, second) = (load(), load());
    let own = format!("socksify-{}-", std::process::id());
    let name = |config: &Config| config.proxies[0].username.clone().unwrap();
    assert!(name(&first).starts_with(&own), "{}", name(&first));
    assert_ne!(name(&first), name(&second));
    assert_eq!(first.proxies[0].password.as_ref().unwrap().reveal(), "0");
}
