"""(f) The smoke that was published for the Rust server: 100 topics, 10 brokers, 16 connections, 5 % writes."""

from typing import Final

from nsredis.bench.brokers import Registered, register_request, route_query, routes, spread, topics_of
from nsredis.bench.load.plan import Plan, Protocol, Request
from nsredis.bench.peers.name_servers import name_servers, warm_s
from nsredis.bench.peers.process import ServerProcess
from nsredis.bench.proof import Last, prove_kept
from nsredis.bench.registrations import Registrations, counter_of
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Shape, Subject, take_turns
from nsredis.bench.session import Session

NAME: Final = "mixed"
BROKERS: Final = 10
TOPICS: Final = 100
COPIES: Final = 4
CONNECTIONS: Final = 16
READS: Final = 19
"""Queries for each registration."""

FIXED_RATE: Final = 4_000
"""Requests a second, in the second case."""

LEAST_S: Final = 0.5
"""How long a round of it takes at least, so that each broker registers."""

MOST_ROUNDS: Final = 3
"""Of it: before each round all brokers register again, which takes longer than the round."""

WRITES: Final = 40
"""Registrations of a connection before it starts again; each with a version of its own."""


def measure(session: Session) -> list[Measurement]:
    """As fast as it goes, and at a rate that leaves time."""
    brokers = spread(BROKERS, TOPICS, word="mixed", copies=COPIES)
    writers = [Registrations(list(broker.topics), changed=None) for broker in brokers]
    with name_servers(session) as servers:

        def subject(server: ServerProcess) -> Subject:
            registered = Registered.at(server.port, brokers)
            session.keep(registered)
            answers = routes(server.port, topics_of(brokers))
            reads = [Request(route_query(topic), body) for topic, body in answers.items()]

            def plan(number: int) -> Plan:
                lanes = []
                for lane in range(CONNECTIONS):
                    requests = []
                    for i in range(WRITES):
                        requests += [reads[(lane * 7 + i * READS + read) % len(reads)] for read in range(READS)]
                        version = _versions(number)[i * CONNECTIONS + lane]
                        broker = brokers[lane % BROKERS]
                        requests.append(Request(register_request(broker, writers[lane % BROKERS].body(version))))
                    lanes.append(requests)
                return Plan(Protocol.REMOTING, lanes)

            def one_kept(port: int, number: int) -> None:
                counters = {counter_of(version) for version in _versions(number)}
                prove_kept(port, [Last.same_queues(broker, counters) for broker in brokers])

            return Subject(server, plan, before=registered.again, warm_s=warm_s(server), proof=one_kept)

        case = f"{TOPICS} topics, {BROKERS} brokers, {CONNECTIONS} connections, 5 % registrations"
        subjects = [subject(server) for server in servers]
        seconds, rounds = max(LEAST_S, session.seconds), min(MOST_ROUNDS, session.rounds)
        at_rate = Shape(CONNECTIONS, rate=FIXED_RATE, seconds=seconds, rounds=rounds)
        return [
            *take_turns(session, NAME, case, subjects, Shape(CONNECTIONS)),
            *take_turns(session, NAME, f"{case}, {FIXED_RATE:,} a second", subjects, at_rate),
        ]


def _versions(number: int) -> range:
    """Those of a round: which of them a broker registers last depends on how fast the connections are."""
    count = WRITES * CONNECTIONS
    return range((number + 1) * count, (number + 2) * count)
