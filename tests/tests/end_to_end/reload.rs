//! A configuration that changes while a program runs.

use end_to_end::application::{Application, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::fixtures::source;
use end_to_end::plan::{ECHO, PROXY, TARGET};
use end_to_end::proxies::Server;

use crate::suite::{Bench, Suite, Verdict, expect};

pub(crate) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for (name, test) in
            [("preload", by_preload as fn(&Bench<'_>, Build) -> Verdict), ("command", by_command)]
        {
            let name = format!("reload::{name}::{}", build.name());
            suite.add(name, &["python3"], move |bench| test(bench, build));
        }
    }
}

fn by_preload(bench: &Bench<'_>, build: Build) -> Verdict {
    let configuration = bench.scratch.write("socks.conf", BLOCKED)?;
    let wrapper = Wrapper::Preload { library: build.library(), configuration: Some(configuration) };
    changes(bench, Application::new(["python3"]), &wrapper)
}

fn by_command(bench: &Bench<'_>, build: Build) -> Verdict {
    bench.scratch.write("socks.conf", BLOCKED)?;
    let command = Application::new([build.socksify()]).args(["-f", "socks.conf", "python3"]);
    changes(bench, command, &Wrapper::Nothing)
}

const BLOCKED: &str = "route { from: 0/0 to: 0/0 via: block }\n";

/// The program changes the file and waits, for as long as it takes, until connections go another way.
fn changes(bench: &Bench<'_>, application: Application, wrapper: &Wrapper) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let log = bench.scratch.write("log", "")?;
    let program = application.args([source("programs/reload.py")]).args(["socks.conf", "log"]);
    let program = program.args([TARGET.v4.to_string(), ECHO.to_string()]);
    let program = program.args([format!("via: {} port = {}", PROXY.v4, proxy.port())]);
    let outcome = bench.run(&program.env("SOCKS_LOGOUTPUT", log), wrapper)?;
    expect(outcome.text() == "done\n", "every change heeded", &outcome)
}
