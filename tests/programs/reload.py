"""What becomes of connections while the configuration changes, which this program sees to itself."""
import errno
import os
import socket
import sys
import threading
import time

configuration, log, host, port, via = sys.argv[1:6]
target = (host, int(port))
BLOCKED = "route { from: 0/0 to: 0/0 via: block }\n"
OPEN = f"route {{ from: 0/0 to: 0/0 {via} proxyprotocol: socks_v5 }}\n"
COMMENTED = f"# again\nroute {{ from: 0/0 to: 0/0 port = 9 via: block }}\n{OPEN}"


def connected(to=target):
    try:
        socket.create_connection(to, 20).close()
        return "open"
    except OSError as error:
        return errno.errorcode[error.errno]


def replace(text):
    with open(configuration + ".new", "w") as file:
        file.write(text)
    os.rename(configuration + ".new", configuration)


def until(condition, what):
    for _ in range(800):
        if condition():
            return
        time.sleep(0.05)
    sys.exit(f"never: {what}")


def complaints():
    with open(log) as file:
        return file.read().count("the configuration stays as it was")


def echoed(datagrams, to):
    datagrams.sendto(b"datagram", to)
    return datagrams.recvfrom(100) == (b"datagram", to)


assert connected() == "EACCES"
child = os.fork()
if child == 0:
    until(lambda: connected() == "open", "open in a child")
    os._exit(0)
thread = threading.Thread(target=until, args=(lambda: connected() == "open", "open in a thread"))
thread.start()
replace(OPEN)
until(lambda: connected() == "open", "open")
thread.join()
assert os.waitpid(child, 0)[1] == 0

datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.settimeout(20)
assert echoed(datagrams, target)
replace(COMMENTED)
until(lambda: connected((host, 9)) == "EACCES", "the route about a port")
assert connected() == "open"
assert echoed(datagrams, target)

with open(configuration, "w") as file:
    file.write("route { from: 0/0 to: 0/0 into: 10.0.0.1 }\n")
until(lambda: connected() != "open" or complaints() == 1, "a complaint")
os.unlink(configuration)
until(lambda: connected() != "open" or complaints() == 2, "another one")
assert connected() == "open" and connected((host, 9)) == "EACCES"
replace(BLOCKED)
until(lambda: connected() == "EACCES", "blocked again")
assert complaints() == 2
print("done")
