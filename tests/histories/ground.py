"""What the traffic runs on: a store, three nodes, and a way of its own from each node to the store."""

import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Self

import aiohttp

from nsredis.registry.server_binary import ServerBinary
from tests.histories.plan import NODES
from tests.histories.recorder import Recorder
from tests.support.eventually import eventually
from tests.support.serve_process import ServeProcess
from tests.support.store_process import StoreProcess
from tests.support.tcp_proxy import TcpProxy

SETTLE_MS: Final = 2000
"""How long a node that starts leaves an emptied store to those that know more."""

WRITES_MS: Final = 700
"""A node that can write has done so within this time: it sweeps."""


class NodePlace:
    """One node: where it listens, and its name, which says how often it was started."""

    def __init__(self, folder: Path, number: int, way: TcpProxy, url: str) -> None:
        self.number = number
        self.way = way
        self.starts = 0
        self._process = ServeProcess(
            folder, "--redis", url or f"redis://127.0.0.1:{way.port}/0", "--namespace", "history",
            "--settle-ms", str(SETTLE_MS), "--data-dir", folder / f"data-{number}",
        )  # fmt: skip

    @property
    def name(self) -> str:
        return f"{self.number}.{self.starts}"

    @property
    def http(self) -> str:
        return self._process.http

    @property
    def remoting(self) -> str:
        return self._process.remoting

    @property
    def process(self) -> ServeProcess:
        return self._process

    @property
    def pid(self) -> int:
        return self._process.process.pid

    def start(self) -> None:
        """Start it, as another node than before."""
        self.starts += 1
        self._process.start()


class Ground:
    """Open it as a context: then everything runs, and every node follows."""

    def __init__(self, folder: Path, binary: ServerBinary) -> None:
        self._folder = folder
        self.store = StoreProcess(folder / "store", binary, durable=True, config={"notify-keyspace-events": "Kx"})
        self.nodes: list[NodePlace] = []
        self._stack = AsyncExitStack()
        self._session: aiohttp.ClientSession | None = None

    async def _start_store(self) -> str:
        """Start it; its URL, empty where each node has a way of its own."""
        self.store.start()
        return ""

    async def _stop_store(self) -> None:
        self.store.kill9()

    async def __aenter__(self) -> Self:
        try:
            url = await self._start_store()
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2))
            for number in range(NODES):
                way = await self._stack.enter_async_context(TcpProxy(("127.0.0.1", self.store.port)))
                self.nodes.append(NodePlace(self._folder, number, way, url))
            for node in self.nodes:
                node.start()
            await eventually(self.follows, 60, what="all nodes follow", every_s=0.1)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for node in self.nodes:
            node.way.heal()
            node.process.kill9()
        await self._stack.aclose()
        if self._session is not None:
            await self._session.close()
        await self._stop_store()

    async def surprises(self, recorder: Recorder) -> None:
        """Keep what breaks without being asked to, for ever; a store that stands alone does nothing by itself."""
        await asyncio.Event().wait()

    def draw(self, draw: random.Random) -> NodePlace:
        """A node by chance, started or not."""
        return draw.choice(self.nodes)

    async def follows(self) -> bool:
        """Whether every node is ready, writes, and shows all that was acknowledged."""
        return all([await self._shows_all(node) for node in self.nodes])

    async def _shows_all(self, node: NodePlace) -> bool:
        assert self._session is not None
        try:
            async with self._session.get(f"http://{node.http}/readyz") as ready:
                if ready.status != 200 or int(ready.headers["Nsredis-Unwritten-Ms"]) > WRITES_MS:
                    return False
            async with self._session.get(f"http://{node.http}/v1/topics?consistency=strong") as strong:
                await strong.read()
                return strong.status == 200 and strong.headers["Nsredis-Stale-Ms"] == "0"
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False
