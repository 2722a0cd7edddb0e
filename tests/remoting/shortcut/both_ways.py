"""The same reads through two connections to one view: one has the shortcut."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from nsredis.core.brokers import Broker, BrokerKey, Group, Override
from nsredis.core.kv import KvEntry
from nsredis.core.observer import SilentObserver
from nsredis.core.queues import QueueData
from nsredis.core.routes import ORDER_NAMESPACE
from nsredis.registry.tables import Table
from nsredis.remoting.connection import Connection
from nsredis.remoting.limits import Budget, Limits
from nsredis.remoting.name_server import NameServer
from nsredis.remoting.route_shortcut import ROUTE, RouteShortcut
from nsredis.remoting.shared import Shared
from nsredis.service.doors import Services
from nsredis.service.query_service import QueryService
from nsredis.view.state import State
from nsredis.view.table_change import TableChange
from nsredis.view.view import View
from nsredis.wire.codes import OUR_VERSION
from nsredis.wire.commands import Command, Serialization, encode
from tests.remoting.scripted_door import Remembering

TOPICS = ["TopicA", "TopicB", "%RETRY%group", "thema-ü", 'quo"te', "back\\slash", "Нет"]
"""What is offered at first, but for the last one."""


@dataclass
class Wire:
    """A transport that keeps what is written, and is cut off by `abort` and `close`."""

    written: list[bytes] = field(default_factory=list)
    writes: int = 0
    ended: bool = False
    wrote: Callable[[], None] = lambda: None

    def write(self, data: bytes) -> None:
        self.written.append(data)
        self.writes += 1
        self.wrote()

    def writelines(self, frames: list[bytes]) -> None:
        self.written += frames
        self.writes += 1
        self.wrote()

    def close(self) -> None:
        self.ended = True

    abort = close

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


class Both:
    """The same reads through two connections to one view: one has the shortcut."""

    def __init__(self) -> None:
        self.view = View(SilentObserver())
        self.queries = QueryService(self.view, None, lambda: "not yet")  # type: ignore[arg-type]  # nothing follows
        services = Services(None, self.queries, *[None] * 5)  # type: ignore[arg-type]  # no other verb is asked
        self.door = NameServer(services, dict, updates_allowed=False, max_inflated=1 << 20)
        self.observers = (Remembering(), Remembering())
        self.shortcut = RouteShortcut(self.queries, partial(self.observers[1].request_answered, ROUTE))

    def answers(self, *reads: bytes) -> tuple[tuple[bytes, bool], tuple[bytes, bool]]:
        """What the general way writes to these reads and whether it cuts the peer off, and what the short one does."""
        general = self._through(0, reads)
        return general, self._through(1, reads)

    def connection(self, which: int = 1) -> tuple[Connection, Wire]:
        """A connection, with the shortcut unless `which` is 0."""
        limits = Limits()
        shared = Shared(
            self.door,
            self.observers[which],
            limits,
            Budget(limits.held_bytes),
            Budget(limits.unfinished_bytes),
            self.shortcut if which else None,
        )
        wire = Wire()
        connection = Connection(shared, "10.9.9.9:1", secure=False, ended=lambda: None)
        connection.connection_made(wire)  # type: ignore[arg-type]
        return connection, wire

    def _through(self, which: int, reads: tuple[bytes, ...]) -> tuple[bytes, bool]:
        connection, wire = self.connection(which)
        for read in reads:
            connection.data_received(read)
        assert wire.writes <= 2 * len(reads)
        return b"".join(wire.written), connection.closing


def filled(state: State) -> None:
    for name in ("a", "b"):
        for number in (0, 1):
            key = BrokerKey(name, number)
            state.set_broker(key, Broker("c", name, number, f"10.0.0.{number}:1", 1, 30_000, 1, 1))
        state.set_group(name, Group(name, "c", {0: "10.0.0.0:1", 1: "10.0.0.1:1"}))
        topics = dict.fromkeys(TOPICS[:-1], QueueData())
        state.set_table(TableChange(name, Table(1, topics), TOPICS[:-1], [], []))


CHANGES: dict[str, Callable[[State], None]] = {
    "a limit": lambda state: state.set_group("a", Group("a", "c", {0: "10.0.0.0:1"}, Override(4))),
    "a new address": lambda state: state.set_group("b", Group("b", "c", {0: "10.7.7.7:1"})),
    "a master leaves": lambda state: state.set_group("a", Group("a", "c", {1: "10.0.0.1:1"})),
    "altered queues": lambda state: state.set_table(
        TableChange("a", Table(2, dict.fromkeys(TOPICS[:-1], QueueData(1, 1, 6))), [], [], TOPICS[:-1])
    ),
    "a topic of a gone": lambda state: state.set_table(
        TableChange("a", Table(3, dict.fromkeys(TOPICS[1:-1], QueueData())), [], ["TopicA"], [])
    ),
    "a topic of b gone": lambda state: state.set_table(
        TableChange("b", Table(3, dict.fromkeys(TOPICS[1:-1], QueueData())), [], ["TopicA"], [])
    ),
    "all of a": lambda state: state.set_group("a", None),
    "all of b": lambda state: state.set_group("b", None),
    "an order": lambda state: state.set_kv(
        ORDER_NAMESPACE, {"TopicA": KvEntry(ORDER_NAMESPACE, "TopicA", "a:4;b:4", 1)}
    ),
    "orders count": lambda state: state.set_settings({"orderMessageEnable": "true"}),
    "orders count no more": lambda state: state.set_settings({}),
}


def agree(general: tuple[bytes, bool], short: tuple[bytes, bool]) -> bool:
    """Assert that both ways did the same; whether they may be counted alike, too."""
    assert short[1] == general[1]
    if general[1] and short != general:
        # Of a read that ends a connection, the general way need not answer what came before.
        assert short[0].startswith(general[0])
        return False
    assert short == general
    return True


def query(topic: str, opaque: int = 5, version: int = OUR_VERSION, form: Serialization = Serialization.JSON) -> bytes:
    return encode(Command(105, opaque, 0, version, ext={"topic": topic}, serialization=form))


def asked(opaque: int, topic: str = "TopicA", **more: str) -> bytes:
    return encode(Command(105, opaque, 0, OUR_VERSION, ext={"topic": topic, **more}))
