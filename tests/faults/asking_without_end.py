"""A process that asks a node for routes as fast as it is answered: `python -m … HOST:PORT TOPIC FRAMES CONNECTIONS`.

Each connection sends that many look-ups in one piece and reads all answers before it sends them again.
"""

import asyncio
import sys

from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Command, encode
from nsredis.wire.frames import FrameSplitter


async def ask(address: str, topic: str, frames: int) -> None:
    """For ever."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    piece = b"".join(
        encode(Command(RequestCode.GET_ROUTEINFO_BY_TOPIC, number, 0, 399, ext={"topic": topic}))
        for number in range(frames)
    )
    splitter = FrameSplitter()
    while True:
        writer.write(piece)
        left = frames
        while left:
            left -= len(splitter.feed(await reader.read(1 << 18)))


async def main(address: str, topic: str, frames: str, connections: str) -> None:
    """On all connections."""
    await asyncio.gather(*(ask(address, topic, int(frames)) for _ in range(int(connections))))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
