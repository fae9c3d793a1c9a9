"""Datagrams of asyncio's transports to an echo service, with and without an address of the other side."""
import asyncio
import sys

host, port = sys.argv[1], int(sys.argv[2])


class Answers(asyncio.DatagramProtocol):
    def __init__(self):
        self.queue = asyncio.Queue()

    def datagram_received(self, data, addr):
        self.queue.put_nowait((data, addr))

    def error_received(self, exc):
        raise exc


async def main():
    loop = asyncio.get_running_loop()
    line = sys.stdin.buffer.readline()
    tied, answers = await loop.create_datagram_endpoint(Answers, remote_addr=(host, port))
    for number in range(40):
        tied.sendto(b"%d" % number)
    for number in range(40):
        data, _ = await asyncio.wait_for(answers.queue.get(), 20)
        assert data == b"%d" % number, (number, data)
    peer = tied.get_extra_info("peername")
    tied.close()
    local = "::" if ":" in peer[0] else "0.0.0.0"
    loose, answers = await loop.create_datagram_endpoint(Answers, local_addr=(local, 0))
    loose.sendto(line, peer)
    data, sender = await asyncio.wait_for(answers.queue.get(), 20)
    assert sender[:2] == peer[:2], sender
    sys.stdout.buffer.write(data)
    loose.close()


asyncio.run(main())
