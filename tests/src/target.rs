//! The servers of the target host: web, file transfer, remote shell, version control.

use std::path::Path;
use std::process::Command;

use crate::error::Error;
use crate::fixtures::Fixtures;
use crate::plan::{FTP, HTTP, HTTPS, REDIS, SSH, TARGET};
use crate::prerequisites;
use crate::scratch::Scratch;
use crate::world::Staff;

/// Starts every server whose program is installed.
pub fn start(staff: &Staff<'_>, fixtures: &Fixtures) -> Result<(), Error> {
    let servers: [(&str, u16, Start); 5] = [
        ("fcgiwrap", 0, start_fcgiwrap),
        ("nginx", HTTP, start_nginx),
        ("vsftpd", FTP, start_vsftpd),
        ("sshd", SSH, start_sshd),
        ("redis-server", REDIS, start_redis),
    ];
    let installed = servers.iter().filter(|(program, ..)| prerequisites::find(program).is_some());
    let ports = installed.map(|(program, port, start)| {
        let command = start(staff, fixtures)?;
        staff.spawn(program, command).map(|_| (*program, *port))
    });
    let ports: Vec<_> = ports.collect::<Result<_, _>>()?;
    ports.into_iter().filter(|(_, port)| *port != 0).try_for_each(|(program, port)| {
        TARGET
            .each()
            .into_iter()
            .try_for_each(|address| staff.await_listening(program, (address, port).into()))
    })
}

type Start = fn(&Staff<'_>, &Fixtures) -> Result<Command, Error>;

fn start_fcgiwrap(staff: &Staff<'_>, _: &Fixtures) -> Result<Command, Error> {
    let mut command = staff.host.command("fcgiwrap")?;
    command.arg("-s").arg(format!("unix:{}", gateway(staff.scratch).display()));
    Ok(command)
}

fn gateway(scratch: &Scratch) -> std::path::PathBuf {
    scratch.path().join("fcgiwrap.socket")
}

fn start_nginx(staff: &Staff<'_>, fixtures: &Fixtures) -> Result<Command, Error> {
    let configuration = staff.scratch.write("nginx.conf", nginx_conf(staff.scratch, fixtures))?;
    let mut command = staff.host.command("nginx")?;
    command.arg("-c").arg(configuration).arg("-p").arg(staff.scratch.path());
    command.arg("-e").arg("stderr");
    Ok(command)
}

fn nginx_conf(scratch: &Scratch, fixtures: &Fixtures) -> String {
    let show = |path: &Path| path.display().to_string();
    let own = show(scratch.path());
    format!(
        "daemon off;
user root;
pid {own}/nginx.pid;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {own}/nginx-body;
  proxy_temp_path {own}/nginx-proxy;
  fastcgi_temp_path {own}/nginx-fastcgi;
  uwsgi_temp_path {own}/nginx-uwsgi;
  scgi_temp_path {own}/nginx-scgi;
  server {{
    listen {v4}:{HTTP};
    listen [{v6}]:{HTTP};
    listen {v4}:{HTTPS} ssl;
    listen [{v6}]:{HTTPS} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    root {web};
    location ~ ^/git(/.*)$ {{
      fastcgi_pass unix:{gateway};
      fastcgi_param SCRIPT_FILENAME /usr/lib/git-core/git-http-backend;
      fastcgi_param GIT_PROJECT_ROOT {git};
      fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      fastcgi_param PATH_INFO $1;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
    }}
  }}
}}
",
        v4 = TARGET.v4,
        v6 = TARGET.v6,
        certificate = show(&fixtures.path("tls/certificate.pem")),
        key = show(&fixtures.path("tls/key.pem")),
        web = show(&fixtures.path("web")),
        git = show(&fixtures.path("git")),
        gateway = show(&gateway(scratch)),
    )
}

fn start_vsftpd(staff: &Staff<'_>, fixtures: &Fixtures) -> Result<Command, Error> {
    let content = format!(
        "listen=NO\nlisten_ipv6=YES\nlisten_port={FTP}\nbackground=NO\n\
         anonymous_enable=YES\nno_anon_password=YES\nlocal_enable=NO\nwrite_enable=YES\n\
         anon_upload_enable=YES\nanon_umask=022\nanon_root={}\nsecure_chroot_dir={}\n\
         ftp_username=ftp\nconnect_from_port_20=NO\nxferlog_enable=NO\nseccomp_sandbox=NO\n\
         isolate=NO\nisolate_network=NO\n",
        fixtures.path("ftp").display(),
        fixtures.path("ftp-empty").display(),
    );
    let mut command = staff.host.command("vsftpd")?;
    command.arg(staff.scratch.write("vsftpd.conf", content)?);
    Ok(command)
}

fn start_sshd(staff: &Staff<'_>, fixtures: &Fixtures) -> Result<Command, Error> {
    // Debian's sshd insists on this directory, which its init script makes.
    std::fs::create_dir_all("/run/sshd").map_err(crate::error::file(Path::new("/run/sshd")))?;
    let content = format!(
        "ListenAddress {}\nListenAddress [{}]\nPort {SSH}\nHostKey {}\nAuthorizedKeysFile {}\n\
         PermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         StrictModes no\nUsePAM no\nUseDNS no\nPidFile none\nSubsystem sftp internal-sftp\n\
         MaxStartups 200\n",
        TARGET.v4,
        TARGET.v6,
        fixtures.path("ssh/host").display(),
        fixtures.path("ssh/user.pub").display(),
    );
    // The program wants its own absolute path: it starts itself again for each connection.
    let mut command = staff.host.command(prerequisites::find("sshd").unwrap_or_else(|| "sshd".into()))?;
    command.args(["-D", "-e", "-f"]).arg(staff.scratch.write("sshd_config", content)?);
    Ok(command)
}

fn start_redis(staff: &Staff<'_>, _: &Fixtures) -> Result<Command, Error> {
    let mut command = staff.host.command("redis-server")?;
    command.args(["--bind", &TARGET.v4.to_string(), &TARGET.v6.to_string(), "--port", &REDIS.to_string()]);
    command.args(["--protected-mode", "no", "--save", "", "--dir"]).arg(staff.scratch.path());
    Ok(command)
}
