"""Prints what the module socket says of a host, argv[1], with every address of it written as its family."""
import socket, sys

host = sys.argv[1]
addresses = {socket.gethostbyname(host): "inet"}


def named(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return addresses.setdefault(address, "inet6" if family == socket.AF_INET6 else "inet " + address)


for family, kind, _, canonical, at in socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME):
    print("getaddrinfo", named(at[0]), at[1], canonical)
name, aliases, all = socket.gethostbyname_ex(host)
print("gethostbyname_ex", name, aliases, [named(at) for at in all])
for address in list(addresses):
    print("gethostbyaddr", socket.gethostbyaddr(address)[0])
    print("getnameinfo", socket.getnameinfo((address, 80), 0))
    print("getfqdn", socket.getfqdn(address))
print("getfqdn", socket.getfqdn(host), socket.getfqdn())
