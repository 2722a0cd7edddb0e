"""docs/capacity.md, from a run."""

import math
from typing import Final

from nsredis.bench.capacity.figures import MIB, NAME, OPERATION, SIZE, Costs, value
from nsredis.bench.capacity.operations import SCRIPT
from nsredis.bench.capacity.plan import HEARTBEAT_S, NODES, REGISTER_S, ROWS, Plan, most_brokers, plan
from nsredis.bench.results import Measurement, Run
from nsredis.bench.tables import markdown, number

Table = tuple[list[str], list[list[str]]]

HEAD: Final = """\
# Capacity

<!-- This page is made by `nsredis bench capacity --into docs`: change nsredis/bench/capacity/, not this file. -->

What to plan for so many brokers and topics, from what one of each costs. The costs are measured; numbers of operations
are the same in every run and guarded by a test, times are those of [this machine](#the-machine). `make bench
ARGS='capacity --into docs'` makes this page again with yours, in about two minutes.
"""

PLAN: Final = """
## The plan

Assumed: {nodes} nodes, each topic on two brokers, and half of what was measured left free. A broker over HTTP beats
every {heartbeat_s:.0f} s, a third of the default lease. RocketMQ's brokers register with their whole table, unchanged,
every {register_s:.0f} s with each of the {nodes} nodes. A namespace is planned for at most {most:,} brokers: half of
the {measured:,} with which it was measured, or of what may beat. Beyond that, brokers are spread over namespaces on
paper: they share nothing, so what they need adds up, and several may lie on one Redis as long as its core has room.
Sums are over all namespaces; a node's figures are of one node of one namespace. Not in it: watchers, queries (see
[performance](performance.md)), and changes, of which a namespace has few.

"""

HOW_OFTEN: Final = """
## What happens in Redis

Each thing that happens is one script, or two where the node must hear first what a table is to be merged on. Counted
with `INFO commandstats`; bytes are those of the script's call and its answer, for tables of 100 topics.
"""

KNEE: Final = "knee"
HOW_FAST: Final = """
## How many heartbeats one Redis carries

Straight to the store, in batches of 100 on four connections, as four busy nodes send them; rates rise until Redis'
core is full (90 %) or the p99 of a batch, from when it was due, is over 50 ms. Redis runs alone on its core, with an
append-only file; who beats has the other. Rates marked `~` were measured while others were at work on the machine, and
where Redis waited for its core, they had it: then there is more beyond the knee.
"""

HOW_LARGE: Final = """
## Bytes

By `MEMORY USAGE`, all of it; `in use` is the growth of Redis' `used_memory`, which has the tables for keys and expiries
too. Names of topics are 24 characters long, of which eight could not be guessed. The changes are kept to about 10,000
entries, so they do not grow. A node's memory is that of a node that has just read the view; the encoded
answer of each topic that is asked for stays beside it. Topics with the same groups and queues share one; else it is
about a kilobyte a topic (`size` in [performance](performance.md)).
"""


def page(run: Run) -> str:
    """The whole page."""
    cases, costs = _cases(run), Costs.of(run)
    parts = [HEAD, *(_plan(costs) if costs else [])]
    parts += [HOW_OFTEN, "\n", markdown(*_operations(cases[OPERATION]))]
    parts += [HOW_FAST, "\n", markdown(*_knee(cases[KNEE])), HOW_LARGE, "\n", markdown(*_bytes(cases[SIZE]))]
    parts += ["\n## The machine\n\n", markdown(["", ""], [[name, text] for name, text in run.facts.items()])]
    parts += [f"\n* Not measured to the end: {one.case}: {one.problem}\n" for one in run.measurements if one.problem]
    return "".join(parts)


def tables(run: Run) -> list[Table]:
    """What the page shows, without its words."""
    cases = _cases(run)
    costs = Costs.of(run)
    found = [_operations(cases[OPERATION]), _knee(cases[KNEE]), _bytes(cases[SIZE])]
    return [*found, _plan_table(costs)] if costs else found


def _cases(run: Run) -> dict[str, list[Measurement]]:
    """The measurements by what they are of."""
    found: dict[str, list[Measurement]] = {OPERATION: [], SIZE: [], KNEE: []}
    for one in run.measurements:
        kind = next((kind for kind in (OPERATION, SIZE) if one.case.startswith(kind)), KNEE)
        if one.scenario == NAME and (kind != KNEE or "wanted_rate" in one.metrics):
            found[kind].append(one)
    return found


