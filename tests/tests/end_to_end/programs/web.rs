//! Programs that speak HTTP.

use end_to_end::application::Application;
use end_to_end::fixtures::SMALL_FILES;
use end_to_end::plan::HTTPS;

use super::{Program, Site};
use crate::suite::{Verdict, expect};

pub(super) const PROGRAMS: &[Program] = &[
    Program::new("curl_http", &["curl", "nginx"], curl_http),
    Program::new("curl_https", &["curl", "nginx"], curl_https),
    Program::new("curl_parallel", &["curl", "nginx"], curl_parallel),
    Program::new("curl_big", &["curl", "nginx"], curl_big),
    Program::new("wget", &["wget", "nginx"], wget),
    Program::new("wget_https", &["wget", "nginx"], wget_https),
    Program::new("openssl_s_client", &["nginx"], openssl_s_client),
];

fn curl_http(site: &Site<'_>) -> Verdict {
    let outcome = site.run(Application::new(["curl", "-sSf", &site.url("http", "small/7")]))?;
    expect(outcome.stdout == site.fixture("web/small/7")?, "the file", &outcome)
}

fn curl_https(site: &Site<'_>) -> Verdict {
    let authority = site.fixture_path("tls/certificate.pem");
    let url = site.url("https", "small/7");
    let outcome = site.run(Application::new(["curl", "-sSf", "--cacert", &authority, &url]))?;
    expect(outcome.stdout == site.fixture("web/small/7")?, "the file", &outcome)
}

fn curl_parallel(site: &Site<'_>) -> Verdict {
    let url = site.url("http", &format!("small/{{{}}}", numbers().join(",")));
    let parallel = ["-Z", "--parallel-max", "50", "--parallel-immediate", "-o", "got_#1"];
    let outcome = site.run(Application::new(["curl", "-sSf"]).args(parallel).args([url]))?;
    expect(outcome.succeeded(), "fifty transfers", &outcome)?;
    numbers().iter().try_for_each(|number| {
        site.expect_file(&format!("got_{number}"), &site.fixture(&format!("web/small/{number}"))?, &outcome)
    })
}

fn numbers() -> Vec<String> {
    (1..=SMALL_FILES).map(|number| number.to_string()).collect()
}

fn curl_big(site: &Site<'_>) -> Verdict {
    let outcome = site.run(Application::new(["curl", "-sSf", "-o", "big", &site.url("http", "big")]))?;
    expect(outcome.succeeded(), "a transfer", &outcome)?;
    site.expect_file("big", &site.fixture("web/big")?, &outcome)
}

fn wget(site: &Site<'_>) -> Verdict {
    let outcome = site.run(Application::new(["wget", "-nv", "-t1", "-O-", &site.url("http", "small/7")]))?;
    expect(outcome.stdout == site.fixture("web/small/7")?, "the file", &outcome)
}

fn wget_https(site: &Site<'_>) -> Verdict {
    let authority = format!("--ca-certificate={}", site.fixture_path("tls/certificate.pem"));
    let url = site.url("https", "small/7");
    let outcome = site.run(Application::new(["wget", "-nv", "-t1", "-O-", &authority, &url]))?;
    expect(outcome.stdout == site.fixture("web/small/7")?, "the file", &outcome)
}

fn openssl_s_client(site: &Site<'_>) -> Verdict {
    let authority = site.fixture_path("tls/certificate.pem");
    let address = format!("{}:{HTTPS}", site.addressing.authority());
    let options = ["-quiet", "-verify_return_error", "-CAfile", &authority, "-connect", &address];
    let client = Application::new(["openssl", "s_client"]).args(options);
    let outcome = site.run(client.stdin("GET /small/7 HTTP/1.0\r\n\r\n"))?;
    expect(outcome.stdout.ends_with(&site.fixture("web/small/7")?), "the file", &outcome)
}
