"""Connects to each HOST PORT of standard input at once and prints, in that order, "connected" or an errno's name."""
import asyncio
import errno
import sys


async def outcome(line):
    host, port = line.split()
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError as error:
        return errno.errorcode[error.errno]
    writer.close()
    return "connected"


async def main():
    for name in await asyncio.gather(*(outcome(line) for line in sys.stdin)):
        print(name)


asyncio.run(main())