def _plan(costs: Costs) -> list[str]:
    words = PLAN.format(
        nodes=NODES,
        heartbeat_s=HEARTBEAT_S,
        register_s=REGISTER_S,
        most=most_brokers(costs),
        measured=costs.most_brokers,
    )
    registered = f"{costs.registration_bytes:.0f} bytes"
    each = [
        ["a heartbeat, in Redis", f"{costs.beat_store_us:.1f} µs", f"{costs.beat_bytes:.0f} bytes"],
        ["a heartbeat in a batch, in a node", f"{costs.beat_node_us:.1f} µs", ""],
        ["an unchanged registration, in Redis", f"{costs.registration_store_us:.1f} µs", registered],
        ["an unchanged registration of 100 topics, in a node", f"{costs.registration_node_us:.1f} µs", ""],
        ["a topic in a registration, to a node", "", f"{_known(costs.topic_frame_bytes)} bytes"],
        ["a broker, in Redis", "", f"{costs.broker_bytes:,.0f} bytes"],
        ["a topic of a broker, in Redis", "", f"{costs.topic_bytes:.1f} bytes"],
        ["a broker, in a node", "", f"{costs.node_broker_bytes:,.0f} bytes"],
        ["a topic of a broker, in a node", "", f"{costs.node_topic_bytes:,.0f} bytes"],
        ["an empty node", "", f"{costs.node_empty_mib:.0f} MiB"],
    ]
    more = "" if costs.full else ", and with more where nobody else is at work on the machine"
    knee = f"\nOne Redis keeps up with {costs.knee:,.0f} heartbeats a second{more}. The plan comes from:\n\n"
    return [words, markdown(*_plan_table(costs)), knee, markdown(["", "processor", "memory or network"], each)]


def _plan_table(costs: Costs) -> Table:
    columns = ["brokers", "topics", "namespaces", "heartbeats /s", "Redis MiB", "Redis core %", "a node MiB"]
    columns += ["a node core %", "Mbit/s to Redis", "registrations /s (RocketMQ)", "Redis core % (RocketMQ)"]
    columns += ["a node core % (RocketMQ)", "Mbit/s to nodes (RocketMQ)"]
    return columns, [_plan_row(plan(costs, *row)) for row in ROWS]


def _plan_row(row: Plan) -> list[str]:
    counts = [f"{row.brokers:,}", f"{row.topics:,}", f"{row.namespaces}", f"{row.beats:,.0f}", f"{row.store_mib:,.0f}"]
    shares = [_percent(row.store_share), f"{row.node_mib:,.0f}", _percent(row.node_share), number(row.mbit)]
    rocketmq = [f"{row.registrations:,.1f}", _percent(row.registering_store), _percent(row.registering_node)]
    rocketmq.append(_known(row.registering_mbit))
    return counts + shares + rocketmq


def _known(figure: float) -> str:
    return number(figure) if figure else "not measured"


def _percent(share: float) -> str:
    return f"{100 * share:.2g}" if share < 0.1 else f"{100 * share:.0f}"


def _operations(cases: list[Measurement]) -> Table:
    rows = []
    for one in cases:
        calls = {name.removeprefix("calls_"): int(value(one, name)) for name in one.metrics if name[:6] == "calls_"}
        scripts = calls.pop(SCRIPT, 0)
        words = ", ".join((f"{times} " if times > 1 else "") + name.upper() for name, times in calls.items())
        travels = [f"{value(one, name):,.0f}" for name in ("sent_bytes", "received_bytes")]
        rows.append([one.case.removeprefix(OPERATION), str(scripts), str(sum(calls.values())), words, *travels])
    return ["what happens", "scripts", "commands", "which", "bytes to Redis", "bytes back"], rows


def _knee(cases: list[Measurement]) -> Table:
    rows = []
    for one in cases:
        size = one.case.rpartition(", ")[0]
        times = [f"{value(one, name) / 1000:.1f}" for name in ("p50_us", "p99_us")]
        rate = ("~ " if one.disturbed else "") + f"{value(one, 'rate'):,.0f}"
        share, verdict = f"{100 * value(one, 'server_share'):.0f}", "yes" if value(one, "kept_up") else "no"
        waited = f"{100 * value(one, 'queued_share'):.0f}"
        rows.append([size, rate, share, waited, f"{value(one, 'store_cpu_us'):.1f}", *times, verdict])
    return [
        "brokers",
        "heartbeats /s",
        "Redis core %",
        "waited for it %",
        "µs each",
        "p50 ms",
        "p99 ms",
        "keeps up",
    ], rows


def _bytes(cases: list[Measurement]) -> Table:
    kinds = sorted({name for one in cases for name in one.metrics if name.startswith("bytes_")})
    shown = [kind for kind in kinds if max(value(one, kind) for one in cases) >= 1024]
    rows = []
    for one in cases:
        sizes = [_kib(value(one, kind)) for kind in shown]
        node = [f"{value(one, 'node_mib'):.0f}", number(value(one, "ready_s"))]
        rows.append([one.case.removeprefix(SIZE), *sizes, _kib(value(one, "used_bytes")), *node])
    columns = [f"`{kind.removeprefix('bytes_')}` KiB" for kind in shown]
    return ["size", *columns, "in use KiB", "a node MiB", "start to ready s"], rows


def _kib(size: float) -> str:
    return f"{math.ceil(size / MIB * 1024):,}"
