//! Programs that speak FTP in active mode: the server calls back, to a proxy that listens in the program's place.

use std::time::Duration;

use end_to_end::application::Application;
use end_to_end::plan::{NAME, NAME_V4};
use end_to_end::proxies::Server;

use super::transfers::unique;
use super::{Program, Site};
use crate::suite::{Verdict, expect};

pub(super) const PROGRAMS: &[Program] = &[
    Program::new("active_tnftp", &["tnftp", "vsftpd"], tnftp).by_proxies_with_bind(),
    Program::new("active_inetutils", &["inetutils-ftp", "vsftpd"], inetutils).by_proxies_with_bind(),
    Program::new("active_curl", &["curl", "vsftpd"], curl).by_proxies_with_bind(),
    Program {
        servers: &[Server::Microsocks],
        ..Program::new("active_refused", &["curl", "vsftpd"], refused)
    },
    Program::new("active_curl_upload", &["curl", "vsftpd"], curl_upload).by_proxies_with_bind(),
    Program::new("active_wget", &["wget", "vsftpd"], wget).by_proxies_with_bind(),
    Program::new("active_lftp", &["lftp", "vsftpd"], lftp).by_proxies_with_bind(),
    Program::new("active_python", &["python3", "vsftpd"], python).by_proxies_with_bind(),
];

/// The target as an application has to know it whose sockets are IPv4 ones: a name that has an IPv6 address too would
/// be called there by the proxy.
fn host(site: &Site<'_>) -> String {
    site.host().replace(NAME, NAME_V4)
}

fn url(site: &Site<'_>, path: &str) -> String {
    site.url("ftp", path).replace(NAME, NAME_V4)
}

/// A session with several transfers.
fn tnftp(site: &Site<'_>) -> Verdict {
    let uploaded = format!("upload/{}", unique(site));
    let commands = format!(
        "user anonymous nobody@target.test\npassive off\nbinary\nls pub\nget pub/file got\nput got {uploaded}\n\
         get pub/file again\ndir pub\nquit\n"
    );
    let outcome =
        site.run(Application::new(["tnftp", "-A", "-n", "-i", "-v", &host(site)]).stdin(commands))?;
    let content = site.fixture("ftp/pub/file")?;
    expect(outcome.text().matches(" file\n").count() >= 2, "two listings", &outcome)?;
    expect(outcome.text().matches("EPRT command successful").count() == 5, "five calls back", &outcome)?;
    site.expect_file("got", &content, &outcome)?;
    site.expect_file("again", &content, &outcome)?;
    let arrived = site.fixture(&format!("ftp/{uploaded}")).unwrap_or_default();
    expect(arrived == content, "the same file at the target", &outcome)
}

/// As the one of tnftp, which has other words for the same.
fn inetutils(site: &Site<'_>) -> Verdict {
    let uploaded = format!("upload/{}", unique(site));
    let commands = format!(
        "user anonymous nobody@target.test\nbinary\nls pub\nget pub/file got\nput got {uploaded}\n\
         get pub/file again\ndir pub\nquit\n"
    );
    let words = ["inetutils-ftp", "-A", "-n", "-i", "-v", &host(site)];
    let outcome = site.run(Application::new(words).stdin(commands))?;
    let content = site.fixture("ftp/pub/file")?;
    expect(outcome.text().matches(" file").count() >= 2, "two listings", &outcome)?;
    expect(!outcome.text().contains("assive Mode"), "no passive mode", &outcome)?;
    site.expect_file("got", &content, &outcome)?;
    site.expect_file("again", &content, &outcome)?;
    let arrived = site.fixture(&format!("ftp/{uploaded}")).unwrap_or_default();
    expect(arrived == content, "the same file at the target", &outcome)
}

