"""docs/performance.md, from a run."""

from typing import Final

from nsredis.bench.goals import verdicts
from nsredis.bench.results import Measurement, Run
from nsredis.bench.scenarios import SCENARIOS
from nsredis.bench.tables import by_scenario, goal_table, markdown, remarks, scenario_table

HEAD: Final = """\
# Performance

<!-- This page is made by `nsredis bench all --into docs`: change nsredis/bench/page.py, not this file. -->

Everything here was measured on one machine, side by side: the servers take turns round by round, so what disturbs
the machine disturbs all of them. Measure yours: `make bench` takes about half an hour, `make bench ARGS='routes
http'` runs some scenarios, `make bench ARGS='all --into docs'` makes this page again. Peers that are not installed are
named and left out. `make bench-quick` takes less than two minutes and compares the hot paths (queries, heartbeats and
registrations) with the figures kept in [bench-quick.json](bench-quick.json).

![Server CPU per request](performance.svg)

## How to read it

* **Server CPU** is the server's processor time for each request, by the kernel's accounting, all threads. It is the
  steadiest figure: what one core can carry is a million divided by it. Time that the hypervisor stole may be in it.
* **Rates** are of one server core, pinned; the load and the store have the other one. `≥` marks a rate at which the
  load's own core was full before the server's, `~` one that was measured while others were at work on the machine: then
  only the processor time counts, and so it does in ratios.
* **Latencies** of cases with a rate in their name, such as `2,000 a second`, are open loop, counted from the time at
  which a request was due. Where clearly less than that was answered, the server did not keep up, and they grow with the
  length of the round. In the other cases each answer lets the next request go, so they grow with the number of
  connections. Of a round with fewer than 1,000 answers, p99.9 is the longest.
* Each figure is the median of the rounds, but for some of `size` that are read once: `registered`, `all asked`, `peak`
  and `store MiB`. Ratios are taken within a round; beside their median stand the least and the most. `waited for CPU`
  is how long the server's threads (or the load) stood in the run queue, and `stolen` what the hypervisor took: where
  they are large, latencies and rates say more of the machine than of the servers.
* Where nsredis is asked, **server CPU** is the node's own, in `rocketmq` and `mixed` too; the store's stands beside it.
  The goal for one topic changed is the only one that counts both.
* Every answer to a query is checked: its status and length always, its bytes in full up to 4 kB and by samples above;
  so is the answer to a batch of heartbeats, which names the outcome of each. A wrong answer of nsredis ends its
  measurement. Of a peer, the same parts in another order are right, and wrong answers count as answered, in its favour;
  `wrong %` is their share. Where that is above 5 %, the peer is left out.
* Registrations and single heartbeats are answered with a status and no more, and of one-way heartbeats only the last on
  a connection, which is not one-way; of such heartbeats nothing else is checked. After each round of registrations the
  server is asked, before the connections close: its data version of each broker must be one of this round (in
  `rocketmq` the last one), and a route must show that broker, its address, and the queues that belong to that version;
  brokers that came and left must be gone. If not, the measurement ends, a peer's too.
"""

GOALS: Final = """
Factors are in favour of nsredis; values stand for themselves. The goals are for RocketMQ 5.3 and 4.9.8: lines against
the newest release stand beside them, their verdict in brackets, and 4.9.7 stands in for 4.9.8, whose name server is
not on Maven Central. `beside /s` of `rocketmq` are the registrations, of which four are due each second; in `mixed`
each connection waits for its own, so its rate has them.

"""

WHY: Final = """
Where a goal is missed, this is why, from profiles:

* **Routes at depth 1** are mostly the kernel's: each query is one read and one write, which cost every server the
  same. Of a query's time the kernel has 72 %, the event loop 4 %, and Python 21 %, cold caches included. Tried, and
  kept: headers that are remembered and not read again, one write for all of a read, metrics in plain numbers, and a
  way of its own for reads that bring one known query, which took a third of Python's part away.
* **Routes at depth 16 against an echo server** leave the kernel 43 %, since 16 queries share a read and a write;
  Python has 50 %. How that compares with an echo, which is nearly all kernel, depends on the machine: one had 0.51
  times its rate, another 0.44. A query takes 0.5 µs in a loop of nothing else: cut off, looked up by its bytes, its
  rest and number checked, its answer looked up and put together. Tried, and none was faster: to cut at what follows
  the numbers, to check numbers in bulk, and to look up and put together all queries of a read in calls of C.
* **HTTP against a plain aiohttp handler**: nginx, which answers from memory and is written in C, is itself less than
  five times as fast as the handler, and a protocol on this event loop that answers without looking at the request is
  4.5 to 5.4 times as fast; so five times is out of reach here for one that does look. Of our request's time the kernel
  has 74 %, the event loop 4 %, and Python 19 %. Tried, and kept: the same as for routes, and our own reader in place of
  aiohttp's parser for GETs that are known.
"""


def page(run: Run) -> str:
    """The whole page."""
    parts = [HEAD, "\n## The machine\n\n", markdown(["", ""], [[name, text] for name, text in run.facts.items()])]
    parts += ["\n## Who took part\n\n", markdown(["server", "what it is"], [list(row) for row in run.servers.items()])]
    if run.missing:
        parts += ["\nNot there: ", "; ".join(f"{name} ({why})" for name, why in run.missing.items()), ".\n"]
    found = verdicts(run)
    if found:
        parts += ["\n## Goals\n", GOALS, markdown(*goal_table(found))]
        parts += [WHY] if any("missed" in one.words for one in found) else []
    for scenario, measurements in by_scenario(run).items():
        parts += [f"\n## {scenario}\n\n", f"{SCENARIOS[scenario][:1].upper()}{SCENARIOS[scenario][1:]}.\n\n"]
        if scenario in run.earlier:
            parts.append(f"Measured {run.earlier[scenario]}.\n\n")
        parts += _tables(measurements)
    return "".join(parts)


def _tables(measurements: list[Measurement]) -> list[str]:
    whole = [one for one in measurements if one.metrics]
    parts = [markdown(*scenario_table(whole))] if whole else []
    said = remarks(measurements)
    return [*parts, "\n", *(f"* {words}\n" for words in said)] if said else parts
