"""(c) Registrations of 100, 1,000 and 10,000 topics: nothing changed, one topic changed, and a broker that is new.

A new one has the topics of others, as in a cluster, but for the queues of one; or topics that nobody else has.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final

from nsredis.bench.brokers import Broker, compressed_registration, registration
from nsredis.bench.load.plan import Order, Plan, Protocol, Request
from nsredis.bench.peers.java import JavaNameServer
from nsredis.bench.peers.name_servers import name_servers, warm_s
from nsredis.bench.peers.process import ServerProcess
from nsredis.bench.proof import prove_gone
from nsredis.bench.registering import CONNECTIONS, Load, numbers_of, one_changed, unchanged
from nsredis.bench.registrations import Registrations, unregister_request
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Shape, Subject, take_turns
from nsredis.bench.session import Session
from nsredis.core.queues import QueueData

NAME: Final = "registrations"
CHANGED: Final = {100: 300, 1000: 100, 10_000: 12}
"""Registrations of each connection in a round, by the number of topics; each body is sent only once."""

NEW: Final = {100: 100, 1000: 25, 10_000: 4}

FIXED_RATES: Final = {(10_000, "unchanged"): 20}
"""A second, of some cases: well below what the Java servers can do."""


def measure(session: Session) -> list[Measurement]:
    """All cases."""
    found: list[Measurement] = []
    with name_servers(session) as servers:
        for topics in (10_000, 1000, 100):
            names = [f"topic-{number:06}" for number in range(topics)]
            brokers = [
                Broker(f"reg{topics}-{number}", {}, address=f"10.9.{number}.1:10911") for number in range(CONNECTIONS)
            ]
            chosen = names[topics // 2]
            cases: list[tuple[str, float, Load]] = [
                ("unchanged", 1, unchanged(_whole(brokers, names, "plain"), registration)),
                ("unchanged, compressed", 1, unchanged(_whole(brokers, names, "packed"), compressed_registration)),
                ("one topic changed", 1, one_changed(brokers, names, chosen, CHANGED[topics])),
                ("new, and gone again", 0.5, _new("new", topics, Registrations(names, changed=chosen).request)),
                ("new with topics of its own, and gone again", 0.5, _new("own", topics, partial(_own_topics, names))),
            ]
            for case, each, (plan, proof) in cases:
                subjects = [
                    Subject(server, plan, each=each, warm_s=0.2 * warm_s(server), proof=proof)
                    for server in servers
                    if not _other_form(server, case)
                ]
                whole = f"{topics:,} topics, {case}"
                found += take_turns(session, NAME, whole, subjects, Shape(CONNECTIONS))
                if rate := FIXED_RATES.get((topics, case)):
                    at_rate = Shape(CONNECTIONS, rate=rate, seconds=2 * session.seconds)
                    found += take_turns(session, NAME, f"{whole}, {rate} a second", subjects, at_rate)
    return found


def _other_form(server: ServerProcess, case: str) -> bool:
    """Whether the server cannot read the compressed form of RocketMQ 5."""
    return isinstance(server, JavaNameServer) and server.major < 5 and "compressed" in case


def _whole(brokers: list[Broker], names: list[str], word: str) -> list[Broker]:
    """Others at the same addresses, with all of these topics."""
    table = dict.fromkeys(names, QueueData())
    return [Broker(f"{broker.name}-{word}", table, address=broker.address) for broker in brokers]


def _own_topics(names: list[str], broker: Broker, number: int) -> bytes:
    """A registration of as many topics, which only this broker has."""
    return Registrations([f"{broker.name}-{name}" for name in names], changed=None).request(broker, number)


def _new(word: str, topics: int, request: Callable[[Broker, int], bytes]) -> Load:
    """Brokers that nobody has seen register and leave again. `request`: a broker's registration of that number."""
    count = NEW[topics]

    def name(lane: int, serial: int) -> str:
        return f"{word}{topics}-{lane}-{serial}"

    @lru_cache(maxsize=1)
    def plan(number: int) -> Plan:
        lanes = []
        for lane in range(CONNECTIONS):
            requests = []
            for serial in numbers_of(number, count):
                address = f"10.{lane + 1}.{serial >> 8}.{serial & 255}:10911"
                broker = Broker(name(lane, serial), {}, address=address)
                requests += [
                    Request(request(broker, lane * 10_000 + serial)),
                    Request(unregister_request(broker)),
                ]
            lanes.append(requests)
        return Plan(Protocol.REMOTING, lanes, Order.ONCE)

    def all_left(port: int, number: int) -> None:
        serials = numbers_of(number, count)
        prove_gone(port, [[name(lane, serial) for serial in serials] for lane in range(CONNECTIONS)])

    return plan, all_left
