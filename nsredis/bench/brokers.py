"""Brokers that are registered by RocketMQ's protocol, with any name server, as its own brokers do it."""

import socket
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from nsredis.bench.failures import LoadFailed
from nsredis.core.brokers import DataVersion
from nsredis.core.queues import QueueData
from nsredis.wire import commands, fastjson
from nsredis.wire.codes import OUR_VERSION, RequestCode, ResponseCode
from nsredis.wire.commands import Command
from nsredis.wire.registration import RegisterBody, body_crc, encode_compressed_register_body, encode_register_body
from nsredis.wire.topics import write_version

OPAQUE: Final = 1_000_000
"""The number of requests made beforehand: the load puts its own in its place."""

ANSWER_S: Final = 30.0
PAUSES_S: Final = (0.2, 0.5, 1.0, 2.0)
MOST_CONNECTIONS: Final = 100

SETTLED_S: Final = 0.5
LOOK_EVERY_S: Final = 0.05

VERSION: Final = DataVersion(0, 1_700_000_000_000, 1)


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker as it registers."""

    name: str
    topics: Mapping[str, QueueData]
    cluster: str = "DefaultCluster"
    address: str = ""
    version: DataVersion = VERSION

    @property
    def ext(self) -> dict[str, str]:
        """The parameters that name it."""
        address = self.address or f"10.0.{hash_of(self.name) >> 8 & 255}.{hash_of(self.name) & 255}:10911"
        return {"brokerName": self.name, "brokerAddr": address, "clusterName": self.cluster, "brokerId": "0"}


def hash_of(name: str) -> int:
    """The number at the end of a broker's name, so that no two share an address; 0 without one."""
    digits = "".join(letter for letter in name if letter.isdigit())
    return int(digits or 0)


def registration(broker: Broker) -> bytes:
    """The request with which it registers, as a frame."""
    return register_request(broker, encode_register_body(_body(broker)))


def compressed_registration(broker: Broker) -> bytes:
    """The same in the compressed form of RocketMQ 5, which RocketMQ 4 cannot read."""
    return register_request(broker, encode_compressed_register_body(_body(broker), mappings=True), compressed=True)


def _body(broker: Broker) -> RegisterBody:
    return RegisterBody(broker.version, dict(broker.topics), {}, ())


def register_request(broker: Broker, raw: bytes, *, compressed: bool = False) -> bytes:
    """A registration with that body, as a frame."""
    ext = broker.ext | {
        "bodyCrc32": str(body_crc(raw)),
        "compressed": "true" if compressed else "false",
        "enableActingMaster": "false",
        "haServerAddr": broker.ext["brokerAddr"].replace("10911", "10912"),
    }
    return frame(RequestCode.REGISTER_BROKER, ext, raw)


def frame(code: int, ext: Mapping[str, str], body: bytes | None = None, *, flag: int = 0) -> bytes:
    """A request as a frame."""
    return commands.encode(Command(code, OPAQUE, flag, OUR_VERSION, ext=dict(ext), body=body))


def route_query(topic: str) -> bytes:
    """What a client asks, as a frame."""
    return frame(RequestCode.GET_ROUTEINFO_BY_TOPIC, {"topic": topic})


