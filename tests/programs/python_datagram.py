"""Datagrams to an echo service, of a connected socket and of one that is not."""
import socket
import sys

host, port = sys.argv[1], int(sys.argv[2])
family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
line = sys.stdin.buffer.readline()
with socket.socket(family, kind, protocol) as loose:
    loose.settimeout(20)
    for length in (0, 1, 1400, 60000):
        loose.sendto(bytes(length), address)
        answer, sender = loose.recvfrom(65535)
        assert answer == bytes(length) and sender[:2] == address[:2], (len(answer), sender)
with socket.socket(family, kind, protocol) as tied:
    tied.settimeout(20)
    tied.connect(address)
    assert tied.getpeername()[:2] == address[:2]
    tied.sendmsg([line[:5], b"", line[5:]])
    sys.stdout.buffer.write(tied.recv(100))
