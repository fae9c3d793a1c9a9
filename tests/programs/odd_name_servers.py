"""Sends a query to name servers at odd places, by every kind of socket and call: what comes of it is not said, none may leave."""
import os, socket, struct

QUERY = bytes.fromhex("123401000001000000000000") + b"\3www\6target\4test\0" + bytes.fromhex("00010001")
LINK = socket.if_nametoindex("proxy")
HOSTS = [
    "0.0.0.0", "127.0.0.1", "127.0.0.53", "127.255.255.254", "10.99.1.1", "10.99.1.77", "10.99.1.255",
    "255.255.255.255", "224.0.0.1", "239.1.2.3", "169.254.1.1", "198.18.0.0", "198.18.0.1", "198.19.255.255", "240.0.0.1",
    "::", "::1", "fd99:1::1", "fe80::1", "ff02::1", "ff05::1", "::ffff:0.0.0.0", "::ffff:127.0.0.1", "::ffff:10.99.1.1",
    "::ffff:224.0.0.251", "64:ff9b::c633:6435", "2002:c633:6435::1", "fd00:736f:636b:7369::", "fd00:736f:636b:7369::1",
]
PORTS = [53, 5353, 5355]


def attempt(work):
    try:
        work()
    except OSError:
        pass


def try_all(host, port, kind):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    to = (host, port, 0, LINK) if host.startswith(("fe80", "ff02")) else (host, port)
    payload = QUERY if kind == socket.SOCK_DGRAM else struct.pack(">H", len(QUERY)) + QUERY

    def fresh():
        made = socket.socket(family, kind)
        made.settimeout(0.01 if kind == socket.SOCK_DGRAM else 2)
        if kind == socket.SOCK_DGRAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        return made

    def connect(made):
        made.connect(to)
        made.send(payload)
        made.recv(512)

    def send_to(made):
        made.sendto(payload, to)
        made.recv(512)

    def send_message(made):
        made.sendmsg([payload], [], 0, to)
        made.recv(512)

    def bound(made):
        made.bind(("", 0))
        made.sendto(payload, to)
        made.sendto(payload, to)

    def fast_open(made):
        made.sendto(payload, socket.MSG_FASTOPEN, to)

    ways = [connect, send_to, send_message, bound]
    for way in ways if kind == socket.SOCK_DGRAM else [connect, fast_open]:
        made = fresh()
        attempt(lambda: way(made))
        made.close()


for host in HOSTS:
    for port in PORTS:
        try_all(host, port, socket.SOCK_DGRAM)
    try_all(host, 53, socket.SOCK_STREAM)
print("done")
