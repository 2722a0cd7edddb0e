"""Plays a story to a name server and records what it answered."""

import json
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from nsredis.wire import fastjson
from nsredis.wire.codes import RequestCode
from nsredis.wire.commands import Command, Serialization
from tests.interop.differential import bodies
from tests.interop.differential.steps import Step, Story, request
from tests.interop.remoting import Connection, groups

ANSWER_S: Final = 5.0
SILENCE_S: Final = 0.4
"""After which a request of a code that old servers never answer counts as unanswered."""
SETTLED_S: Final = 5.0

OF_ONE_PROCESS: Final = ("listenPort", "configStorePath", "kvConfigPath")
"""Properties that differ between any two processes."""
MAYBE_SILENT: Final = "maybe-silent"


@dataclass(frozen=True)
class Answer:
    """What came back. Lists are sorted, since Java's are in the order of hash tables; versions are left out."""

    outcome: str  # answered, silent or closed
    code: int = -1
    remark: str | None = None
    ext: dict[str, str] | None = None
    body: Any = None
    dialect: str = ""  # of the body: standard, or legacy with bare numbers as keys
    form: Serialization | None = None

    def __str__(self) -> str:
        if self.outcome != "answered":
            return self.outcome
        form = self.form.name if self.form is not None else ""
        body = "" if self.body is None else f" {self.dialect} {json.dumps(self.body, ensure_ascii=False)}"
        return f"{self.code} remark={self.remark!r} ext={self.ext} {form}{body}"


def play(address: str, story: Story, unanswered: Collection[int] = ()) -> list[Answer]:
    """The answers to a story's steps, in order. `unanswered`: codes for whose answers it does not wait long."""
    with Connection(address, ANSWER_S) as connection:
        player = _Player(address, connection, unanswered)
        return [player.play(step) for step in story.steps]


class _Player:
    def __init__(self, address: str, connection: Connection, unanswered: Collection[int]) -> None:
        self._address = address
        self._unanswered = unanswered
        self._connection = connection
        self._opaque = 0
        self._settled = 0

    def play(self, step: Step) -> Answer:
        if step.alone:
            with Connection(self._address, ANSWER_S) as own:
                return self._exchange(own, step)
        answer = self._exchange(self._connection, step)
        if step.settles:
            self._settle()
        return answer

    def _exchange(self, connection: Connection, step: Step) -> Answer:
        self._opaque += 1
        opaque = self._opaque
        try:
            connection.send_bytes(step.frame(opaque))
            if step.one_way:
                return self._unasked(connection, opaque)
            brief = MAYBE_SILENT in step.about or step.code in self._unanswered
            within = SILENCE_S if brief else ANSWER_S
            while (answer := connection.receive(within)).opaque != opaque:
                pass
        except (EOFError, ConnectionError):
            return Answer("closed")
        except TimeoutError:
            return Answer("silent")
        return recorded(answer, step.code)

    def _unasked(self, connection: Connection, opaque: int) -> Answer:
        """What came before the answer to a request that was sent after it."""
        probe = connection.send(Command(RequestCode.GET_KV_CONFIG, version=493, ext={"namespace": "-", "key": "-"}))
        while (answer := connection.receive(ANSWER_S)).opaque != probe.opaque:
            if answer.opaque == opaque:
                return recorded(answer, RequestCode.GET_KV_CONFIG)
        return Answer("silent")

    def _settle(self) -> None:
        """Wait until brokers that left are gone: RocketMQ 5 removes them after its answer, one batch after another.

        Another broker comes and leaves behind them; when it is gone, so are they.
        """
        self._settled += 1
        name = f"settling{self._settled}"
        who = {"clusterName": name, "brokerName": name, "brokerId": "0", "brokerAddr": f"10.9.9.9:{self._settled}"}
        topics = {f"{name}-1": (1, 1, 6), f"{name}-2": (1, 1, 6)}
        comes = request(
            RequestCode.REGISTER_BROKER,
            ext={**who, "haServerAddr": "10.9.9.9:1", "enableActingMaster": "false"},
            body=bodies.registration(topics),
        )
        leaves = request(RequestCode.UNREGISTER_BROKER, ext=who)
        for step in (comes, leaves):
            answer = self._exchange(self._connection, step)
            assert answer.code == 0, answer
        deadline = time.monotonic() + SETTLED_S
        while name in groups(self._address):
            assert time.monotonic() < deadline, "unregistrations are not carried out"
            time.sleep(0.005)


def recorded(command: Command, code: int) -> Answer:
    """An answer in the form in which answers are compared."""
    answer = Answer("answered", command.code, command.remark, command.ext, form=command.serialization)
    if command.body is None:
        return answer
    if code == RequestCode.GET_NAMESRV_CONFIG:
        lines = (line.partition("=")[::2] for line in command.body.decode().splitlines())
        return replace(answer, body={k: v for k, v in lines if k not in OF_ONE_PROCESS}, dialect="properties")
    try:
        orjson.loads(command.body)
        dialect = "standard"
    except ValueError:
        dialect = "legacy"
    return replace(answer, body=in_order(fastjson.loads(command.body)), dialect=dialect)


def in_order(content: Any) -> Any:
    """JSON with its lists sorted, and its keys as text."""
    if isinstance(content, dict):
        return {str(key): in_order(content[key]) for key in sorted(content, key=str)}
    if isinstance(content, list):
        return sorted((in_order(item) for item in content), key=lambda item: json.dumps(item, sort_keys=True))
    return content
