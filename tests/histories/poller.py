"""Somebody who asks nodes for the list of changes, and how often they read their views anew."""

import asyncio
import re
from typing import Final

import aiohttp
import orjson

from tests.histories.ground import Ground, NodePlace
from tests.histories.lines import Change, Reload
from tests.histories.recorder import Recorder

EVERY_S: Final = 0.5
RELOADS: Final = re.compile(rb'^nsredis_reloads_total\{why="(\w+)"\} (\d+)', re.MULTILINE)


class Poller:
    """Every change becomes one line, whichever node tells it first."""

    def __init__(self, ground: Ground, recorder: Recorder) -> None:
        self._ground = ground
        self._recorder = recorder
        self._seen: dict[int, int] = {}
        self._last = 0
        self._reloads: dict[str, dict[str, int]] = {}

    async def run(self) -> None:
        """Ask until cancelled."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1.0)) as session:
            while True:
                await asyncio.gather(*(self._ask(session, node) for node in self._ground.nodes))
                await asyncio.sleep(EVERY_S)

    async def _ask(self, session: aiohttp.ClientSession, node: NodePlace) -> None:
        name = node.name
        try:
            async with session.get(f"http://{node.http}/metrics") as answer:
                counts = {why.decode(): int(count) for why, count in RELOADS.findall(await answer.read())}
            if counts != self._reloads.get(name):
                self._reloads[name] = counts
                self._recorder.keep(Reload(name, self._recorder.now(), counts))
            after = f"?after={self._last}&limit=10000" if self._last else "?limit=10000"
            async with session.get(f"http://{node.http}/v1/events{after}") as answer:
                if answer.status == 410:
                    self._last = 0
                elif answer.status == 200:
                    self._keep(orjson.loads(await answer.read())["items"])
        except (aiohttp.ClientError, TimeoutError, OSError):
            return

    def _keep(self, items: list[dict[str, object]]) -> None:
        for item in items:
            revision, at_ms = int(str(item["revision"])), int(str(item["atMs"]))
            if self._seen.get(revision) == at_ms or self._recorder.of_wall_ms(at_ms) < 0:
                continue
            self._seen[revision] = at_ms
            subjects = item["subjects"]
            assert isinstance(subjects, list)
            self._recorder.keep(
                Change(
                    revision,
                    str(item["kind"]),
                    self._recorder.of_wall_ms(at_ms),
                    subjects,
                    str(item.get("by", "")),
                    str(item.get("why", "")),
                )
            )
            self._last = max(self._last, revision)
