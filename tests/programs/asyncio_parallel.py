"""Prints how many milliseconds COUNT connects to HOST PORT take at once."""
import asyncio
import sys
import time


async def main(host, port, count):
    began = time.monotonic()
    await asyncio.gather(*(asyncio.open_connection(host, int(port)) for _ in range(int(count))))
    print((time.monotonic() - began) * 1000)


asyncio.run(main(*sys.argv[1:]))
