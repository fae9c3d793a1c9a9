//! What routes say beyond where to: how a blocked call fails, and whose calls a route is about.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use end_to_end::application::Application;
use end_to_end::artifacts::Build;
use end_to_end::plan::*;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

pub(crate) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        let mut add = |name: &str, needs: &[&str], test: fn(&Bench<'_>, Build) -> Verdict| {
            let name = format!("routes::{name}::{}", build.name());
            suite.add(name, needs, move |bench| test(bench, build));
        };
        add("errno_of_a_block", &["cc", "python3"], errno_of_a_block);
        add("blocked_names_are_asked_of_nobody", &["python3"], blocked_names);
        add("programs_and_users", &["/usr/bin/python3"], programs_and_users);
    }
}

const ERRNOS: [&str; 6] = ["EACCES", "EPERM", "ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH", "ETIMEDOUT"];

/// Prints the errno of connect(2) for each port, then of sendto(2).
const CALLS: &str = "
import errno, socket, sys
def said(call):
    try:
        call()
        print('done')
    except OSError as error:
        print(errno.errorcode[error.errno])
host, ports = sys.argv[1], map(int, sys.argv[2:])
for port in ports:
    said(lambda: socket.socket().connect((host, port)))
    said(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', (host, port)))
";

/// A name server's port is answered for where no route leads, not where one blocks, whatever the errno.
fn errno_of_a_block(bench: &Bench<'_>, build: Build) -> Verdict {
    let ports = [1, 2, 3, i32::from(DNS), 5, 6];
    let routes = ports.iter().zip(ERRNOS);
    let routes = routes.map(|(port, errno)| {
        format!("[[route]]\nto = '{}'\nport = {port}\nvia = 'block'\nerrno = '{errno}'\n", TARGET.v4)
    });
    let wrapper = preload::with(bench, build.library(), &routes.collect::<String>())?;
    for (port, errno) in ports.iter().zip(ERRNOS) {
        for mode in ["blocking", "epoll"] {
            let words = [TARGET.v4.to_string(), port.to_string(), mode.to_owned()];
            let outcome = bench.run(&preload::probe(bench, "connect", words)?, &wrapper)?;
            expect(outcome.text() == format!("{errno}\n"), errno, &outcome)?;
        }
    }
    let python = Application::new(["python3", "-c", CALLS, &TARGET.v4.to_string()]);
    let outcome = bench.run(&python.args(ports.map(|port| port.to_string())), &wrapper)?;
    let twice: String = ERRNOS.iter().map(|errno| format!("{errno}\n{errno}\n")).collect();
    expect(outcome.text() == twice, &twice, &outcome)
}

/// However names are resolved, a blocked one gets a stand-in, and what connects to that the errno of the route.
fn blocked_names(bench: &Bench<'_>, build: Build) -> Verdict {
    for resolveprotocol in ["fake", "tcp", "local"] {
        let content = format!(
            "resolveprotocol = '{resolveprotocol}'\n[[route]]\nto = '{NAME}'\nvia = 'block'\nerrno = 'EPERM'\n"
        );
        let wrapper = preload::with(bench, build.library(), &content)?;
        let python = Application::new(["python3", "-c", CALLS, NAME, &LINE.to_string()]);
        let outcome = bench.run(&python, &wrapper)?;
        expect(outcome.text() == "EPERM\nEPERM\n", "EPERM", &outcome)?;
    }
    Ok(())
}

/// A script is known by its own name, by its interpreter's, and by that of the file that is; the user is who the process
/// has become.
fn programs_and_users(bench: &Bench<'_>, build: Build) -> Verdict {
    const SCRIPT: &str = "#!/usr/bin/python3
import errno, os, socket, sys
def said(port):
    try:
        socket.socket().connect((sys.argv[1], port))
        print('done', flush=True)
    except OSError as error:
        print(port, errno.errorcode[error.errno], flush=True)
for port in range(1, 6):
    said(port)
if os.fork() == 0:
    os.seteuid(65534)
    said(5)
    said(6)
    os._exit(0)
os.wait()
";
    let script = bench.scratch.write("asker", SCRIPT)?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    let python = fs::canonicalize("/usr/bin/python3")?;
    let programs = ["asker", &script.display().to_string(), &python.display().to_string(), "ask"];
    let programs = programs.iter().map(|name| format!("program = '{name}'"));
    let callers = programs.chain(["user = 0".to_owned(), "user = 'nobody'".to_owned()]);
    let route = |(port, caller): (i32, String)| {
        format!("[[route]]\n{caller}\nport = {port}\nvia = 'block'\nerrno = 'ETIMEDOUT'\n")
    };
    let routes: String = (1..).zip(callers).map(route).collect();
    let wrapper = preload::with(bench, build.library(), &(routes + "[[route]]\nvia = 'block'\n"))?;
    let outcome = bench.run(&Application::new([script]).args([TARGET.v4.to_string()]), &wrapper)?;
    let told = "1 ETIMEDOUT\n2 ETIMEDOUT\n3 ETIMEDOUT\n4 EACCES\n5 ETIMEDOUT\n5 EACCES\n6 ETIMEDOUT\n";
    expect(outcome.text() == told, told, &outcome)
}
