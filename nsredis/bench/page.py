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
the machine disturbs all of them. Measure yours: `make bench` takes about 25 minutes, `make bench ARGS='routes
http'` runs some scenarios, `make bench ARGS='all --into docs'` makes this page again. Peers that are not installed are
named and left out. `make bench-quick` takes less than two minutes and compares the hot paths with the figures kept in
[bench-quick.json](bench-quick.json).

![Server CPU per request](performance.svg)

## How to read it

* **Server CPU** is the server's processor time for each request, by the kernel's accounting, all threads. It is the
  steadiest figure: what one core can carry is a million divided by it. Time that the hypervisor stole may be in it.
* **Rates** are of one server core, pinned; the load and the store have the other one. `≥` marks a rate at which the
  load's own core was full before the server's, `~` one that was measured while others were at work on the machine: then
  only the processor time counts, and so it does in ratios.
* **Latencies** of cases with a rate in their name are open loop, counted from the time at which a request was due; in
  the others each answer lets the next request go, so they grow with the number of connections.
* Each figure is the median of the rounds. Ratios are taken within a round; beside their median stand the least and the
  most. `waited for CPU` is how long the server's threads (or the load) stood in the run queue, and `stolen` what the
  hypervisor took: where they are large, latencies and rates say more of the machine than of the servers.
* Every answer is checked: its status and length always, its bytes in full up to 4 kB and by samples above. A wrong
  answer of nsredis ends its measurement. Of a peer, the same parts in another order are right, and wrong answers count
  as answered, in its favour; `wrong %` is their share. Where that is above 5 %, the peer is left out.
"""

GOALS: Final = """
Factors are in favour of nsredis; values stand for themselves. The goals are for RocketMQ 5.3 and 4.9.8: lines against
the newest release stand beside them, their verdict in brackets, and 4.9.7 stands in for 4.9.8, whose name server is
not on Maven Central.

"""

WHY: Final = """
Where a goal is missed, this is why, from profiles:

* **Routes at depth 1** are mostly the kernel's: each query is one read and one write, which cost every server the same.
  Of a query's 7 to 8 µs the kernel has 72 %, the event loop 4 %, and Python 20 %, cold caches included; in a loop of
  nothing else a query takes 1.3 µs of ours, and 0.4 µs where 16 come in one read.
* **HTTP against a plain aiohttp handler**: on this event loop a protocol that answers without looking at the request is
  about four and a half times as fast as the handler, so five and seven times cannot be had here. Ours costs 0.65 µs a
  request beside the loop and the kernel.
* **One topic changed of 10,000**: 1.8 MB of JSON have to be read (0.2 ms its CRC, 2.4 ms to typed topics) and compared
  with the table that is known (1.0 ms), and the table is packed for the store (0.6 ms); the rest is the read from the
  socket, the call to the store and the change as it is followed. Java changes its table in place, and stores nothing.
  Brokers send such a body when a topic changes; unchanged bodies, one every 30 seconds from each broker, are where the
  time goes, and they are known by their digest.
"""


def page(run: Run) -> str:
    """The whole page."""
    parts = [HEAD, "\n## The machine\n\n", markdown(["", ""], [[name, text] for name, text in run.facts.items()])]
    parts += ["\n## Who took part\n\n", markdown(["server", "what it is"], [list(row) for row in run.servers.items()])]
    if run.missing:
        parts += ["\nNot there: ", "; ".join(f"{name} ({why})" for name, why in run.missing.items()), ".\n"]
    found = verdicts(run)
    if found:
        parts += ["\n## Goals\n", GOALS, markdown(*goal_table(found)), WHY]
    for scenario, measurements in by_scenario(run).items():
        parts += [f"\n## {scenario}\n\n", f"{SCENARIOS[scenario][:1].upper()}{SCENARIOS[scenario][1:]}.\n\n"]
        parts += _tables(measurements)
    return "".join(parts)


def _tables(measurements: list[Measurement]) -> list[str]:
    whole = [one for one in measurements if one.metrics]
    parts = [markdown(*scenario_table(whole))] if whole else []
    said = remarks(measurements)
    return [*parts, "\n", *(f"* {words}\n" for words in said)] if said else parts
