"""(e) RocketMQ's own benchmark load: 4 clusters of 8 brokers with 10,000 topics each.

They register again and again with a new data version, while clients query random topics.
"""

import math
from collections.abc import Iterator
from itertools import islice
from typing import Final

from nsredis.bench.brokers import Broker, Registered, route_query, routes, topics_of
from nsredis.bench.goals import REGISTRATIONS
from nsredis.bench.load.plan import Order, Plan, Protocol, Request
from nsredis.bench.peers.name_servers import name_servers, warm_s
from nsredis.bench.peers.process import ServerProcess
from nsredis.bench.proof import Last, prove_kept
from nsredis.bench.registrations import Registrations, counter_of
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Companion, Shape, Subject, take_turns
from nsredis.bench.session import Session
from nsredis.core.queues import QueueData

NAME: Final = "rocketmq"
CLUSTERS: Final = 4
BROKERS: Final = 8
TOPICS: Final = 10_000
QUERIES: Final = 4_000
"""A second, at a fixed rate, so that all servers do the same work."""

ASKED: Final = 1_000


def measure(session: Session) -> list[Measurement]:
    """One case: both loads at once."""
    names = [[f"c{cluster}-topic-{number:05}" for number in range(TOPICS)] for cluster in range(CLUSTERS)]
    brokers = [
        Broker(f"c{cluster}-{number}", dict.fromkeys(names[cluster], QueueData()), f"cluster-{cluster}")
        for cluster in range(CLUSTERS)
        for number in range(BROKERS)
    ]
    writers = [(broker, Registrations(names[int(broker.cluster[-1])], changed=None)) for broker in brokers]
    seconds = max(2.0, 2 * session.seconds)
    count = math.ceil(REGISTRATIONS * seconds * 2)

    def chosen(number: int) -> Iterator[tuple[int, Broker, Registrations]]:
        for i in range(count):
            yield (number + 1) * count + i, *writers[(number * count + i) % len(writers)]

    def registering(number: int) -> Plan:
        requests = [Request(made.request(broker, version)) for version, broker, made in chosen(number)]
        return Plan(Protocol.REMOTING, [requests])

    def all_kept(port: int, number: int) -> None:
        done = islice(chosen(number), 1 + int(REGISTRATIONS * seconds))  # one before the time starts
        last = {broker.name: (version, broker) for version, broker, _ in done}
        prove_kept(port, [Last.same_queues(broker, {counter_of(version)}) for version, broker in last.values()])

    with name_servers(session) as servers:
        subjects = []
        for server in servers:
            registered = Registered.at(server.port, brokers)
            session.keep(registered)
            queries = _queries(server, brokers)
            subjects.append(Subject(server, queries, before=registered.again, warm_s=warm_s(server)))
        companion = Companion(registering, Shape(1, 1, REGISTRATIONS), all_kept)
        case = f"{CLUSTERS * BROKERS} brokers, {QUERIES:,} queries and {REGISTRATIONS:.0f} registrations a second"
        return take_turns(session, NAME, case, subjects, Shape(16, 64, QUERIES, seconds=seconds), companion)


def _queries(server: ServerProcess, brokers: list[Broker]) -> Plan:
    every = topics_of(brokers)
    some = dict(list(every.items())[:: len(every) // ASKED])
    answers = routes(server.port, some)
    return Plan(
        Protocol.REMOTING, [[Request(route_query(topic), body) for topic, body in answers.items()]], Order.RANDOM
    )
