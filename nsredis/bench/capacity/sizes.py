"""The parts of docs/capacity.md about sizes: how many brokers and topics one namespace carries, and their bytes."""

import math
from collections.abc import Sequence
from typing import Final

from nsredis.bench.capacity.figures import MIB, Costs, Knee, value
from nsredis.bench.capacity.promises import Reach, broken
from nsredis.bench.goals import LONGEST_US, NODE_MIB, READY_S
from nsredis.bench.results import Measurement
from nsredis.bench.tables import number

Table = tuple[list[str], list[list[str]]]

HOW_MANY_BROKERS: Final = """
## How many brokers one namespace carries

Of a node with 100,000 topics it is promised that it takes at most {mib:.0f} MiB, that it is ready {ready_s:.0f} s after
its start, and that no look-up waits for more than {longest_ms:.0f} ms (`size` in [performance](performance.md)). Here
there are more and more brokers, without topics, up to the 100,000 of the plan, and each size is held against that.
The longest look-up is that of 500 a second while the node reads everything again, the middle of three times, `~` where
others were at work on the machine; `most MiB` is what the node ever had until then: for a while it holds both views.
"""

CLUSTER_LIST: Final = """\
Not promised, and so not in the last column: the cluster's information (code 106; `GET /v1/clusters`) is made in one go
when it is asked for after a change of some group, and look-ups wait meanwhile, {us:.0f} µs for each broker. With more
than {most:,} brokers that is over {longest_ms:.0f} ms.
"""

HOW_MANY_TOPICS: Final = """
## How many topics one namespace carries

The same with topics, more and more, up to the first size that breaks a promise. Each topic is on two brokers, and each
broker has about 10,000. Before the node reads everything again, it is asked for each topic once (`asked MiB`), so that
it has all answers. A change is a registration of a whole table over RocketMQ's protocol, with one topic changed, at one
node; it is seen when a watcher of another node has it.
"""

TOPIC_LIST: Final = """\
Not promised, and so not in the last column: a list of all topics (code 206; `GET /v1/topics`) is sorted and made in one
go when it is asked for after one has come or gone, and look-ups wait meanwhile, {us:.2f} µs for each topic. With more
than {most:,} topics that is over {longest_ms:.0f} ms. And RocketMQ's protocol takes no more than 16 MiB, which are some
590,000 of these topics.
"""

BYTES: Final = """
## Bytes

By `MEMORY USAGE`, all of it; `in use` is the growth of Redis' `used_memory`, which has the tables for keys and expiries
too. Names of topics are 24 characters long, of which eight could not be guessed. The changes are kept to about 10,000
entries, so they do not grow. Topics with the same groups and queues share one encoded answer in a node; else it is
about a kilobyte a topic (`size` in [performance](performance.md)).
"""

LIMITS: Final = {"mib": NODE_MIB, "ready_s": READY_S, "longest_ms": LONGEST_US / 1000}
WITH_IT: Final = "most MiB with it"
NODE: Final = ["a node MiB", "most MiB", "start to ready s", "reload s", "longest look-up ms"]


def brokers_words(costs: Costs) -> str:
    """How far that goes."""
    us = costs.listed_broker_us
    listed = CLUSTER_LIST.format(us=us, most=_even(LONGEST_US / us), longest_ms=LONGEST_US / 1000)
    return f"\n{_kept(costs.brokers, 'brokers')}\n\n{listed}"


def topics_words(costs: Costs) -> str:
    """How far that goes."""
    us = costs.listed_topic_us
    listed = TOPIC_LIST.format(us=us, most=_even(LONGEST_US / us), longest_ms=LONGEST_US / 1000)
    return f"\n{_kept(costs.topics, 'topics')}\n\n{listed}"


def _kept(reach: Reach, what: str) -> str:
    kept = f"All is kept with {reach.most:,} {what}"
    if reach.beyond is None:
        return f"{kept}, the most that were tried."
    size, words = reach.beyond
    return f"{kept}. With {size:,} it is not: {', '.join(words)}."


def _even(count: float) -> int:
    """With the two digits that mean something."""
    return round(int(count), 2 - len(str(int(count))))


def brokers_table(sizes: Sequence[Measurement], knees: dict[int, Knee]) -> Table:
    """A row for each number of brokers."""
    rows = []
    for one in sizes:
        count = int(value(one, "brokers"))
        carried = f"{knees[count].rate:,.0f}" if count in knees else ""
        rows.append([f"{count:,}", _mib(one), carried, *_node(one), *_listed(one), _verdict(one)])
    return ["brokers", "Redis MiB", "heartbeats /s", *NODE, "cluster's information ms", WITH_IT, "promises"], rows


def topics_table(sizes: Sequence[Measurement]) -> Table:
    """A row for each number of topics."""
    rows = []
    for one in sizes:
        counts = [f"{value(one, 'topics'):,.0f}", f"{value(one, 'brokers'):,.0f}", _mib(one)]
        changed = [number(value(one, name) / 1000) for name in ("seen_us", "changed_us", "changed_store_us")]
        node = _node(one)
        node.insert(1, f"{value(one, 'asked_mib'):,.0f}")
        rows.append([*counts, *node, *changed, *_listed(one), _verdict(one)])
    node_columns = [NODE[0], "asked MiB", *NODE[1:]]
    changes = ["a change seen ms", "of the node's core", "of Redis' core", "list of topics ms", WITH_IT]
    return ["topics", "brokers", "Redis MiB", *node_columns, *changes, "promises"], rows


def bytes_table(sizes: Sequence[Measurement]) -> Table:
    """A row for each size, a column for each kind of key."""
    kinds = sorted({name for one in sizes for name in one.metrics if name.startswith("bytes_")})
    shown = [kind for kind in kinds if max(value(one, kind) for one in sizes) >= 1024]
    rows = [[_size(one), *(_kib(value(one, kind)) for kind in shown), _kib(value(one, "used_bytes"))] for one in sizes]
    return ["size", *(f"`{kind.removeprefix('bytes_')}` KiB" for kind in shown), "in use KiB"], rows


def _node(one: Measurement) -> list[str]:
    mark = "~ " if one.disturbed else ""
    figures = [f"{value(one, 'node_mib'):,.0f}", f"{value(one, 'peak_mib'):,.0f}", number(value(one, "ready_s"))]
    return [*figures, number(value(one, "reload_s")), mark + number(value(one, "longest_us") / 1000)]


def _listed(one: Measurement) -> list[str]:
    return [f"{value(one, name):,.0f}" for name in ("list_ms", "listed_mib")]


def _verdict(one: Measurement) -> str:
    words = broken(one)
    return f"not kept: {', '.join(words)}" if words else "kept"


def _size(one: Measurement) -> str:
    topics = value(one, "topics")
    return f"{value(one, 'brokers'):,.0f} brokers" + (f", {topics:,.0f} topics" if topics else "")


def _mib(one: Measurement) -> str:
    return number(value(one, "used_bytes") / MIB)


def _kib(size: float) -> str:
    return f"{math.ceil(size / MIB * 1024):,}"
