"""Sends standard input to HOST PORT on ten connections at once; all answers have to be the same."""
import asyncio
import sys


async def exchange(line):
    reader, writer = await asyncio.open_connection(sys.argv[1], int(sys.argv[2]))
    writer.write(line)
    answer = await reader.read()
    writer.close()
    return answer


async def main():
    line = sys.stdin.buffer.read()
    answers = await asyncio.gather(*(exchange(line) for _ in range(10)))
    assert len(set(answers)) == 1, answers
    sys.stdout.buffer.write(answers[0])


asyncio.run(main())
