//! Programs that speak FTP, in passive mode.

use end_to_end::application::Application;
use end_to_end::plan::{NAME, NAME_V4};

use super::{Program, Site};
use crate::addressing::Addressing;
use crate::suite::{Verdict, expect};

pub(super) const PROGRAMS: &[Program] = &[
    Program::new("curl_ftp", &["curl", "vsftpd"], curl_ftp),
    Program::new("curl_ftp_upload", &["curl", "vsftpd"], curl_ftp_upload),
    Program::new("wget_ftp", &["wget", "vsftpd"], wget_ftp),
    Program::new("tnftp", &["tnftp", "vsftpd"], tnftp),
    Program {
        addressings: &[Addressing::V4, Addressing::V6],
        ..Program::new("inetutils_ftp", &["inetutils-ftp", "vsftpd"], inetutils)
    },
    Program::new("lftp", &["lftp", "vsftpd"], lftp),
];

fn curl_ftp(site: &Site<'_>) -> Verdict {
    let outcome = site.run(Application::new(["curl", "-sSf", &site.url("ftp", "pub/file")]))?;
    expect(outcome.stdout == site.fixture("ftp/pub/file")?, "the file", &outcome)
}

fn curl_ftp_upload(site: &Site<'_>) -> Verdict {
    let content = site.fixture("web/small/9")?;
    let uploaded = format!("upload/{}", unique(site));
    let url = site.url("ftp", &uploaded);
    let outcome = site.run(Application::new(["curl", "-sSf", "-T", "-", &url]).stdin(content.clone()))?;
    expect(outcome.succeeded(), "an upload", &outcome)?;
    expect(site.fixture(&format!("ftp/{uploaded}"))? == content, "the same file at the target", &outcome)
}

/// wget asks for PASV, which has no words for IPv6, whenever it believes to be connected over IPv4. A name
/// stands for an IPv4 address at the application, so the proxy must not find an IPv6 address for it.
fn wget_ftp(site: &Site<'_>) -> Verdict {
    let url = site.url("ftp", "pub/file").replace(NAME, NAME_V4);
    let outcome = site.run(Application::new(["wget", "-nv", "-t1", "-O-", &url]))?;
    expect(outcome.stdout == site.fixture("ftp/pub/file")?, "the file", &outcome)
}

fn tnftp(site: &Site<'_>) -> Verdict {
    let uploaded = format!("upload/{}", unique(site));
    let commands = format!(
        "user anonymous nobody@target.test\nbinary\nls pub\nget pub/file got\nput got {uploaded}\nquit\n"
    );
    let outcome = site.run(Application::new(["tnftp", "-n", "-i", "-v", &site.host()]).stdin(commands))?;
    let content = site.fixture("ftp/pub/file")?;
    expect(outcome.text().contains("file"), "a listing", &outcome)?;
    site.expect_file("got", &content, &outcome)?;
    let arrived = site.fixture(&format!("ftp/{uploaded}")).unwrap_or_default();
    expect(arrived == content, "the same file at the target", &outcome)
}

/// It wants the address of PASV to be that of the server as it knows it, which by name is a stand-in.
fn inetutils(site: &Site<'_>) -> Verdict {
    let commands = "user anonymous nobody@target.test\nbinary\nget pub/file got\nquit\n";
    let words = ["inetutils-ftp", "-p", "-n", "-i", "-v", &site.host()];
    let outcome = site.run(Application::new(words).stdin(commands))?;
    site.expect_file("got", &site.fixture("ftp/pub/file")?, &outcome)
}

/// It binds the socket of a transfer to the address of the connection to the server.
fn lftp(site: &Site<'_>) -> Verdict {
    let url = site.url("ftp", "").replace(NAME, NAME_V4);
    let commands = format!("set net:max-retries 1; open {url}; get pub/file -o got; get pub/file -o again");
    let outcome = site.run(Application::new(["lftp", "-f", "/dev/stdin"]).stdin(commands))?;
    site.expect_file("got", &site.fixture("ftp/pub/file")?, &outcome)?;
    site.expect_file("again", &site.fixture("ftp/pub/file")?, &outcome)
}

/// A file name that no other test uses.
pub(super) fn unique(site: &Site<'_>) -> String {
    site.bench.scratch.path().file_name().unwrap_or_default().to_string_lossy().into_owned()
}
