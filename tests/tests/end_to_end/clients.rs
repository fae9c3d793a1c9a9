//! Programs that speak SOCKS themselves, or by other people's libraries: socksd serves them, and none of them goes past it.

use end_to_end::application::{Application, Wrapper};
use end_to_end::plan::{LINE, NAME, PROXY, TARGET};
use end_to_end::proxies::Server;

use crate::suite::{Bench, Suite, Verdict, expect};

/// A client and what it prints when it has reached the target.
struct Row {
    name: &'static str,
    needs: &'static [&'static str],
    script: &'static str,
    prints: &'static str,
}

/// The client library of Dante, as its command `socksify` preloads it.
const LIBDSOCKS: &str = "/usr/lib/x86_64-linux-gnu/libdsocksd.so.0";

const CLIENTS: &[Row] = &[
    Row {
        name: "curl",
        needs: &["curl", "nginx"],
        script: "ask() { curl -sS -o /dev/null -w '%{http_code}\\n' \"$1\" $PROXY:$PORT http://$2/small/50; }
            ask --socks4 $ADDRESS; ask --socks4a $NAME; ask --socks5 $ADDRESS; ask --socks5-hostname $NAME
            ask --socks5 [$ADDRESS6]",
        prints: "200\n200\n200\n200\n200\n",
    },
    Row {
        name: "ssh_by_nc",
        needs: &["sshd", "nc.openbsd"],
        script: "by() { ssh -F $SSH -o \"ProxyCommand=nc.openbsd -X $1 -x $PROXY:$PORT %h %p\" $2 uname -n; }
            by 5 $NAME; by 5 $ADDRESS; by 4 $ADDRESS",
        prints: "target\ntarget\ntarget\n",
    },
    Row {
        name: "proxychains",
        needs: &["proxychains4", "curl", "nginx"],
        script: "for kind in socks4 socks5; do
                printf 'strict_chain\\nproxy_dns\\n[ProxyList]\\n%s %s %s\\n' $kind $PROXY $PORT >chain
                proxychains4 -q -f chain curl -sS -o /dev/null -w '%{http_code}\\n' http://$NAME/small/50
            done",
        prints: "200\n200\n",
    },
    Row {
        name: "torsocks",
        needs: &["torsocks", "curl", "nginx", "python3"],
        script: "printf 'TorAddress %s\\nTorPort %s\\n' $PROXY $PORT >torsocks.conf
            export TORSOCKS_CONF_FILE=$PWD/torsocks.conf
            torsocks curl -sS -o /dev/null -w '%{http_code}\\n' http://$NAME/small/50
            torsocks python3 -c \"import socket; print(socket.gethostbyname('$NAME') == '$ADDRESS')\"",
        prints: "200\nTrue\n",
    },
    Row {
        name: "dante",
        needs: &[LIBDSOCKS, "curl", "nginx"],
        script: "by() {
                printf '%s\\n' 'resolveprotocol: fake' \
                    'route {' 'from: 0/0 to: 0/0' \"via: $PROXY port = $PORT\" \"proxyprotocol: $1\" 'method: none' '}' \
                    >socks.conf
                SOCKS_CONF=$PWD/socks.conf LD_PRELOAD=$LIBDSOCKS \
                    curl -sS -o /dev/null -w '%{http_code}\n' http://$2/small/50
            }
            by socks_v4 $ADDRESS; by socks_v5 $ADDRESS; by socks_v5 $NAME",
        prints: "200\n200\n200\n",
    },
    Row {
        name: "python_socks",
        needs: &["python3", "/usr/lib/python3/dist-packages/socks.py"],
        script: "/usr/bin/python3 -c \"
import socks
for kind in (socks.SOCKS4, socks.SOCKS5):
    line = socks.create_connection(('$NAME', $LINE), proxy_type=kind, proxy_addr='$PROXY', proxy_port=$PORT)
    line.sendall(b'hello\\\\n')
    print(line.makefile().read(), end='')
\"",
        prints: "you said hello\nyou said hello\n",
    },
    Row {
        name: "node_socks",
        needs: &["node", "/usr/share/nodejs/socks/build/index.js"],
        script: "NODE_PATH=/usr/share/nodejs node -e \"
            const { SocksClient } = require('socks');
            (async () => {
              for (const type of [4, 5]) {
                const proxy = { host: '$PROXY', port: $PORT, type };
                const destination = { host: '$NAME', port: $LINE };
                const { socket } = await SocksClient.createConnection({ proxy, command: 'connect', destination });
                socket.end('hello\\\\n');
                for await (const data of socket) process.stdout.write(data);
              }
            })();\"",
        prints: "you said hello\nyou said hello\n",
    },
];

pub(crate) fn add(suite: &mut Suite) {
    for row in CLIENTS {
        let needs: Vec<_> = ["bash"].into_iter().chain(row.needs.iter().copied()).collect();
        suite.add(format!("clients::{}", row.name), &needs, move |bench| is_served(bench, row));
    }
}

fn is_served(bench: &Bench<'_>, row: &Row) -> Verdict {
    let proxy = Server::Socksd.open();
    bench.world.start(proxy)?;
    let application = Application::new(["bash", "-c", row.script])
        .env("PROXY", PROXY.v4.to_string())
        .env("PORT", proxy.port().to_string())
        .env("NAME", NAME)
        .env("ADDRESS", TARGET.v4.to_string())
        .env("ADDRESS6", TARGET.v6.to_string())
        .env("LINE", LINE.to_string())
        .env("SSH", bench.world.fixtures.path("ssh/config"))
        .env("LIBDSOCKS", LIBDSOCKS);
    let outcome = bench.run(&application, &Wrapper::Nothing)?;
    expect(outcome.text() == row.prints, row.prints, &outcome)
}
