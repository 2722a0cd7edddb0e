"""The name servers that answer RocketMQ's protocol, as many as are there."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from nsredis.bench.brokers import Broker, Registered
from nsredis.bench.failures import LoadFailed, PeerMissing
from nsredis.bench.peers.java import JavaNameServer, find_jars, find_later_jars
from nsredis.bench.peers.ours import OurNode, our_nodes
from nsredis.bench.peers.process import ServerProcess
from nsredis.bench.peers.rust import RustNameServer
from nsredis.bench.session import Session

JAVA_5: Final = ("java53", "java5")
"""RocketMQ 5.3, which the goals are for, and the newest 5 where that is another."""

JIT_S: Final = 10.0
"""How long a JVM works under load before it is measured."""


def start_peer(
    session: Session, stack: ExitStack, kind: str, start: Callable[[], ServerProcess]
) -> ServerProcess | None:
    """Start a peer that is wanted; None, and a word in the report, when it is not there."""
    if session.wanted is not None and kind not in session.wanted:
        session.missing.setdefault(kind, "not asked for")
        return None
    try:
        server = stack.enter_context(start())
    except (PeerMissing, LoadFailed) as error:
        if kind not in session.missing:
            session.tell(f"without {kind}: {error}")
        session.missing[kind] = str(error)
        return None
    server.forgiven = True
    session.told[server.name] = str(getattr(server, "about", ""))
    return server


@contextmanager
def name_servers(
    session: Session, *, peers: tuple[str, ...] = (*JAVA_5, "java4", "rust")
) -> Iterator[list[ServerProcess]]:
    """Our node first, then the others. They start empty: what another scenario registered has no part in this one."""
    folder, core = Path(tempfile.mkdtemp(dir=session.folder)), session.cores.server
    starts: dict[str, Callable[[], ServerProcess]] = {
        "java53": lambda: JavaNameServer(*find_jars("5.3"), folder, core),
        "java5": lambda: JavaNameServer(*find_later_jars("5", "5.3"), folder, core),
        "java4": lambda: JavaNameServer(*find_jars("4.9"), folder, core),
        "rust": lambda: RustNameServer(folder, core),
    }
    with ExitStack() as stack:
        (ours,) = stack.enter_context(our_nodes(folder, session.cores))
        tell_ours(session, ours)
        started = [start_peer(session, stack, kind, starts[kind]) for kind in peers]
        stack.callback(session.let_go)
        yield [ours, *filter(None, started)]


def tell_ours(session: Session, node: OurNode) -> None:
    """Into the report what our side is."""
    assert node.beside is not None
    session.told[node.name] = f"one node, store {getattr(node.beside, 'about', '')} with an append-only file"


def register_everywhere(session: Session, servers: list[ServerProcess], brokers: list[Broker]) -> None:
    """The same brokers at each of the name servers, kept alive until the scenario ends."""
    for server in servers:
        session.keep(Registered.at(server.port, brokers))


def warm_s(server: ServerProcess) -> float:
    """How long a server is loaded before the first measurement."""
    return JIT_S if isinstance(server, JavaNameServer) else 0.0
