"""Datagram sockets of one program that others use: inherited by each way there is, and passed by SCM_RIGHTS."""
import array
import os
import socket
import subprocess
import sys

ME = os.path.abspath(__file__)


def use(line, descriptor):
    """In another program: who the target is, what it had sent before, and what it sends now."""
    with socket.socket(fileno=descriptor) as tied:
        name = tied.getpeername()
        earlier = tied.recv(100)
        tied.sendall(line.encode())
        print(name[0], name[1], earlier.decode(), tied.recv(100).decode(), flush=True)


def used_by(started, address):
    """What `use` is to say, as `started` says it."""
    said = started.communicate(timeout=50)[0]
    assert started.returncode == 0, started.returncode
    assert said.split() == [address[0].encode(), str(address[1]).encode(), b"earlier", b"hello"], said


def start(words, **more):
    return subprocess.Popen([sys.executable, ME, *map(str, words)], stdout=subprocess.PIPE, **more)


def tied_to(family, address):
    tied = socket.socket(family, socket.SOCK_DGRAM)
    tied.connect(address)
    return tied


def inherited(tied, address):
    """By a child that has nothing else, and leaves the socket as it was."""
    for more in {}, {"preexec_fn": int}:
        tied.send(b"earlier")
        used_by(start(["use", tied.fileno()], pass_fds=[tied.fileno()], **more), address)
        tied.send(b"mine")
        assert tied.recv(100) == b"mine"


def given_up(family, address):
    """By a child that gets the socket for itself."""
    tied = tied_to(family, address)
    tied.send(b"earlier")
    child = start(["wait", tied.fileno()], pass_fds=[tied.fileno()], stdin=subprocess.PIPE)
    tied.close()
    used_by(child, address)


def spawned(tied):
    """Under another number, by file actions; and what is not inherited leaves nothing open."""
    tied.send(b"earlier")
    action = (os.POSIX_SPAWN_DUP2, tied.fileno(), 0)
    reader, writer = os.pipe()
    words = ["head", "-c", "7"]
    child = os.posix_spawnp("head", words, os.environ, file_actions=[action, (os.POSIX_SPAWN_DUP2, writer, 1)])
    os.close(writer)
    assert os.waitpid(child, 0)[1] == 0 and os.read(reader, 100) == b"earlier"
    os.close(reader)
    assert os.system("! ls /proc/self/fd | grep '^[7-9][0-9][0-9]$'") == 0
    os.set_inheritable(tied.fileno(), True)
    tied.send(b"earlier")
    assert os.system(f"[ $(head -c 7 <&{tied.fileno()}) = earlier ]") == 0
    os.set_inheritable(tied.fileno(), False)


def passed(family, address):
    """By a process that ends: what it had asked for is there, and who has the socket now goes on with it."""
    ours, theirs = socket.socketpair()
    passer = start(["pass", theirs.fileno(), family, *address[:2]], pass_fds=[theirs.fileno()])
    theirs.close()
    word, numbers, _, _ = socket.recv_fds(ours, 10, 4)
    assert word == b"here" and len(numbers) == 1 and passer.wait(50) == 0
    with socket.socket(fileno=numbers[0]) as tied:
        tied.settimeout(20)
        assert tied.getpeername()[:2] == address[:2] and tied.recv(100) == b"earlier"
        for _ in range(3):
            tied.send(b"later")
            assert tied.recv(100) == b"later"


def pass_on(way, family, *address):
    tied = tied_to(int(family), (address[0], int(address[1])))
    tied.send(b"earlier")
    tied.recv(100, socket.MSG_PEEK)
    rights = array.array("i", [tied.fileno()])
    with socket.socket(fileno=int(way)) as way:
        way.sendmsg([b"here"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


def main(host, port):
    line = sys.stdin.readline()
    family, _, _, _, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM)[0]
    with tied_to(family, address) as tied:
        inherited(tied, address)
        spawned(tied)
    given_up(family, address)
    passed(family, address)
    sys.stdout.write(line)


if sys.argv[1] == "use":
    use("hello", int(sys.argv[2]))
elif sys.argv[1] == "wait":
    sys.stdin.read()
    use("hello", int(sys.argv[2]))
elif sys.argv[1] == "pass":
    pass_on(*sys.argv[2:])
else:
    main(*sys.argv[1:])
