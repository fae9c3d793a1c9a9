"""Sends standard input to HOST PORT and writes the answer to standard output."""
import socket
import sys

with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=30) as connection:
    connection.sendall(sys.stdin.buffer.read())
    while part := connection.recv(65536):
        sys.stdout.buffer.write(part)
