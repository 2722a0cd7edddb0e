"""(a) Route queries over remoting: topics on 2 and on 100 brokers, few and many connections, one or many at a time."""

from contextlib import ExitStack
from typing import Final

from nsredis.bench.brokers import Broker, route_query, routes, spread, topics_of
from nsredis.bench.load.plan import Order, Plan, Protocol, Request
from nsredis.bench.peers.echo import EchoServer
from nsredis.bench.peers.name_servers import name_servers, register_everywhere, start_peer, warm_s
from nsredis.bench.peers.process import ServerProcess
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Shape, Subject, take_turns
from nsredis.bench.session import Session
from nsredis.wire import commands
from nsredis.wire.codes import OUR_VERSION
from nsredis.wire.commands import Command

NAME: Final = "routes"
WIDE: Final = 100
FIXED_RATES: Final = (2_000, 8_000)
DEPTHS: Final = (1, 16)


def measure(session: Session) -> list[Measurement]:
    """All cases."""
    found: list[Measurement] = []
    with name_servers(session) as servers:
        for width, topics, connections in ((2, 1000, (50, 1, 500)), (WIDE, 100, (50, *session.more((1, 500))))):
            brokers = spread(width, topics, word=f"of{width}")
            register_everywhere(session, servers, brokers)
            with ExitStack() as stack:
                subjects = _subjects(session, stack, servers, brokers)
                for count in connections:
                    for depth in DEPTHS:
                        case = f"{width} brokers, {count} connections, depth {depth}"
                        found += take_turns(session, NAME, case, subjects, Shape(count, depth))
                for rate in FIXED_RATES if width == 2 else ():
                    case = f"{width} brokers, 50 connections, {rate:,} a second"
                    found += take_turns(session, NAME, case, subjects, Shape(50, 16, rate, seconds=2 * session.seconds))
    return found


def _subjects(session: Session, stack: ExitStack, servers: list[ServerProcess], brokers: list[Broker]) -> list[Subject]:
    plans = [route_plan(server.port, brokers) for server in servers]
    subjects = [Subject(server, plan, warm_s=warm_s(server)) for server, plan in zip(servers, plans, strict=True)]
    request = plans[0].lanes[0][0]
    answer = commands.encode(Command(0, 1_000_000, 1, OUR_VERSION, body=request.body))
    echo = start_peer(
        session, stack, "echo", lambda: EchoServer(session.folder, session.cores.server, request.content, answer)
    )
    if isinstance(echo, EchoServer):
        subjects.append(Subject(echo, echo.plan))
    return subjects


def route_plan(port: int, brokers: list[Broker]) -> Plan:
    """Queries of all topics of these brokers, at random; each answer must be the one that is checked here first."""
    answers = routes(port, topics_of(brokers))
    requests = [Request(route_query(topic), body) for topic, body in answers.items()]
    return Plan(Protocol.REMOTING, [requests], Order.RANDOM)
