"""Brokers that all register in the same moment, as RocketMQ's do after their name server was away."""

import asyncio
import sys
import time

from nsredis.bench.brokers import registration
from nsredis.wire import commands
from tests.faults.herd import Plan, say

PATIENCE_S = 24.0
"""How long a broker waits for an answer, as RocketMQ's do."""

PAUSE_S = 1.0
"""How long it waits before it tries again. RocketMQ's wait for 10 s at least."""


class Herd:
    """Their connections stay open."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._began = time.monotonic()
        self._open: list[asyncio.StreamWriter] = []
        self.refusals: list[str] = []

    async def register(self, frame: bytes) -> float:
        """Register one; after how many seconds that was acknowledged."""
        while True:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                    self._open.append(writer)
                    writer.write(frame)
                    answer = commands.decode(await reader.readexactly(int.from_bytes(await reader.readexactly(4))))
            except (OSError, asyncio.IncompleteReadError) as error:
                self.refusals.append(repr(error))
            else:
                if answer.code == 0:
                    return time.monotonic() - self._began
                self.refusals.append(f"code {answer.code}: {answer.remark}")
            await asyncio.sleep(PAUSE_S)


async def main(plan: Plan) -> None:
    frames = [registration(broker) for broker in plan.brokers]
    say("ready")
    await asyncio.to_thread(sys.stdin.readline)
    herd = Herd(plan.port)
    took = await asyncio.gather(*(herd.register(frame) for frame in frames))
    say({"took": sorted(took), "refusals": herd.refusals, "mib": sum(map(len, frames)) / 2**20})
    await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(main(Plan.read(sys.argv[1])))
