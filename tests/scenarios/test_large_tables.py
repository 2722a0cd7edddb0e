"""Ten thousand topics in one change never hold up a node's loop."""

import asyncio

import pytest

from tests.support.api import Api
from tests.support.loop_slices import LoopSlices

TOPICS = {f"A-topic-with-a-name-of-usual-length-{i:05}": {"readQueueNums": i % 16} for i in range(10_000)}
ALTERED = {topic: {"readQueueNums": 3, "perm": 4} for topic in TOPICS}
LIMIT_MS = 20.0


@pytest.mark.parametrize("table", [ALTERED, {}, "gone"], ids=["altered", "emptied", "gone"])
async def test_a_change_of_ten_thousand_topics(two: tuple[Api, Api], table: dict[str, object] | str) -> None:
    longest = []
    for _ in range(3):
        async with LoopSlices() as slices:
            reply = await two[0].register("a", topics=TOPICS)
            await two[1].get(f"/v1/routes/x?minRevision={reply.json['revision']}")
            if table == "gone":
                await two[0].call("DELETE", "/v1/brokers/c/a/0")
            else:
                await two[0].register("a", topics=table)
            await asyncio.gather(*(node.get("/v1/topics?consistency=strong&limit=1") for node in two))
        assert slices.turns > 30
        longest.append(slices.longest_ms)
        await two[0].call("DELETE", "/v1/brokers/c/a/0")
    assert min(longest) <= LIMIT_MS, longest
