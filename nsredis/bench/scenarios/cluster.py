"""(j) The cluster's information, polled by 300 brokers every five seconds."""

from typing import Final

from nsredis.bench.brokers import Caller, Registered, frame, spread
from nsredis.bench.failures import LoadFailed
from nsredis.bench.load.plan import Plan, Protocol, Request
from nsredis.bench.peers.name_servers import name_servers, warm_s
from nsredis.bench.peers.process import ServerProcess
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Shape, Subject, take_turns
from nsredis.bench.session import Session
from nsredis.wire import fastjson
from nsredis.wire.codes import RequestCode

NAME: Final = "cluster"
BROKERS: Final = 300
EVERY_S: Final = 5


def measure(session: Session) -> list[Measurement]:
    """At the rate of the pollers, and as fast as it goes."""
    brokers = spread(BROKERS, BROKERS, word="polling", copies=2)
    names = {broker.name for broker in brokers}
    found: list[Measurement] = []
    with name_servers(session) as servers:
        subjects = []
        for server in servers:
            session.keep(Registered.at(server.port, brokers))
            subjects.append(Subject(server, _plan(server, names), warm_s=0.5 * warm_s(server)))
        polled = Shape(BROKERS, 1, BROKERS / EVERY_S, seconds=max(2.0, 2 * session.seconds))
        found += take_turns(session, NAME, f"{BROKERS} brokers, polled every {EVERY_S} s by each", subjects, polled)
        found += take_turns(
            session, NAME, f"{BROKERS} brokers, 16 connections, as fast as it goes", subjects, Shape(16)
        )
    return found


def _plan(server: ServerProcess, names: set[str]) -> Plan:
    request = frame(RequestCode.GET_BROKER_CLUSTER_INFO, {})
    caller = Caller(server.port)
    body = caller.call(request).body or b""
    caller.close()
    told = fastjson.loads(body)
    if set(told["brokerAddrTable"]) != names:
        raise LoadFailed(f"{server.name} does not tell of all brokers: {body[:300]!r}")
    return Plan(Protocol.REMOTING, [[Request(request, body)]])
