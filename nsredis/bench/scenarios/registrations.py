"""(c) Registrations of 100, 1,000 and 10,000 topics: nothing changed, one topic changed, and a broker that is new.

A new one has the topics of others, as in a cluster, but for the queues of one; or topics that nobody else has.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final

from nsredis.bench.brokers import VERSION, Broker, compressed_registration, registration
from nsredis.bench.load.plan import Order, Plan, Protocol, Request
from nsredis.bench.peers.java import JavaNameServer
from nsredis.bench.peers.name_servers import name_servers, warm_s
from nsredis.bench.peers.process import ServerProcess
from nsredis.bench.proof import Last, prove_gone, prove_kept
from nsredis.bench.registrations import Registrations, counter_of, queues_of, unregister_request
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Proof, Shape, Subject, take_turns
from nsredis.bench.session import Session
from nsredis.core.queues import QueueData

NAME: Final = "registrations"
CONNECTIONS: Final = 4
CHANGED: Final = {100: 300, 1000: 100, 10_000: 12}
"""Registrations of each connection in a round, by the number of topics; each body is sent only once."""

NEW: Final = {100: 100, 1000: 25, 10_000: 4}


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
            changed = _changed(brokers, Registrations(names, changed=chosen), CHANGED[topics])
            new = _new("new", topics, Registrations(names, changed=chosen).request)
            own = _new("own", topics, partial(_own_topics, names))
            cases: list[tuple[str, Plan | Callable[[int], Plan], float, Proof]] = [
                ("unchanged", *_unchanged(brokers, names, registration)),
                ("unchanged, compressed", *_unchanged(brokers, names, compressed_registration)),
                ("one topic changed", changed, 1, _changes_kept(brokers, chosen, CHANGED[topics])),
                ("new, and gone again", new, 0.5, _all_left("new", topics)),
                ("new with topics of its own, and gone again", own, 0.5, _all_left("own", topics)),
            ]
            for case, plan, each, proof in cases:
                subjects = [
                    Subject(server, plan, each=each, warm_s=0.2 * warm_s(server), proof=proof)
                    for server in servers
                    if not _other_form(server, case)
                ]
                found += take_turns(session, NAME, f"{topics:,} topics, {case}", subjects, Shape(CONNECTIONS))
    return found


def _other_form(server: ServerProcess, case: str) -> bool:
    """Whether the server cannot read the compressed form of RocketMQ 5."""
    return isinstance(server, JavaNameServer) and server.major < 5 and "compressed" in case


def _unchanged(brokers: list[Broker], names: list[str], encode: Callable[[Broker], bytes]) -> tuple[Plan, float, Proof]:
    table = dict.fromkeys(names, QueueData())
    whole = [Broker(f"{broker.name}{encode.__name__}", table, address=broker.address) for broker in brokers]
    last = [Last.same_queues(broker, {VERSION.counter}) for broker in whole]
    plan = Plan(Protocol.REMOTING, [[Request(encode(broker))] for broker in whole])
    return plan, 1, lambda port, _: prove_kept(port, last)


def _changed(brokers: list[Broker], registrations: Registrations, count: int) -> Callable[[int], Plan]:
    """Each round goes on with versions and queues that nobody has seen."""

    @lru_cache(maxsize=1)
    def plan(number: int) -> Plan:
        first = _numbers(number, count).start
        lanes = [[Request(one) for one in registrations.requests(broker, first, count)] for broker in brokers]
        return Plan(Protocol.REMOTING, lanes, Order.ONCE)

    return plan


def _changes_kept(brokers: list[Broker], topic: str, count: int) -> Proof:
    """Each broker's last registration of the round: which one that is depends on how many there was time for."""

    def proof(port: int, number: int) -> None:
        queues = {counter_of(one): queues_of(one) for one in _numbers(number, count)}
        prove_kept(port, [Last(broker, topic, queues) for broker in brokers])

    return proof


def _numbers(number: int, count: int) -> range:
    """The numbers of a connection's registrations in a round."""
    return range((number + 1) * count, (number + 2) * count)


def _own_topics(names: list[str], broker: Broker, number: int) -> bytes:
    """A registration of as many topics, which only this broker has."""
    return Registrations([f"{broker.name}-{name}" for name in names], changed=None).request(broker, number)


def _new_name(word: str, topics: int, lane: int, serial: int) -> str:
    return f"{word}{topics}-{lane}-{serial}"


def _all_left(word: str, topics: int) -> Proof:
    """The brokers of the round have left again."""

    def proof(port: int, number: int) -> None:
        serials = _numbers(number, NEW[topics])
        prove_gone(port, [[_new_name(word, topics, lane, one) for one in serials] for lane in range(CONNECTIONS)])

    return proof


def _new(word: str, topics: int, request: Callable[[Broker, int], bytes]) -> Callable[[int], Plan]:
    """Brokers that nobody has seen register and leave again. `request`: the registration of that number."""

    @lru_cache(maxsize=1)
    def plan(number: int) -> Plan:
        lanes = []
        for lane in range(CONNECTIONS):
            requests = []
            for serial in _numbers(number, NEW[topics]):
                name = _new_name(word, topics, lane, serial)
                broker = Broker(name, {}, address=f"10.{lane + 1}.{serial >> 8}.{serial & 255}:10911")
                requests += [
                    Request(request(broker, lane * 10_000 + serial)),
                    Request(unregister_request(broker)),
                ]
            lanes.append(requests)
        return Plan(Protocol.REMOTING, lanes, Order.ONCE)

    return plan
