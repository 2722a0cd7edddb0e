"""(d) Heartbeats: many in a request and one-way, and one at a time; Redis on another core than the node."""

from typing import Final

from nsredis.bench.brokers import Registered, spread
from nsredis.bench.heartbeats import BATCH, CONNECTIONS, answered, batches, one_way, register_over_http, singles
from nsredis.bench.peers.name_servers import JAVA_5, name_servers, tell_ours, warm_s
from nsredis.bench.peers.ours import our_nodes
from nsredis.bench.results import Measurement
from nsredis.bench.rounds import Shape, Subject, take_turns
from nsredis.bench.session import Session

NAME: Final = "heartbeats"
BROKERS: Final = 1000


def measure(session: Session) -> list[Measurement]:
    """All cases."""
    return [*_over_http(session), *_over_remoting(session)]


def _over_http(session: Session) -> list[Measurement]:
    found: list[Measurement] = []
    with our_nodes(session.folder / "heartbeats", session.cores) as (node,):
        tell_ours(session, node)
        items = register_over_http(node, BROKERS)
        cases = [(f"batches of {BATCH} by POST", batches(node, items), BATCH), ("one by POST", singles(node, items), 1)]
        for case, plan, each in cases:
            subject = Subject(node, plan, node.http_port, each)
            found += take_turns(session, NAME, f"{case}, {BROKERS} brokers", [subject], Shape(len(plan.lanes)))
    return found


def _over_remoting(session: Session) -> list[Measurement]:
    found: list[Measurement] = []
    brokers = spread(BROKERS, BROKERS, word="beating", copies=2)
    with name_servers(session, peers=JAVA_5) as servers:
        for server in servers:
            session.keep(Registered.at(server.port, brokers))
        cases = [("one-way", one_way(brokers), BROKERS / CONNECTIONS), ("answered", answered(brokers), 1)]
        for case, plan, each in cases:
            subjects = [Subject(server, plan, each=each, warm_s=warm_s(server)) for server in servers]
            found += take_turns(session, NAME, f"remoting, {case}, {BROKERS} brokers", subjects, Shape(CONNECTIONS))
    return found
