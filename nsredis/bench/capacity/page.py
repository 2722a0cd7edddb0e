"""docs/capacity.md, from a run."""

from collections.abc import Mapping, Sequence
from typing import Final

from nsredis.bench.capacity.figures import BROKERS, OPERATION, TOPICS, Costs, Knee, cases, steps_by_size, value
from nsredis.bench.capacity.operations import SCRIPT
from nsredis.bench.capacity.plan import HEARTBEAT_S, NODES, REGISTER_S, ROWS, Plan, most_brokers, most_topics, plan
from nsredis.bench.capacity.sizes import (
    BYTES,
    HOW_MANY_BROKERS,
    HOW_MANY_TOPICS,
    LIMITS,
    Table,
    brokers_table,
    brokers_words,
    bytes_table,
    topics_table,
    topics_words,
)
from nsredis.bench.results import Measurement, Run
from nsredis.bench.tables import markdown, number

HEAD: Final = """\
# Capacity

<!-- This page is made by `nsredis bench capacity --into docs`: change nsredis/bench/capacity/, not this file. -->

What to plan for so many brokers and topics, from what one of each costs. The costs are measured; numbers of operations
are the same in every run and guarded by a test, times are those of [this machine](#the-machine). `make bench
ARGS='capacity --into docs'` makes this page again with yours, in about four minutes.
"""

PLAN: Final = """
## The plan

Assumed: {nodes} nodes, each topic on two brokers, and half of what was measured left free. A broker over HTTP beats
every {heartbeat_s:.0f} s, a third of the default lease. RocketMQ's brokers register with their whole table, unchanged,
every {register_s:.0f} s with each of the {nodes} nodes. A namespace is planned for at most {brokers:,} brokers and
{topics:,} topics: half of [the brokers](#how-many-brokers-one-namespace-carries) with which a node still kept what is
promised, or of those that may beat, and half of [the topics](#how-many-topics-one-namespace-carries). Beyond that, they
are spread over namespaces on paper: these share nothing, so what they need adds up, and several may lie on one Redis as
long as its core has room. Sums are over all namespaces; a node's figures are of one node of one namespace that has just
started. Asked for everything, and while it reads everything again, it takes up to {swell:.1f} times its memory. Not in
it: watchers, queries (see [performance](performance.md)), and changes, of which a namespace has few.

"""

HOW_OFTEN: Final = """
## What happens in Redis

Each thing that happens is one script, or two where the node must hear first what a table is to be merged on. Counted
with `INFO commandstats`; bytes are those of the script's call and its answer, for tables of 100 topics.
"""

HOW_FAST: Final = """
## How many heartbeats one Redis carries

Straight to the store, in batches of 100 on four connections, as four busy nodes send them; rates rise until Redis'
core is full (90 %) or the p99 of a batch, from when it was due, is over 50 ms. Redis runs alone on its core, with an
append-only file; who beats has the other. Rates marked `~` were measured while others were at work on the machine, and
where Redis waited for its core, they had it: then there is more beyond the knee.
"""


def page(run: Run) -> str:
    """The whole page."""
    costs, found = Costs.of(run), _measured(run)
    parts = [HEAD, *(_plan(costs) if costs else [])]
    for words, table, after in (
        (HOW_OFTEN, found[0], ""),
        (HOW_FAST, found[1], ""),
        (HOW_MANY_BROKERS.format(**LIMITS), found[2], brokers_words(costs) if costs else ""),
        (HOW_MANY_TOPICS, found[3], topics_words(costs) if costs else ""),
        (BYTES, found[4], ""),
    ):
        parts += [words, "\n", markdown(*table), after]
    parts += ["\n## The machine\n\n", markdown(["", ""], [[name, text] for name, text in run.facts.items()])]
    parts += [f"\n* Not measured to the end: {one.case}: {one.problem}\n" for one in run.measurements if one.problem]
    return "".join(parts)


def tables(run: Run) -> list[Table]:
    """What the page shows, without its words."""
    costs = Costs.of(run)
    return [*_measured(run), *([_plan_table(costs)] if costs else [])]


def _measured(run: Run) -> list[Table]:
    """What is shown as it was measured."""
    brokers, topics, steps = cases(run, BROKERS), cases(run, TOPICS), steps_by_size(run)
    knees = {count: Knee.of(some) for count, some in steps.items()}
    return [
        _operations(cases(run, OPERATION)),
        _knee(steps),
        brokers_table(brokers, knees),
        topics_table(topics),
        bytes_table([*brokers, *topics]),
    ]


def _plan(costs: Costs) -> list[str]:
    words = PLAN.format(
        nodes=NODES,
        heartbeat_s=HEARTBEAT_S,
        register_s=REGISTER_S,
        brokers=most_brokers(costs),
        topics=most_topics(costs),
        swell=costs.swell,
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


def _knee(steps: Mapping[int, Sequence[Measurement]]) -> Table:
    rows = []
    for count, one in ((count, one) for count, some in steps.items() for one in some):
        times = [f"{value(one, name) / 1000:.1f}" for name in ("p50_us", "p99_us")]
        rate = ("~ " if one.disturbed else "") + f"{value(one, 'rate'):,.0f}"
        share, verdict = f"{100 * value(one, 'server_share'):.0f}", "yes" if value(one, "kept_up") else "no"
        waited = f"{100 * value(one, 'queued_share'):.0f}"
        rows.append([f"{count:,}", rate, share, waited, f"{value(one, 'store_cpu_us'):.1f}", *times, verdict])
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
