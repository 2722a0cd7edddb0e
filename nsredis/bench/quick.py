"""The hot paths' processor time per request, compared with figures that were kept: a guard, not a test.

What is compared is the time relative to that of an echo server in the same run, so that another machine, or a busy one,
does not look like a change of ours. The least of the rounds is taken: what disturbs only adds.
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from nsredis.bench.brokers import Registered, registration, spread
from nsredis.bench.load.http import request
from nsredis.bench.load.plan import Order, Plan, Protocol, Request
from nsredis.bench.peers.echo import EchoServer
from nsredis.bench.peers.ours import OurNode, our_nodes
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Shape, Subject, take_turns
from nsredis.bench.run import Options, new_session
from nsredis.bench.scenarios.http import fetch
from nsredis.bench.scenarios.routes import route_plan
from nsredis.bench.session import Session

ROUNDS: Final = 5
SECONDS: Final = 0.4
QUIET_S: Final = 25.0
ECHO: Final = "echo"


class QuickFigures(msgspec.Struct, rename="camel"):
    """Of each hot path: processor time per request in microseconds, and as a multiple of the echo server's."""

    cpu_us: dict[str, float]
    of_echo: dict[str, float]


def measure_quick(tell: Callable[[str], None]) -> QuickFigures:
    """Measure them all."""
    with new_session(Options(ROUNDS, SECONDS, quiet_s=QUIET_S), tell) as session:
        cpu_us = {name: round(value, 3) for name, value in _least(session).items()}
    of_echo = {}
    for name, value in cpu_us.items():
        echo = cpu_us[f"{ECHO}, depth 16" if name.endswith("depth 16") else f"{ECHO}, depth 1"]
        of_echo[name] = round(value / echo, 3)
    return QuickFigures(cpu_us, of_echo)


def _least(session: Session) -> dict[str, float]:
    brokers = spread(2, 100, word="quick")
    found: list[Measurement] = []
    with ExitStack() as stack:
        (node,) = stack.enter_context(our_nodes(session.folder, session.cores))
        session.keep(Registered.at(node.port, brokers))
        queries = route_plan(node.port, brokers)
        some = queries.lanes[0][0]
        answer = b"\0" * 100 + (some.body or b"")
        core = session.cores.server
        echo = stack.enter_context(EchoServer(session.folder, core, some.content, answer))
        for depth in (1, 16):
            subjects = [Subject(echo, echo.plan, name=ECHO), Subject(node, queries, name="route query")]
            if depth == 1:
                subjects += _over_http(node, list(brokers[0].topics))
            found += take_turns(session, "quick", f"depth {depth}", subjects, Shape(50, depth))
        table = spread(4, 1000, word="table")
        registering = Plan(Protocol.REMOTING, [[Request(registration(broker))] for broker in table])
        again = [Subject(node, registering, name="registration of 1,000 topics, unchanged")]
        found += take_turns(session, "quick", "depth 1", again, Shape(4))
    return {f"{one.server}, {one.case}": min(one.metrics["cpu_us"]) for one in found}


def _over_http(node: OurNode, topics: list[str]) -> list[Subject]:
    answers = fetch(node.http_port, [f"/v1/routes/{topic}" for topic in topics])
    whole = [Request(request("GET", node.http, path), body, 200) for path, (body, _) in answers.items()]
    same = [
        Request(request("GET", node.http, path, headers={"If-None-Match": tag}), b"", 304)
        for path, (_, tag) in answers.items()
    ]
    return [
        Subject(node, Plan(Protocol.HTTP, [whole], Order.RANDOM), node.http_port, name="HTTP GET"),
        Subject(node, Plan(Protocol.HTTP, [same], Order.RANDOM), node.http_port, name="HTTP GET, 304"),
    ]


def read_figures(path: Path) -> QuickFigures | None:
    """The figures that were kept; None when there are none."""
    return msgspec.json.decode(path.read_bytes(), type=QuickFigures) if path.exists() else None


def write_figures(path: Path, figures: QuickFigures) -> None:
    """Keep them."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=1) + b"\n")


def quick_rows(now: QuickFigures, kept: QuickFigures | None) -> list[tuple[str, ...]]:
    """Path, time, multiple of the echo server's, the same as kept, and the change of the multiple."""
    rows: list[tuple[str, ...]] = []
    for name, value in now.cpu_us.items():
        before = kept.of_echo.get(name) if kept else None
        change = f"{100 * (now.of_echo[name] / before - 1):+.0f} %" if before else "new"
        rows.append((name, f"{value:.2f}", f"{now.of_echo[name]:.2f}", f"{before:.2f}" if before else "", change))
    return rows
