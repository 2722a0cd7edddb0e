"""Speaking the remoting protocol over a plain socket, as any client would, through the project's own wire library."""

import itertools
import socket
from dataclasses import replace
from types import TracebackType
from typing import Any, Final

from nsredis.wire import fastjson
from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Command, decode, encode
from nsredis.wire.frames import FrameSplitter
from tests.support.remoting import broker_ext

ANSWER_S: Final = 10.0


class Connection:
    """One connection, used by one thread: a request is sent, and its answer awaited."""

    def __init__(self, address: str, within_s: float = ANSWER_S) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=within_s)
        self._splitter = FrameSplitter()
        self._received: list[Command] = []
        self._opaques = itertools.count(1)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def send(self, command: Command) -> Command:
        """Send a command under an opaque of its own; the command as it went."""
        sent = replace(command, opaque=next(self._opaques))
        self.send_bytes(encode(sent))
        return sent

    def send_bytes(self, frame: bytes) -> None:
        self._socket.sendall(frame)

    def receive(self, within_s: float = ANSWER_S) -> Command:
        """The next command that comes. EOFError when the other side closes, TimeoutError when nothing comes."""
        self._socket.settimeout(within_s)
        while not self._received:
            data = self._socket.recv(1 << 16)
            if not data:
                raise EOFError
            self._received += map(decode, self._splitter.feed(data))
        return self._received.pop(0)

    def ask(self, command: Command, within_s: float = ANSWER_S) -> Command:
        """The answer to a request."""
        opaque = self.send(command).opaque
        while (answer := self.receive(within_s)).opaque != opaque:
            pass
        return answer


def ask(address: str, command: Command) -> Command:
    """The answer to a request on a connection of its own."""
    with Connection(address) as connection:
        return connection.ask(command)


def groups(address: str) -> dict[str, dict[int, str]]:
    """The broker groups that a name server knows: brokerName -> brokerId -> address."""
    answer = ask(address, Command(RequestCode.GET_BROKER_CLUSTER_INFO))
    assert answer.code == 0, answer
    table: dict[str, dict[str, Any]] = fastjson.loads(answer.body or b"{}")["brokerAddrTable"]
    return {name: {int(id_): at for id_, at in data["brokerAddrs"].items()} for name, data in table.items()}


def routed(address: str, topic: str) -> dict[str, dict[int, str]]:
    """The broker groups in a topic's route: brokerName -> brokerId -> address; none when there is no route."""
    answer = ask(address, Command(RequestCode.GET_ROUTEINFO_BY_TOPIC, version=493, ext={"topic": topic}))
    if answer.code != 0:
        return {}
    datas: list[dict[str, Any]] = fastjson.loads(answer.body or b"{}")["brokerDatas"]
    return {data["brokerName"]: {int(id_): at for id_, at in data["brokerAddrs"].items()} for data in datas}


def topic_perms(address: str, topic: str) -> dict[str, int]:
    """The permissions in a topic's route: brokerName -> perm."""
    answer = ask(address, Command(RequestCode.GET_ROUTEINFO_BY_TOPIC, version=493, ext={"topic": topic}))
    datas: list[dict[str, Any]] = fastjson.loads(answer.body)["queueDatas"] if answer.body else []
    return {data["brokerName"]: data["perm"] for data in datas}


def unregister(address: str, cluster: str, name: str, broker_id: int, broker_address: str) -> None:
    """Say for a broker that it leaves."""
    who = broker_ext(name, broker_id, cluster=cluster, address=broker_address)
    answer = ask(address, Command(RequestCode.UNREGISTER_BROKER, version=493, ext=who))
    assert answer.code == 0, answer