/// curl gives up where the server says that it is done before it has called: two connections through a proxy keep no order
/// between them. So the file is one that the server cannot send before somebody reads it.
fn curl(site: &Site<'_>) -> Verdict {
    let url = url(site, "pub/big");
    let outcome =
        site.run(Application::new(["curl", "-sSf", "-P", "-", "-o", "one", "-o", "two", &url, &url]))?;
    let content = site.fixture("ftp/pub/big")?;
    expect(outcome.succeeded(), "success", &outcome)?;
    site.expect_file("one", &content, &outcome)?;
    site.expect_file("two", &content, &outcome)
}

fn curl_upload(site: &Site<'_>) -> Verdict {
    let content = site.fixture("web/small/9")?;
    let uploaded = format!("upload/{}", unique(site));
    let url = url(site, &uploaded);
    let words = ["curl", "-sSf", "-P", "-", "-T", "-", &url];
    let outcome = site.run(Application::new(words).stdin(content.clone()))?;
    expect(outcome.succeeded(), "an upload", &outcome)?;
    expect(site.fixture(&format!("ftp/{uploaded}"))? == content, "the same file at the target", &outcome)
}

fn wget(site: &Site<'_>) -> Verdict {
    let words = ["wget", "-nv", "-t1", "--no-passive-ftp", "-O-", &url(site, "pub/file")];
    let outcome = site.run(Application::new(words))?;
    expect(outcome.stdout == site.fixture("ftp/pub/file")?, "the file", &outcome)
}

fn lftp(site: &Site<'_>) -> Verdict {
    let uploaded = format!("upload/{}", unique(site));
    let commands = format!(
        "set net:max-retries 1; set ftp:passive-mode off; set ftp:prefer-epsv off; open {}; ls pub; \
         get pub/file -o got; put got -o {uploaded}; get pub/file -o again",
        url(site, "")
    );
    let outcome = site.run(Application::new(["lftp", "-f", "/dev/stdin"]).stdin(commands))?;
    let content = site.fixture("ftp/pub/file")?;
    expect(outcome.succeeded() && outcome.text().contains(" file"), "a listing", &outcome)?;
    site.expect_file("got", &content, &outcome)?;
    site.expect_file("again", &content, &outcome)?;
    let arrived = site.fixture(&format!("ftp/{uploaded}")).unwrap_or_default();
    expect(arrived == content, "the same file at the target", &outcome)
}

/// ftplib announces the address of its connection to the server, with the port of a listener bound to any address.
fn python(site: &Site<'_>) -> Verdict {
    const PROGRAM: &str = "\
import ftplib, io, sys
ftp = ftplib.FTP(sys.argv[1], 'anonymous', 'nobody')
ftp.set_pasv(False)
assert sorted(ftp.nlst('pub')) == ['pub/big', 'pub/file'], 'a listing'
ftp.retrbinary('RETR pub/file', sys.stdout.buffer.write)
ftp.storbinary('STOR ' + sys.argv[2], io.BytesIO(b'from python'))
ftp.quit()
";
    let uploaded = format!("upload/{}", unique(site));
    let outcome = site.run(Application::new(["python3", "-c", PROGRAM, &host(site), &uploaded]))?;
    expect(outcome.succeeded(), "success", &outcome)?;
    expect(outcome.stdout == site.fixture("ftp/pub/file")?, "the file", &outcome)?;
    let arrived = site.fixture(&format!("ftp/{uploaded}")).unwrap_or_default();
    expect(arrived == b"from python", "the file at the target", &outcome)
}

/// A proxy without BIND: the program says that it cannot, soon, and nobody is told an address of this machine.
fn refused(site: &Site<'_>) -> Verdict {
    let words = ["curl", "-sSf", "-P", "-", &url(site, "pub/file")];
    let outcome = site.run(Application::new(words).deadline(Duration::from_secs(20)))?;
    let code = outcome.status.and_then(|status| status.code());
    expect(code == Some(30) && outcome.stdout.is_empty(), "status 30, and no file", &outcome)
}
