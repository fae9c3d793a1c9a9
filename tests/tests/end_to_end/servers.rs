//! Programs that serve on this machine, while every route leads through a proxy: they are not disturbed.

use end_to_end::application::{Application, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::plan::{CALLER, ECHO, LINE, NAME, NAME_V4, PROXY, PROXY_OUTSIDE};
use end_to_end::proxies::Server;

use crate::preload;
use crate::suite::{Bench, Suite, Verdict, expect};

/// A server and somebody who asks it, and what that prints.
struct Row {
    name: &'static str,
    needs: &'static [&'static str],
    script: &'static str,
    prints: &'static str,
}

const SERVERS: &[Row] = &[
    Row {
        name: "python_http_server",
        needs: &["python3", "curl"],
        script: "exec 3< <(exec python3 -u -m http.server --bind 0.0.0.0 0 2>/dev/null)
            read -r line <&3; port=${line#* port }; port=${port%% *}
            curl -sS -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:$port/; kill $!",
        prints: "200\n",
    },
    // nc -l ends as soon as its caller has sent everything and nothing was read of its own input: that must be there
    // from the start, as it is in a here-string.
    Row {
        name: "nc",
        needs: &["nc"],
        script: "nc -l -N 127.0.0.1 5001 <<<served & until nc -N 127.0.0.1 5001 </dev/null; do :; done",
        prints: "served\n",
    },
    Row {
        name: "nc_on_any_address",
        needs: &["nc"],
        script: "nc -l -N 5002 <<<served & until nc -N 127.0.0.1 5002 </dev/null; do :; done",
        prints: "served\n",
    },
    Row {
        name: "socat",
        needs: &["socat"],
        script: "socat -t 60 TCP4-LISTEN:5003,reuseaddr,fork TCP:$TARGET:$LINE & \
            until { exec 3<>/dev/tcp/127.0.0.1/5003; } 2>/dev/null; do :; done
            echo hello >&3; cat <&3; kill $!",
        prints: "you said hello\n",
    },
    Row {
        name: "sshd",
        needs: &["sshd"],
        script: "mkdir -p /run/sshd; sshd=$(command -v sshd || echo /usr/sbin/sshd)
            $sshd -D -e -f /dev/null -h $KEY -p 5004 -o UsePAM=no -o PidFile=none 2>/dev/null & \
            until { exec 3<>/dev/tcp/127.0.0.1/5004; } 2>/dev/null; do :; done
            read -r banner <&3; echo ${banner%%-Open*}; kill $!",
        prints: "SSH-2.0\n",
    },
    // The far sshd listens on a fixed port; each call ends at a server here.
    Row {
        name: "ssh_remote_forwarding",
        needs: &["ssh", "sshd", "socat", "nc"],
        script: "socat -t 60 TCP4-LISTEN:5006,reuseaddr,fork SYSTEM:'echo served' & \
            until { exec 3<>/dev/tcp/127.0.0.1/5006; } 2>/dev/null; do :; done
            ssh -F $SSH_CONFIG -o ExitOnForwardFailure=yes -R 127.0.0.1:7006:127.0.0.1:5006 $TARGET \
                'nc -N 127.0.0.1 7006 </dev/null; nc -N 127.0.0.1 7006 </dev/null'; kill $!",
        prints: "served\nserved\n",
    },
    Row {
        name: "node",
        needs: &["node"],
        script: "node -e \"
            const net = require('net'), http = require('http');
            const far = net.connect(+process.env.ECHO, process.env.TARGET, () => {
              const server = http.createServer((_, answer) => answer.end('served')).listen(0, () =>
                http.get({host: 'localhost', port: server.address().port}, (answer) => {
                  answer.on('data', (data) => console.log(String(data)));
                  answer.on('end', () => { far.destroy(); server.close(); server.closeAllConnections(); });
                }));
            });\"",
        prints: "served\n",
    },
    Row {
        name: "node_after_ftp",
        needs: &["node", "vsftpd"],
        script: "node -e \"
            const net = require('net'), http = require('http');
            const far = net.connect(21, process.env.TARGET);
            far.once('data', (banner) => { console.log(String(banner).slice(0, 3)); far.end('QUIT\\\\r\\\\n'); far.resume(); });
            far.on('close', () => {
              const server = http.createServer((_, answer) => answer.end('served')).listen(0, () =>
                http.get({host: 'localhost', port: server.address().port}, (answer) => {
                  answer.on('data', (data) => console.log(String(data)));
                  answer.on('end', () => { server.close(); server.closeAllConnections(); });
                }));
            });\"",
        prints: "220\nserved\n",
    },
    Row {
        name: "beside_ftp",
        needs: &["python3", "vsftpd"],
        script: "python3 -c \"
import os, socket
far = socket.create_connection((os.environ['TARGET'], 21))
for host, port in (('127.0.0.1', 0), ('', 5005), ('::1', 0)):
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    server = socket.create_server((host, port), family=family)
    near = socket.create_connection((host or '127.0.0.1', server.getsockname()[1]))
    assert server.accept()[1] == near.getsockname()
    print('served')
far.close()\"",
        prints: "served\nserved\nserved\n",
    },
    Row {
        name: "asyncio",
        needs: &["python3"],
        script: "python3 -c \"
import asyncio, os
async def main():
    far = await asyncio.open_connection(os.environ['TARGET'], int(os.environ['ECHO']))
    async def serve(reader, writer):
        writer.write(await reader.readline()); writer.close()
    server = await asyncio.start_server(serve, None, 0)
    for socket in server.sockets:
        near = await asyncio.open_connection('localhost', socket.getsockname()[1], family=socket.family)
        near[1].write(b'served\\\\n')
        print((await near[0].readline()).decode(), end='')
    far[1].close()
asyncio.run(main())\"",
        prints: "served\nserved\n",
    },
];

pub(crate) fn add(suite: &mut Suite) {
    for build in Build::ALL {
        for row in SERVERS {
            let needs: Vec<_> = ["bash"].into_iter().chain(row.needs.iter().copied()).collect();
            let name = format!("servers::{}::{}", row.name, build.name());
            suite.add(name, &needs, move |bench| serves(bench, build, row));
        }
        for (label, keys, prints) in POLICIES {
            let name = format!("servers::fixed_port::{label}::{}", build.name());
            suite.add(name, &["python3"], move |bench| fixed_port(bench, build, keys, prints));
        }
    }
}

fn serves(bench: &Bench<'_>, build: Build, row: &Row) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let application = Application::new(["bash", "-c", row.script])
        .env("TARGET", NAME)
        .env("LINE", LINE.to_string())
        .env("ECHO", ECHO.to_string())
        .env("KEY", bench.world.fixtures.path("ssh/host"))
        .env("SSH_CONFIG", bench.world.fixtures.path("ssh/config"));
    let outcome = bench.run(&application, &Wrapper::Command { build, urls: vec![proxy.url()] })?;
    expect(outcome.text() == row.prints, row.prints, &outcome)
}

/// A server on a port of its own choice, by what the configuration says of it.
const POLICIES: &[(&str, &str, &str)] = &[
    ("auto", "", "here\n"),
    ("never", "bind: never", "here\n"),
    ("always", "bind: always", "at the proxy\n"),
    (
        "rule",
        "route { from: 0/0 port = 6881 to: 0/0 via: $PROXY proxyprotocol: socks_v5 command: bind }",
        "at the proxy\n",
    ),
    (
        "rule_about_another_port",
        "route { from: 0/0 port = 6882 to: 0/0 via: $PROXY proxyprotocol: socks_v5 command: bind }",
        "here\n",
    ),
];

/// Peers are told where to call by other means; where that is, getsockname says.
const SERVER: &str = "\
import os, socket, sys
control = socket.create_connection((sys.argv[1], int(sys.argv[2])))
server = socket.create_server(('', 6881))
ip, port = server.getsockname()
if ip == '0.0.0.0':
    near = socket.create_connection(('127.0.0.1', port))
    far, caller = server.accept()
    assert caller == near.getsockname()
    print('here')
else:
    # The proxy does not know who will call, and tells the address it was reached at.
    assert (ip, port) == (sys.argv[3], 6881)
    for turn in range(2):
        assert server.getsockname() == (ip, port)
        control.sendall(b'%s %d\\n' % (sys.argv[4].encode(), port))
        far, caller = server.accept()
        assert far.makefile().readline() == '%s %d\\n' % caller
    near = socket.create_connection(('127.0.0.1', 6881))
    far, caller = server.accept()
    assert caller == near.getsockname()
    print('at the proxy')
";

fn fixed_port(bench: &Bench<'_>, build: Build, keys: &str, prints: &str) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let via = format!("{} port = {}", PROXY.v4, proxy.port());
    let configuration =
        preload::route_to(proxy.port(), &keys.replace("$PROXY", &via), "proxyprotocol: socks_v5");
    let wrapper = preload::with(bench, build.library(), &configuration)?;
    let (inside, outside) = (PROXY.v4.to_string(), PROXY_OUTSIDE.v4.to_string());
    let words = ["python3", "-c", SERVER, NAME_V4, &CALLER.to_string(), &inside, &outside];
    let outcome = bench.run(&Application::new(words), &wrapper)?;
    expect(outcome.succeeded() && outcome.text() == prints, prints, &outcome)
}