class Caller:
    """A connection to a name server on which one call is made at a time."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        """Send a frame; `answer` is to be called for it."""
        self._socket.sendall(request)

    def answer(self) -> Command:
        """The next answer. LoadFailed when it does not say success."""
        answer = commands.decode(self._exactly(int.from_bytes(self._exactly(4))))
        if answer.code != ResponseCode.SUCCESS:
            raise LoadFailed(f"a name server answers with code {answer.code}: {answer.remark}")
        return answer

    def call(self, request: bytes) -> Command:
        """Send a frame and take the answer."""
        self.send(request)
        return self.answer()

    def known_brokers(self) -> Collection[str]:
        """The names of the brokers that the name server shows."""
        told = self.call(frame(RequestCode.GET_BROKER_CLUSTER_INFO, {})).body or b"{}"
        names: Collection[str] = fastjson.loads(told)["brokerAddrTable"]
        return names

    def _exactly(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            part = self._socket.recv(count - len(parts))
            if not part:
                raise LoadFailed("a name server closed the connection")
            parts += part
        return bytes(parts)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


@dataclass(slots=True)
class Registered:
    """Brokers that stay registered while their connections are open and `beat` is called every minute or so."""

    brokers: Sequence[Broker]
    _callers: list[tuple[Broker, Caller]] = field(default_factory=list)

    @classmethod
    def at(cls, port: int, brokers: Sequence[Broker]) -> Self:
        """Register them, each on a connection of its own while those are few."""
        registered = cls(brokers)
        callers = [Caller(port) for _ in brokers[:MOST_CONNECTIONS]]
        for number, broker in enumerate(brokers):
            caller = callers[number % len(callers)]
            registered._callers.append((broker, caller))
        registered._register(registered.brokers)
        return registered

    def again(self) -> None:
        """Register them again, until all have been there for a while.

        When a load that registered them hangs up, a Java name server forgets them: some time later, and even those
        that are registered again by then.
        """
        missing: Collection[Broker] = self.brokers
        settled = 0.0
        while time.monotonic() < settled or missing:
            if missing:
                self._register(missing)
                settled = time.monotonic() + SETTLED_S
            time.sleep(LOOK_EVERY_S)
            known = self._callers[0][1].known_brokers()
            missing = [broker for broker in self.brokers if broker.name not in known]

    def _register(self, brokers: Collection[Broker]) -> None:
        names = {broker.name for broker in brokers}
        for broker, caller in self._callers:
            if broker.name in names:
                _patiently(caller, registration(broker))

    def beat(self) -> None:
        """Ask whether the data version is still known, which counts as a sign of life in every release."""
        for broker, caller in self._callers:
            caller.send(frame(RequestCode.QUERY_DATA_VERSION, broker.ext, write_version(broker.version)))
        for _, caller in self._callers:
            caller.answer()

    def close(self) -> None:
        """Hang up: to a name server they are gone."""
        for _, caller in self._callers:
            caller.close()


def _patiently(caller: Caller, request: bytes) -> None:
    """As a broker does: it tries again when the name server cannot just now."""
    for pause_s in PAUSES_S:
        try:
            caller.call(request)
        except LoadFailed:
            time.sleep(pause_s)
        else:
            return
    caller.call(request)


def routes(port: int, topics: Mapping[str, Sequence[Broker]]) -> dict[str, bytes]:
    """The answer for each topic, checked to name exactly those brokers and their queues. LoadFailed."""
    caller = Caller(port)
    answers = {topic: caller.call(route_query(topic)).body or b"" for topic in topics}
    caller.close()
    checked: dict[bytes, object] = {}
    for topic, brokers in topics.items():
        raw = answers[topic]
        route = checked.setdefault(raw, fastjson.loads(raw) if raw not in checked else None)
        assert isinstance(route, dict)
        wanted = {broker.name: broker.topics[topic].read_queue_nums for broker in brokers}
        told = {row["brokerName"]: row["readQueueNums"] for row in route["queueDatas"]}
        addresses = {row["brokerName"]: row["brokerAddrs"]["0"] for row in route["brokerDatas"]}
        if told != wanted or addresses != {broker.name: broker.ext["brokerAddr"] for broker in brokers}:
            raise LoadFailed(f"the route of {topic} is not as it was registered: {raw[:300]!r}")
    return answers


def topics_of(brokers: Sequence[Broker]) -> dict[str, list[Broker]]:
    """Who serves each topic."""
    found: dict[str, list[Broker]] = {}
    for broker in brokers:
        for topic in broker.topics:
            found.setdefault(topic, []).append(broker)
    return found


def spread(
    count: int, topics: int, *, word: str, copies: int | None = None, cluster: str = "DefaultCluster"
) -> list[Broker]:
    """Brokers that serve so many topics together: each topic on `copies` of them, on all without it."""
    queues = QueueData()
    copies = count if copies is None else copies
    tables: list[dict[str, QueueData]] = [{} for _ in range(count)]
    for number in range(topics):
        for copy in range(copies):
            tables[(number + copy) % count][f"{word}-topic-{number:06}"] = queues
    return [Broker(f"{word}-{number:03}", table, cluster) for number, table in enumerate(tables)]


def next_version(broker: Broker, steps: int = 1) -> Broker:
    """The same broker with a later data version."""
    version = DataVersion(0, broker.version.timestamp + steps, broker.version.counter + steps)
    return Broker(broker.name, broker.topics, broker.cluster, broker.address, version)


def with_queues(broker: Broker, topic: str, queues: int) -> Broker:
    """The same broker with another number of queues for one topic."""
    table = {**broker.topics, topic: QueueData(queues, queues)}
    return Broker(broker.name, table, broker.cluster, broker.address, broker.version)
