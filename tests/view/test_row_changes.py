"""Rows as they become a state, and who gets a turn of the loop meanwhile."""

import asyncio

from nsredis.core.queues import QueueData
from nsredis.registry.tables import Table, encode_blob
from nsredis.view.row_changes import build
from nsredis.view.state import State
from tests.support.background import ended

TABLES = 20


async def test_the_loop_turns_before_and_after_each_table_where_all_is_read() -> None:
    rows = [
        (f"table:group-{number}", {b"version": b"1", b"blob": encode_blob(Table(1, {f"topic-{number}": QueueData()}))})
        for number in range(TABLES)
    ]
    state = State()
    seen: list[int] = []

    async def look() -> None:
        while True:
            seen.append(len(state.tables))
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    await build(state, rows)
    await ended(looking)
    assert len(state.topics()) == TABLES
    assert seen[1:-1] == [number for number in range(1, TABLES) for _ in range(2)], "some tables went without a turn"
    assert not state.take_dirty().topics, "what changed of a state that nobody sees was kept"
