"""Clients that stop reading, or stop in the middle of what they say: they are cut off, and leave nothing behind."""

import asyncio
import socket
from functools import partial

import aiohttp
import pytest

from nsredis.core.queues import QueueData
from nsredis.wire.codes import RequestCode
from tests.conftest import OwnStore
from tests.faults.conftest import Serve
from tests.faults.figures import Figures
from tests.faults.fleet import LivingBrokers
from tests.faults.load import LookupLoad
from tests.faults.memory import resident_mib
from tests.remoting.raw_client import request
from tests.support.api import Api
from tests.support.eventually import eventually
from tests.support.processes import open_files

IDLE_MS = 1000
OF_A_KIND = 50
FEW = 16
"""Files that come and go by themselves: connections to the store and of brokers."""
TOPICS = {f"Filling-{number:04}-{'x' * 40}": QueueData() for number in range(2000)}
LIMITS = [f"--{name}-ms={IDLE_MS}" for name in ("remoting-idle", "http-idle", "http-read")]

LIST = request(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)
GET = b"GET /v1/topics?limit=2000 HTTP/1.1\r\nHost: x\r\n\r\n"
PUT = b"PUT /v1/kv/a/b HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"

KINDS: dict[str, tuple[str, bytes]] = {
    "ask for 10 MB of lists over remoting, and read nothing": ("remoting", LIST * 100),
    "stop in the middle of a frame": ("remoting", (2 << 20).to_bytes(4) + bytes(1 << 18)),
    "say nothing over remoting": ("remoting", b""),
    "ask for 10 MB of lists over HTTP, and read nothing": ("http", GET * 100),
    "stop in the head of a request": ("http", GET[:-20]),
    "stop in the body of a request": ("http", PUT + bytes(1 << 18)),
    "say nothing over HTTP": ("http", b""),
}


class HalfGone:
    """One that says something and then does nothing any more. Its socket takes few answers."""

    def __init__(self, address: str, words: bytes) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.setblocking(False)
        self._address, self._words = (host, int(port)), words

    async def begin(self) -> None:
        """Connect and say it, as far as it is heard."""
        loop = asyncio.get_running_loop()
        await loop.sock_connect(self._socket, self._address)
        try:
            async with asyncio.timeout(2):
                await loop.sock_sendall(self._socket, self._words)
        except OSError:  # a time-out is one
            return

    def close(self) -> None:
        self._socket.close()


@pytest.mark.parametrize("waves", [pytest.param(3, id="3"), pytest.param(10, id="10", marks=pytest.mark.slow)])
async def test_many_of_each_kind(
    own_store: OwnStore, serve: Serve, http: aiohttp.ClientSession, figures: Figures, waves: int
) -> None:
    nodes = await serve(own_store().url, 1, *LIMITS)
    node, api = nodes[0], Api(http, nodes[0].http)
    pid, loop = node.process.pid, asyncio.get_running_loop()
    async with LivingBrokers(nodes, http) as brokers:
        await brokers.shown_by([api])
        assert await brokers.change(brokers.brokers[-1].name, TOPICS)
        asked = {topic: route for topic, route in brokers.routes.items() if topic not in TOPICS}
        async with LookupLoad(nodes, asked) as load:
            await load.steady()
            files, memory, most_mib, took_s = open_files(pid), [resident_mib(pid)], 0.0, 0.0
            for _ in range(waves):
                some = [
                    HalfGone(getattr(node, door), words) for door, words in KINDS.values() for _ in range(OF_A_KIND)
                ]
                await asyncio.gather(*(one.begin() for one in some))
                most_mib, began = max(most_mib, resident_mib(pid)), loop.time()
                try:
                    await eventually(partial(_more_than, files + len(some) // 2, pid), what="they are there")
                    await eventually(partial(_at_most, files + FEW, pid), 20, what="files are closed")
                finally:
                    for one in some:
                        one.close()
                took_s = max(took_s, loop.time() - began)
                memory.append(resident_mib(pid))
            recovery_s, files_after = await brokers.shown_by([api]), open_files(pid)
        figures.note(
            row=14,
            fault=f"{OF_A_KIND} clients of each of {len(KINDS)} kinds, {waves} times",
            promises=(4, 10),
            removed=await brokers.removed([api]),
            recovery_s=recovery_s,
            extra={
                "limit of idleness in seconds": IDLE_MS / 1000,
                "their connections were closed within seconds": took_s,
                "files open before": files,
                "and after": files_after,
                "MiB before": memory[0],
                "at the most": most_mib,
                "after the first time": memory[1],
                "after the last time": memory[-1],
            },
            **load.figures(),
        )
    assert load.share_right == 1, load.counts
    assert memory[-1] - memory[2] < 20, memory  # of the first ones a slow machine may not hear all


def _at_most(bound: int, pid: int) -> bool:
    return open_files(pid) <= bound


def _more_than(bound: int, pid: int) -> bool:
    return open_files(pid) > bound
