"""Rows of the store as writes to a State: decoded aside, with turns of the loop in between, applied all at once."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from nsredis.core.names import decode
from nsredis.registry import rows, tables
from nsredis.registry.change_feed import RowDelta
from nsredis.registry.keyspace import parse_member
from nsredis.registry.rows import Row
from nsredis.registry.tables import Table
from nsredis.view.state import State
from nsredis.view.table_change import by_delta, compare

Write = Callable[[State], None]


async def prepare(state: State, present: Iterable[tuple[str, Row]], deltas: Sequence[RowDelta] = ()) -> list[Write]:
    """The writes that make `state` hold these rows (an empty row: it is gone) and these deltas.

    Raises KeyError or ValueError when a delta does not fit: then the view is not what it was believed to be.
    """
    writes: list[Write] = []
    for name, row in present:
        kind, _, rest = name.partition(":")
        if kind == "table":
            group = decode(rest)
            table = tables.decode_table(row) if row else None
            change = await compare(group, state.tables.get(group), table)
            writes.append(partial(State.set_table, change=change))
        else:
            writes.append(_plain(kind, rest, row))
    latest: dict[str, Table] = {}
    for delta in deltas:
        group = decode(delta.row.removeprefix("table:"))
        before = latest.get(group) or state.tables[group]
        decoded = tables.decode_delta(delta.raw)
        if decoded.base != before.version:
            raise ValueError(f"table {group} is at {before.version}, the change was made from {decoded.base}")
        step = by_delta(group, before, decoded, delta.version)
        assert step.table is not None
        latest[group] = step.table
        writes.append(partial(State.set_table, change=step))
    return writes


async def build(state: State, present: Iterable[tuple[str, Row]]) -> None:
    """Make a state that nobody sees yet hold these rows: one by one, so that the loop turns before and after a table is
    put in its place. What that changed is forgotten: nobody is to be told.
    """
    for row in present:
        for write in await prepare(state, [row]):
            write(state)
        if state.take_dirty().topics:
            await asyncio.sleep(0)


def _plain(kind: str, rest: str, row: Row) -> Write:
    match kind:
        case "broker":
            key = parse_member(rest)
            return partial(State.set_broker, key=key, broker=rows.broker(key, row) if row else None)
        case "offline":
            key = parse_member(rest)
            return partial(State.set_offline, key=key, offline=rows.offline(key, row) if row else None)
        case "group":
            name = decode(rest)
            return partial(State.set_group, name=name, group=rows.group(name, row) if row else None)
        case "brake":
            cluster = decode(rest)
            return partial(State.set_brake, cluster=cluster, brake=rows.brake(cluster, row) if row else None)
        case "kv":
            namespace = decode(rest)
            return partial(State.set_kv, namespace=namespace, entries=rows.kv_entries(namespace, row))
        case "settings":
            return partial(State.set_settings, row={k.decode(): v.decode() for k, v in row.items()})
        case _:
            return _unknown


def _unknown(_: State) -> None:
    """A row that a later release of the same layout added."""
