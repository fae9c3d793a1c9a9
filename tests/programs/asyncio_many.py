"""Fifty connections at once to HOST: PORT answers each its own line, CLOSED refuses all."""
import asyncio
import errno
import sys

host, port, closed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


async def exchange(number):
    reader, writer = await asyncio.open_connection(host, port)
    line = f"line {number}\n".encode()
    writer.write(line)
    answer = await reader.read()
    writer.close()
    assert answer == b"you said " + line, answer


async def refused():
    try:
        await asyncio.open_connection(host, closed)
    except OSError as error:
        return error.errno
    return 0


async def main():
    await asyncio.gather(*(exchange(number) for number in range(50)))
    outcomes = await asyncio.gather(*(refused() for _ in range(50)))
    assert set(outcomes) == {errno.ECONNREFUSED}, outcomes


asyncio.run(main())
print("as expected")
