"""What a program does that is traced; trace.py judges what is told of it."""
import os
import select
import socket
import subprocess
import sys

name, target, echo, closed, link, direct = sys.argv[1:7]
echo, closed, direct = int(echo), int(closed), int(direct)


def echoed(stream, count):
    stream.sendall(bytes(count))
    while count:
        count -= len(stream.recv(count))


def fails(host, port):
    try:
        socket.create_connection((host, port), 20)
    except OSError:
        return
    sys.exit(f"connected to {host} {port}")


# By name; copies are closed one after the other.
stream = socket.create_connection((name, echo))
echoed(stream, 1000)
copy = os.dup(stream.fileno())
stream.close()
os.close(copy)

# Without blocking, with nothing of ours among the descriptors.
os.closerange(3, 1000)
stream = socket.socket()
stream.setblocking(False)
stream.connect_ex((target, echo))
poll = select.poll()
poll.register(stream, select.POLLOUT)
poll.poll()
assert stream.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
stream.setblocking(True)
echoed(stream, 77)
# The number of the connection is another's from here on.
os.dup2(1, stream.fileno())

fails(name, closed)
fails(target, 4444)
try:
    socket.create_connection((link, direct), 20)
except ConnectionRefusedError:
    pass
for hostile in (b"\x1b[31m\nr\"ed\\.test", b"x" * 300):
    try:
        socket.getaddrinfo(hostile, 80)
    except OSError:
        pass

datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.settimeout(20)
datagrams.sendto(b"datagram", (target, echo))
assert datagrams.recv(100) == b"datagram"
for _ in range(3):
    try:
        datagrams.sendto(b"datagram", (target, 4444))
    except OSError:
        pass

# A child by fork, one by vfork or clone that closes everything, and what they start.
kept = socket.create_connection((name, echo))
if os.fork() == 0:
    stream = socket.create_connection((target, echo))
    echoed(stream, 5)
    stream.close()
    os._exit(0)
os.wait()
script = f"exec 7<>/dev/tcp/{target}/{echo}; echo x >&7; read -r -u7; exec 7>&-"
subprocess.run(["bash", "-c", script], close_fds=True, check=True)
echoed(kept, 12)
# Python would close it.
kept.detach()
os._exit(9) if len(sys.argv) > 7 else sys.exit(8)
