"""Which name server nodes live: each says so once a second and hears of the others in the same call."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, Final

from nsredis.core.errors import NsredisError
from nsredis.core.node_info import LostNode, NodeInfo
from nsredis.registry import rows
from nsredis.registry.refusals import Refusals
from nsredis.registry.runner import ScriptRunner

log = logging.getLogger(__name__)

EVERY_S: Final = 1.0
LIVES_MS: Final = 5000
"""A node lives for so long after it last said so; the script `sweep` knows the same number."""

KEPT_MS: Final = 3_600_000
"""One that fell silent and did not say that it goes is told of as lost for so long."""

MOST_LOST: Final = 100
SILENT_MS: Final = 2500
"""A node that has not said for so long that it lives is still listed, but nobody should be sent to it."""


class Presence:
    """This node among its peers. While Redis is away the last list stands, always with this node."""

    def __init__(
        self, runner: ScriptRunner, describe: Callable[[], NodeInfo], clock_read: Callable[[int], None]
    ) -> None:
        """`clock_read` is told by how many milliseconds Redis' clock is ahead of this machine's."""
        self._runner = runner
        self._describe = describe
        self._clock_read = clock_read
        self._peers: dict[str, NodeInfo] = {}
        self._lost: dict[str, LostNode] = {}
        self._met: set[str] = set()
        self._first_at_ms = 0
        self._heard_at_ms = self._steady_from_ms = 0
        self._news = asyncio.Event()
        self._announced = False
        self._namesakes: set[bytes] = set()
        self._refusals = Refusals("nodes do not hear of each other")

    def nodes(self) -> list[NodeInfo]:
        """The live nodes by id; this one as it is now."""
        me = self._describe()
        return [node for _, node in sorted({**self._peers, me.id: me}.items())]

    def lost(self) -> list[LostNode]:
        """The nodes by id that fell silent within the last hour without saying that they go."""
        return [node for _, node in sorted(self._lost.items())]

    async def heard(self, timeout_s: float) -> None:
        """Return when this node has heard of the others anew, or after `timeout_s` seconds."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return

    async def run(self) -> None:
        """Announce this node for ever."""
        while True:
            try:
                await self.announce()
            except NsredisError as error:
                self._runner.observer.store_failed("presence")
                self._refusals.failed(error)
            else:
                self._refusals.works()
            await asyncio.sleep(EVERY_S)

    async def announce(self) -> None:
        """Say that this node lives; hear who else does, and what Redis' clock says."""
        await self._look_for_namesakes()
        before = time.time()
        now_ms, *others = await self._call(KEPT_MS)
        self._clock_read(int(now_ms) - int((before + time.time()) * 500))
        self._announced = True
        self._take(int(now_ms), [rows.pairs(flat) for flat in others])
        await self._forget_former_lives()
        self._news.set()
        self._news = asyncio.Event()

    def _take(self, now_ms: int, others: list[rows.Row]) -> None:
        """Who lives, and who is lost. After a time in which this node itself heard nothing, as when the store was away,
        nobody is called lost who may only not have spoken yet.
        """
        if now_ms - self._heard_at_ms >= LIVES_MS / 2:
            self._steady_from_ms = now_ms
        self._heard_at_ms = now_ms
        self._first_at_ms = self._first_at_ms or now_ms
        steady = now_ms - self._steady_from_ms >= LIVES_MS
        live = [row for row in others if now_ms - rows.number(row, b"seenAt") < LIVES_MS]
        silent = [row for row in others if now_ms - rows.number(row, b"seenAt") >= LIVES_MS]
        lost = {node.id: node for node in map(_lost, silent[:MOST_LOST] if steady else [])}
        back = self._lost
        self._peers = {node.id: node for node in (_node(row, now_ms) for row in live)}
        self._lost = lost if steady else {name: node for name, node in back.items() if name not in self._peers}
        self._met = (self._met | self._peers.keys()) & {rows.text(row, b"id") for row in others}
        for name in self._met & (lost.keys() - back.keys()):
            log.warning("node %s on %s is lost: it fell silent and did not say that it goes", name, lost[name].http)
        for name in back.keys() & self._peers.keys():
            log.warning("node %s is back; it was silent for %.1f s", name, (now_ms - back[name].last_seen_ms) / 1000)

    async def _forget_former_lives(self) -> None:
        """Whoever fell silent at this node's address before this one came has its place taken, and is not lost."""
        me = self._describe()
        for node in self.lost():
            if node.http == me.http and node.last_seen_ms < self._first_at_ms:
                await self._runner.translate(self._runner.link.execute("DEL", self._runner.keyspace.node(node.id)))
                del self._lost[node.id]

    async def _look_for_namesakes(self) -> None:
        """Say once of another living node that it has this one's id. What is left of a former life is not one: nobody
        writes over what a node has said of itself since.
        """
        me, link = self._describe(), self._runner.link
        command = ("HMGET", self._runner.keyspace.node(me.id), "startedAt", "http")
        started, http = await self._runner.translate(link.execute(*command))
        if not self._announced or not started or int(started) == me.started_at_ms or started in self._namesakes:
            return
        self._namesakes.add(started)
        log.error(
            "another living node calls itself %s, the one on %s: give each a node_id of its own", me.id, http.decode()
        )

    async def leave(self) -> None:
        """Say that this node goes."""
        await self._call(0)

    async def _call(self, kept_ms: int) -> list[Any]:
        me = self._describe()
        info = {
            "id": me.id,
            "http": me.http,
            "remoting": me.remoting,
            "ready": "1" if me.ready else "0",
            "revision": str(me.revision),
            "tag": me.tag,
            "lagMs": str(me.lag_ms),
            "version": me.version,
            "startedAt": str(me.started_at_ms),
        }
        reply: list[Any] = await self._runner.call(
            "announce",
            self=self._runner.keyspace.node(me.id),
            node=me.id,
            kept_ms=kept_ms,
            info=[part for pair in info.items() for part in pair],
        )
        return reply


def _node(row: rows.Row, now_ms: int) -> NodeInfo:
    silent_ms = now_ms - rows.number(row, b"seenAt")
    return NodeInfo(
        id=rows.text(row, b"id"),
        http=rows.text(row, b"http"),
        remoting=rows.text(row, b"remoting"),
        ready=rows.text(row, b"ready") == "1" and silent_ms < SILENT_MS,
        revision=rows.number(row, b"revision"),
        tag=rows.text(row, b"tag"),
        lag_ms=rows.number(row, b"lagMs"),
        version=rows.text(row, b"version"),
        started_at_ms=rows.number(row, b"startedAt"),
    )


def _lost(row: rows.Row) -> LostNode:
    return LostNode(
        id=rows.text(row, b"id"),
        http=rows.text(row, b"http"),
        remoting=rows.text(row, b"remoting"),
        version=rows.text(row, b"version"),
        last_seen_ms=rows.number(row, b"seenAt"),
    )
